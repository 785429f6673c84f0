/* SPDX-License-Identifier: ISC
 *
 * deadline.h - the times that a message brings with it.
 *
 * DELIVERBY gives it a deadline, FUTURERELEASE a time before which it is not
 * sent.  Both are in its envelope; rows of the index only say that there is
 * something.  The classes have deadlines for mail that has none: these order
 * and hurry, but nothing ends with them.
 */
#ifndef SCHEDULER_DEADLINE_H
#define SCHEDULER_DEADLINE_H

#include "scheduler/queue.h"
#include "spool/envelope.h"

struct scheduler;

/* MESSAGE has arrived; ENVELOPE is its own, null: it says nothing of times. */
void deadline_set(struct scheduler *s, struct message *message,
    const struct envelope *envelope);

/* The same for a message whose envelope has to be read first. */
void deadline_read(struct scheduler *s, struct message *message);

/* MESSAGE has another class: with it goes the deadline of that. */
void deadline_again(struct scheduler *s, struct message *message);

/* The turn: what has passed its deadline goes back, or its sender is told. */
void deadlines_work(struct scheduler *s);

/* When deadlines_work() has something to do, monotonic; MSEC_NEVER. */
msec_t deadlines_next(const struct scheduler *s);

/* Why a message that DELIVERBY is over for is late, for people. */
const char *deadline_why(const struct message *message);

#endif
