/* SPDX-License-Identifier: ISC
 *
 * ward.h - what is damaged, or cannot be read, is looked after.
 *
 * A range of a segment that waits (quarantine.h) is read once more, by
 * itself, and what the reader finds there now decides:
 *
 *	a message    it is taken up, as at a start
 *	damaged      kept in corrupt/; its sender is told; then it is final
 *	unreadable   tried again in an hour; when its lifetime is over, what
 *	             can be read of it is kept, and its sender is told
 *	newer        left alone until the next start
 *
 * So one way leads out, for what a start finds, what a deliverer finds, and
 * what heals.  It is slow on purpose: so many ranges a second, for a whole
 * bad disk must not become a storm of reports.
 */
#ifndef SCHEDULER_WARD_H
#define SCHEDULER_WARD_H

#include "base/list.h"
#include "io/loop.h"
#include "scheduler/past.h"
#include "spool/reader.h"

struct scheduler;
struct segment;
struct keeper;

struct ward_sum {
	uint64_t unreadable, unreadable_bytes;	/* ranges */
	uint64_t unkept;	/* damaged ranges, not in corrupt/ yet */
	uint64_t newer;		/* messages, and segments */
	uint64_t corrupt;	/* files in corrupt/ … */
	usec_t oldest;		/* … of which the oldest is of then; wall */
};

struct ward {
	struct list segments;	/* that have something that waits */
	struct keeper *keeper;
	struct timer *timer;	/* the next look */
	unsigned left;		/* looks, in this second */
	msec_t full_until;	/* corrupt/ cannot be written to: not before */
	struct segment *segment;	/* is looked at; null: none … */
	struct past *past;	/* … with its journal, from … */
	uint64_t cursor;	/* … here on, in … */
	uint64_t to;		/* … a range that ends here … */
	uint8_t kind;		/* … that was known so, with … */
	struct reader *reader;	/* … this; null: between ranges */
	struct reader_found found;	/* what is being kept */
	struct ward_sum sum;
	bool requeued;		/* a file of corrupt/ is being handed in */
	bool changed;		/* SUM has to be made anew */
	usec_t counted;		/* corrupt/, as it changed last */
};

void ward_init(struct scheduler *s);
/* Starts its thread. */
bool ward_start(struct scheduler *s, struct err *err) MUST_CHECK;
void ward_fini(struct scheduler *s);

/* SEGMENT has something to be looked at, at DUE; it stays. */
void ward_admit(struct scheduler *s, struct segment *segment, msec_t due);
/* It has nothing any more, or is about to go. */
void ward_discharge(struct scheduler *s, struct segment *segment);

/* STATUS is written down about SEGMENT. */
void ward_note(struct scheduler *s, const struct segment *segment,
    const struct status *status);

/* The slice of a turn.  True: there is more. */
bool ward_work(struct scheduler *s);
/* Once a second. */
void ward_care(struct scheduler *s);

/* When what cannot be done now is tried again. */
msec_t ward_again(const struct scheduler *s);

/* What there is, for the operator. */
const struct ward_sum *ward_sum(struct scheduler *s);

#endif
