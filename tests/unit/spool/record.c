/* SPDX-License-Identifier: ISC
 *
 * record.c - tests of the headers of segments and records.
 */
#include "room.h"

#include "spool/record.h"

static struct record_header
some_header(void)
{
	struct record_header header = {
		.klass = CLASS_NORMAL, .rcpt_count = 3,
		.envelope_bytes = 123, .body_bytes = 4567,
		.content_crc = 0xdeadbeef,
	};

	memset(header.id.bytes, 0x5a, MSGID_BYTES);
	return header;
}

static void
a_record_header_comes_back(void)
{
	struct record_header in = some_header(), out;
	uint8_t bytes[RECORD_HEADER_BYTES];

	record_header_encode(&in, bytes);
	CU_ASSERT_TRUE(record_may_begin(bytes));
	CU_ASSERT_EQUAL(record_header_decode(bytes, &out), RECORD_OK);
	CU_ASSERT_EQUAL(msgid_compare(in.id, out.id), 0);
	CU_ASSERT_EQUAL(out.klass, CLASS_NORMAL);
	CU_ASSERT_EQUAL(out.rcpt_count, 3);
	CU_ASSERT_EQUAL(out.envelope_bytes, 123);
	CU_ASSERT_EQUAL(out.body_bytes, 4567);
	CU_ASSERT_EQUAL(out.content_crc, 0xdeadbeef);
}

static void
every_changed_bit_of_a_record_header_is_seen(void)
{
	struct record_header in = some_header(), out;
	uint8_t bytes[RECORD_HEADER_BYTES];

	record_header_encode(&in, bytes);
	for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CU_ASSERT_EQUAL(record_header_decode(bytes, &out),
		    RECORD_BAD);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	CU_ASSERT_EQUAL(record_header_decode(bytes, &out), RECORD_OK);
}

static void
zeros_are_no_record_and_no_damage(void)
{
	uint8_t bytes[RECORD_HEADER_BYTES] = { 0 };
	struct record_header out;

	CU_ASSERT_EQUAL(record_header_decode(bytes, &out), RECORD_NONE);
	bytes[40] = 1;
	CU_ASSERT_EQUAL(record_header_decode(bytes, &out), RECORD_BAD);
}

static void
a_sealed_header_that_makes_no_sense_is_bad(void)
{
	uint8_t bytes[RECORD_HEADER_BYTES];
	struct record_header out;
	struct record_header rows[6];

	for (size_t i = 0; i < 6; i++)
		rows[i] = some_header();
	rows[0].klass = CLASS_COUNT;
	rows[1].rcpt_count = 0;
	rows[2].rcpt_count = ENVELOPE_RCPTS_MOST + 1;
	rows[3].envelope_bytes = 0;
	rows[4].envelope_bytes = RECORD_ENVELOPE_MOST + 1;
	rows[5].body_bytes = UINT64_MAX;
	for (size_t i = 0; i < 6; i++) {
		record_header_encode(&rows[i], bytes);
		CU_ASSERT_EQUAL(record_header_decode(bytes, &out),
		    RECORD_BAD);
	}
}

static void
a_record_is_padded_to_eight_bytes(void)
{
	struct record_header header = some_header();

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
	for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CU_ASSERT_FALSE(segment_header_decode(bytes, &out, &err));
		CU_ASSERT_EQUAL(err.kind, ERR_FORMAT);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

const struct unit_test record_tests[] = {
	UNIT(a_record_header_comes_back),
	UNIT(every_changed_bit_of_a_record_header_is_seen),
	UNIT(zeros_are_no_record_and_no_damage),
	UNIT(a_sealed_header_that_makes_no_sense_is_bad),
	UNIT(a_record_is_padded_to_eight_bytes),
	UNIT(a_segment_header_comes_back_and_damage_is_seen),
	UNIT_END
};
