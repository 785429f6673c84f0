/* SPDX-License-Identifier: ISC
 *
 * takeup.h - from a record in a segment to entries in the queue.
 */
#ifndef SCHEDULER_TAKEUP_H
#define SCHEDULER_TAKEUP_H

#include "scheduler/past.h"
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

/* The same for one that was passed over, and is whole now; PAST (lent) is its
 * segment's journal.  LATER: somebody found it damaged, so not at once. */
void takeup_again(struct scheduler *s, struct segment *segment,
    struct past *past, const struct reader_found *record, bool later);

/*
 * RECORD is damaged, but its envelope is not, and its bytes are kept: its
 * sender is told, and then its recipients are final.  PAST is its segment's
 * journal.  False: nobody can be told.
 */
bool takeup_broken(struct scheduler *s, struct segment *segment,
    const struct past *past, const struct reader_found *record);

/* Why mail waits that its sender asked to be held back. */
#define TAKEUP_EARLY "not to be sent before its time"

struct takeup_how {
	unsigned attempts;	/* made so far */
	bool warned;		/* the sender was told of the delay */
	bool hastened;		/* the operator brought the next forward */
	enum place place;
	usec_t not_before;	/* wall; 0 = at once … */
	const char *why;	/* … because; null: its sender wants it */
};

/*
 * Make entries of the COUNT recipients RCPTS of MESSAGE, a site's (or
 * domain's) recipients together, and place them.
 */
void takeup_group(struct scheduler *s, struct message *message,
    const struct envelope *envelope, const uint32_t *rcpts, uint32_t count,
    const struct takeup_how *how);

#endif
