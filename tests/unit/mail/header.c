/* SPDX-License-Identifier: ISC
 *
 * header.c - tests of reading header blocks.
 */
#include "suites.h"

#include "mail/header.h"

static const struct {
	const char *in;
	const char *name, *value, *rest;	/* NAME null: no field */
} rows[] = {
	{ "A: b\r\n\r\n", "A", " b", "\r\n" },
	{ "A: b\n\n", "A", " b", "\n" },
	{ "A:b\r\nC: d\r\n", "A", "b", "C: d\r\n" },
	{ "A:\r\n\r\n", "A", "", "\r\n" },
	{ "A : b\r\n", "A", " b", "" },
	{ "A\t :b\r\n", "A", "b", "" },
	{ "A: b:c\r\n", "A", " b:c", "" },
	{ "A: b\r\n c\r\n\td\r\nE: f\r\n", "A", " b\r\n c\r\n\td", "E: f\r\n" },
	{ "A: b\r\n \r\nE: f\r\n", "A", " b\r\n ", "E: f\r\n" },
	{ "A: b", "A", " b", "" },
	{ "A: b\r\n c", "A", " b\r\n c", "" },
	{ "A:", "A", "", "" },
	{ "X-Y_z!: b\r\n", "X-Y_z!", " b", "" },
	{ "", NULL, NULL, NULL },
	{ "\r\n", NULL, NULL, NULL },
	{ "\n", NULL, NULL, NULL },
	{ ": b\r\n", NULL, NULL, NULL },
	{ " A: b\r\n", NULL, NULL, NULL },
	{ "A b: c\r\n", NULL, NULL, NULL },
	{ "A\r\n: b\r\n", NULL, NULL, NULL },
	{ "A", NULL, NULL, NULL },
	{ "A ", NULL, NULL, NULL },
	{ "A\x01: b\r\n", NULL, NULL, NULL },
	{ "\xc3\xa4: b\r\n", NULL, NULL, NULL },
	{ "From me@host Tue\r\n", NULL, NULL, NULL },
	{ "..A: b\r\n", NULL, NULL, NULL },
};

static void
a_line_that_is_no_field_hides_none_behind_it(void)
{
	static const char text[] = " folded\r\nA: b\r\nodd\r\n too\r\n"
				   "\xc3\xa4: x\r\nC: d\r\n\r\nE: text\r\n";
	struct span in = span_of(text);
	struct header_field field;

	CU_ASSERT_TRUE(header_next(&in, &field) && span_is(field.name, "A"));
	CU_ASSERT_TRUE(header_next(&in, &field) && span_is(field.name, "C"));
	CU_ASSERT_FALSE(header_next(&in, &field));
	CU_ASSERT_TRUE(span_is(in, "\r\nE: text\r\n"));
	in = span_of("no line end");
	CU_ASSERT_FALSE(header_next(&in, &field));
	CU_ASSERT_EQUAL(in.length, 0);
}

static void
fields_are_pulled_off_the_header(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct span in = span_of(rows[i].in), all = in;
		struct header_field field;
		bool found = header_pull(&in, &field);

		CU_ASSERT_EQUAL(found, rows[i].name != NULL);
		if (!found) {
			CU_ASSERT_TRUE(in.data == all.data &&
			    in.length == all.length);
			continue;
		}
		CU_ASSERT_TRUE(span_is(field.name, rows[i].name));
		CU_ASSERT_TRUE(span_is(field.value, rows[i].value));
		CU_ASSERT_TRUE(span_is(in, rows[i].rest));
		CU_ASSERT_EQUAL(field.whole.length + in.length, all.length);
		CU_ASSERT_PTR_EQUAL(field.whole.data, all.data);
	}
}

static void
a_block_is_pulled_to_its_empty_line(void)
{
	struct span in = span_of("A: 1\r\nB: 2\r\n 3\r\nC:\r\n\r\nD: no\r\n");
	struct header_field field;
	char names[8] = "";
	size_t count = 0;

	while (header_pull(&in, &field))
		names[count++] = (char)field.name.data[0];
	CU_ASSERT_STRING_EQUAL(names, "ABC");
	CU_ASSERT_TRUE(span_is(in, "\r\nD: no\r\n"));
}

static const struct {
	const char *bytes;
	size_t length;
} blocks[] = {
	{ "A: b\r\n\r\nbody\r\n\r\n", 8 },
	{ "A: b\n\nbody", 6 },
	{ "A: b\r\n\nbody", 7 },
	{ "\r\nbody", 2 },
	{ "\nbody", 1 },
	{ "", 0 },
	{ "\r", 0 },
	{ "A: b\r\n", 0 },
	{ "A: b\r\n\r", 0 },
	{ "A: b\r\n \r\n", 0 },
	{ "A: b\r\r\n\r\r\n", 0 },
	{ "A: b\r\n \r\n\r\n", 11 },
};

static void
the_empty_line_ends_the_block(void)
{
	for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
		CU_ASSERT_EQUAL(header_block_length(
		    span_of(blocks[i].bytes)), blocks[i].length);
}

/* The answer does not depend on how much of the body came along. */
static void
the_block_is_found_as_soon_as_it_is_whole(void)
{
	struct span s = span_of("A: b\r\nC: d\r\n e\r\n\r\nbody\r\n\r\nmore");

	for (size_t cut = 0; cut <= s.length; cut++)
		CU_ASSERT_EQUAL(header_block_length(span_first(s, cut)),
		    cut < 18 ? 0 : 18);
}

static const struct {
	const char *raw, *value;
} values[] = {
	{ " b", "b" },
	{ "b  ", "b" },
	{ "", "" },
	{ "  \t ", "" },
	{ " a\r\n b", "a b" },
	{ " a\n\tb\r\n  c ", "a b  c" },
	{ "\r\n a", "a" },
	{ " a\tb", "a b" },
	{ " a\x01\x7f" "b", "a??b" },
	{ " \xc3\xa4", "\xc3\xa4" },
	{ " 0123456789abcdef", "0123456789abcde" },
};

static void
values_are_unfolded_and_trimmed(void)
{
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		char out[16];

		header_value(span_of(values[i].raw), out, sizeof out);
		CU_ASSERT_STRING_EQUAL(out, values[i].value);
	}
}

static void
a_nul_in_a_value_cuts_nothing_off(void)
{
	char out[16];

	header_value(span_make("a\0b", 3), out, sizeof out);
	CU_ASSERT_STRING_EQUAL(out, "a?b");
	header_value(span_of("abc"), out, 1);
	CU_ASSERT_STRING_EQUAL(out, "");
}

const struct unit_test header_tests[] = { UNIT(
					      fields_are_pulled_off_the_header),
	UNIT(a_line_that_is_no_field_hides_none_behind_it),
	UNIT(a_block_is_pulled_to_its_empty_line),
	UNIT(the_empty_line_ends_the_block),
	UNIT(the_block_is_found_as_soon_as_it_is_whole),
	UNIT(values_are_unfolded_and_trimmed),
	UNIT(a_nul_in_a_value_cuts_nothing_off), UNIT_END };
