/* SPDX-License-Identifier: ISC
 *
 * reader.c - tests of what a reader finds in a segment, whole and damaged.
 */
#include "made.h"

#include "base/crc32c.h"
#include "base/mem.h"
#include "spool/bytes.h"
#include "spool/reader.h"

#include <errno.h>
#include <stdio.h>

enum { PAGE = 4096, STORY = 256 };

/* A segment in memory, of which some bytes cannot be read. */
struct source {
	struct span bytes;
	uint64_t bad_from, bad_to;
	size_t longest;		/* of what was asked for */
};

static ssize_t
fetch(void *owner, uint64_t at, void *out, size_t length, struct err *err)
{
	struct source *source = owner;

	if (length > source->longest)
		source->longest = length;
	if (at < source->bad_to && at + length > source->bad_from) {
		errno = EIO;
		err_sys(err, "read", "a test");
		return -1;
	}
	if (at >= source->bytes.length)
		return 0;
	if (length > source->bytes.length - at)
		length = source->bytes.length - (size_t)at;
	memcpy(out, source->bytes.data + at, length);
	return (ssize_t)length;
}

/* How a segment is looked at. */
struct look {
	uint64_t promised;
	bool deep;
	const struct ranges *erased;
	uint64_t bad_from, bad_to;
	uint64_t end;		/* 0: that of the bytes */
	unsigned calls;		/* that were needed */
};

static void
add(char *story, const char *fmt, ...)
{
	size_t used = strlen(story);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(story + used, STORY - used, fmt, ap);
	va_end(ap);
}

static void
tell(char *story, enum reader_step step, const struct reader_found *found)
{
	static const char letters[] = {
		[READER_DAMAGED] = 'D', [READER_UNREADABLE] = 'U',
		[READER_NEWER] = 'N', [READER_TORN] = 'T',
	};

	/* What it lends must be the envelope, however much was read since. */
	if (found->enveloped && found->header.edition == EDITION_SECOND)
		CU_ASSERT_TRUE(record_envelope_fits(&found->header,
		    found->envelope));
	if (step == READER_MESSAGE)
		add(story, "%c", found->header.id.bytes[0]);
	else if (found->headed)
		add(story, "%c(%c%s)", letters[step],
		    found->header.id.bytes[0], found->enveloped ? "+" : "");
	else
		add(story, "%c", letters[step]);
}

/*
 * What a reader finds in BYTES, as letters: the ids of messages; D, U, N and
 * T for the other findings, with the id in brackets where it is known and a
 * "+" where the envelope is.  Findings must follow one another.
 */
static const char *
read_all(struct span bytes, struct look *look)
{
	static char story[STORY];
	struct source source = { bytes, look->bad_from, look->bad_to, 0 };
	struct segment_header header;
	struct reader_found found;
	struct reader reader;
	enum reader_step step;
	uint64_t at = SEGMENT_HEADER_BYTES;
	struct err err;

	*story = '\0';
	reader_init(&reader, fetch, &source, 0,
	    look->end == 0 ? bytes.length : look->end);
	reader.promised = look->promised;
	reader.deep = look->deep;
	reader.erased = look->erased;
	if (!reader_head(&reader, &header, &err))
		reader.edition = 0;
	look->calls = 0;
	while ((step = reader_next(&reader, &found)) != READER_END) {
		CU_ASSERT_FATAL(++look->calls < 100000);
		if (step == READER_MORE)
			continue;
		if (look->erased == NULL)
			CU_ASSERT_EQUAL(found.from, at);
		CU_ASSERT_TRUE(found.to >= found.from);
		at = found.to;
		tell(story, step, &found);
	}
	CU_ASSERT_EQUAL(reader_next(&reader, &found), READER_END);
	reader_fini(&reader);
	return story;
}

#define FINDS(bytes, look, wanted) do { \
	const char *found_ = read_all(bytes, look); \
	if (strcmp(found_, wanted) != 0) \
		printf("\n%d: found %s, wanted %s\n", __LINE__, found_, \
		    wanted); \
	CU_ASSERT_STRING_EQUAL(found_, wanted); \
} while (0)

static const uint8_t editions[] = { EDITION_FIRST, EDITION_SECOND };

