/* SPDX-License-Identifier: ISC
 *
 * msgid.c - tests of message ids.
 */
#include "room.h"

#include "spool/msgid.h"

enum { NOW = 1700000000 };
static const usec_t now = (usec_t)NOW * 1000000;

static void
an_id_tells_its_time_and_node(void)
{
	struct msgid_maker maker;
	struct msgid id;

	msgid_maker_init(&maker, 4095, 63);
	id = msgid_next(&maker, now);
	CU_ASSERT_EQUAL(msgid_time(id), now);
	CU_ASSERT_EQUAL(msgid_node(id), 4095);
}

static void
text_and_bytes_are_in_the_same_order(void)
{
	struct msgid_maker maker;
	char a[MSGID_TEXT + 1], b[MSGID_TEXT + 1];
	struct msgid before, id;

	msgid_maker_init(&maker, 7, 3);
	before = msgid_next(&maker, 1);
	for (unsigned i = 0; i < 2000; i++) {
		id = msgid_next(&maker, (usec_t)i * i * i * 1000);
		CU_ASSERT_TRUE(msgid_compare(before, id) < 0);
		CU_ASSERT_TRUE(strcmp(msgid_text(before, a),
		    msgid_text(id, b)) < 0);
		before = id;
	}
}

static void
a_clock_that_stands_or_goes_back_makes_no_id_twice(void)
{
	static const usec_t step[] = { 0, 0, -5000000, 1, -1, 0, 999 };
	struct msgid_maker maker;
	struct msgid before, id;
	usec_t at = now;

	msgid_maker_init(&maker, 0, 0);
	before = msgid_next(&maker, at);
	for (unsigned i = 0; i < 700; i++) {
		at += step[i % 7];
		id = msgid_next(&maker, at);
		CU_ASSERT_TRUE(msgid_compare(before, id) < 0);
		before = id;
	}
}

static void
makers_of_other_nodes_and_slots_never_agree(void)
{
	struct msgid_maker a, b, c;
	struct msgid ida, idb, idc;

	msgid_maker_init(&a, 1, 1);
	msgid_maker_init(&b, 2, 1);
	msgid_maker_init(&c, 1, 2);
	ida = msgid_next(&a, now);
	idb = msgid_next(&b, now);
	idc = msgid_next(&c, now);
	CU_ASSERT_NOT_EQUAL(msgid_compare(ida, idb), 0);
	CU_ASSERT_NOT_EQUAL(msgid_compare(ida, idc), 0);
}

static void
text_is_read_back_in_either_case(void)
{
	struct msgid_maker maker;
	char text[MSGID_TEXT + 1];
	struct msgid id, back;

	msgid_maker_init(&maker, 77, 5);
	for (unsigned i = 0; i < 100; i++) {
		id = msgid_next(&maker, now + i * 7919);
		msgid_text(id, text);
		CU_ASSERT_TRUE(msgid_parse(span_of(text), &back));
		CU_ASSERT_EQUAL(msgid_compare(id, back), 0);
		for (char *p = text; *p != '\0'; p++)
			if (*p >= 'A' && *p <= 'Z')
				*p = (char)(*p - 'A' + 'a');
		CU_ASSERT_TRUE(msgid_parse(span_of(text), &back));
		CU_ASSERT_EQUAL(msgid_compare(id, back), 0);
	}
}

static void
other_text_is_no_id(void)
{
	static const char *const wrong[] = {
		"", "3T9K2M0QWZ7B4H1", "3T9K2M0QWZ7B4H1C0",
		"3T9K2M0QWZ7B4H1I", "3T9K2M0QWZ7B4H1L", "3T9K2M0QWZ7B4H1O",
		"3T9K2M0QWZ7B4H1U", "3T9K2M0Q-Z7B4H1C", "../../../../etc/p",
		"3T9K2M0Q Z7B4H1C",
	};
	struct msgid id;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		CU_ASSERT_FALSE(msgid_parse(span_of(wrong[i]), &id));
	CU_ASSERT_FALSE(msgid_parse(span_make("3T9K2M0Q\0Z7B4H1C", 16), &id));
	CU_ASSERT_TRUE(msgid_parse(span_of("3T9K2M0QWZ7B4H1C"), &id));
}

const struct unit_test msgid_tests[] = {
	UNIT(an_id_tells_its_time_and_node),
	UNIT(text_and_bytes_are_in_the_same_order),
	UNIT(a_clock_that_stands_or_goes_back_makes_no_id_twice),
	UNIT(makers_of_other_nodes_and_slots_never_agree),
	UNIT(text_is_read_back_in_either_case),
	UNIT(other_text_is_no_id),
	UNIT_END
};
