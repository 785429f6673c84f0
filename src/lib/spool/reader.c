/* SPDX-License-Identifier: ISC
 *
 * reader.c - what a segment says, one finding after the other.
 *
 * A reader stands at a place where a record is to begin.  If a whole one is
 * there, that is the finding.  Otherwise it searches for the next whole
 * record (reader_search.c) and then knows what the bytes before it are.
 *
 * Pieces of 256 KiB are read at a time, so small messages cost one read for
 * many and large bodies are stepped over.  What is read is not trusted:
 * every length is compared with what is left before it is used.
 */
#include "spool/reader.h"

#include "base/crc32c.h"
#include "base/fsys.h"
#include "spool/envelope.h"
#include "spool/reader_inside.h"

#include <stdio.h>
#include <string.h>

void
reader_init(struct reader *reader, reader_fetch_fn *fetch, void *owner,
    uint64_t offset, uint64_t end)
{
	*reader = (struct reader){
		.fetch = fetch, .owner = owner, .end = end,
		.offset = offset < SEGMENT_HEADER_BYTES ?
		    SEGMENT_HEADER_BYTES : offset,
		.eof = UINT64_MAX,
	};
	buf_init(&reader->buf,
	    RECORD_HEADER_BYTES + RECORD_ENVELOPE_MOST + READER_PIECE);
}

void
reader_fini(struct reader *reader)
{
	buf_fini(&reader->buf);
}

ssize_t
reader_fetch_file(void *owner, uint64_t at, void *out, size_t length,
    struct err *err)
{
	return fsys_read_at(*(const int *)owner, out, length, (off_t)at,
	    "segment", err);
}

bool
reader_head(struct reader *reader, struct segment_header *header,
    struct err *err)
{
	uint8_t bytes[SEGMENT_HEADER_BYTES];
	ssize_t n = reader->fetch(reader->owner, 0, bytes, sizeof bytes, err);

	reader->edition = 0;
	if (n == -1)
		return false;
	if (n < (ssize_t)sizeof bytes)
		return err_set(err, ERR_FORMAT, "segment without a header");
	if (!segment_header_decode(bytes, header, err))
		return false;
	reader->edition = header->edition;
	reader->salt = header->salt;
	reader->single = header->single;
	return true;
}

/* ---- bytes -------------------------------------------------------------- */

uint64_t
reader_left(const struct reader *reader, uint64_t at)
{
	uint64_t end = reader->eof < reader->end ? reader->eof : reader->end;

	return at < end ? end - at : 0;
}

/* Fill the buffer with WANT bytes at AT.  False: err tells. */
static bool
fill(struct reader *reader, uint64_t at, size_t want)
{
	struct buf *buf = &reader->buf;
	ssize_t n;

	buf_skip(buf, buf_length(buf));
	reader->buf_offset = at;
	n = reader->fetch(reader->owner, at, buf_reserve(buf, want), want,
	    &reader->err);
	if (n == -1)
		return false;
	buf_added(buf, (size_t)n);
	if ((size_t)n < want)
		reader->eof = at + (uint64_t)n;
	return true;
}

/* More than is needed is asked for; if that fails, no more than that is. */
const uint8_t *
reader_lend(struct reader *reader, uint64_t at, size_t length)
{
	struct buf *buf = &reader->buf;
	size_t want = length < READER_PIECE ? READER_PIECE : length;
	uint64_t most = reader_left(reader, at);

	if (at >= reader->buf_offset &&
	    at - reader->buf_offset <= buf_length(buf) &&
	    length <= buf_length(buf) - (at - reader->buf_offset))
		return buf_peek(buf).data + (at - reader->buf_offset);
	if (want > most)
		want = (size_t)most;
	reader->err.kind = ERR_NONE;
	if (length > most || (!fill(reader, at, want) &&
	    (want == length || !fill(reader, at, length))) ||
	    buf_length(buf) < length)
		return NULL;
	return buf_peek(buf).data;
}