static void
records_come_in_order(void)
{
	for (size_t i = 0; i < 2; i++) {
		struct look look = { 0 };
		struct made made;

		made_new(&made, editions[i]);
		FINDS(buf_peek(&made.bytes), &look, "abc");
		look.end = buf_length(&made.bytes);
		look.promised = look.end;
		FINDS(buf_peek(&made.bytes), &look, "abc");
		made_fini(&made);
	}
}

/* Which record holds byte AT. */
static unsigned
record_of(const struct made *made, size_t at)
{
	unsigned i = 0;

	while (i < MADE_RECORDS - 1 && at >= made->offset[i + 1])
		i++;
	return i;
}

/* The same for its padding, which is in no CRC. */
static bool
in_padding(const struct made *made, size_t at)
{
	const struct record_header *h = &made->header[record_of(made, at)];

	return at >= made->offset[record_of(made, at)] +
	    RECORD_HEADER_BYTES + h->envelope_bytes + h->body_bytes;
}

static void
a_changed_byte_is_damage_of_its_own_record_only(void)
{
	for (size_t e = 0; e < 4; e++) {
		struct look look = { .deep = e >= 2 };
		struct made made;

		made_new(&made, editions[e % 2]);
		look.promised = e >= 2 ? buf_length(&made.bytes) : 0;
		for (size_t at = SEGMENT_HEADER_BYTES;
		    at < buf_length(&made.bytes); at++)
			for (unsigned bit = 1; bit < 256; bit <<= 3) {
				unsigned i = record_of(&made, at);
				char left[4] = "abc";
				const char *story;

				made.bytes.data[at] ^= (uint8_t)bit;
				story = read_all(buf_peek(&made.bytes),
				    &look);
				made.bytes.data[at] ^= (uint8_t)bit;
				if (in_padding(&made, at)) {
					CU_ASSERT_STRING_EQUAL(story, "abc");
					continue;
				}
				for (unsigned r = 0; r < 3; r++)
					CU_ASSERT_EQUAL(strchr(story,
					    left[r]) != NULL &&
					    strchr(story, '(') == NULL,
					    r != i && strchr(story, '(') ==
					    NULL);
				CU_ASSERT_TRUE(strchr(story, 'D') != NULL ||
				    strchr(story, 'N') != NULL);
				CU_ASSERT_PTR_NULL(strchr(story, 'T'));
			}
		made_fini(&made);
	}
}

/* A record that ends before its length, where nothing was promised. */
static void
a_segment_cut_at_any_byte_has_the_records_before(void)
{
	for (size_t e = 0; e < 2; e++) {
		struct look look = { 0 };
		struct made made;

		made_new(&made, editions[e]);
		for (size_t at = SEGMENT_HEADER_BYTES + 1;
		    at < buf_length(&made.bytes); at++) {
			char wanted[16] = "";
			const char *story;
			unsigned i;

			for (i = 0; made.offset[i + 1] <= at; i++)
				add(wanted, "%c", 'a' + i);
			story = read_all(span_first(buf_peek(&made.bytes),
			    at), &look);
			CU_ASSERT_EQUAL(strncmp(story, wanted, i), 0);
			CU_ASSERT_EQUAL(made.offset[i] == at ?
			    story[i] == '\0' : story[i] == 'T', true);
		}
		made_fini(&made);
	}
}

static void
what_was_promised_and_is_cut_off_is_damage(void)
{
	for (size_t e = 0; e < 2; e++) {
		struct look look = { .deep = true };
		struct made made;
		struct span bytes;

		made_new(&made, editions[e]);
		bytes = buf_peek(&made.bytes);
		look.end = look.promised = bytes.length;
		FINDS(span_first(bytes, bytes.length - 9), &look, "abD(c+)");
		FINDS(span_first(bytes, made.offset[2] + 20), &look, "abD");
		FINDS(span_first(bytes, made.offset[2]), &look, "abD");
		FINDS(span_first(bytes, SEGMENT_HEADER_BYTES), &look, "D");
		made_fini(&made);
	}
}

/* One bit in the last record, of which nobody says that it was promised. */
static void
the_last_record_is_damaged_not_torn_when_all_of_it_is_there(void)
{
	for (size_t e = 0; e < 2; e++) {
		struct look look = { 0 };
		struct made made;
		struct span bytes;

		made_new(&made, editions[e]);
		bytes = buf_peek(&made.bytes);
		made.bytes.data[bytes.length - 3] ^= 1;
		FINDS(bytes, &look, "abD(c+)");
		made.bytes.data[bytes.length - 3] ^= 1;
		made.bytes.data[made.offset[2] + 9] ^= 1;
		FINDS(bytes, &look, "abD");
		made_fini(&made);
	}
}

