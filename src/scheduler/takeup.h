/* SPDX-License-Identifier: ISC
 *
 * takeup.h - from a record in a segment to entries in the queue.
 */
#ifndef SCHEDULER_TAKEUP_H
#define SCHEDULER_TAKEUP_H

#include "scheduler/window.h"
#include "spool/envelope.h"
#include "spool/reader.h"

struct scheduler;

/*
 * Take up the record that a scan of SEGMENT met.  For an old segment the
 * journal, the index and the queue say which of its recipients are left.
 */
void takeup_record(struct scheduler *s, struct segment *segment,
    const struct reader_found *record);

/* FOUND is a damaged record whose header is sound: what is left of it is
 * kept in corrupt/. */
void takeup_damaged(struct scheduler *s, struct segment *segment,
    const struct reader_found *found);

/* Why mail waits that its sender asked to be held back. */
#define TAKEUP_EARLY "not to be sent before its time"

struct takeup_how {
	unsigned attempts;	/* made so far */
	bool warned;		/* the sender was told of the delay */
	enum place place;
	usec_t not_before;	/* wall; 0 = at once */
};

/*
 * Make entries of the COUNT recipients RCPTS of MESSAGE, a site's (or
 * domain's) recipients together, and place them.
 */
void takeup_group(struct scheduler *s, struct message *message,
    const struct envelope *envelope, const uint32_t *rcpts, uint32_t count,
    const struct takeup_how *how);

#endif
