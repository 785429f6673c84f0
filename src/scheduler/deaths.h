/* SPDX-License-Identifier: ISC
 *
 * deaths.h - a deliverer died: who is to blame, and what becomes of it.
 *
 * Nobody, at first: what it had in hand is tried again.  What was in hand at
 * two deaths in a row is suspect (suspects.h) and goes by a deliverer apart,
 * which the master starts when it is wanted.  Only if that one dies with a
 * single message in hand is it known who killed it; and only if that happens
 * three times, with pauses, is the message given up: its bytes are kept in
 * corrupt/, and its sender is told before its recipients are struck off.
 */
#ifndef SCHEDULER_DEATHS_H
#define SCHEDULER_DEATHS_H

#include "base/clock.h"

#include <stdbool.h>

struct scheduler;
struct entry;
struct message;

enum { DEATHS_ALONE = 3 };	/* after which a message is given up */

struct deaths {
	void (*ask)(void *owner, bool wanted);	/* null: nobody to ask */
	void *owner;
	bool wanted;		/* the deliverer apart */
	msec_t idle;		/* it has had nothing to do since */
};

/* The death of one deliverer. */
struct death {
	bool apart;		/* of the one for suspects */
	unsigned jobs;		/* it had in hand … */
	const struct message *only;	/* … all of this message; null: not so */
	unsigned suspects;	/* that it made */
};

/* ENTRY (idle) was in its hand, and is taken over. */
void deaths_entry(struct scheduler *s, struct death *death,
    struct entry *entry);

/* All have been seen to. */
void deaths_end(struct scheduler *s, const struct death *death,
    unsigned number);

/* Once a second: whether a deliverer apart is wanted. */
void deaths_care(struct scheduler *s);

/* For people: why a suspect waits. */
const char *deaths_why(void);

#endif
