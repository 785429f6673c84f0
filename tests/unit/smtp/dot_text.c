/* SPDX-License-Identifier: ISC
 *
 * dot_text.c - tests of stuffing and unstuffing whole texts.
 */
#include "suites.h"

#include "dot_reference.h"

static const struct {
	const char *text, *wire;
} stuffings[] = {
	{ "", "" },
	{ "a", "a\r\n" },
	{ "a\n", "a\r\n" },
	{ "a\r\n", "a\r\n" },
	{ "a\r", "a\r\n" },
	{ "a\rb", "a\r\nb\r\n" },
	{ "a\nb\r\nc\rd", "a\r\nb\r\nc\r\nd\r\n" },
	{ "\n", "\r\n" },
	{ "\r\r\n", "\r\n\r\n" },
	{ "\n\r", "\r\n\r\n" },
	{ ".", "..\r\n" },
	{ ".\n..\r.x\r\n", "..\r\n...\r\n..x\r\n" },
	{ "a.\n.", "a.\r\n..\r\n" },
	{ "x\r.\r\nQUIT", "x\r\n..\r\nQUIT\r\n" },
};

static void
text_is_put_into_wire_form(void)
{
	for (size_t i = 0; i < sizeof stuffings / sizeof *stuffings; i++) {
		struct buf out;

		buf_init(&out, 128);
		dot_stuff_text(span_of(stuffings[i].text), &out);
		CU_ASSERT_TRUE(span_is(buf_peek(&out), stuffings[i].wire));
		buf_fini(&out);
	}
}

static const struct {
	const char *wire, *content;
} unstuffings[] = {
	{ "", "" },
	{ "a\r\n", "a\r\n" },
	{ "..\r\n", ".\r\n" },
	{ ".x\r\n", "x\r\n" },
	{ "a\r\n...b\r\n.c", "a\r\n..b\r\nc" },
	{ "a.\r\nb..c\r\n", "a.\r\nb..c\r\n" },
	{ "a\n.b\r\n", "a\n.b\r\n" },
	{ "\r\n..\r\n", "\r\n.\r\n" },
};

static void
only_the_first_dot_of_a_line_is_taken_away(void)
{
	for (size_t i = 0; i < sizeof unstuffings / sizeof *unstuffings;
	    i++) {
		struct buf out;

		buf_init(&out, 128);
		dot_unstuff(span_of(unstuffings[i].wire), &out);
		CU_ASSERT_TRUE(span_is(buf_peek(&out),
		    unstuffings[i].content));
		buf_fini(&out);
	}
}

/* Every text of six letters: clean on the wire, and the same when read. */
static void
what_was_stuffed_ends_where_we_end_it_and_nowhere_else(void)
{
	static const char letters[] = "\r\n.a";
	bool good = true;

	for (unsigned word = 0; word < 1U << 12; word++) {
		char text[6];
		struct dot dot = DOT_START;
		struct buf wire, body, content;
		size_t used;

		for (unsigned i = 0; i < sizeof text; i++)
			text[i] = letters[word >> (2 * i) & 3];
		buf_init(&wire, 64);
		buf_init(&body, 64);
		buf_init(&content, 64);
		dot_stuff_text(span_make(text, sizeof text), &wire);
		dot_unstuff(buf_peek(&wire), &content);
		good &= buf_length(&wire) - buf_length(&content) < 7;
		buf_append_text(&wire, ".\r\nQUIT\r\n");
		good &= dot_feed(&dot, buf_peek(&wire), 0, &body, &used) ==
		    DOT_DONE && used == buf_length(&wire) - 6 &&
		    !dot.bare && dot.stuffed ==
		    buf_length(&body) - buf_length(&content);
		buf_fini(&wire);
		buf_fini(&body);
		buf_fini(&content);
	}
	CU_ASSERT_TRUE(good);
}

/* Every text of seven bytes of those that matter, and a NUL in some. */
static void
only_what_can_be_sent_as_it_is_is_vouched_for(void)
{
	static const char letters[] = "\r\n.a";
	bool good = true;

	for (unsigned word = 0; word < 1U << 14; word++) {
		char text[7], wire[10];
		struct dot dot;
		struct err err;
		struct span s = span_make(text, sizeof text);
		struct dot_reference want;

		for (unsigned i = 0; i < sizeof text; i++)
			text[i] = letters[word >> (2 * i) & 3];
		memcpy(wire, text, sizeof text);
		memcpy(wire + sizeof text, ".\r\n", 3);
		want = dot_reference_read(span_make(wire, sizeof wire));
		dot = dot_over(s);
		good &= dot_vouches(&dot, s.length, &err) ==
		    (want.ended && want.body == s.length && !want.bare);
		good &= !dot_vouches(&dot, s.length + 1, &err);
		text[3] = '\0';
		dot = dot_over(s);
		good &= !dot_vouches(&dot, s.length, &err);
	}
	CU_ASSERT_TRUE(good);
}

/* Of two parts the first must end with a line; else they are read alike. */
static void
two_parts_that_were_read_are_vouched_for_as_one(void)
{
	static const char text[] = "A: \xc3\r\n..\r\n.x\r\n\r\nbody\r\n";
	struct span whole = span_make(text, sizeof text - 1);
	struct dot want = dot_over(whole);
	struct err err;

	for (size_t cut = 0; cut <= whole.length; cut++) {
		struct dot a = dot_over(span_first(whole, cut));
		struct dot b = dot_over(span_skip(whole, cut));
		struct dot both = dot_join(&a, &b);
		bool ends = cut == 0 || text[cut - 1] == '\n';

		CU_ASSERT_EQUAL(dot_vouches(&both, whole.length, &err), ends);
		if (ends) {
			CU_ASSERT_EQUAL(both.stuffed, want.stuffed);
			CU_ASSERT_EQUAL(both.longest, want.longest);
			CU_ASSERT_TRUE(both.eight_bit);
		}
	}
}

const struct unit_test dot_text_tests[] = {
	UNIT(only_what_can_be_sent_as_it_is_is_vouched_for),
	UNIT(two_parts_that_were_read_are_vouched_for_as_one),
	UNIT(text_is_put_into_wire_form),
	UNIT(only_the_first_dot_of_a_line_is_taken_away),
	UNIT(what_was_stuffed_ends_where_we_end_it_and_nowhere_else),
	UNIT_END
};
