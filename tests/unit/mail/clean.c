/* SPDX-License-Identifier: ISC
 *
 * clean.c - tests of the gate before our own fields.
 */
#include "suites.h"

#include "mail/clean.h"

static void
only_what_a_kind_allows_gets_through(void)
{
	for (unsigned c = 1; c < 256; c++) {
		char text[2] = { (char)c, '\0' };
		bool printable = c >= ' ' && c <= '~';
		bool name = printable && strchr("abcdefghijklmnopqrstuvwxyz"
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]+", (int)c);
		struct buf out;

		buf_init(&out, 8);
		clean_put(&out, CLEAN_TEXT, text, 8);
		clean_put(&out, CLEAN_COMMENT, text, 8);
		clean_put(&out, CLEAN_NAME, text, 8);
		CU_ASSERT_EQUAL(buf_length(&out), 3);
		CU_ASSERT_EQUAL(out.data[0], printable ? c : '?');
		CU_ASSERT_EQUAL(out.data[1], printable &&
		    strchr("()\\", (int)c) == NULL ? c : '?');
		CU_ASSERT_EQUAL(out.data[2], name ? c : '?');
		buf_fini(&out);
	}
}

static void
no_more_than_the_most_is_put(void)
{
	struct buf out;

	buf_init(&out, 64);
	clean_put(&out, CLEAN_TEXT, "abcdef", 3);
	clean_put(&out, CLEAN_TEXT, NULL, 3);
	CU_ASSERT_TRUE(span_is(buf_peek(&out), "abc"));
	buf_fini(&out);
}

#define W10 "wwwwwwwwww"

static const struct {
	const char *text;
	size_t column;
	const char *lines;
} rows[] = {
	{ "short", 10, "short\r\n" },
	{ "", 10, "\r\n" },
	{ "  trimmed ", 10, "trimmed\r\n" },
	{ "a\r\nEvil: b", 10, "a??Evil: b\r\n" },
	{ W10 " " W10 " " W10 " " W10 " " W10 " " W10 " " W10, 0,
	    W10 " " W10 " " W10 " " W10 " " W10 " " W10 " " W10 "\r\n" },
	{ W10 " " W10 " " W10 " " W10 " " W10 " " W10 " " W10, 1,
	    W10 " " W10 " " W10 " " W10 " " W10 " " W10 "\r\n  " W10 "\r\n" },
	{ "ab " W10, 70, "ab\r\n  " W10 "\r\n" },
	{ W10, 70, "\r\n  " W10 "\r\n" },
	{ W10 W10 W10 W10 W10 W10 W10 W10, 70,
	    "\r\n  " W10 W10 W10 W10 W10 W10 W10 "wwww\r\n  wwwwww\r\n" },
	{ "word", 900, "\r\n  word\r\n" },
};

static void
long_text_is_broken_into_lines(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct buf out;

		buf_init(&out, 512);
		clean_put_lines(&out, rows[i].text, 200, rows[i].column,
		    "  ");
		CU_ASSERT_TRUE(span_is(buf_peek(&out), rows[i].lines));
		buf_fini(&out);
	}
}

const struct unit_test clean_tests[] = {
	UNIT(only_what_a_kind_allows_gets_through),
	UNIT(no_more_than_the_most_is_put),
	UNIT(long_text_is_broken_into_lines),
	UNIT_END
};
