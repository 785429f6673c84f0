/* SPDX-License-Identifier: ISC
 *
 * intake.h - text as programs write it, into what goes over the wire.
 *
 * Lines may end in LF, CRLF or a bare CR; they leave with CRLF and with
 * their leading dots stuffed.  Pure, and indifferent to how the text is cut
 * into pieces.
 */
#ifndef CTL_INTAKE_H
#define CTL_INTAKE_H

#include "base/buf.h"

struct intake {
	uint8_t state;
	bool dot_ends;		/* a line with one dot ends the text */
	bool ended;		/* it came; nothing more is taken */
	bool eight_bit;		/* a byte over 127 was seen */
};

/* Start with everything but `dot_ends` zero.  OUT gets at most three times
 * the length of TEXT and five bytes. */
void intake_feed(struct intake *intake, struct span text, struct buf *out);

/* The text is over: complete its last line. */
void intake_finish(struct intake *intake, struct buf *out);

#endif
