/* SPDX-License-Identifier: ISC
 *
 * record_io.c - one record, read and verified.
 */
#include "spool/segment.h"

#include "base/crc32c.h"
#include "base/fsys.h"

#include <sys/stat.h>

enum { TRUSTED_BYTES = 256 << 10 };	/* are read without looking first */

static bool
read_exactly(int fd, void *out, size_t length, uint64_t offset,
    struct err *err)
{
	ssize_t n = fsys_read_at(fd, out, length, (off_t)offset, "record",
	    err);

	if (n == -1)
		return false;
	return (size_t)n == length ||
	    err_set(err, ERR_FORMAT, "record at byte %llu is cut off",
	    (unsigned long long)offset);
}

/* The header that stands at OFFSET must be that of message ID. */
static bool
take_header(const uint8_t *bytes, uint64_t offset, const struct msgid *id,
    struct record_header *out, struct err *err)
{
	if (record_header_decode(bytes, offset, out) != RECORD_OK)
		return err_set(err, ERR_FORMAT, "no record at byte %llu",
		    (unsigned long long)offset);
	return id == NULL || record_goes_by(out, offset, *id) ||
	    err_set(err, ERR_FORMAT, "another message at byte %llu",
	    (unsigned long long)offset);
}

static bool
read_header(int fd, uint64_t offset, const struct msgid *id,
    struct record_header *out, struct err *err)
{
	uint8_t bytes[RECORD_HEADER_BYTES];

	return read_exactly(fd, bytes, sizeof bytes, offset, err) &&
	    take_header(bytes, offset, id, out, err);
}

bool
record_is(int fd, uint64_t offset, struct msgid id)
{
	struct record_header header;
	struct err err;

	return read_header(fd, offset, &id, &header, &err) ||
	    err.kind == ERR_SYSTEM;
}

static struct envelope *
decode_envelope(const struct record_header *header, struct span bytes,
    struct err *err)
{
	struct envelope *envelope = NULL;

	if (record_envelope_fits(header, bytes))
		envelope = envelope_decode(bytes, err);
	else
		err_set(err, ERR_FORMAT, "envelope does not match its CRC");
	if (envelope != NULL && envelope->rcpt_count != header->rcpt_count) {
		err_set(err, ERR_FORMAT, "header and envelope differ");
		envelope_free(&envelope);
	}
	return envelope;
}

/* Room is made for what a header claims only when the file is that long. */
static bool
is_in_file(int fd, uint64_t size, struct err *err)
{
	struct stat st;

	if (size <= TRUSTED_BYTES)
		return true;
	if (fstat(fd, &st) == -1)
		return err_sys(err, "stat", "segment");
	return size <= (uint64_t)st.st_size || err_set(err, ERR_FORMAT,
	    "a record of %llu bytes is cut off", (unsigned long long)size);
}

/* The record as it lies there, in one read; its header is OUT's. */
static bool
read_raw(int fd, uint64_t offset, const struct msgid *id, uint64_t size,
    struct record *out, struct err *err)
{
	uint8_t *raw;

	buf_init(&out->raw, (size_t)size);
	raw = buf_reserve(&out->raw, (size_t)size);
	if (!read_exactly(fd, raw, (size_t)size, offset, err))
		return false;
	buf_added(&out->raw, (size_t)size);
	if (!take_header(raw, offset, id, &out->header, err))
		return false;
	return record_size(&out->header) == size || err_set(err, ERR_FORMAT,
	    "record at byte %llu has another size",
	    (unsigned long long)offset);
}

bool
record_read(int fd, uint64_t offset, const struct msgid *id, uint64_t size,
    struct record *out, struct err *err)
{
	struct span content;

	*out = (struct record){ 0 };
	if (size < RECORD_HEADER_BYTES || size > SIZE_MAX / 2)
		return err_set(err, ERR_FORMAT, "no record has %llu bytes",
		    (unsigned long long)size);
	if (!is_in_file(fd, size, err))
		return false;
	if (!read_raw(fd, offset, id, size, out, err))
		goto bad;
	content = span_make(out->raw.data + RECORD_HEADER_BYTES,
	    out->header.envelope_bytes + (size_t)out->header.body_bytes);
	if (crc32c(0, content.data, content.length) !=
	    out->header.content_crc) {
		err_set(err, ERR_FORMAT,
		    "content of the record at byte %llu does not match its "
		    "CRC", (unsigned long long)offset);
		goto bad;
	}
	out->envelope = decode_envelope(&out->header,
	    span_first(content, out->header.envelope_bytes), err);
	if (out->envelope == NULL)
		goto bad;
	out->body = span_skip(content, out->header.envelope_bytes);
	return true;
bad:
	record_fini(out);
	return false;
}

void
record_fini(struct record *record)
{
	envelope_free(&record->envelope);
	buf_fini(&record->raw);
	record->body = span_make(NULL, 0);
}

bool
record_peek(int fd, uint64_t offset, const struct msgid *id,
    struct record_header *header, struct envelope **envelope,
    struct err *err)
{
	struct buf bytes;
	uint8_t *room;

	if (!read_header(fd, offset, id, header, err))
		return false;
	buf_init(&bytes, header->envelope_bytes);
	room = buf_reserve(&bytes, header->envelope_bytes);
	*envelope = !read_exactly(fd, room, header->envelope_bytes,
	    offset + RECORD_HEADER_BYTES, err) ? NULL :
	    decode_envelope(header,
	    span_make(room, header->envelope_bytes), err);
	buf_fini(&bytes);
	return *envelope != NULL;
}

ssize_t
record_read_body(int fd, uint64_t offset, const struct record_header *header,
    uint64_t at, void *out, size_t length, struct err *err)
{
	uint64_t rest = at < header->body_bytes ? header->body_bytes - at : 0;

	if (length > rest)
		length = (size_t)rest;
	if (!read_exactly(fd, out, length, offset + RECORD_HEADER_BYTES +
	    header->envelope_bytes + at, err))
		return -1;
	return (ssize_t)length;
}
