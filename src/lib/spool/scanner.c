/* SPDX-License-Identifier: ISC
 *
 * scanner.c - the records of a segment, one after the other.
 *
 * Reads pieces of 256 KiB, so small messages cost one read for many and
 * large bodies are stepped over.  What is read is not trusted: every length
 * is compared with what is left before it is used.
 */
#include "spool/segment.h"

#include "base/crc32c.h"
#include "base/fsys.h"

#include <string.h>

enum {
	PIECE = 256 << 10,
	PAGE = 4096,
	UNREADABLE_MOST = 256	/* pages given up in one search */
};

void
scanner_init(struct scanner *scanner, int fd, uint64_t offset, uint64_t end,
    bool verify)
{
	*scanner = (struct scanner){
		.fd = fd, .offset = offset, .end = end, .verify = verify,
	};
	if (offset < SEGMENT_HEADER_BYTES)
		scanner->offset = SEGMENT_HEADER_BYTES;
	buf_init(&scanner->buf,
	    RECORD_HEADER_BYTES + RECORD_ENVELOPE_MOST + PIECE);
}

void
scanner_fini(struct scanner *scanner)
{
	buf_fini(&scanner->buf);
}

/* What is left from AT to the end. */
static uint64_t
left(const struct scanner *scanner, uint64_t at)
{
	return at < scanner->end ? scanner->end - at : 0;
}

/* Lend LENGTH bytes at AT, which must lie before the end; null: ERR. */
static const uint8_t *
lend(struct scanner *scanner, uint64_t at, size_t length, struct err *err)
{
	struct buf *buf = &scanner->buf;
	uint64_t most = left(scanner, at);
	size_t want;
	ssize_t n;

	if (at >= scanner->buf_offset &&
	    at - scanner->buf_offset <= buf_length(buf) &&
	    length <= buf_length(buf) - (at - scanner->buf_offset))
		return buf_peek(buf).data + (at - scanner->buf_offset);
	buf_skip(buf, buf_length(buf));
	want = length < PIECE ? PIECE : length;
	if (want > most)
		want = (size_t)most;
	scanner->buf_offset = at;
	n = fsys_read_at(scanner->fd, buf_reserve(buf, want), want, (off_t)at,
	    "segment", err);
	if (n == -1)
		return NULL;
	buf_added(buf, (size_t)n);
	if ((size_t)n < length) {
		err_set(err, ERR_FORMAT, "segment ends before its end");
		return NULL;
	}
	return buf_peek(buf).data;
}

/* All zero from AT to the end?  Sets *ZERO. */
static bool
rest_is_zero(struct scanner *scanner, uint64_t at, bool *zero,
    struct err *err)
{
	*zero = true;
	while (*zero && at < scanner->end) {
		uint64_t most = left(scanner, at);
		size_t length = most < PIECE ? (size_t)most : PIECE;
		const uint8_t *bytes = lend(scanner, at, length, err);

		if (bytes == NULL)
			return false;
		for (size_t i = 0; i < length && *zero; i++)
			*zero = bytes[i] == 0;
		at += length;
	}
	return true;
}

/* A segment of one large message holds at most one record, and its zero
 * header means that it never became one. */
static bool
is_single(struct scanner *scanner)
{
	uint8_t bytes[SEGMENT_HEADER_BYTES];
	struct segment_header header;
	struct err ignored;

	if (scanner->kind != SCAN_UNKNOWN)
		return scanner->kind == SCAN_SINGLE;
	scanner->kind = SCAN_MANY;
	if (fsys_read_at(scanner->fd, bytes, sizeof bytes, 0, "segment",
	    &ignored) == sizeof bytes &&
	    segment_header_decode(bytes, &header, &ignored) && header.single)
		scanner->kind = SCAN_SINGLE;
	return scanner->kind == SCAN_SINGLE;
}

static enum scan_step
broken(const struct scanner *scanner, const char *why, struct err *err)
{
	err_set(err, ERR_FORMAT, "record at byte %llu: %s",
	    (unsigned long long)scanner->offset, why);
	return SCAN_BROKEN;
}

/* No record begins at the offset. */
static enum scan_step
nothing(struct scanner *scanner, struct err *err)
{
	bool zero;

	if (left(scanner, scanner->offset) == 0 ||
	    (scanner->offset == SEGMENT_HEADER_BYTES && is_single(scanner)))
		return SCAN_END;
	if (!rest_is_zero(scanner, scanner->offset, &zero, err))
		return SCAN_BROKEN;
	return zero ? SCAN_END : broken(scanner, "not a record", err);
}

/* Whether the content of HEADER's record at AT is as its CRC says. */
static bool
content_is_whole(struct scanner *scanner, uint64_t at,
    const struct record_header *header, bool *whole, struct err *err)
{
	uint64_t rest = header->envelope_bytes + header->body_bytes;
	uint32_t crc = 0;

	at += RECORD_HEADER_BYTES;
	while (rest > 0) {
		size_t length = rest < PIECE ? (size_t)rest : PIECE;
		const uint8_t *bytes = lend(scanner, at, length, err);

		if (bytes == NULL)
			return false;
		crc = crc32c(crc, bytes, length);
		at += length;
		rest -= length;
	}
	*whole = crc == header->content_crc;
	return true;
}

