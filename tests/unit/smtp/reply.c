/* SPDX-License-Identifier: ISC
 *
 * reply.c - tests of pulling replies.
 */
#include "suites.h"

#include "smtp/reply.h"

#include <stdio.h>

static const struct {
	const char *in;
	enum reply_step step;
	unsigned code;
	const char *status, *text, *rest;
} rows[] = {
	{ "250 ok\r\n", REPLY_DONE, 250, "", "ok", "" },
	{ "250 2.1.0 ok\r\nX", REPLY_DONE, 250, "2.1.0", "ok", "X" },
	{ "250\r\n", REPLY_DONE, 250, "", "", "" },
	{ "250 \r\n", REPLY_DONE, 250, "", "", "" },
	{ "250 2.0.0\r\n", REPLY_DONE, 250, "2.0.0", "", "" },
	{ "250-one\r\n250 two\r\n", REPLY_DONE, 250, "", "one\ntwo", "" },
	{ "250-\r\n250 two\r\n", REPLY_DONE, 250, "", "\ntwo", "" },
	{ "250-one\r\n250\r\n", REPLY_DONE, 250, "", "one\n", "" },
	{ "250-x.org\r\n250-PIPELINING\r\n250 8BITMIME\r\n", REPLY_DONE, 250,
	    "", "x.org\nPIPELINING\n8BITMIME", "" },
	{ "550-5.1.1 no\r\n550 5.1.1 user\r\n", REPLY_DONE, 550, "5.1.1",
	    "no\nuser", "" },
	{ "550-5.1.1 no\r\n550 5.2.1 user\r\n", REPLY_DONE, 550, "5.1.1",
	    "no\n5.2.1 user", "" },
	{ "550 4.1.1 other class\r\n", REPLY_DONE, 550, "",
	    "4.1.1 other class", "" },
	{ "354 3.0.0 go\r\n", REPLY_DONE, 354, "", "3.0.0 go", "" },
	{ "550 5.123.456 far\r\n", REPLY_DONE, 550, "5.123.456", "far", "" },
	{ "550 5.1234.1 x\r\n", REPLY_DONE, 550, "", "5.1234.1 x", "" },
	{ "550 5.1 x\r\n", REPLY_DONE, 550, "", "5.1 x", "" },
	{ "550 5.1.1x\r\n", REPLY_DONE, 550, "", "5.1.1x", "" },
	{ "550 5..1 x\r\n", REPLY_DONE, 550, "", "5..1 x", "" },
	{ "250 ok\n", REPLY_DONE, 250, "", "ok", "" },
	{ "250 a\rb\r\n", REPLY_DONE, 250, "", "a?b", "" },
	{ "250 a\r\r\n", REPLY_DONE, 250, "", "a", "" },
	{ "250\r\r\r\n", REPLY_DONE, 250, "", "", "" },
	{ "250-2.0.0\r\r\n250\r\r\n", REPLY_DONE, 250, "2.0.0", "\n", "" },
	{ "421 \x01\x7f\xc3\xa4\t\r\n", REPLY_DONE, 421, "", "?????", "" },
	/* the code is plain, whatever follows it but a fourth digit */
	{ "250\tok\r\n", REPLY_DONE, 250, "", "ok", "" },
	{ "250\t2.0.0\tok\r\n", REPLY_DONE, 250, "2.0.0", "ok", "" },
	{ "250  2.0.0 ok\r\n", REPLY_DONE, 250, "2.0.0", "ok", "" },
	{ "250  ok\r\n", REPLY_DONE, 250, "", " ok", "" },
	{ "250ok\r\n", REPLY_DONE, 250, "", "ok", "" },
	{ "550No such user\n", REPLY_DONE, 550, "", "No such user", "" },
	{ "250_ok\r\n", REPLY_DONE, 250, "", "_ok", "" },
	{ "354.\r\n", REPLY_DONE, 354, "", ".", "" },
	{ "250\xc2\xa0ok\r\n", REPLY_DONE, 250, "", "??ok", "" },
	{ "250\n", REPLY_DONE, 250, "", "", "" },
	{ "250-one\n250\n", REPLY_DONE, 250, "", "one\n", "" },
	/* lines may differ in what does not matter, and the last one counts */
	{ "250-one\r\n251 two\r\n", REPLY_DONE, 251, "", "one\ntwo", "" },
	{ "550-one\r\n552-5.2.2 two\r\n554 three\r\n", REPLY_DONE, 554, "",
	    "one\n5.2.2 two\nthree", "" },
	/* a line without a code within a reply is text */
	{ "250-one\r\n\r\n250 ok\r\n", REPLY_DONE, 250, "", "one\n\nok",
	    "" },
	{ "220-hi\r\n*** welcome\r\n 550 no\r\n2500 x\r\n199 x\r\n22\r\n"
	    "220 ok\r\n", REPLY_DONE, 220, "", "hi\n*** welcome\n 550 no\n"
	    "2500 x\n199 x\n22\nok", "" },
	{ "250-one\r\nbye\r\n", REPLY_MORE, 250, "", "one\nbye", "" },
	{ "250 one\r\n250 two\r\n", REPLY_DONE, 250, "", "one",
	    "250 two\r\n" },
	{ "", REPLY_MORE, 0, "", "", "" },
	{ "250 ok", REPLY_MORE, 0, "", "", "250 ok" },
	{ "250 ok\r", REPLY_MORE, 0, "", "", "250 ok\r" },
	{ "250-one\r\n25", REPLY_MORE, 250, "", "one", "25" },
	{ "250-one\r\n550 two\r\n", REPLY_BAD, 0, "", "", NULL },
	{ "550-one\r\n450-two\r\n", REPLY_BAD, 0, "", "", NULL },
	{ "250-one\r\nx\r\n450 two\r\n", REPLY_BAD, 0, "", "", NULL },
	{ "\r\n", REPLY_BAD, 0, "", "", NULL },
	{ "ok\r\n", REPLY_BAD, 0, "", "", NULL },
	{ "25\r\n", REPLY_BAD, 0, "", "", NULL },
	{ "2500 ok\r\n", REPLY_BAD, 0, "", "", NULL },
	{ "\n", REPLY_BAD, 0, "", "", NULL },
	{ "2 50 ok\r\n", REPLY_BAD, 0, "", "", NULL },
	{ "2509\r\n", REPLY_BAD, 0, "", "", NULL },
	{ " 250 ok\r\n", REPLY_BAD, 0, "", "", NULL },
	{ "-50 ok\r\n", REPLY_BAD, 0, "", "", NULL },
	{ "999 ok\r\n", REPLY_BAD, 0, "", "", NULL },
	{ "600 ok\r\n", REPLY_BAD, 0, "", "", NULL },
	{ "199 ok\r\n", REPLY_BAD, 0, "", "", NULL },
	{ "000 ok\r\n", REPLY_BAD, 0, "", "", NULL },
	{ "HTTP/1.1 400 Bad Request\r\n", REPLY_BAD, 0, "", "", NULL },
};

