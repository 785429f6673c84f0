/* SPDX-License-Identifier: ISC
 *
 * dot.c - tests of the machine that finds the end of the data.
 */
#include "suites.h"

#include "dot_reference.h"

#include "base/rand.h"

#include <stdio.h>

enum { BYTEWISE = -1 };

static bool
agrees(struct span s, size_t split)
{
	struct dot_reference want = dot_reference_read(s);
	struct dot dot = DOT_START;
	struct buf body;
	size_t used;
	bool same, ended;

	buf_init(&body, s.length + 8);
	ended = dot_feed(&dot, s, split, &body, &used) == DOT_DONE;
	same = ended == want.ended && dot.wire_bytes == buf_length(&body) &&
	    span_equal(buf_peek(&body), span_first(s, buf_length(&body)));
	if (ended && same)
		same = used == want.used && buf_length(&body) == want.body &&
		    dot.bare == want.bare && dot.nul == want.nul &&
		    dot.eight_bit == want.eight_bit &&
		    dot.stuffed == want.stuffed &&
		    dot.longest == want.longest;
	else if (same)
		same = used == s.length && s.length - buf_length(&body) <= 2;
	buf_fini(&body);
	return same;
}

static bool
agrees_however_it_is_cut(struct span s)
{
	bool same = agrees(s, (size_t)BYTEWISE);

	for (size_t split = 0; split <= s.length; split++)
		same &= agrees(s, split);
	return same;
}

static void
a_lone_dot_ends_the_body_and_swallows_no_more(void)
{
	struct dot dot = DOT_START;
	struct span in = span_of("hi\r\n.\r\nNOOP\r\n");
	struct dot_piece piece;

	CU_ASSERT_EQUAL(dot_read(&dot, &in, &piece), DOT_DONE);
	CU_ASSERT_EQUAL(piece.held_length, 0);
	CU_ASSERT_TRUE(span_is(piece.body, "hi\r\n"));
	CU_ASSERT_TRUE(span_is(in, "NOOP\r\n"));
	CU_ASSERT_EQUAL(dot.wire_bytes, 4);
	CU_ASSERT_FALSE(dot.bare || dot.nul || dot.eight_bit);
}

static void
a_dot_at_the_very_beginning_is_an_empty_body(void)
{
	struct dot dot = DOT_START;
	struct span in = span_of(".\r\nQUIT\r\n");
	struct dot_piece piece;

	CU_ASSERT_EQUAL(dot_read(&dot, &in, &piece), DOT_DONE);
	CU_ASSERT_EQUAL(piece.body.length, 0);
	CU_ASSERT_TRUE(span_is(in, "QUIT\r\n"));
	CU_ASSERT_EQUAL(dot.wire_bytes, 0);
	CU_ASSERT_EQUAL(dot.stuffed, 0);
}

static void
what_may_be_the_end_is_held_back_and_comes_out_before_the_rest(void)
{
	struct dot dot = DOT_START;
	struct span one = span_of("a\r\n."), two = span_of("\r");
	struct span three = span_of("x");
	struct dot_piece piece;

	CU_ASSERT_EQUAL(dot_read(&dot, &one, &piece), DOT_MORE);
	CU_ASSERT_TRUE(span_is(piece.body, "a\r\n"));
	CU_ASSERT_EQUAL(dot_read(&dot, &two, &piece), DOT_MORE);
	CU_ASSERT_EQUAL(piece.held_length, 0);
	CU_ASSERT_EQUAL(piece.body.length, 0);
	CU_ASSERT_EQUAL(dot_read(&dot, &three, &piece), DOT_MORE);
	CU_ASSERT_EQUAL(piece.held_length, 2);
	CU_ASSERT_EQUAL(memcmp(piece.held, ".\r", 2), 0);
	CU_ASSERT_TRUE(span_is(piece.body, "x"));
	CU_ASSERT_TRUE(dot.bare);
	CU_ASSERT_EQUAL(dot.wire_bytes, 6);
}

static void
nothing_in_is_nothing_out(void)
{
	struct dot dot = DOT_START;
	struct span in = span_of("");
	struct dot_piece piece;

	CU_ASSERT_EQUAL(dot_read(&dot, &in, &piece), DOT_MORE);
	CU_ASSERT_EQUAL(piece.body.length + piece.held_length, 0);
	in = span_of(".\r");
	dot_read(&dot, &in, &piece);
	in = span_of("");
	CU_ASSERT_EQUAL(dot_read(&dot, &in, &piece), DOT_MORE);
	CU_ASSERT_EQUAL(piece.body.length + piece.held_length, 0);
	in = span_of("\n");
	CU_ASSERT_EQUAL(dot_read(&dot, &in, &piece), DOT_DONE);
}

static void
stuffed_dots_stay_in_the_body_and_are_counted(void)
{
	struct dot dot = DOT_START;
	struct span s = span_of("..\r\n..a\r\nb.\r\n...\r\n.\r\n");
	struct buf body;
	size_t used;

	buf_init(&body, 64);
	CU_ASSERT_EQUAL(dot_feed(&dot, s, 5, &body, &used), DOT_DONE);
	CU_ASSERT_TRUE(span_is(buf_peek(&body), "..\r\n..a\r\nb.\r\n...\r\n"));
	CU_ASSERT_EQUAL(dot.stuffed, 3);
	CU_ASSERT_EQUAL(dot.wire_bytes, 18);
	buf_fini(&body);
}

