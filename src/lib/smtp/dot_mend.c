/* SPDX-License-Identifier: ISC
 *
 * dot_mend.c - bodies with bare CR and LF, made what they were meant to be.
 *
 * A machine of four states and a count of CRs.  Each line end goes out in
 * one place, which looks whether the line is a dot and nothing else.
 */
#include "smtp/dot_mend.h"

enum mend_state {
	LINE_START, /* behind a CR LF, or at the start */
	LONE_DOT,   /* the line is "." so far, as the client's */
	BARE_START, /* behind a bare CR or LF */
	TEXT
};

enum { ROOM = 4 }; /* what one byte may become, and more */

void
dot_mend_begin(
    struct dot_mend *mend, const struct dot *before, struct dot *kept)
{
	bool line_start, behind_cr;

	*kept = dot_given(before, &line_start, &behind_cr);
	*mend = (struct dot_mend){
		.state = line_start ? LINE_START : TEXT,
		.crs = behind_cr,
		.cr_out = behind_cr,
	};
}

struct outlet {
	uint8_t *bytes;
	size_t length;
};

static void
put(struct outlet *out, char c)
{
	out->bytes[out->length++] = (uint8_t)c;
}

static void
end_line(struct dot_mend *mend, enum mend_state next, struct outlet *out)
{
	if (mend->state == LONE_DOT)
		put(out, '.');
	if (!mend->cr_out)
		put(out, '\r');
	put(out, '\n');
	mend->cr_out = false;
	mend->state = (uint8_t)next;
}

static void
text(struct dot_mend *mend, uint8_t c, struct outlet *out)
{
	bool lone = c == '.' && mend->state == LINE_START;

	if (c == '.' && mend->state == BARE_START)
		put(out, '.');
	put(out, (char)c);
	mend->state = lone ? LONE_DOT : TEXT;
}

/* False: C is to be looked at once more. */
static bool
step(struct dot_mend *mend, uint8_t c, struct outlet *out)
{
	if (c == '\r') {
		mend->crs++;
	} else if (c == '\n') {
		end_line(mend, mend->crs > 0 ? LINE_START : BARE_START, out);
		mend->crs = 0;
	} else if (mend->crs > 0) {
		end_line(mend, BARE_START, out);
		mend->crs--;
		return false;
	} else {
		text(mend, c, out);
	}
	return true;
}

size_t
dot_mend_read(struct dot_mend *mend, struct span *in, uint8_t *out, size_t most)
{
	struct outlet outlet = { out, 0 };
	size_t at = 0;

	while (at < in->length && most - outlet.length >= ROOM)
		at += step(mend, in->data[at], &outlet);
	*in = span_skip(*in, at);
	return outlet.length;
}