/* Pull the reply at the front of S, which comes in two pieces. */
static enum reply_step
pull_split(struct reply *reply, struct span s, size_t split,
    struct span *rest)
{
	struct span in = span_first(s, split);
	enum reply_step step = reply_pull(reply, &in);

	if (step == REPLY_MORE) {
		size_t used = (size_t)(in.data - s.data);

		in = span_skip(s, used);
		step = reply_pull(reply, &in);
	}
	*rest = span_skip(s, (size_t)(in.data - s.data));
	return step;
}

static void
check_row(size_t i, size_t split)
{
	struct reply reply;
	struct span rest;
	enum reply_step step;

	reply_init(&reply);
	step = pull_split(&reply, span_of(rows[i].in), split, &rest);
	CU_ASSERT_EQUAL(step, rows[i].step);
	if (step == REPLY_DONE || (step == REPLY_MORE && rows[i].code)) {
		CU_ASSERT_EQUAL(reply.code, rows[i].code);
		CU_ASSERT_STRING_EQUAL(reply.status, rows[i].status);
		CU_ASSERT_TRUE(span_is(buf_peek(&reply.text), rows[i].text));
	}
	if (step != REPLY_BAD)
		CU_ASSERT_TRUE(span_is(rest, rows[i].rest));
	reply_fini(&reply);
}

