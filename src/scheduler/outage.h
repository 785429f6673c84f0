/* SPDX-License-Identifier: ISC
 *
 * outage.h - when the relay did not run.
 *
 * The lifetime of mail counts the time in which it could have been tried.
 * So a machine that was off for a week gives its mail the tries it was
 * promised, and a clock that was wrong by years, before a restart or after,
 * expires nothing.  (A clock that jumps while we run is not believed, see
 * scheduler.c.)
 *
 * The file `clock` of the spool says when the scheduler was last seen to run,
 * and the outages before.  It is written once a minute and is a hint: an old
 * one only makes the last outage longer, without one there was none.
 */
#ifndef SCHEDULER_OUTAGE_H
#define SCHEDULER_OUTAGE_H

#include "base/buf.h"
#include "base/clock.h"

struct scheduler;

enum { OUTAGES_MOST = 32 };

/* Wall microseconds, in order, none overlapping another. */
struct outages {
	struct outage { usec_t from, until; } rows[OUTAGES_MOST];
	size_t count;
};

/* Pure.  Where the clock was set back and an outage overlaps others, they
 * become one; of too many the oldest goes. */
void outages_add(struct outages *outages, usec_t from, usec_t until);
/* Pure.  What has not been at NOW was none: a clock that was ahead and has
 * been put right leaves outages that would count for all mail to come. */
void outages_clip(struct outages *outages, usec_t now);
/* How much of the time after SINCE it was. */
usec_t outages_since(const struct outages *outages, usec_t since);
void outages_put(const struct outages *outages, usec_t seen, struct buf *out);
/* False: TEXT is no such file; then there are none, and SEEN is 0. */
bool outages_parse(struct outages *outages, struct span text, usec_t *seen);

/* Before the spool is read: the time since we were last seen was one, if it
 * was not short. */
void outages_load(struct scheduler *s);
/* Once a second. */
void outages_care(struct scheduler *s);

#endif
