/* SPDX-License-Identifier: ISC
 *
 * quarantine.h - which bytes of a segment are no mail, now or for good.
 *
 * No row of the index about them counts.  A range that waits keeps its
 * segment where it is; what becomes of it, the ward sees to (ward.h).
 */
#ifndef SCHEDULER_QUARANTINE_H
#define SCHEDULER_QUARANTINE_H

#include "scheduler/queue.h"

struct scheduler;
struct segment;

enum spoilt_kind {
	SPOILT_OVER,		/* kept and told, or never promised */
	/* those that wait: */
	SPOILT_DAMAGED,		/* to be kept in corrupt/, and told of */
	SPOILT_UNREADABLE,	/* the disk does not give it out now */
	SPOILT_NEWER		/* a later program will know what it is */
};

struct spoilt {
	uint64_t from, to;
	msec_t due;		/* waits: to be looked at; MSEC_NEVER */
	uint8_t kind;
};

/* Bytes FROM to TO of SEGMENT are such, if nothing is said of FROM yet; the
 * ward looks at them at DUE. */
void quarantine_add(struct scheduler *s, struct segment *segment,
    uint64_t from, uint64_t to, enum spoilt_kind kind, msec_t due);

/* All that is known of FROM to TO, a part of one range, is this from now
 * on.  quarantine_heal(): it is mail. */
void quarantine_set(struct segment *segment, uint64_t from, uint64_t to,
    enum spoilt_kind kind, msec_t due);
void quarantine_heal(struct segment *segment, uint64_t from, uint64_t to);

/* The first range that waits, begins at FROM or behind it, and is due by
 * NOW.  Null: there is none. */
const struct spoilt *quarantine_next(const struct segment *segment,
    uint64_t from, msec_t now);

/* When the next of its ranges is due; false: none waits. */
bool quarantine_due(const struct segment *segment, msec_t *due);

/* SEGMENT is to be read again. */
void quarantine_forget(struct scheduler *s, struct segment *segment);

/* Whether OFFSET of SEGMENT lies in such bytes. */
bool quarantine_has(const struct segment *segment, uint64_t offset);

/*
 * MESSAGE, which is in the queue, turned out to be damaged or (KIND) not to
 * be readable: whatever of it is at hand leaves the queue as if it had never
 * been taken up, and the ward looks at its record.  What flies comes back
 * some time, and here again.  MESSAGE may be gone then.
 */
void quarantine_message(struct scheduler *s, struct message *message,
    enum spoilt_kind kind, const char *why);

/* Keep the bytes of MESSAGE, which stays as it is; the log tells WHY.  False:
 * they cannot be kept. */
bool quarantine_copy(struct scheduler *s, const struct message *message,
    const char *why);

#endif
