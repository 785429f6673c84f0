/* SPDX-License-Identifier: ISC
 *
 * reply_put.c - tests of writing replies.
 */
#include "suites.h"

#include "smtp/reply.h"

static const struct {
	unsigned code;
	const char *status, *text, *wire;
} rows[] = {
	{ 250, "2.0.0", "Ok", "250 2.0.0 Ok\r\n" },
	{ 354, NULL, "Go on", "354 Go on\r\n" },
	{ 250, NULL, "host\nSIZE 9\nDSN",
	    "250-host\r\n250-SIZE 9\r\n250 DSN\r\n" },
	{ 550, "5.7.1", "no\nnever", "550-5.7.1 no\r\n550 5.7.1 never\r\n" },
	{ 501, "5.5.4", "a\rb\tc\x7f" "d", "501 5.5.4 a?b?c?d\r\n" },
	{ 501, "5.5.4", "a\r\nb", "501-5.5.4 a?\r\n501 5.5.4 b\r\n" },
	{ 501, "5.5.4", "\xc3\xa4", "501 5.5.4 ??\r\n" },
	{ 250, NULL, "", "250 \r\n" },
	{ 250, NULL, NULL, "250 \r\n" },
};

static void
replies_are_written_clean(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct buf out;

		buf_init(&out, 4096);
		reply_put(&out, rows[i].code, rows[i].status, rows[i].text);
		CU_ASSERT_TRUE(span_is(buf_peek(&out), rows[i].wire));
		buf_fini(&out);
	}
}

static void
a_long_reply_is_cut_to_512_bytes(void)
{
	char text[2000];
	struct buf out;

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	buf_init(&out, 4096);
	reply_put(&out, 550, "5.7.1", text);
	CU_ASSERT_EQUAL(buf_length(&out), 512);
	CU_ASSERT_EQUAL(memcmp(out.data + 510, "\r\n", 2), 0);
	buf_fini(&out);
}

static void
a_format_makes_no_new_lines_on_the_wire(void)
{
	struct buf out;

	buf_init(&out, 4096);
	reply_putf(&out, 250, "2.0.0", "Ok: queued as %s, %d",
	    "X\r250 evil", 7);
	CU_ASSERT_TRUE(span_is(buf_peek(&out),
	    "250 2.0.0 Ok: queued as X?250 evil, 7\r\n"));
	buf_fini(&out);
}

/* What one side writes, the other reads. */
static void
what_is_written_can_be_pulled(void)
{
	struct buf out;
	struct reply reply;
	struct span in;

	buf_init(&out, 4096);
	reply_init(&reply);
	reply_put(&out, 452, "4.3.1", "later\nplease");
	in = buf_peek(&out);
	CU_ASSERT_EQUAL(reply_pull(&reply, &in), REPLY_DONE);
	CU_ASSERT_EQUAL(in.length, 0);
	CU_ASSERT_EQUAL(reply.code, 452);
	CU_ASSERT_STRING_EQUAL(reply.status, "4.3.1");
	CU_ASSERT_TRUE(span_is(buf_peek(&reply.text), "later\nplease"));
	reply_fini(&reply);
	buf_fini(&out);
}

const struct unit_test reply_put_tests[] = {
	UNIT(replies_are_written_clean),
	UNIT(a_long_reply_is_cut_to_512_bytes),
	UNIT(a_format_makes_no_new_lines_on_the_wire),
	UNIT(what_is_written_can_be_pulled),
	UNIT_END
};