/* ---- findings ----------------------------------------------------------- */

/* Lend the envelope of the record at the place: it is told of. */
static bool
lend_envelope(struct reader *reader)
{
	struct reader_found *bad = &reader->bad;
	const uint8_t *bytes = reader_lend(reader,
	    bad->from + RECORD_HEADER_BYTES, bad->header.envelope_bytes);

	if (bytes == NULL)
		return false;
	bad->envelope = span_make(bytes, bad->header.envelope_bytes);
	bad->enveloped = record_envelope_fits(&bad->header, bad->envelope);
	return true;
}

/* The finding that `bad` describes; the next place is behind it.  Its content
 * may have been read since its envelope was lent. */
enum reader_step
reader_found(struct reader *reader, enum reader_step step, uint64_t to,
    struct reader_found *out)
{
	if (reader->bad.enveloped && !lend_envelope(reader))
		reader->bad.enveloped = false;
	reader->bad.to = to;
	*out = reader->bad;
	reader->offset = to;
	reader->state = READER_AT_PLACE;
	return step;
}

static void
because(struct reader *reader, const char *why)
{
	snprintf(reader->bad.why, sizeof reader->bad.why, "%s", why);
}

/* Nothing whole is at the place because of WHY. */
static enum reader_step
search(struct reader *reader, const char *why)
{
	because(reader, why);
	reader_search_begin(reader);
	return READER_MORE;
}

/* A block that was written for another segment, or for a former file: as a
 * record it is nothing. */
static enum reader_step
foreign(struct reader *reader)
{
	reader->bad.foreign = true;
	return search(reader, "a block of another segment");
}

/* The disk does not give out what begins here; WHAT of it. */
static enum reader_step
unreadable(struct reader *reader, const char *what,
    struct reader_found *out)
{
	uint64_t from = reader->bad.from;

	if (reader->err.kind == ERR_NONE)	/* the file ends there */
		return search(reader, "cut off");
	snprintf(reader->bad.why, sizeof reader->bad.why, "%s cannot be "
	    "read: %s", what, strerror(reader->err.number));
	if (reader->bad.headed)
		return reader_found(reader, READER_UNREADABLE,
		    from + record_size(&reader->bad.header), out);
	reader_search_begin(reader);
	return READER_MORE;
}

/* ---- a record ----------------------------------------------------------- */

/* A block of another segment, or of a former file, says so by its salt. */
bool
reader_is_ours(const struct reader *reader, const struct record_header *h)
{
	if (h->edition > EDITION_SECOND || reader->edition == 0)
		return true;
	return h->edition == reader->edition &&
	    (h->edition == EDITION_FIRST || h->salt == reader->salt);
}

/* All that is to be verified of the record is whole. */
static enum reader_step
whole(struct reader *reader, struct reader_found *out)
{
	struct reader_found *bad = &reader->bad;
	uint64_t to = bad->from + record_size(&bad->header);

	if (!lend_envelope(reader))
		return unreadable(reader, "its envelope", out);
	if (envelope_is_newer(bad->envelope)) {
		because(reader, "an envelope of a newer postrider");
		return reader_found(reader, READER_NEWER, to, out);
	}
	if (envelope_rcpt_count(bad->envelope) != bad->header.rcpt_count)
		return search(reader, "its header and envelope differ");
	if (reader->edition == 0) {
		reader->edition = bad->header.edition;
		reader->salt = bad->header.salt;
	}
	return reader_found(reader, READER_MESSAGE, to, out);
}