static void
put_body(struct buf *out, size_t length)
{
	for (size_t i = 0; i < length; i++)
		buf_append_byte(out, (uint8_t)('a' + i % 26));
}

/* Three messages over several sectors each. */
static void
make_long(struct made *made, uint8_t edition)
{
	struct buf body;

	buf_init(&body, 1 << 20);
	put_body(&body, 3000);
	made_begin(made, edition, false);
	for (unsigned i = 0; i < MADE_RECORDS; i++)
		made_add(made, i, buf_peek(&body));
	buf_fini(&body);
}

static void
a_sector_of_zeros_shows_a_torn_tail(void)
{
	for (size_t e = 0; e < 2; e++) {
		struct made made;
		size_t first, last;

		make_long(&made, editions[e]);
		first = made.offset[2] / 512 + 1;
		last = buf_length(&made.bytes) / 512;
		for (size_t sector = first; sector < last; sector++) {
			struct look look = { .deep = true };
			uint8_t saved[512];
			uint8_t *at = made.bytes.data + sector * 512;
			const char *story;

			memcpy(saved, at, sizeof saved);
			memset(at, 0, sizeof saved);
			story = read_all(buf_peek(&made.bytes), &look);
			CU_ASSERT_EQUAL(strncmp(story, "abT(c", 5), 0);
			look.promised = made.offset[2] + 1;
			story = read_all(buf_peek(&made.bytes), &look);
			CU_ASSERT_EQUAL(strncmp(story, "abD(c", 5), 0);
			memcpy(at, saved, sizeof saved);
		}
		made_fini(&made);
	}
}

static void
zeros_before_a_whole_record_are_damage(void)
{
	for (size_t e = 0; e < 2; e++) {
		struct look look = { 0 };
		struct made made;

		make_long(&made, editions[e]);
		memset(made.bytes.data + made.offset[1], 0,
		    made.offset[2] - made.offset[1]);
		FINDS(buf_peek(&made.bytes), &look, "aDc");
		made_fini(&made);
	}
}

static void
zeros_at_the_end_are_the_end_unless_they_were_promised(void)
{
	for (size_t e = 0; e < 2; e++) {
		struct look look = { 0 };
		struct made made;
		size_t end;

		made_new(&made, editions[e]);
		end = buf_length(&made.bytes);
		for (unsigned i = 0; i < 10000; i++)
			buf_append_byte(&made.bytes, 0);
		FINDS(buf_peek(&made.bytes), &look, "abc");
		look.promised = end + 1;
		FINDS(buf_peek(&made.bytes), &look, "abcD");
		made_fini(&made);
	}
}

static void
nothing_counts_behind_the_mark_of_a_cut(void)
{
	for (size_t e = 0; e < 2; e++) {
		struct look look = { 0 };
		struct made made;

		made_new(&made, editions[e]);
		record_cut_encode(editions[e], e == 0 ? 0 : MADE_SALT,
		    made.offset[1], made.bytes.data + made.offset[1]);
		FINDS(buf_peek(&made.bytes), &look, "a");
		/* nor when what is before the mark is damaged */
		made.bytes.data[made.offset[0] + 10] ^= 1;
		FINDS(buf_peek(&made.bytes), &look, "D");
		made_fini(&made);
	}
}

/* ---- bound together ------------------------------------------------------- */

static void
a_block_of_another_segment_is_not_believed(void)
{
	struct look look = { 0 };
	struct made made, other;

	made_new(&made, EDITION_SECOND);
	made_new(&other, EDITION_SECOND);
	for (unsigned i = 0; i < MADE_RECORDS; i++) {
		other.header[i].salt ^= 1;
		record_header_encode(&other.header[i], other.offset[i],
		    other.bytes.data + other.offset[i]);
	}
	memcpy(made.bytes.data + made.offset[1],
	    other.bytes.data + made.offset[1],
	    made.offset[2] - made.offset[1]);
	FINDS(buf_peek(&made.bytes), &look, "aDc");
	/* as a tail that was never written it was never promised */
	memcpy(made.bytes.data + made.offset[1],
	    other.bytes.data + made.offset[1],
	    made.offset[3] - made.offset[1]);
	FINDS(buf_peek(&made.bytes), &look, "aT");
	look.promised = made.offset[1] + 1;
	FINDS(buf_peek(&made.bytes), &look, "aD");
	made_fini(&made);
	made_fini(&other);
}

