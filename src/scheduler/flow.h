/* SPDX-License-Identifier: ISC
 *
 * flow.h - how many connections a site lets us have (pure).
 *
 * The window begins at all it may be.  It is halved when the site shows that
 * we ask too much of it, at most once for what was sent before, and falls to
 * one when the site fails.  From there it grows with each answer up to half
 * of what it was, beyond that by one for each round of answers; for a while
 * after it was halved, and while transactions take twice the time that they
 * took lately, it does not grow at all.
 */
#ifndef SCHEDULER_FLOW_H
#define SCHEDULER_FLOW_H

#include "base/clock.h"

#include <stdbool.h>

enum { FLOW_HOLD = 5000 };	/* ms without growth after a halving */

struct flow {
	unsigned most;		/* connections, as configured */
	unsigned window;	/* 1..most */
	unsigned goal;		/* up to it each answer adds one … */
	unsigned gained;	/* … beyond, WINDOW answers do */
	msec_t shrunk;		/* when it shrank; what was sent before that
				 * tells nothing new */
	msec_t held;		/* no growth before */
	unsigned took_ms;	/* of a transaction, smoothed */
	unsigned least_ms;	/* the least of late; it forgets slowly */
};

void flow_reset(struct flow *flow);
void flow_limit(struct flow *flow, unsigned most);

/* Connections beyond the window that urgent mail may have while the window
 * grows to its goal after a failure: half of that, and not beyond it. */
unsigned flow_beside(const struct flow *flow);

/* What was sent at SENT was answered; its transaction took TOOK ms, 0: there
 * was none. */
void flow_answered(struct flow *flow, unsigned took, msec_t sent, msec_t now);

/* It was too much: no growth for HOLD.  False: this was known. */
bool flow_strained(struct flow *flow, msec_t sent, msec_t now, msec_t hold);

/* The site takes ROOM connections and refuses more. */
void flow_room(struct flow *flow, unsigned room, msec_t now, msec_t hold);

/* It failed: what comes next is one probe. */
void flow_failed(struct flow *flow, msec_t now);

#endif