static void
replies_are_pulled_alike_however_they_are_cut(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (size_t split = 0; split <= strlen(rows[i].in); split++)
			check_row(i, split);
}

static void
replies_are_pulled_byte_by_byte(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct reply reply;
		enum reply_step step = REPLY_MORE;
		size_t start = 0, end = 0, length = strlen(rows[i].in);

		reply_init(&reply);
		while (step == REPLY_MORE && end < length) {
			struct span in;

			in = span_make(rows[i].in + start, ++end - start);
			step = reply_pull(&reply, &in);
			start = end - in.length;
		}
		CU_ASSERT_EQUAL(step, rows[i].step);
		if (step == REPLY_DONE)
			CU_ASSERT_TRUE(span_is(buf_peek(&reply.text),
			    rows[i].text));
		reply_fini(&reply);
	}
}

static void
a_nul_in_a_reply_is_no_end(void)
{
	static const char bytes[] = "250 a\0b\r\n";
	struct span in = span_make(bytes, sizeof bytes - 1);
	struct reply reply;

	reply_init(&reply);
	CU_ASSERT_EQUAL(reply_pull(&reply, &in), REPLY_DONE);
	CU_ASSERT_TRUE(span_is(buf_peek(&reply.text), "a?b"));
	reply_fini(&reply);
}

/* Replies whose text is too long: PREFIX, COUNT times X, and the end. */
static const struct {
	const char *begin;
	size_t count;
	const char *end;
	enum reply_step step;
	unsigned code, lines;
	size_t kept;		/* bytes of text */
} longs[] = {
	{ "250 ", REPLY_LINE_MOST - 5, "\r\n", REPLY_DONE, 250, 1,
	    REPLY_LINE_MOST - 5 },
	{ "250 ", REPLY_LINE_MOST - 4, "\r\n", REPLY_DONE, 250, 1,
	    REPLY_LINE_MOST - 4 },
	{ "250 ", REPLY_LINE_MOST - 3, "\n", REPLY_DONE, 250, 1,
	    REPLY_LINE_MOST - 4 },
	{ "250 ", REPLY_LINE_MOST - 3, "\r\n", REPLY_DONE, 250, 1,
	    REPLY_LINE_MOST - 4 },
	{ "250 ", 6000, "\r\n", REPLY_DONE, 250, 1, REPLY_LINE_MOST - 4 },
	{ "550-5.1.1 ", 6000, "\r\n550 5.1.1 y\r\n", REPLY_DONE, 550, 2,
	    REPLY_LINE_MOST - 10 + 2 },
	{ "354-y\r\n354 ", 6000, "\n", REPLY_DONE, 354, 2,
	    REPLY_LINE_MOST - 4 + 2 },
	{ "220-y\r\n", 6000, "\r\n220 z\r\n", REPLY_DONE, 220, 3,
	    REPLY_LINE_MOST + 4 },
	{ "250-y\r\n250-", 6000, "\r\n450 z\r\n", REPLY_BAD, 0, 0, 0 },
	{ "", 6000, "\r\n250 z\r\n", REPLY_BAD, 0, 0, 0 },
	{ "2500", 6000, "\r\n", REPLY_BAD, 0, 0, 0 },
	{ "250 ", REPLY_BYTES_MOST - 5, "\n", REPLY_DONE, 250, 1,
	    REPLY_LINE_MOST - 4 },
	{ "250 ", REPLY_BYTES_MOST - 4, "\n", REPLY_ENDLESS, 250, 1,
	    REPLY_LINE_MOST - 4 },
	{ "450-", REPLY_BYTES_MOST, "", REPLY_ENDLESS, 450, 1,
	    REPLY_LINE_MOST - 4 },
	{ "550-y\r\n", REPLY_BYTES_MOST, "", REPLY_ENDLESS, 550, 2,
	    REPLY_LINE_MOST + 2 },
	{ "", REPLY_BYTES_MOST, "", REPLY_BAD, 0, 0, 0 },
};