static void
a_block_that_belongs_elsewhere_in_its_segment_is_not_believed(void)
{
	struct look look = { 0 };
	struct made made;

	make_long(&made, EDITION_SECOND);
	memmove(made.bytes.data + made.offset[1],
	    made.bytes.data + made.offset[0],
	    made.offset[1] - made.offset[0]);
	FINDS(buf_peek(&made.bytes), &look, "aDc");
	made_fini(&made);
}

static void
a_damaged_segment_header_costs_no_message(void)
{
	for (size_t e = 0; e < 2; e++)
		for (size_t at = 0; at < SEGMENT_HEADER_BYTES; at++) {
			struct look look = { 0 };
			struct made made;

			made_new(&made, editions[e]);
			made.bytes.data[at] ^= 0x40;
			FINDS(buf_peek(&made.bytes), &look, "abc");
			made_fini(&made);
		}
}

static void
with_a_damaged_header_the_first_record_tells_the_salt(void)
{
	struct look look = { 0 };
	struct made made;

	made_new(&made, EDITION_SECOND);
	made.bytes.data[40] ^= 1;
	made.header[1].salt ^= 1;
	record_header_encode(&made.header[1], made.offset[1],
	    made.bytes.data + made.offset[1]);
	FINDS(buf_peek(&made.bytes), &look, "aDc");
	made_fini(&made);
}

/* ---- newer programs ------------------------------------------------------- */

static void
what_a_newer_program_sealed_is_left_alone(void)
{
	for (unsigned which = 0; which < 6; which++) {
		struct look look = { 0 };
		struct made made;
		unsigned i = which % 3;
		uint8_t *head;
		uint8_t place[8];

		make_long(&made, EDITION_SECOND);
		head = made.bytes.data + made.offset[i];
		if (which < 3)
			head[19] = 3;	/* the third edition */
		else
			head[55] = 1;	/* something in a reserved byte */
		put_le(place, made.offset[i], 8);
		put_le(head + 60, crc32c(crc32c(0, place, 8), head, 60), 4);
		FINDS(buf_peek(&made.bytes), &look,
		    i == 0 ? "Nbc" : i == 1 ? "aNc" : "abN");
		made_fini(&made);
	}
}

static void
reserved_bytes_of_the_first_edition_are_a_newer_program_s(void)
{
	struct look look = { 0 };
	struct made made;
	uint8_t *head;

	made_new(&made, EDITION_FIRST);
	head = made.bytes.data + made.offset[2];
	head[45] = 1;
	put_le(head + 60, crc32c(0, head, 60), 4);
	FINDS(buf_peek(&made.bytes), &look, "abN");
	made_fini(&made);
}

/* Seal record I of MADE again after its envelope was changed. */
static void
reseal(struct made *made, unsigned i)
{
	struct record_header *h = &made->header[i];
	uint8_t *at = made->bytes.data + made->offset[i];
	const uint8_t *content = at + RECORD_HEADER_BYTES;

	h->envelope_crc = crc32c(0, content, h->envelope_bytes);
	h->content_crc = crc32c(0, content,
	    h->envelope_bytes + h->body_bytes);
	record_header_encode(h, made->offset[i], at);
}

static void
an_envelope_of_a_newer_program_is_left_alone(void)
{
	for (unsigned which = 0; which < 4; which++) {
		struct look look = { 0 };
		struct made made;
		uint8_t *envelope;

		made_new(&made, editions[which % 2]);
		envelope = made.bytes.data + made.offset[1] +
		    RECORD_HEADER_BYTES;
		envelope[which < 2 ? 0 : 7] = 99;
		reseal(&made, 1);
		FINDS(buf_peek(&made.bytes), &look, "aN(b+)c");
		look.promised = buf_length(&made.bytes);
		FINDS(buf_peek(&made.bytes), &look, "aN(b+)c");
		/* but not if it only looks so because it is damaged */
		envelope[9] ^= 1;
		FINDS(buf_peek(&made.bytes), &look,
		    which % 2 == 0 ? "aD(b+)c" : "aD(b)c");
		made_fini(&made);
	}
}

/* ---- a disk that does not read -------------------------------------------- */

