/* SPDX-License-Identifier: ISC
 *
 * bounce.h - the report as a message: to whom, and what it says.
 */
#ifndef SCHEDULER_BOUNCE_H
#define SCHEDULER_BOUNCE_H

#include "scheduler/report.h"
#include "spool/segment.h"

struct bounce {
	struct envelope *envelope;
	struct buf body;
	struct dot seen;	/* its reading */
};

enum bounce_step {
	BOUNCE_MADE,
	BOUNCE_NOBODY,		/* nobody wants to hear it; it is logged */
	BOUNCE_LATER,		/* the message cannot be read now: ERR */
	BOUNCE_UNREADABLE	/* nor ever: ERR */
};

/* Make what REPORT has to say; its rows learn whether they are told. */
enum bounce_step bounce_make(struct scheduler *s, struct report *report,
    struct bounce *out, struct err *err);
void bounce_fini(struct bounce *bounce);

#endif
