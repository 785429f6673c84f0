/* SPDX-License-Identifier: ISC
 *
 * dot.h - the body between DATA and the lone dot (RFC 5321, 4.5.2).
 *
 * Only CR LF . CR LF ends the data, and the dot at its very beginning only
 * when followed by CR LF.  The body is taken as it is on the wire, stuffed
 * dots and all: it is stored and sent on in that form.
 */
#ifndef SMTP_DOT_H
#define SMTP_DOT_H

#include "base/err.h"
#include "base/span.h"

enum dot_step {
	DOT_MORE,		/* all of IN was body, or is held back */
	DOT_DONE		/* the end was in IN */
};

/* Start with DOT_START. */
struct dot {
	uint8_t state;
	bool bare;		/* a CR without LF or an LF without CR was seen */
	bool eight_bit;		/* a byte over 127 was seen */
	bool nul;		/* a NUL was seen */
	uint64_t wire_bytes;	/* body bytes so far, as on the wire */
	uint64_t stuffed;	/* dots that stuffing added */
	size_t line;		/* length of the line so far, without CRLF and
				 * the dot that stuffing added */
	size_t longest;		/* longest line so far */
};
extern const struct dot DOT_START_VALUE;
#define DOT_START (DOT_START_VALUE)

/*
 * Take body bytes off IN.  *BODY is the part of the former IN that is body
 * and surely not the end: at most 4 bytes that may yet turn out to be the
 * end are held back in DOT, and come out in *HELD (up to 4 bytes, to be
 * appended before *BODY) when they were body after all.
 *
 * DONE: IN is behind the final CR LF; the body is complete, and includes
 * the CR LF before the dot.  DOT must not be given more then.
 */
struct dot_piece {
	uint8_t held[4];
	uint8_t held_length;
	struct span body;
};
enum dot_step dot_read(struct dot *dot, struct span *in,
    struct dot_piece *out);

/* Have DOT read BYTES, more of a body or of what is believed to be one.  It
 * does not go past an end in them, so that wire_bytes is short then. */
void dot_follow(struct dot *dot, struct span bytes);

/* The reading of BYTES, a whole body. */
struct dot dot_over(struct span bytes);

/* The reading of two parts of a body, each read from its start.  Where FIRST
 * does not end with a line, nothing can be said of the whole. */
struct dot dot_join(const struct dot *first, const struct dot *then);

/* The reading of what DOT has given out so far, without what it holds back,
 * and whether that ends with a line, or with a CR. */
struct dot dot_given(const struct dot *dot, bool *line_start, bool *behind_cr);

/*
 * Whether DOT has read all LENGTH bytes of a body and would have taken it
 * from a client: no end in it, no bare CR or LF, no NUL, and a CR LF at its
 * end, unless it is empty.  False: ERR_FORMAT tells what is wrong.
 */
bool dot_vouches(const struct dot *dot, uint64_t length, struct err *err)
    MUST_CHECK;

/* Put wire form to OUT from TEXT with LF or CRLF lines: bare LF becomes
 * CRLF, bare CR becomes CRLF too, leading dots are stuffed, a final CRLF is
 * added if missing.  For the sendmail command and our own DSNs. */
struct buf;
void dot_stuff_text(struct span text, struct buf *out);

/* Remove the stuffing: wire form to content. */
void dot_unstuff(struct span wire, struct buf *out);

#endif