/* Many messages over many pages; BYTES is the end of each. */
static void
make_pages(struct made *made, uint8_t edition)
{
	struct buf body;

	buf_init(&body, 1 << 20);
	put_body(&body, 3 * PAGE);
	made_begin(made, edition, false);
	for (unsigned i = 0; i < MADE_RECORDS; i++)
		made_add(made, i, buf_peek(&body));
	buf_fini(&body);
}

static void
a_page_that_cannot_be_read_costs_no_other_message(void)
{
	struct made made;
	size_t pages;

	make_pages(&made, EDITION_SECOND);
	pages = buf_length(&made.bytes) / PAGE;
	for (size_t page = 0; page <= pages; page++) {
		struct look look = {
			.bad_from = page * PAGE, .bad_to = (page + 1) * PAGE,
			.promised = buf_length(&made.bytes),
			.deep = true,
		};
		const char *story = read_all(buf_peek(&made.bytes), &look);
		unsigned whole = 0;

		for (unsigned i = 0; i < MADE_RECORDS; i++)
			whole += made.offset[i + 1] <= look.bad_from ||
			    made.offset[i] >= look.bad_to;
		CU_ASSERT_PTR_NOT_NULL(strchr(story, 'U'));
		CU_ASSERT_PTR_NULL(strchr(story, 'D'));
		CU_ASSERT_PTR_NULL(strchr(story, 'T'));
		for (const char *s = story; *s != '\0'; s++) {
			if (*s == '(')
				s += strcspn(s, ")");
			else
				whole -= *s >= 'a' && *s <= 'c';
		}
		CU_ASSERT_EQUAL(whole, 0);
	}
	made_fini(&made);
}

static void
a_body_that_cannot_be_read_is_found_when_it_is_sent(void)
{
	struct made made;
	struct look look = { 0 };

	make_pages(&made, EDITION_SECOND);
	look.bad_from = 2 * PAGE;
	look.bad_to = 3 * PAGE;
	look.promised = buf_length(&made.bytes);
	FINDS(buf_peek(&made.bytes), &look, "abc");
	made_fini(&made);
}

static void
a_tail_that_cannot_be_read_stays(void)
{
	struct made made;
	struct look look = { 0 };

	make_pages(&made, EDITION_FIRST);
	look.bad_from = made.offset[2] / PAGE * PAGE;
	look.bad_to = UINT32_MAX;
	FINDS(buf_peek(&made.bytes), &look, "aU(b+)U");
	made_fini(&made);
}

/* ---- erased, large, long ---------------------------------------------------- */

static void
what_was_erased_is_stepped_over(void)
{
	struct ranges erased = { 0 };
	struct look look = { .erased = &erased };
	struct made made;

	make_long(&made, EDITION_SECOND);
	ranges_add(&erased, made.offset[0], made.offset[1]);
	FINDS(buf_peek(&made.bytes), &look, "bc");
	memset(made.bytes.data + made.offset[0], 0,
	    made.offset[1] - made.offset[0]);
	FINDS(buf_peek(&made.bytes), &look, "bc");
	ranges_add(&erased, made.offset[2], made.offset[3]);
	FINDS(buf_peek(&made.bytes), &look, "b");
	ranges_add(&erased, made.offset[1], made.offset[2]);
	FINDS(buf_peek(&made.bytes), &look, "");
	look.promised = made.offset[3];
	FINDS(buf_peek(&made.bytes), &look, "");
	ranges_fini(&erased);
	made_fini(&made);
}

/* Zeros of which no journal knows are damage all the same; and what is before
 * a range was promised, whatever seems to be a record in it. */
static void
damage_ends_where_something_was_erased(void)
{
	struct ranges erased = { 0 };
	struct look look = { .erased = &erased };
	struct made made;

	make_long(&made, EDITION_SECOND);
	made.bytes.data[made.offset[0] + 20] ^= 1;
	ranges_add(&erased, made.offset[1], made.offset[2]);
	FINDS(buf_peek(&made.bytes), &look, "Dc");
	memset(made.bytes.data + made.offset[1], 0,
	    made.offset[2] - made.offset[1]);
	FINDS(buf_peek(&made.bytes), &look, "Dc");
	memset(made.bytes.data + made.offset[0], 0,
	    made.offset[1] - made.offset[0]);
	FINDS(span_first(buf_peek(&made.bytes), made.offset[2]), &look, "D");
	ranges_fini(&erased);
	FINDS(span_first(buf_peek(&made.bytes), made.offset[2]), &look, "");
	made_fini(&made);
}

