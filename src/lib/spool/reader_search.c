/* SPDX-License-Identifier: ISC
 *
 * reader_search.c - after something that is no record.
 *
 * All bytes up to the next whole record, or to the end, are looked at: for
 * that record, and for sectors of zeros, which show that a crash interrupted
 * the writing.
 */
#include "spool/reader_inside.h"

#include "base/crc32c.h"

enum {
	PAGE = 4096,
	SECTOR = 512,
	PADDING_MOST = RECORD_ALIGN - 1,
	UNREADABLE_MOST = 4096	/* pages given up in one search */
};

void
reader_search_begin(struct reader *reader)
{
	reader->state = READER_SEARCHING;
	reader->at = reader->seen = reader->bad.from;
	reader->unreadable = 0;
	reader->zeros = true;
	reader->torn = reader->bad.foreign;
}

/* ---- sectors of zeros --------------------------------------------------- */

static bool
is_zero(const uint8_t *bytes, size_t length)
{
	while (length-- > 0)
		if (*bytes++ != 0)
			return false;
	return true;
}

/* Look at the sectors of LENGTH BYTES at AT once. */
static void
note_sectors(struct reader *reader, const uint8_t *bytes, uint64_t at,
    size_t length)
{
	while (length > 0) {
		size_t sector = SECTOR - at % SECTOR;

		if (sector > length)
			sector = length;
		if (at >= reader->seen) {
			if (!is_zero(bytes, sector))
				reader->zeros = false;
			else if (sector > PADDING_MOST)
				reader->torn = true;
			reader->seen = at + sector;
		}
		bytes += sector;
		at += sector;
		length -= sector;
	}
}

/* ---- the next record ---------------------------------------------------- */

/* Whether the content of HEADER's record at AT is as its CRC says. */
static bool
content_is_whole(struct reader *reader, uint64_t at,
    const struct record_header *header)
{
	uint64_t rest = header->envelope_bytes + header->body_bytes;
	uint32_t crc = 0;

	at += RECORD_HEADER_BYTES;
	while (rest > 0) {
		size_t length = rest < READER_PIECE ? (size_t)rest :
		    READER_PIECE;
		const uint8_t *bytes = reader_lend(reader, at, length);

		if (bytes == NULL)
			return false;
		crc = crc32c(crc, bytes, length);
		at += length;
		rest -= length;
	}
	return crc == header->content_crc;
}

/* Whether a record, or the mark of a cut, is at AT, where a magic was seen.
 * Behind what was promised it proves nothing unless all of it is whole. */
static bool
is_record(struct reader *reader, uint64_t at)
{
	struct record_header header;
	enum record_step step;
	const uint8_t *bytes;

	if (at == reader->bad.from ||
	    reader_left(reader, at) < RECORD_HEADER_BYTES)
		return false;
	bytes = reader_lend(reader, at, RECORD_HEADER_BYTES);
	if (bytes == NULL)
		return false;
	step = record_header_decode(bytes, at, &header);
	if (step == RECORD_BAD || step == RECORD_NONE ||
	    !reader_is_ours(reader, &header))
		return false;
	return step == RECORD_CUT ||
	    (record_size(&header) <= reader_left(reader, at) &&
	    (reader->bad.from < reader->promised ||
	    content_is_whole(reader, at, &header)));
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

/* ---- what the bytes before it are --------------------------------------- */

/* The end of what is at the place: of its record, if that is known and ends
 * before TO. */
static uint64_t
end_of(const struct reader *reader, uint64_t to)
{
	const struct reader_found *bad = &reader->bad;
	uint64_t end = bad->from;

	if (!bad->headed || reader->cut_off)
		return to;
	end += record_size(&bad->header);
	return end < to ? end : to;
}

/* A whole record is at TO: what is before it was promised. */
static enum reader_step
before_record(struct reader *reader, uint64_t to, struct reader_found *out)
{
	return reader_found(reader, reader->unreadable > 0 ?
	    READER_UNREADABLE : READER_DAMAGED, end_of(reader, to), out);
}

/* Nothing whole follows. */
static enum reader_step
before_end(struct reader *reader, struct reader_found *out)
{
	const struct reader_found *bad = &reader->bad;
	uint64_t end = bad->from + reader_left(reader, bad->from);

	if (reader->unreadable > 0)
		return reader_found(reader, READER_UNREADABLE, end, out);
	if (bad->from < reader->promised)
		return reader_found(reader, READER_DAMAGED, end_of(reader,
		    end > reader->promised ? end : reader->promised), out);
	if (reader->zeros) {
		reader->state = READER_AT_PLACE;
		return READER_END;
	}
	if (reader->torn || reader->cut_off ||
	    end - bad->from < RECORD_HEADER_BYTES)
		return reader_found(reader, READER_TORN, end, out);
	return reader_found(reader, READER_DAMAGED, end_of(reader, end), out);
}

/* ---- a piece ------------------------------------------------------------ */

/* Where what was erased begins, behind the place: it was a record once. */
static uint64_t
next_erased(const struct reader *reader)
{
	const struct range *range = reader->erased == NULL ? NULL :
	    ranges_behind(reader->erased, reader->bad.from);

	return range != NULL && range->from < reader->end ? range->from :
	    UINT64_MAX;
}

/* The page at the place in the search cannot be read. */
static enum reader_step
step_over_page(struct reader *reader, struct reader_found *out)
{
	uint64_t erased = next_erased(reader);

	reader->at = (reader->at / PAGE + 1) * PAGE;
	reader->zeros = false;
	if (reader->at >= erased) {
		reader->unreadable++;
		return before_record(reader, erased, out);
	}
	if (++reader->unreadable > UNREADABLE_MOST)
		reader->at = reader->end;
	if (reader_left(reader, reader->at) < RECORD_ALIGN)
		return before_end(reader, out);
	return READER_MORE;
}

/* Lend a piece that ends with a sector, after trouble with a page. */
static const uint8_t *
lend_piece(struct reader *reader, size_t *length)
{
	uint64_t most = reader_left(reader, reader->at);
	const uint8_t *bytes = NULL;

	*length = READER_PIECE - reader->at % SECTOR;
	if (*length > most)
		*length = (size_t)most;
	if (reader->unreadable == 0)
		bytes = reader_lend(reader, reader->at, *length);
	if (bytes != NULL || *length == 0)
		return bytes;
	if (*length > PAGE - reader->at % PAGE)
		*length = PAGE - reader->at % PAGE;
	return reader_lend(reader, reader->at, *length);
}

enum reader_step
reader_search(struct reader *reader, struct reader_found *out)
{
	uint64_t erased = next_erased(reader);
	const uint8_t *bytes;
	size_t length, found;

	if (reader->single && reader->bad.from >= reader->promised &&
	    reader->bad.empty)
		return reader_found(reader, READER_TORN, reader->bad.from +
		    reader_left(reader, reader->bad.from), out);
	bytes = lend_piece(reader, &length);
	if (bytes == NULL && reader->err.kind != ERR_NONE)
		return step_over_page(reader, out);
	if (bytes == NULL)	/* the file is shorter than thought */
		return before_end(reader, out);
	note_sectors(reader, bytes, reader->at, length);
	found = find_magic(bytes, length);
	if (reader->at + found >= erased)
		return before_record(reader, erased, out);
	if (found < length && is_record(reader, reader->at + found))
		return before_record(reader, reader->at + found, out);
	reader->at += found < length ? found + RECORD_ALIGN : length;
	if (reader_left(reader, reader->at) < RECORD_ALIGN)
		return before_end(reader, out);
	return READER_MORE;
}
