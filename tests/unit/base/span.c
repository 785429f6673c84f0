/* SPDX-License-Identifier: ISC
 *
 * span.c - borrowed bytes.
 */
#include "tests.h"

#include "base/mem.h"
#include "base/span.h"

static void
cutting_beyond_the_end_leaves_nothing_or_all(void)
{
	struct span s = span_of("hello");

	CU_ASSERT_TRUE(span_is(span_skip(s, 2), "llo"));
	CU_ASSERT_EQUAL(span_skip(s, 6).length, 0);
	CU_ASSERT_EQUAL(span_skip(s, SIZE_MAX).length, 0);
	CU_ASSERT_TRUE(span_is(span_first(s, 2), "he"));
	CU_ASSERT_TRUE(span_is(span_first(s, SIZE_MAX), "hello"));
	CU_ASSERT_EQUAL(span_of(NULL).length, 0);
}

static void
only_ascii_letters_have_no_case(void)
{
	CU_ASSERT_TRUE(span_is_nocase(span_of("MaIl"), "mAiL"));
	CU_ASSERT_FALSE(span_is(span_of("MaIl"), "mAiL"));
	CU_ASSERT_FALSE(span_is_nocase(span_of("@"), "`"));
	CU_ASSERT_FALSE(span_is_nocase(span_of("["), "{"));
	CU_ASSERT_FALSE(span_is_nocase(span_of("\xc4"), "\xe4"));
	CU_ASSERT_FALSE(span_is_nocase(span_of("mail"), "mailx"));
	CU_ASSERT_TRUE(span_starts_nocase(span_of("MAIL FROM"), "mail "));
	CU_ASSERT_FALSE(span_starts_nocase(span_of("MAI"), "mail"));
	CU_ASSERT_TRUE(span_equal(span_of(""), span_of(NULL)));
}

static void
the_first_byte_is_found_or_the_end(void)
{
	CU_ASSERT_EQUAL(span_find(span_of("a:b:c"), ':'), 1);
	CU_ASSERT_EQUAL(span_find(span_of("abc"), ':'), 3);
	CU_ASSERT_EQUAL(span_find(span_of(""), ':'), 0);
	CU_ASSERT_EQUAL(span_find(span_make("a\0b", 3), '\0'), 1);
}

static void
blanks_are_trimmed_at_both_ends_and_newlines_are_not(void)
{
	CU_ASSERT_TRUE(span_is(span_trim(span_of(" \ta b\t ")), "a b"));
	CU_ASSERT_TRUE(span_is(span_trim(span_of(" a\n")), "a\n"));
	CU_ASSERT_EQUAL(span_trim(span_of(" \t ")).length, 0);
	CU_ASSERT_EQUAL(span_trim(span_of("")).length, 0);
}

static const struct {
	const char *text;
	uint64_t most;
	bool good;
	uint64_t value;
} numbers[] = {
	{ "0", 9, true, 0 },
	{ "007", 9, true, 7 },
	{ "9", 9, true, 9 },
	{ "10", 9, false, 0 },
	{ "", 9, false, 0 },
	{ "-1", 9, false, 0 },
	{ "+1", 9, false, 0 },
	{ " 1", 9, false, 0 },
	{ "1 ", 9, false, 0 },
	{ "0x1", 99, false, 0 },
	{ "18446744073709551615", UINT64_MAX, true, UINT64_MAX },
	{ "18446744073709551616", UINT64_MAX, false, 0 },
	{ "99999999999999999999", UINT64_MAX, false, 0 },
};

static void
a_number_is_digits_and_not_over_the_most(void)
{
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		uint64_t value = 12345;

		CU_ASSERT_EQUAL(span_number(span_of(numbers[i].text),
		    numbers[i].most, &value), numbers[i].good);
		CU_ASSERT_EQUAL(value, numbers[i].good ? numbers[i].value :
		    12345);
	}
}

static void
a_copy_ends_in_nul_and_is_ones_own(void)
{
	char text[] = "abc";
	char *copy = span_copy(span_make(text, 2));

	text[0] = 'x';
	CU_ASSERT_STRING_EQUAL(copy, "ab");
	mem_free(copy);
	copy = span_copy(span_of(NULL));
	CU_ASSERT_STRING_EQUAL(copy, "");
	mem_free(copy);
}

static void
only_ascii_letters_become_lower_case(void)
{
	char text[] = "@AZ[`az{\xc3\x84 0";

	CU_ASSERT_PTR_EQUAL(text_lower(text), text);
	CU_ASSERT_STRING_EQUAL(text, "@az[`az{\xc3\x84 0");
}

const struct unit_test span_tests[] = {
	UNIT(cutting_beyond_the_end_leaves_nothing_or_all),
	UNIT(only_ascii_letters_have_no_case),
	UNIT(the_first_byte_is_found_or_the_end),
	UNIT(blanks_are_trimmed_at_both_ends_and_newlines_are_not),
	UNIT(a_number_is_digits_and_not_over_the_most),
	UNIT(a_copy_ends_in_nul_and_is_ones_own),
	UNIT(only_ascii_letters_become_lower_case),
	UNIT_END
};
