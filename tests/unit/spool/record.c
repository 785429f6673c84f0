/* SPDX-License-Identifier: ISC
 *
 * record.c - tests of the headers of segments and records.
 */
#include "room.h"

#include "spool/record.h"

#include <errno.h>

enum { PLACE = 4096 };

static struct record_header
some_header(uint8_t edition)
{
	struct record_header header = {
		.edition = edition,
		.salt = edition == EDITION_FIRST ? 0 : 0x1234567890abcdef,
		.klass = CLASS_NORMAL, .rcpt_count = 3,
		.envelope_bytes = 123, .body_bytes = 4567,
		.content_crc = 0xdeadbeef,
	};

	memset(header.id.bytes, 0x5a, MSGID_BYTES);
	return header;
}

static void
comes_back(uint8_t edition)
{
	struct record_header in = some_header(edition), out;
	uint8_t bytes[RECORD_HEADER_BYTES];

	record_header_encode(&in, PLACE, bytes);
	CU_ASSERT_TRUE(record_may_begin(bytes));
	CU_ASSERT_EQUAL(record_header_decode(bytes, PLACE, &out), RECORD_OK);
	CU_ASSERT_EQUAL(out.edition, edition);
	CU_ASSERT_EQUAL(out.salt, in.salt);
	CU_ASSERT_EQUAL(msgid_compare(in.id, out.id), 0);
	CU_ASSERT_EQUAL(out.klass, CLASS_NORMAL);
	CU_ASSERT_EQUAL(out.rcpt_count, 3);
	CU_ASSERT_EQUAL(out.envelope_bytes, 123);
	CU_ASSERT_EQUAL(out.body_bytes, 4567);
	CU_ASSERT_EQUAL(out.content_crc, 0xdeadbeef);
}

static void
a_record_header_comes_back(void)
{
	comes_back(EDITION_FIRST);
	comes_back(EDITION_SECOND);
}

static void
every_bit_is_seen(uint8_t edition)
{
	struct record_header in = some_header(edition), out;
	uint8_t bytes[RECORD_HEADER_BYTES];

	record_header_encode(&in, PLACE, bytes);
	for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CU_ASSERT_EQUAL(record_header_decode(bytes, PLACE, &out),
		    RECORD_BAD);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	CU_ASSERT_EQUAL(record_header_decode(bytes, PLACE, &out), RECORD_OK);
}

static void
every_changed_bit_of_a_record_header_is_seen(void)
{
	every_bit_is_seen(EDITION_FIRST);
	every_bit_is_seen(EDITION_SECOND);
}

static void
a_header_belongs_to_its_place(void)
{
	struct record_header in = some_header(EDITION_SECOND), out;
	uint8_t bytes[RECORD_HEADER_BYTES];

	record_header_encode(&in, PLACE, bytes);
	CU_ASSERT_EQUAL(record_header_decode(bytes, PLACE + 8, &out),
	    RECORD_BAD);
	record_cut_encode(EDITION_SECOND, 5, PLACE, bytes);
	CU_ASSERT_EQUAL(record_header_decode(bytes, PLACE, &out), RECORD_CUT);
	CU_ASSERT_EQUAL(out.salt, 5);
	CU_ASSERT_EQUAL(record_header_decode(bytes, PLACE + 8, &out),
	    RECORD_BAD);
}

static void
zeros_are_no_record_and_no_damage(void)
{
	uint8_t bytes[RECORD_HEADER_BYTES] = { 0 };
	struct record_header out;

	CU_ASSERT_EQUAL(record_header_decode(bytes, PLACE, &out), RECORD_NONE);
	bytes[40] = 1;
	CU_ASSERT_EQUAL(record_header_decode(bytes, PLACE, &out), RECORD_BAD);
}

