/* SPDX-License-Identifier: ISC
 *
 * intake.c - text into wire form: whole, and cut at every offset.
 */
#include "ctl/intake.h"

#include "suites.h"

static const struct {
	bool dot_ends;
	const char *text, *wire;
} rows[] = {
	{ true, "", "" },
	{ true, "a", "a\r\n" },
	{ true, "a\n", "a\r\n" },
	{ true, "a\r\n", "a\r\n" },
	{ true, "a\r", "a\r\n" },
	{ true, "a\rb\n", "a\r\nb\r\n" },
	{ true, "a\r\rb\n", "a\r\n\r\nb\r\n" },
	{ true, "a\r\n\r\nb\n\nc", "a\r\n\r\nb\r\n\r\nc\r\n" },
	{ true, "\n\n", "\r\n\r\n" },
	{ true, "\r\r", "\r\n\r\n" },
	{ true, ".a\n", "..a\r\n" },
	{ true, "a\n..\nb\n", "a\r\n...\r\nb\r\n" },
	{ true, "a\n.\nb\n", "a\r\n" },
	{ true, "a\n.\r\nb\n", "a\r\n" },
	{ true, "a\n.", "a\r\n" },
	{ true, "a\n.\r", "a\r\n" },
	{ true, ".\na\n", "" },
	{ true, "a\n.\rb\n", "a\r\n..\r\nb\r\n" },
	{ true, "a\r.\r\nb", "a\r\n" },
	{ true, "a.\nb.", "a.\r\nb.\r\n" },
	{ true, "a\n. \n", "a\r\n.. \r\n" },
	{ false, "a\n.\nb\n", "a\r\n..\r\nb\r\n" },
	{ false, ".", "..\r\n" },
	{ false, ".\r", "..\r\n" },
	{ false, ".\r\n.\n", "..\r\n..\r\n" },
	{ false, ".\r.\r", "..\r\n..\r\n" },
};

/* Feed TEXT in pieces that end at CUT and at the end. */
static void
convert(size_t row, size_t cut, struct buf *out)
{
	struct intake intake = { .dot_ends = rows[row].dot_ends };
	struct span text = span_of(rows[row].text);

	intake_feed(&intake, span_first(text, cut), out);
	intake_feed(&intake, span_skip(text, cut), out);
	intake_finish(&intake, out);
	CU_ASSERT_TRUE(intake.ended);
}

static void
text_becomes_wire_form_however_it_is_cut(void)
{
	size_t i, cut;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (cut = 0; cut <= strlen(rows[i].text); cut++) {
			struct buf out;

			buf_init(&out, 256);
			convert(i, cut, &out);
			if (!span_is(buf_peek(&out), rows[i].wire)) {
				CU_FAIL("a row of the table");
				fprintf(stderr, "row %zu cut %zu\n", i, cut);
			}
			buf_fini(&out);
		}
}

static void
a_byte_over_127_is_noticed_and_no_other(void)
{
	struct intake plain = { 0 }, eight = { 0 }, run = { 0 };
	struct buf out;

	buf_init(&out, 256);
	intake_feed(&plain, span_of("a~\x7f\n"), &out);
	CU_ASSERT_FALSE(plain.eight_bit);
	intake_feed(&eight, span_of("\x80"), &out);
	CU_ASSERT_TRUE(eight.eight_bit);
	intake_feed(&run, span_of("a\xff" "b\n"), &out);
	CU_ASSERT_TRUE(run.eight_bit);
	buf_fini(&out);
}

static void
nothing_grows_beyond_what_the_contract_says(void)
{
	struct intake intake = { 0 };
	struct buf out;
	size_t i;

	buf_init(&out, 1 << 20);
	for (i = 0; i < 1000; i++)
		intake_feed(&intake, span_of(".\r"), &out);
	intake_finish(&intake, &out);
	CU_ASSERT_TRUE(buf_length(&out) <= 3 * 2000 + 5);
	buf_fini(&out);
}

const struct unit_test intake_tests[] = {
	UNIT(text_becomes_wire_form_however_it_is_cut),
	UNIT(a_byte_over_127_is_noticed_and_no_other),
	UNIT(nothing_grows_beyond_what_the_contract_says),
	UNIT_END
};
