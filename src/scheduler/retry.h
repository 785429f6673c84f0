/* SPDX-License-Identifier: ISC
 *
 * retry.h - when to try again, and when to give up.
 */
#ifndef SCHEDULER_RETRY_H
#define SCHEDULER_RETRY_H

#include "scheduler/queue.h"

/* The pause after the ATTEMPTS-th failure (1 = first) of mail of KLASS,
 * with jitter; at least 1 ms. */
msec_t retry_pause(const struct conf *conf, enum mail_class klass,
    unsigned attempts);

/* The most that it can be. */
msec_t retry_most(const struct conf *conf, enum mail_class klass,
    unsigned attempts);

/*
 * The wall time of the next try of MESSAGE: after the pause, but not beyond
 * the end of its life, so that the last try is made just before it is given
 * up.  A deadline halves the time that is left until little is: then comes
 * the last try.  What is asked of us at a deadline is due just then.
 */
usec_t retry_due(const struct conf *conf, const struct message *message,
    unsigned attempts, usec_t now);

/* When MESSAGE is given up (wall): its lifetime counts from its release. */
usec_t retry_end(const struct conf *conf, const struct message *message);

/* Whether the sender of MESSAGE is to be told of the delay by now. */
bool retry_warns(const struct conf *conf, const struct message *message,
    usec_t now);

#endif
