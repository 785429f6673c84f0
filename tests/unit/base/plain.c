/* SPDX-License-Identifier: ISC
 *
 * plain.c - which characters only show.
 */
#include "tests.h"

#include "base/plain.h"

static const struct {
	const char *text;
	size_t length;
} rows[] = {
	{ "a", 1 }, { " ", 1 }, { "~x", 1 },
	{ "\xc3\xa9t\xc3\xa9", 2 }, { "\xe2\x82\xac", 3 },
	{ "\xf0\x9f\x93\xa8", 4 }, { "\xc2\xa0", 2 },
	/* control characters */
	{ "\n", 0 }, { "\t", 0 }, { "\x1b[2J", 0 }, { "\x7f", 0 },
	{ "\xc2\x9b""31m", 0 }, { "\xc2\x80", 0 }, { "\xc2\x9f", 0 },
	/* other order, other line */
	{ "\xe2\x80\xae", 0 }, { "\xe2\x80\xa8", 0 }, { "\xe2\x81\xa6", 0 },
	{ "\xe2\x80\x8f", 0 }, { "\xd8\x9c", 0 }, { "\xef\xbb\xbf", 0 },
	/* no characters */
	{ "\x9b", 0 }, { "\xe9""a", 0 }, { "\xc3", 0 }, { "\xe2\x82", 0 },
	{ "\xc0\x80", 0 }, { "\xc1\xbf", 0 }, { "\xe0\x80\x9b", 0 },
	{ "\xed\xa0\x80", 0 }, { "\xf4\x90\x80\x80", 0 }, { "\xff", 0 },
	{ "\xf0\x80\x80\x9b", 0 }, { "\xfc\x80\x80\x80\x80\x80", 0 },
	{ "", 0 },
};

static void
what_does_more_than_show_is_not_plain(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		CU_ASSERT_EQUAL(plain_length(span_of(rows[i].text)),
		    rows[i].length);
}

static void
a_character_ends_where_its_text_does(void)
{
	CU_ASSERT_EQUAL(plain_length(span_make("\xe2\x82\xac", 2)), 0);
	CU_ASSERT_EQUAL(plain_length(span_make("\0", 1)), 0);
}

const struct unit_test plain_tests[] = {
	UNIT(what_does_more_than_show_is_not_plain),
	UNIT(a_character_ends_where_its_text_does),
	UNIT_END
};
