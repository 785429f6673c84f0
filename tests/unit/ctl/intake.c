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
	/* any number of CRs before a LF is one line end */
	{ true, "a\r\r\nb\r\r\n", "a\r\nb\r\n" },
	{ true, "a\r\r\n\r\r\nb\r\r\r\n", "a\r\n\r\nb\r\n" },
	{ true, "\r\r\na\n", "\r\na\r\n" },
	{ true, "a\r\n\r\r\nb\n", "a\r\n\r\nb\r\n" },
	{ true, "a\r\r\r", "a\r\n\r\n\r\n" },
	{ true, "a\n.\r\r\nb\n", "a\r\n" },
	{ true, "a\n.\r\r\r", "a\r\n" },
	{ true, "a\n.\r\rb\n", "a\r\n..\r\n\r\nb\r\n" },
	{ false, ".\r\r\n.\r\r\n", "..\r\n..\r\n" },
	{ false, ".\r\r", "..\r\n\r\n" },
	/* a NUL is a question mark, wherever it is */
	{ true, "a%b\n%\n", "a?b\r\n?\r\n" },
	{ true, ".%\n\r%", "..?\r\n\r\n?\r\n" },
	{ true, "%", "?\r\n" },
};

/* "%" stands for NUL. */
static struct span
row_text(size_t row)
{
	static char text[64];
	size_t length = strlen(rows[row].text), i;

	for (i = 0; i < length; i++)
		text[i] = rows[row].text[i] == '%' ? '\0' : rows[row].text[i];
	return span_make(text, length);
}

/* Feed TEXT in pieces that end at CUT and at the end. */
static void
convert(size_t row, size_t cut, struct buf *out)
{
	struct intake intake = { .dot_ends = rows[row].dot_ends };
	struct span text = row_text(row);

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
		for (cut = 0; cut <= row_text(i).length; cut++) {
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

static void
what_is_held_back_stays_small_and_nothing_of_it_is_lost(void)
{
	struct intake intake = { 0 };
	size_t before = 0, most = 0, i;
	struct buf out;

	buf_init(&out, 1 << 20);
	intake_feed(&intake, span_of("."), &out);
	for (i = 0; i < 1001; i++) {
		intake_feed(&intake, span_of(i < 1000 ? "\r" : "b"), &out);
		if (buf_length(&out) - before > most)
			most = buf_length(&out) - before;
		before = buf_length(&out);
	}
	CU_ASSERT_TRUE(most <= 3 + 2 * INTAKE_HELD_MOST + 8);
	CU_ASSERT_EQUAL(before, 2 + 2 * 1000 + 1);
	buf_fini(&out);
}

const struct unit_test intake_tests[] = {
	UNIT(text_becomes_wire_form_however_it_is_cut),
	UNIT(a_byte_over_127_is_noticed_and_no_other),
	UNIT(nothing_grows_beyond_what_the_contract_says),
	UNIT(what_is_held_back_stays_small_and_nothing_of_it_is_lost),
	UNIT_END
};