static void
check_long(size_t i, size_t piece)
{
	struct buf *wire = buf_new(REPLY_BYTES_MOST + 99);
	enum reply_step step = REPLY_MORE;
	struct reply reply;
	struct span all, in;

	buf_append_text(wire, longs[i].begin);
	for (size_t n = 0; n < longs[i].count; n++)
		buf_append_byte(wire, 'x');
	buf_append_text(wire, longs[i].end);
	all = buf_peek(wire);
	in = span_make(all.data, 0);
	reply_init(&reply);
	while (step == REPLY_MORE && in.data + in.length < all.data +
	    all.length) {
		size_t left = (size_t)(all.data + all.length - in.data);

		in.length = in.length + piece < left ? in.length + piece : left;
		step = reply_pull(&reply, &in);
		/* what has been looked at need not be kept */
		CU_ASSERT_TRUE(step != REPLY_MORE ||
		    in.length <= REPLY_LINE_MOST);
	}
	CU_ASSERT_EQUAL(step, longs[i].step);
	if (step != REPLY_BAD) {
		CU_ASSERT_EQUAL(reply.code, longs[i].code);
		CU_ASSERT_EQUAL(reply.lines, longs[i].lines);
		CU_ASSERT_EQUAL(buf_length(&reply.text), longs[i].kept);
	}
	reply_fini(&reply);
	buf_free(&wire);
}

static void
a_long_line_has_its_code_and_its_rest_is_left_out(void)
{
	static const size_t pieces[] = { 1, 2, 3, 7, 100, REPLY_LINE_MOST - 1,
		REPLY_LINE_MOST, REPLY_LINE_MOST + 1, SIZE_MAX / 2 };

	for (size_t i = 0; i < sizeof longs / sizeof *longs; i++)
		for (size_t p = 0; p < sizeof pieces / sizeof *pieces; p++)
			check_long(i, pieces[p]);
}

static void
note_text(void *owner, const struct reply *reply, struct span text)
{
	struct buf *seen = owner;

	if (text.length < 9)
		buf_printf(seen, "%u:%.*s;", reply->lines, (int)text.length,
		    (const char *)text.data);
}

/* Each is short, and there are more than are kept. */
static void
a_reply_of_very_many_lines_has_its_code_and_each_line_is_seen(void)
{
	struct buf *seen = buf_new(1 << 20), *wanted = buf_new(1 << 20);
	struct reply reply;
	enum reply_step step = REPLY_MORE;

	reply_init(&reply);
	for (unsigned line = 1; line <= 3000; line++) {
		char text[32];
		struct span in;

		snprintf(text, sizeof text, "250%cx\t%u\r\n",
		    line == 3000 ? ' ' : '-', line);
		buf_printf(wanted, "%u:x\t%u;", line, line);
		in = span_of(text);
		CU_ASSERT_EQUAL(step, REPLY_MORE);
		step = reply_pull_texts(&reply, &in, note_text, seen);
		CU_ASSERT_EQUAL(in.length, 0);
		CU_ASSERT_TRUE(buf_length(&reply.text) <= REPLY_TEXT_MOST);
	}
	CU_ASSERT_EQUAL(step, REPLY_DONE);
	CU_ASSERT_EQUAL(reply.code, 250);
	CU_ASSERT_TRUE(span_equal(buf_peek(seen), buf_peek(wanted)));
	reply_fini(&reply);
	buf_free(&seen);
	buf_free(&wanted);
}

static void
a_reply_that_never_ends_is_given_up(void)
{
	struct reply reply;
	size_t bytes = 0;
	enum reply_step step = REPLY_MORE;

	reply_init(&reply);
	while (step == REPLY_MORE && bytes < 2 * REPLY_BYTES_MOST) {
		struct span in = span_of("250-and so on and so on and so on "
		    "and so on and so on and so on and so on\r\n");

		bytes += in.length;
		step = reply_pull(&reply, &in);
		CU_ASSERT_TRUE(buf_length(&reply.text) <= REPLY_TEXT_MOST);
	}
	CU_ASSERT_EQUAL(step, REPLY_ENDLESS);
	CU_ASSERT_EQUAL(reply.code, 250);
	CU_ASSERT_TRUE(bytes >= REPLY_BYTES_MOST &&
	    bytes < REPLY_BYTES_MOST + 100);
	reply_fini(&reply);
}

