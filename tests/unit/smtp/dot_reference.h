/* SPDX-License-Identifier: ISC
 *
 * dot_reference.h - where a body ends, without any cleverness.
 *
 * What RFC 5321 says, byte by byte over the whole input.  The tests and the
 * fuzzer hold the real machine against it, however its input was cut up.
 */
#ifndef TESTS_UNIT_SMTP_DOT_REFERENCE_H
#define TESTS_UNIT_SMTP_DOT_REFERENCE_H

#include "base/buf.h"
#include "base/span.h"
#include "smtp/dot.h"

struct dot_reference {
	bool ended, bare, eight_bit, nul;
	size_t body;		/* bytes, when it ended */
	size_t used;		/* bytes, when it ended */
	size_t stuffed, longest;
};

static inline bool
dot_reference_has(struct span s, size_t at, const char *text)
{
	size_t length = strlen(text);

	return s.length >= at && s.length - at >= length &&
	    memcmp(s.data + at, text, length) == 0;
}

/* Find the end; what is said about the body is only said when it ended. */
static inline struct dot_reference
dot_reference_read(struct span s)
{
	struct dot_reference r = { 0 };
	size_t line = 0;

	r.ended = dot_reference_has(s, 0, ".\r\n");
	for (size_t i = 0; !r.ended && i < s.length; i++) {
		r.ended = dot_reference_has(s, i, "\r\n.\r\n");
		r.body = i + 2;
	}
	r.used = r.body + 3;
	for (size_t i = 0; r.ended && i < r.body; i++) {
		bool ends = dot_reference_has(s, i, "\r\n");
		bool starts = i == 0 || (i > 1 &&
		    dot_reference_has(s, i - 2, "\r\n"));

		r.bare |= s.data[i] == '\r' && !ends;
		r.bare |= s.data[i] == '\n' && (i == 0 ||
		    s.data[i - 1] != '\r');
		r.eight_bit |= s.data[i] > 127;
		r.nul |= s.data[i] == 0;
		if (starts)
			line = 0;
		if (starts && s.data[i] == '.')
			r.stuffed++;
		else if (!ends && !(i > 0 &&
		    dot_reference_has(s, i - 1, "\r\n")))
			line++;
		if (line > r.longest)
			r.longest = line;
	}
	return r;
}

/*
 * Give S to DOT in two pieces, the first of SPLIT bytes, or byte by byte when
 * SPLIT is over its length; body bytes go to BODY.  *USED counts what was
 * taken off S.
 */
static inline enum dot_step
dot_feed(struct dot *dot, struct span s, size_t split, struct buf *body,
    size_t *used)
{
	enum dot_step step = DOT_MORE;
	size_t at = 0;

	while (step == DOT_MORE && at < s.length) {
		size_t end = split > s.length ? at + 1 :
		    at < split ? split : s.length;
		struct span in = span_make(s.data + at, end - at);
		struct dot_piece piece;

		step = dot_read(dot, &in, &piece);
		buf_append(body, piece.held, piece.held_length);
		buf_append_span(body, piece.body);
		at = (size_t)(in.data - s.data);
	}
	*used = at;
	return step;
}

#endif