/* The header is sound: is the rest? */
static enum scan_step
check_record(struct scanner *scanner, struct scan_record *out,
    struct err *err)
{
	const struct record_header *header = &out->header;
	uint64_t at = scanner->offset;
	const uint8_t *envelope;
	bool whole = true;

	if (record_size(header) > left(scanner, at))
		return broken(scanner, "cut off", err);
	if (scanner->verify &&
	    !content_is_whole(scanner, at, header, &whole, err))
		return SCAN_BROKEN;
	if (!whole)
		return broken(scanner, "content does not match its CRC", err);
	envelope = lend(scanner, at + RECORD_HEADER_BYTES,
	    header->envelope_bytes, err);
	if (envelope == NULL)
		return SCAN_BROKEN;
	out->offset = at;
	out->envelope = span_make(envelope, header->envelope_bytes);
	if (envelope_rcpt_count(out->envelope) != header->rcpt_count)
		return broken(scanner, "header and envelope differ", err);
	scanner->offset = at + record_size(header);
	return SCAN_RECORD;
}

enum scan_step
scanner_next(struct scanner *scanner, struct scan_record *out,
    struct err *err)
{
	const uint8_t *bytes;

	if (left(scanner, scanner->offset) < RECORD_HEADER_BYTES)
		return nothing(scanner, err);
	bytes = lend(scanner, scanner->offset, RECORD_HEADER_BYTES, err);
	if (bytes == NULL)
		return SCAN_BROKEN;
	switch (record_header_decode(bytes, &out->header)) {
	case RECORD_OK:
		return check_record(scanner, out, err);
	case RECORD_NONE:
		return nothing(scanner, err);
	case RECORD_CUT:
		return SCAN_END;
	case RECORD_BAD:
		break;
	}
	return broken(scanner, "damaged header", err);
}

/* ---- after damage ----------------------------------------------------- */

/* Whether a whole record, or the mark of a cut, is at AT, where a magic was
 * seen. */
static bool
is_record(struct scanner *scanner, uint64_t at)
{
	struct record_header header;
	struct err ignored;
	const uint8_t *bytes;
	enum record_step step;
	bool whole = false;

	if (left(scanner, at) < RECORD_HEADER_BYTES)
		return false;
	bytes = lend(scanner, at, RECORD_HEADER_BYTES, &ignored);
	if (bytes == NULL)
		return false;
	step = record_header_decode(bytes, &header);
	return step == RECORD_CUT || (step == RECORD_OK &&
	    record_size(&header) <= left(scanner, at) &&
	    content_is_whole(scanner, at, &header, &whole, &ignored) &&
	    whole);
}

/* The first place in LENGTH BYTES where a record may begin, or LENGTH. */
static size_t
find_magic(const uint8_t *bytes, size_t length)
{
	size_t i;

	for (i = 0; i + RECORD_ALIGN <= length; i += RECORD_ALIGN)
		if (record_may_begin(bytes + i))
			return i;
	return length;
}

/* Read what begins at AT, at most a piece; a page that cannot be read is
 * stepped over.  Null: too many of those, or the end. */
static const uint8_t *
lend_readable(struct scanner *scanner, uint64_t *at, size_t *length,
    unsigned *unreadable, struct err *err)
{
	while (left(scanner, *at) >= RECORD_HEADER_BYTES) {
		uint64_t most = left(scanner, *at);
		const uint8_t *bytes;

		/* after trouble, a page at a time */
		*length = *unreadable > 0 ? PAGE - *at % PAGE : PIECE;
		if (*length > most)
			*length = (size_t)most;
		bytes = lend(scanner, *at, *length, err);
		if (bytes != NULL)
			return bytes;
		if (err->kind != ERR_SYSTEM ||
		    ++*unreadable > UNREADABLE_MOST)
			return NULL;
		if (*length <= PAGE)
			*at = (*at / PAGE + 1) * PAGE;
	}
	err->kind = ERR_NONE;
	return NULL;
}

bool
scanner_skip_broken(struct scanner *scanner, struct err *err)
{
	uint64_t at = scanner->offset + RECORD_ALIGN;
	unsigned unreadable = 0;
	const uint8_t *bytes;
	size_t length;

	err->kind = ERR_NONE;
	if (is_single(scanner))
		return false;
	while ((bytes = lend_readable(scanner, &at, &length, &unreadable,
	    err)) != NULL) {
		size_t found = find_magic(bytes, length);

		at += found - found % RECORD_ALIGN;
		if (found < length && is_record(scanner, at)) {
			scanner->offset = at;
			return true;
		}
		if (found < length || length < RECORD_ALIGN)
			at += RECORD_ALIGN;
	}
	if (err->kind == ERR_FORMAT)
		err->kind = ERR_NONE;	/* the file is shorter than thought */
	return false;
}