static void
text_over_its_most_is_left_out_and_the_code_is_kept(void)
{
	static uint8_t line[1006];
	struct reply reply;
	enum reply_step step = REPLY_MORE;

	memset(line, 'x', sizeof line);
	memcpy(line + sizeof line - 2, "\r\n", 2);
	reply_init(&reply);
	for (int i = 0; i < 10; i++) {
		struct span in = span_make(line, sizeof line);

		CU_ASSERT_EQUAL(step, REPLY_MORE);
		memcpy(line, i == 9 ? "550 " : "550-", 4);
		step = reply_pull(&reply, &in);
	}
	CU_ASSERT_EQUAL(step, REPLY_DONE);
	CU_ASSERT_EQUAL(reply.code, 550);
	CU_ASSERT_EQUAL(reply.lines, 10);
	CU_ASSERT_EQUAL(buf_length(&reply.text), REPLY_TEXT_MOST);
	reply_fini(&reply);
}

static void
a_reset_reply_remembers_nothing(void)
{
	static uint8_t line[REPLY_LINE_MOST + 9];
	struct span in = span_of("550-5.1.1 no\r\n250 ok\r\n");
	struct reply reply;

	reply_init(&reply);
	CU_ASSERT_EQUAL(reply_pull(&reply, &in), REPLY_BAD);
	reply_reset(&reply);
	memset(line, 'x', sizeof line);
	memcpy(line, "250-", 4);
	in = span_make(line, sizeof line);
	CU_ASSERT_EQUAL(reply_pull(&reply, &in), REPLY_MORE);
	reply_reset(&reply);
	in = span_of("250 ok\r\n");
	CU_ASSERT_EQUAL(reply_pull(&reply, &in), REPLY_DONE);
	CU_ASSERT_EQUAL(reply.code, 250);
	CU_ASSERT_EQUAL(reply.lines, 1);
	CU_ASSERT_STRING_EQUAL(reply.status, "");
	CU_ASSERT_TRUE(span_is(buf_peek(&reply.text), "ok"));
	reply_fini(&reply);
}

static void
a_reply_is_told_on_one_line(void)
{
	struct span in = span_of("550-5.1.1 no such\r\n550 5.1.1 user\r\n");
	struct reply reply;
	char out[64];

	reply_init(&reply);
	CU_ASSERT_EQUAL(reply_pull(&reply, &in), REPLY_DONE);
	CU_ASSERT_STRING_EQUAL(reply_line(&reply, out, sizeof out),
	    "550 5.1.1 no such user");
	CU_ASSERT_STRING_EQUAL(reply_line(&reply, out, 14),
	    "550 5.1.1 no ");
	CU_ASSERT_STRING_EQUAL(reply_line(&reply, out, 6), "550 5");
	CU_ASSERT_STRING_EQUAL(reply_line(&reply, out, 1), "");
	reply_reset(&reply);
	in = span_of("354\r\n");
	CU_ASSERT_EQUAL(reply_pull(&reply, &in), REPLY_DONE);
	CU_ASSERT_STRING_EQUAL(reply_line(&reply, out, sizeof out), "354");
	reply_fini(&reply);
}

const struct unit_test reply_tests[] = {
	UNIT(replies_are_pulled_alike_however_they_are_cut),
	UNIT(replies_are_pulled_byte_by_byte),
	UNIT(a_nul_in_a_reply_is_no_end),
	UNIT(a_reply_that_never_ends_is_given_up),
	UNIT(a_long_line_has_its_code_and_its_rest_is_left_out),
	UNIT(a_reply_of_very_many_lines_has_its_code_and_each_line_is_seen),
	UNIT(text_over_its_most_is_left_out_and_the_code_is_kept),
	UNIT(a_reset_reply_remembers_nothing),
	UNIT(a_reply_is_told_on_one_line),
	UNIT_END
};
