/* SPDX-License-Identifier: ISC
 *
 * intake.h - text as programs write it, into what goes over the wire.
 *
 * Lines may end in LF, in CRLF, also with several CR before the LF, or in a
 * bare CR; they leave with CRLF and with their leading dots stuffed.  A NUL,
 * for which mail has no room, leaves as "?".  Pure, and indifferent to how
 * the text is cut into pieces.
 */
#ifndef CTL_INTAKE_H
#define CTL_INTAKE_H

#include "base/buf.h"

enum { INTAKE_HELD_MOST = 64 };	/* CRs in a row that may end one line */

struct intake {
	uint8_t state;
	uint8_t held;		/* CRs of which the next byte says what they are */
	bool dot_ends;		/* a line with one dot ends the text */
	bool ended;		/* it came; nothing more is taken */
	bool eight_bit;		/* a byte over 127 was seen */
};

/* Start with everything but `dot_ends` zero.  OUT gets at most three times
 * the length of TEXT, and 2 * INTAKE_HELD_MOST + 8 bytes of what was held. */
void intake_feed(struct intake *intake, struct span text, struct buf *out);

/* The text is over: complete its last line. */
void intake_finish(struct intake *intake, struct buf *out);

#endif