/* What we would never write, sealed, somebody else did. */
static void
a_sealed_header_that_is_not_understood_is_a_newer_program_s(void)
{
	static const enum record_step steps[] = { RECORD_NEWER, RECORD_NEWER,
	    RECORD_NEWER, RECORD_BAD, RECORD_BAD, RECORD_BAD };

	for (size_t i = 0; i < 12; i++) {
		struct record_header in = some_header(i % 2 == 0 ?
		    EDITION_FIRST : EDITION_SECOND), out;
		uint8_t bytes[RECORD_HEADER_BYTES];

		switch (i / 2) {
		case 0: in.klass = CLASS_COUNT; break;
		case 1: in.rcpt_count = 0; break;
		case 2: in.rcpt_count = ENVELOPE_RCPTS_MOST + 1; break;
		case 3: in.envelope_bytes = 0; break;
		case 4: in.envelope_bytes = RECORD_ENVELOPE_MOST + 1; break;
		case 5: in.body_bytes = UINT64_MAX; break;
		}
		record_header_encode(&in, PLACE, bytes);
		CU_ASSERT_EQUAL(record_header_decode(bytes, PLACE, &out),
		    steps[i / 2]);
		if (steps[i / 2] == RECORD_NEWER)
			CU_ASSERT_EQUAL(record_size(&out), record_size(&in));
	}
}

static void
a_record_is_padded_to_eight_bytes(void)
{
	struct record_header header = some_header(EDITION_SECOND);

	for (unsigned body = 0; body < 40; body++) {
		header.body_bytes = body;
		CU_ASSERT_EQUAL(record_size(&header) % RECORD_ALIGN, 0);
		CU_ASSERT_TRUE(record_size(&header) >= 64 + 123 + body);
		CU_ASSERT_TRUE(record_size(&header) < 64 + 123 + body + 8);
	}
}

static void
a_segment_header_comes_back_and_damage_is_seen(void)
{
	struct segment_header in = {
		.edition = EDITION_SECOND, .salt = 0xfedcba9876543210,
		.klass = CLASS_BULK, .slot = 513, .sequence = 0xfedcba98,
		.node = 4095, .created = 1700000000000000,
	}, out;
	uint8_t bytes[SEGMENT_HEADER_BYTES];
	struct err err;

	segment_header_encode(&in, bytes);
	CU_ASSERT_TRUE_FATAL(segment_header_decode(bytes, &out, &err));
	CU_ASSERT_EQUAL(out.klass, CLASS_BULK);
	CU_ASSERT_EQUAL(out.slot, 513);
	CU_ASSERT_EQUAL(out.sequence, 0xfedcba98);
	CU_ASSERT_EQUAL(out.node, 4095);
	CU_ASSERT_EQUAL(out.created, in.created);
	CU_ASSERT_EQUAL(out.edition, EDITION_SECOND);
	CU_ASSERT_EQUAL(out.salt, in.salt);
	for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CU_ASSERT_FALSE(segment_header_decode(bytes, &out, &err));
		CU_ASSERT_EQUAL(err.kind, ERR_FORMAT);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void
a_segment_of_a_newer_edition_says_so(void)
{
	struct segment_header in = { .edition = EDITION_SECOND + 1 }, out;
	uint8_t bytes[SEGMENT_HEADER_BYTES];
	struct err err;

	segment_header_encode(&in, bytes);
	CU_ASSERT_FALSE(segment_header_decode(bytes, &out, &err));
	CU_ASSERT_EQUAL(err.kind, ERR_FORMAT);
	CU_ASSERT_EQUAL(err.number, EPROTO);
	bytes[9] ^= 1;	/* but a damaged one does not */
	CU_ASSERT_FALSE(segment_header_decode(bytes, &out, &err));
	CU_ASSERT_NOT_EQUAL(err.number, EPROTO);
}

const struct unit_test record_tests[] = {
	UNIT(a_record_header_comes_back),
	UNIT(every_changed_bit_of_a_record_header_is_seen),
	UNIT(zeros_are_no_record_and_no_damage),
	UNIT(a_header_belongs_to_its_place),
	UNIT(a_sealed_header_that_is_not_understood_is_a_newer_program_s),
	UNIT(a_record_is_padded_to_eight_bytes),
	UNIT(a_segment_header_comes_back_and_damage_is_seen),
	UNIT(a_segment_of_a_newer_edition_says_so),
	UNIT_END
};