/* One piece of the content of the record at the place. */
static enum reader_step
verify(struct reader *reader, struct reader_found *out)
{
	struct reader_found *bad = &reader->bad;
	uint64_t end = bad->from + RECORD_HEADER_BYTES +
	    bad->header.envelope_bytes + bad->header.body_bytes;
	uint64_t rest = end - reader->at;
	size_t length = rest < READER_PIECE ? (size_t)rest : READER_PIECE;
	const uint8_t *bytes = reader_lend(reader, reader->at, length);

	if (bytes == NULL)
		return unreadable(reader, "its content", out);
	reader->crc = crc32c(reader->crc, bytes, length);
	reader->at += length;
	if (reader->at < end)
		return READER_MORE;
	if (reader->crc == bad->header.content_crc)
		return whole(reader, out);
	return search(reader, "its content does not match its CRC");
}

/* What is sealed here is of a later program, as far as its length goes. */
static enum reader_step
newer(struct reader *reader, struct reader_found *out)
{
	uint64_t size = record_size(&reader->bad.header);

	if (size > reader_left(reader, reader->offset))
		return search(reader, "cut off");
	reader->bad.headed = false;
	because(reader, "a record of a newer postrider");
	return reader_found(reader, READER_NEWER, reader->bad.from + size,
	    out);
}

static enum reader_step
record(struct reader *reader, struct reader_found *out)
{
	struct reader_found *bad = &reader->bad;

	bad->headed = true;
	if (record_size(&bad->header) > reader_left(reader, bad->from)) {
		reader->cut_off = true;
		return search(reader, "cut off");
	}
	if (!lend_envelope(reader))
		return unreadable(reader, "its envelope", out);
	if (!bad->enveloped)
		return search(reader, "its envelope does not match its CRC");
	if (reader->deep || bad->from >= reader->promised ||
	    bad->header.edition == EDITION_FIRST ||
	    envelope_is_newer(bad->envelope)) {
		reader->state = READER_IN_BODY;
		reader->at = bad->from + RECORD_HEADER_BYTES;
		reader->crc = 0;
		return READER_MORE;
	}
	return whole(reader, out);
}

/* ---- a place ------------------------------------------------------------ */

static void
step_over_erased(struct reader *reader)
{
	const struct range *range = reader->erased == NULL ? NULL :
	    ranges_at(reader->erased, reader->offset);

	if (range != NULL)
		reader->offset = range->to;
}

static enum reader_step
at_place(struct reader *reader, struct reader_found *out)
{
	struct reader_found *bad = &reader->bad;
	const uint8_t *bytes;

	step_over_erased(reader);
	reader->eof = UINT64_MAX;
	*bad = (struct reader_found){ .from = reader->offset };
	reader->cut_off = false;
	if (reader_left(reader, bad->from) == 0)
		return READER_END;
	if (reader_left(reader, bad->from) < RECORD_HEADER_BYTES)
		return search(reader, "cut off");
	bytes = reader_lend(reader, bad->from, RECORD_HEADER_BYTES);
	if (bytes == NULL)
		return unreadable(reader, "its header", out);
	switch (record_header_decode(bytes, bad->from, &bad->header)) {
	case RECORD_OK:
		if (reader_is_ours(reader, &bad->header))
			return record(reader, out);
		return foreign(reader);
	case RECORD_NEWER:
		return newer(reader, out);
	case RECORD_CUT:
		if (reader_is_ours(reader, &bad->header) &&
		    bad->from >= reader->promised)
			return READER_END;
		return foreign(reader);
	case RECORD_NONE:
		bad->empty = true;
		return search(reader, "zeros in place of a record");
	case RECORD_BAD:
		break;
	}
	return search(reader, "its header is damaged");
}

enum reader_step
reader_next(struct reader *reader, struct reader_found *out)
{
	enum reader_step step = READER_MORE;

	/* A record that is verified in one piece is one call. */
	for (unsigned i = 0; step == READER_MORE && i < 2; i++)
		switch (reader->state) {
		case READER_AT_PLACE:
			step = at_place(reader, out);
			break;
		case READER_IN_BODY:
			step = verify(reader, out);
			break;
		case READER_SEARCHING:
			return reader_search(reader, out);
		}
	return step;
}
