/* SPDX-License-Identifier: ISC
 *
 * xtext.c - tests of xtext.
 */
#include "suites.h"

#include "base/mem.h"
#include "smtp/command.h"

static const struct {
	const char *xtext, *text;	/* TEXT null: invalid */
} rows[] = {
	{ "", "" },
	{ "plain", "plain" },
	{ "a+2Bb", "a+b" },
	{ "a+3Db", "a=b" },
	{ "a+20b", "a b" },
	{ "+7E", "~" },
	{ "<>", "<>" },
	{ "user@example.org", "user@example.org" },
	{ "a b", NULL },
	{ "a=b", NULL },
	{ "+", NULL },
	{ "+2", NULL },
	{ "+2b", NULL },
	{ "+G0", NULL },
	{ "x+0D+0AInjected:+20y", NULL },
	{ "x+0A", NULL },
	{ "x+00", NULL },
	{ "x+7F", NULL },
	{ "x+80", NULL },
	{ "x+FF", NULL },
	{ "\xc3\xa4", NULL },
	{ "\t", NULL },
	{ "\x7f", NULL },
};

static void
xtext_decodes_to_printable_ascii_or_not_at_all(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t out[64];
		struct span s = span_of(rows[i].xtext);
		long length = xtext_decode(s, out);

		CU_ASSERT_EQUAL(xtext_is_valid(s), rows[i].text != NULL);
		if (rows[i].text == NULL)
			CU_ASSERT_EQUAL(length, -1)
		else
			CU_ASSERT_TRUE(length >= 0 && span_is(span_make(out,
			    (size_t)length), rows[i].text));
	}
}

static void
every_byte_comes_back_or_is_refused(void)
{
	for (unsigned c = 0; c < 256; c++) {
		uint8_t byte = (uint8_t)c, out[8];
		char *text = xtext_encode(span_make(&byte, 1));
		long length = xtext_decode(span_of(text), out);

		if (c >= ' ' && c <= '~')
			CU_ASSERT_TRUE(length == 1 && out[0] == byte)
		else
			CU_ASSERT_EQUAL(length, -1);
		for (const char *p = text; *p != '\0'; p++)
			CU_ASSERT_TRUE(*p > ' ' && *p <= '~' && *p != '=');
		mem_free(text);
	}
}

const struct unit_test xtext_tests[] = {
	UNIT(xtext_decodes_to_printable_ascii_or_not_at_all),
	UNIT(every_byte_comes_back_or_is_refused),
	UNIT_END
};
