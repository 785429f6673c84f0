/* SPDX-License-Identifier: ISC
 *
 * past.h - what a segment's journal says, while the segment is read again.
 */
#ifndef SCHEDULER_PAST_H
#define SCHEDULER_PAST_H

#include "scheduler/rcpt_set.h"
#include "spool/ranges.h"
#include "spool/status.h"

struct past {
	struct status *rows;	/* by offset, then as written */
	size_t count, room;
	size_t at;		/* the first row that was not passed yet */
	bool asked;		/* about any record, and … */
	uint64_t passed;	/* … about this one last */
	uint64_t end;		/* of the segment; UINT64_MAX: of the file */
	uint64_t promised;	/* what begins before it was, as it shows */
	struct ranges erased;
};

/* The journal of NAME, mended if its tail is torn.  Null: ERR. */
struct past *past_read(const struct spool_dirs *dirs,
    struct segment_name name, struct err *err) MUST_CHECK;
void past_free(struct past **past);

/* Written since: as if it had been read. */
void past_note(struct past *past, const struct status *status);

struct fate {
	bool warned, held;
	bool released;		/* the last word about holding was that */
	bool taken_away;	/* moved or deleted: the index may not know */
	uint8_t klass;		/* its last one; CLASS_COUNT: as it came */
};

/*
 * What became of the record at OFFSET: its final recipients are added to
 * FINAL.  Called with rising offsets.
 */
struct fate past_of(struct past *past, uint64_t offset,
    struct rcpt_set *final);

/* The same for the final recipients alone; in any order. */
void past_final(const struct past *past, uint64_t offset,
    struct rcpt_set *final);

/* Whether one status settled all recipients at OFFSET, however many. */
bool past_settled(const struct past *past, uint64_t offset);

#endif
