/* SPDX-License-Identifier: ISC
 *
 * fuzz_dot.c - fuzzes the end of the data, against the reference.
 *
 * The first byte says how the rest is cut up.
 */
#include "fuzz/fuzz.h"
#include "unit/smtp/dot_reference.h"

#include "base/buf.h"
#include "smtp/dot_mend.h"

static void
against_the_reference(struct span s, size_t split)
{
	struct dot_reference want = dot_reference_read(s);
	struct dot dot = DOT_START;
	struct buf body;
	size_t used;
	bool ended;

	buf_init(&body, s.length + 8);
	ended = dot_feed(&dot, s, split, &body, &used) == DOT_DONE;
	must(ended == want.ended);
	must(dot.wire_bytes == buf_length(&body));
	must(span_equal(buf_peek(&body), span_first(s, buf_length(&body))));
	if (ended) {
		must(used == want.used && buf_length(&body) == want.body);
		must(dot.bare == want.bare && dot.nul == want.nul);
		must(dot.eight_bit == want.eight_bit);
		must(dot.stuffed == want.stuffed);
		must(dot.longest == want.longest);
	} else {
		must(used == s.length && s.length - buf_length(&body) <= 2);
	}
	buf_fini(&body);
}

/* A body that ended is mended whole, in a few bytes at a time: what comes of
 * it can be sent, and one that needs no mending stays as it is. */
static void
mended_it_can_be_sent(struct span s)
{
	struct dot dot = DOT_START, kept;
	struct dot_mend mend;
	struct buf body, out;
	struct span rest;
	struct err err;
	size_t used;

	buf_init(&body, s.length + 8);
	buf_init(&out, 3 * s.length + 16);
	if (dot_feed(&dot, s, s.length, &body, &used) == DOT_DONE &&
	    !dot.nul) {
		dot_mend_begin(&mend, &DOT_START, &kept);
		rest = buf_peek(&body);
		while (rest.length > 0) {
			uint8_t bytes[7];
			size_t length = dot_mend_read(&mend, &rest, bytes,
			    sizeof bytes);

			dot_follow(&kept, span_make(bytes, length));
			buf_append(&out, bytes, length);
		}
		must(!out.full);
		must(dot_vouches(&kept, buf_length(&out), &err));
		must(dot.bare ||
		    span_equal(buf_peek(&out), buf_peek(&body)));
	}
	buf_fini(&body);
	buf_fini(&out);
}

/* Whatever text is stuffed: the end that we write is the one that is read. */
static void
stuffed_text_is_read_back(struct span text)
{
	struct dot dot = DOT_START;
	struct buf wire, body, content;
	size_t used;

	buf_init(&wire, 3 * text.length + 16);
	buf_init(&body, 3 * text.length + 16);
	buf_init(&content, 3 * text.length + 16);
	dot_stuff_text(text, &wire);
	dot_unstuff(buf_peek(&wire), &content);
	buf_append_text(&wire, ".\r\nQUIT\r\n");
	must(!wire.full);
	must(dot_feed(&dot, buf_peek(&wire), 7, &body, &used) == DOT_DONE);
	must(used == buf_length(&wire) - 6 && !dot.bare);
	must(buf_length(&body) - dot.stuffed == buf_length(&content));
	buf_fini(&wire);
	buf_fini(&body);
	buf_fini(&content);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span s;

	if (size == 0)
		return 0;
	s = span_make(data + 1, size - 1);
	against_the_reference(s, data[0]);
	against_the_reference(s, s.length + 1);
	against_the_reference(s, s.length);
	stuffed_text_is_read_back(s);
	mended_it_can_be_sent(s);
	return 0;
}
