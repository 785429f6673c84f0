/* SPDX-License-Identifier: ISC
 *
 * compact.h - segments that hold little live mail give back what they can.
 *
 * A message that waits for days keeps its segment.  When the live share of a
 * segment that nobody appends to is below `compact`, the place of what is
 * done in it is given back to the file system: nothing moves.  The order of
 * operations is in compact.c.
 *
 * It is work for idle moments: one segment at a time, and not while urgent
 * mail could go.
 */
#ifndef SCHEDULER_COMPACT_H
#define SCHEDULER_COMPACT_H

#include "scheduler/syncer.h"
#include "spool/reader.h"
#include "spool/segment.h"

struct scheduler;
struct segment;
struct past;

enum {
	COMPACT_AT_ONCE = 64,	/* ranges in a batch of the sync thread */
	COMPACT_WHY = 200
};

struct compact {
	struct segment *segment;	/* pinned; null: none is gone through */
	enum {
		COMPACT_LOOKS,		/* for what is final */
		COMPACT_WAITS,		/* until its journal is durable */
		COMPACT_FREES
	} step;
	struct reader reader;
	struct past *past;	/* as it was when the look began */
	struct ranges done;	/* all in them is final */
	size_t at;		/* of these: the next to be given back … */
	size_t out;		/* … and those the sync thread has */
	uint64_t before;	/* bytes that the file took on disk */
	char why[COMPACT_WHY];	/* the file system cannot; "": it can, so far */
	unsigned seconds;
};

/* Once a second: look for a segment. */
void compact_care(struct scheduler *s);

/* The turn.  True: there is more to do at once. */
bool compact_work(struct scheduler *s);

/* The scheduler ends. */
void compact_stop(struct scheduler *s);

/* Why files keep the place of what is done in them; null: they do not. */
const char *compact_why_not(const struct scheduler *s);

/* Whether SEGMENT is to be gone through; PERCENT is the share, NOW and QUIET
 * ms.  Pure. */
bool compact_wants(const struct segment *segment, unsigned percent,
    msec_t now, msec_t quiet);

/* ---- for removal.c: what the sync thread is to do ----------------------------- */

bool compact_has_jobs(const struct scheduler *s);
/* Up to COMPACT_AT_ONCE of them go to JOBS. */
void compact_give_jobs(struct scheduler *s, struct sync_job *jobs,
    size_t *count);
void compact_job_done(struct scheduler *s, const struct sync_job *job);

#endif
