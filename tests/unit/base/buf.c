/* SPDX-License-Identifier: ISC
 *
 * buf.c - owned bytes never grow past their most.
 */
#include "tests.h"

#include "base/buf.h"

static void
bytes_are_taken_from_the_front_in_the_order_they_came(void)
{
	struct buf buf;

	buf_init(&buf, 100);
	CU_ASSERT_TRUE(buf_append_text(&buf, "one "));
	CU_ASSERT_TRUE(buf_append_byte(&buf, '2'));
	CU_ASSERT_TRUE(buf_printf(&buf, " %s", "three"));
	CU_ASSERT_TRUE(span_is(buf_peek(&buf), "one 2 three"));
	buf_skip(&buf, 4);
	CU_ASSERT_TRUE(span_is(buf_peek(&buf), "2 three"));
	buf_skip(&buf, 99);
	CU_ASSERT_EQUAL(buf_length(&buf), 0);
	CU_ASSERT_FALSE(buf.full);
	buf_fini(&buf);
}

static void
what_does_not_fit_is_not_added_and_is_noted(void)
{
	struct buf buf;

	buf_init(&buf, 5);
	CU_ASSERT_TRUE(buf_append_text(&buf, "12345"));
	CU_ASSERT_FALSE(buf.full);
	CU_ASSERT_FALSE(buf_append_byte(&buf, '6'));
	CU_ASSERT_TRUE(buf.full);
	CU_ASSERT_TRUE(span_is(buf_peek(&buf), "12345"));
	CU_ASSERT_FALSE(buf_append(&buf, "x", SIZE_MAX));
	CU_ASSERT_TRUE(buf_append(&buf, NULL, 0));
	buf_clear(&buf);
	CU_ASSERT_FALSE(buf.full);
	CU_ASSERT_EQUAL(buf_length(&buf), 0);
	buf_fini(&buf);
}

static void
room_that_was_taken_counts_again(void)
{
	struct buf buf;

	buf_init(&buf, 8);
	for (int i = 0; i < 1000; i++) {
		CU_ASSERT_TRUE(buf_append_text(&buf, "abcde"));
		buf_skip(&buf, 2);
		CU_ASSERT_TRUE(span_is(buf_peek(&buf), "cde"));
		CU_ASSERT_TRUE(buf_append_text(&buf, "fghij"));
		buf_skip(&buf, 8);
	}
	CU_ASSERT_TRUE(buf.room <= 256);
	buf_fini(&buf);
}

/* The formatted text is made with a NUL that takes no room in the buf. */
static void
a_formatted_text_of_exactly_the_most_fits(void)
{
	static const int lengths[] = { 0, 1, 511, 512, 513, 5000 };

	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		struct buf buf;

		buf_init(&buf, (size_t)lengths[i]);
		CU_ASSERT_TRUE(buf_printf(&buf, "%*s", lengths[i], ""));
		CU_ASSERT_EQUAL(buf_length(&buf), (size_t)lengths[i]);
		CU_ASSERT_FALSE(buf_printf(&buf, "x"));
		buf_fini(&buf);
		buf_init(&buf, (size_t)lengths[i]);
		CU_ASSERT_FALSE(buf_printf(&buf, "%*s", lengths[i] + 1, ""));
		CU_ASSERT_EQUAL(buf_length(&buf), 0);
		buf_fini(&buf);
	}
}

static void
memory_grows_to_the_most_and_no_further(void)
{
	static const char block[1000];
	struct buf buf;

	buf_init(&buf, 100000);
	for (int i = 0; i < 100; i++)
		CU_ASSERT_TRUE(buf_append(&buf, block, sizeof block));
	CU_ASSERT_FALSE(buf_append_byte(&buf, 0));
	CU_ASSERT_TRUE(buf.room <= 131072);
	buf_clear(&buf);
	CU_ASSERT_EQUAL(buf.room, 0);
	buf_fini(&buf);
}

static void
reserved_room_counts_when_it_is_added(void)
{
	struct buf buf;
	uint8_t *room;

	buf_init(&buf, 300);
	CU_ASSERT_PTR_NULL(buf_reserve(&buf, 301));
	CU_ASSERT_TRUE(buf.full);
	room = buf_reserve(&buf, 300);
	CU_ASSERT_PTR_NOT_NULL_FATAL(room);
	memset(room, 'x', 300);
	CU_ASSERT_EQUAL(buf_length(&buf), 0);
	buf_added(&buf, 7);
	CU_ASSERT_TRUE(span_is(buf_peek(&buf), "xxxxxxx"));
	buf_fini(&buf);
}

static void
taking_a_buf_leaves_the_other_empty_with_its_most(void)
{
	struct buf *to = buf_new(10), *from = buf_new(20);

	buf_append_text(to, "old");
	buf_append_text(from, "new");
	buf_take(to, from);
	CU_ASSERT_TRUE(span_is(buf_peek(to), "new"));
	CU_ASSERT_EQUAL(buf_length(from), 0);
	CU_ASSERT_EQUAL(from->most, 20);
	CU_ASSERT_TRUE(buf_append_text(from, "again"));
	CU_ASSERT_TRUE(span_is(buf_peek(to), "new"));
	buf_free(&to);
	buf_free(&from);
	CU_ASSERT_PTR_NULL(to);
	buf_free(&to);
}

const struct unit_test buf_tests[] = {
	UNIT(bytes_are_taken_from_the_front_in_the_order_they_came),
	UNIT(what_does_not_fit_is_not_added_and_is_noted),
	UNIT(room_that_was_taken_counts_again),
	UNIT(a_formatted_text_of_exactly_the_most_fits),
	UNIT(memory_grows_to_the_most_and_no_further),
	UNIT(reserved_room_counts_when_it_is_added),
	UNIT(taking_a_buf_leaves_the_other_empty_with_its_most),
	UNIT_END
};