static void
the_longest_line_counts_without_its_end_and_its_stuffed_dot(void)
{
	struct dot dot = DOT_START;
	struct span s = span_of("abc\r\n..defg\r\nh\r\n.\r\n");
	struct buf body;
	size_t used;

	buf_init(&body, 64);
	dot_feed(&dot, s, 7, &body, &used);
	CU_ASSERT_EQUAL(dot.longest, 5);
	CU_ASSERT_EQUAL(dot.line, 0);
	buf_fini(&body);
}

static void
the_longest_line_is_known_before_it_ends(void)
{
	struct dot dot = DOT_START;
	struct dot_piece piece;

	for (size_t i = 0; i < 100; i++) {
		struct span in = span_of("0123456789");

		dot_read(&dot, &in, &piece);
	}
	CU_ASSERT_EQUAL(dot.longest, 1000);
	CU_ASSERT_EQUAL(dot.line, 1000);
}

static void
flags_tell_of_the_body_and_not_of_what_follows_it(void)
{
	static const char bytes[] =
	    "a plain text\r\n.\r\n\0\xff\n\r a b c d e f g h i j k l m n";
	struct dot dot = DOT_START;
	struct span in = span_make(bytes, sizeof bytes - 1);
	struct dot_piece piece;

	CU_ASSERT_EQUAL(dot_read(&dot, &in, &piece), DOT_DONE);
	CU_ASSERT_FALSE(dot.bare || dot.nul || dot.eight_bit);
}

/* One byte at each place of a text longer than several strides. */
static bool
flagged_everywhere(uint8_t byte, bool bare, bool eight_bit, bool nul)
{
	uint8_t text[80 + 5];
	bool good = true;

	for (size_t at = 0; at < 80; at++) {
		struct dot dot = DOT_START;
		struct span in = span_make(text, sizeof text);
		struct dot_piece piece;

		memset(text, 'x', 80);
		memcpy(text + 80, "\r\n.\r\n", 5);
		text[at] = byte;
		good &= dot_read(&dot, &in, &piece) == DOT_DONE &&
		    piece.body.length == 82 && dot.bare == bare &&
		    dot.eight_bit == eight_bit && dot.nul == nul;
	}
	return good;
}

static void
a_bare_cr_is_seen_wherever_it_stands(void)
{
	CU_ASSERT_TRUE(flagged_everywhere('\r', true, false, false));
}

static void
a_bare_lf_is_seen_wherever_it_stands(void)
{
	CU_ASSERT_TRUE(flagged_everywhere('\n', true, false, false));
}

static void
an_8_bit_byte_is_seen_wherever_it_stands(void)
{
	CU_ASSERT_TRUE(flagged_everywhere(0x80, false, true, false));
	CU_ASSERT_TRUE(flagged_everywhere(0xff, false, true, false));
}

static void
a_nul_is_seen_wherever_it_stands(void)
{
	CU_ASSERT_TRUE(flagged_everywhere(0, false, false, true));
}

static void
other_controls_are_just_text(void)
{
	CU_ASSERT_TRUE(flagged_everywhere('\t', false, false, false));
	CU_ASSERT_TRUE(flagged_everywhere(0x7f, false, false, false));
	CU_ASSERT_TRUE(flagged_everywhere(1, false, false, false));
}

/* All words of LENGTH letters out of an alphabet where everything matters. */
static void
every_short_input_is_read_as_the_rfc_says(void)
{
	static const char letters[] = "\r\n.a";
	bool same = true;

	for (unsigned word = 0; word < 1U << 16; word++) {
		char bytes[8 + 5];

		for (unsigned i = 0; i < 8; i++)
			bytes[i] = letters[word >> (2 * i) & 3];
		memcpy(bytes + 8, "\r\n.\r\n", 5);
		same &= agrees(span_make(bytes, sizeof bytes), 0);
		same &= agrees(span_make(bytes, 8), (size_t)BYTEWISE);
	}
	CU_ASSERT_TRUE(same);
}

static void
random_bodies_are_read_alike_however_they_are_cut(void)
{
	static const uint8_t letters[] = "\r\n..ab\r\n\0\xe4";
	uint8_t bytes[150];
	bool same = true;

	rand_seed(5321);
	for (int round = 0; round < 400; round++) {
		size_t length = rand_below(sizeof bytes);
		bool dense = rand_below(2) == 0;

		for (size_t i = 0; i < length; i++)
			bytes[i] = dense || rand_below(12) == 0 ?
			    letters[rand_below(sizeof letters - 1)] : 'x';
		same &= agrees_however_it_is_cut(span_make(bytes, length));
	}
	CU_ASSERT_TRUE(same);
}

const struct unit_test dot_tests[] = {
	UNIT(a_lone_dot_ends_the_body_and_swallows_no_more),
	UNIT(a_dot_at_the_very_beginning_is_an_empty_body),
	UNIT(what_may_be_the_end_is_held_back_and_comes_out_before_the_rest),
	UNIT(nothing_in_is_nothing_out),
	UNIT(stuffed_dots_stay_in_the_body_and_are_counted),
	UNIT(the_longest_line_counts_without_its_end_and_its_stuffed_dot),
	UNIT(the_longest_line_is_known_before_it_ends),
	UNIT(flags_tell_of_the_body_and_not_of_what_follows_it),
	UNIT(a_bare_cr_is_seen_wherever_it_stands),
	UNIT(a_bare_lf_is_seen_wherever_it_stands),
	UNIT(an_8_bit_byte_is_seen_wherever_it_stands),
	UNIT(a_nul_is_seen_wherever_it_stands),
	UNIT(other_controls_are_just_text),
	UNIT(every_short_input_is_read_as_the_rfc_says),
	UNIT(random_bodies_are_read_alike_however_they_are_cut),
	UNIT_END
};
