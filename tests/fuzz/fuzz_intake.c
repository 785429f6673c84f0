/* SPDX-License-Identifier: ISC
 *
 * fuzz_intake.c - fuzzes text on its way into wire form.
 *
 * Whatever a program writes, and however it is cut: the lines end in CR LF,
 * no CR, LF or NUL is anywhere else, no line is a lone dot, and what was held
 * back is bounded.
 */
#include "fuzz/fuzz.h"

#include "ctl/intake.h"
#include "smtp/dot.h"

static void
convert(struct span text, size_t piece, bool dot_ends, struct buf *out)
{
	struct intake intake = { .dot_ends = dot_ends };

	while (text.length > 0) {
		struct span part = span_first(text, piece);
		size_t before = buf_length(out);

		intake_feed(&intake, part, out);
		must(buf_length(out) - before <=
		    3 * part.length + 2 * INTAKE_HELD_MOST + 8);
		text = span_skip(text, part.length);
	}
	intake_finish(&intake, out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t pieces[] = { 1, 2, 3, 7, 100 };
	struct span text, in;
	struct dot dot = DOT_START;
	struct dot_piece piece;
	struct buf whole, cut;

	if (size == 0)
		return 0;
	text = span_make(data + 1, size - 1);
	buf_init(&whole, 3 * size + 1024);
	buf_init(&cut, 3 * size + 1024);
	(void)!buf_reserve(&whole, 1);	/* what is empty has an address */
	(void)!buf_reserve(&cut, 1);
	convert(text, size, data[0] & 1, &whole);
	convert(text, pieces[data[0] % 5], data[0] & 1, &cut);
	must(!whole.full && span_equal(buf_peek(&whole), buf_peek(&cut)));
	buf_append_text(&whole, ".\r\n");
	in = buf_peek(&whole);
	must(dot_read(&dot, &in, &piece) == DOT_DONE);
	must(in.length == 0 && !dot.bare && !dot.nul);
	buf_fini(&whole);
	buf_fini(&cut);
	return 0;
}