/* A whole record inside the body of a message that never was finished. */
static void
an_unfinished_large_message_shows_nothing_of_itself(void)
{
	for (size_t e = 0; e < 2; e++) {
		struct made inner, outer;
		struct look look = { 0 };

		made_new(&inner, editions[e]);
		made_begin(&outer, editions[e], true);
		for (unsigned i = 0; i < RECORD_HEADER_BYTES; i++)
			buf_append_byte(&outer.bytes, 0);
		buf_append(&outer.bytes,
		    inner.bytes.data + SEGMENT_HEADER_BYTES,
		    buf_length(&inner.bytes) - SEGMENT_HEADER_BYTES);
		FINDS(buf_peek(&outer.bytes), &look, "T");
		CU_ASSERT_EQUAL(look.calls, 1);
		look.promised = SEGMENT_HEADER_BYTES + 1;
		FINDS(span_first(buf_peek(&outer.bytes), 300), &look, "D");
		made_fini(&inner);
		made_fini(&outer);
	}
}

/* No call reads more than a piece beside an envelope. */
static void
long_bodies_are_verified_and_searched_in_pieces(void)
{
	struct buf body;
	struct made made;
	struct look look = { .deep = true };

	buf_init(&body, 4 << 20);
	put_body(&body, 3 << 20);
	made_begin(&made, EDITION_SECOND, false);
	made_add(&made, 0, buf_peek(&body));
	made_add(&made, 1, made_body(1));
	made_add(&made, 2, span_first(buf_peek(&body), (1 << 20) + 5));
	look.promised = buf_length(&made.bytes);
	FINDS(buf_peek(&made.bytes), &look, "abc");
	CU_ASSERT_TRUE(look.calls > 6 && look.calls < 30);
	made.bytes.data[made.offset[0] + (2 << 20)] ^= 1;
	FINDS(buf_peek(&made.bytes), &look, "D(a+)bc");
	CU_ASSERT_TRUE(look.calls > 12 && look.calls < 60);
	look.deep = false;
	FINDS(buf_peek(&made.bytes), &look, "abc");
	CU_ASSERT_EQUAL(look.calls, 3);
	buf_fini(&body);
	made_fini(&made);
}

static void
an_empty_segment_has_nothing(void)
{
	for (size_t e = 0; e < 2; e++) {
		struct look look = { 0 };
		struct made made;

		made_begin(&made, editions[e], false);
		FINDS(buf_peek(&made.bytes), &look, "");
		FINDS(span_first(buf_peek(&made.bytes), 10), &look, "");
		FINDS(span_of(""), &look, "");
		made_fini(&made);
	}
}

const struct unit_test reader_tests[] = {
	UNIT(records_come_in_order),
	UNIT(a_changed_byte_is_damage_of_its_own_record_only),
	UNIT(a_segment_cut_at_any_byte_has_the_records_before),
	UNIT(what_was_promised_and_is_cut_off_is_damage),
	UNIT(the_last_record_is_damaged_not_torn_when_all_of_it_is_there),
	UNIT(a_sector_of_zeros_shows_a_torn_tail),
	UNIT(zeros_before_a_whole_record_are_damage),
	UNIT(zeros_at_the_end_are_the_end_unless_they_were_promised),
	UNIT(nothing_counts_behind_the_mark_of_a_cut),
	UNIT(a_block_of_another_segment_is_not_believed),
	UNIT(a_block_that_belongs_elsewhere_in_its_segment_is_not_believed),
	UNIT(a_damaged_segment_header_costs_no_message),
	UNIT(with_a_damaged_header_the_first_record_tells_the_salt),
	UNIT(what_a_newer_program_sealed_is_left_alone),
	UNIT(reserved_bytes_of_the_first_edition_are_a_newer_program_s),
	UNIT(an_envelope_of_a_newer_program_is_left_alone),
	UNIT(a_page_that_cannot_be_read_costs_no_other_message),
	UNIT(a_body_that_cannot_be_read_is_found_when_it_is_sent),
	UNIT(a_tail_that_cannot_be_read_stays),
	UNIT(what_was_erased_is_stepped_over),
	UNIT(damage_ends_where_something_was_erased),
	UNIT(an_unfinished_large_message_shows_nothing_of_itself),
	UNIT(long_bodies_are_verified_and_searched_in_pieces),
	UNIT(an_empty_segment_has_nothing),
	UNIT_END
};
