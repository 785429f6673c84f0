/* SPDX-License-Identifier: ISC
 *
 * compact.h - segments that hold little live mail are emptied.
 *
 * A message that waits for days keeps its whole segment on disk.  When the
 * live share of a segment that nobody appends to is below `compact`, what
 * lives there is copied to a segment of ours of the same class (move.h), and
 * the old one goes as any that is done.
 *
 * It is work for idle moments: one segment at a time, some bytes a second,
 * not while urgent mail could go, and only while there is room on disk for
 * everything else.
 */
#ifndef SCHEDULER_COMPACT_H
#define SCHEDULER_COMPACT_H

#include "spool/reader.h"

struct scheduler;
struct segment;
struct past;

struct compact {
	struct segment *segment;	/* pinned; null: none is emptied */
	struct reader reader;
	struct past *past;
	bool read;		/* to its end */
	size_t under_way;	/* copies … */
	uint64_t bytes;		/* … and their bytes */
	int64_t budget;		/* bytes that may be copied now */
	unsigned seconds;
};

/* Once a second: look for a segment, or see whether to go on with one. */
void compact_care(struct scheduler *s);

/* The turn.  True: there is more to do at once. */
bool compact_work(struct scheduler *s);

/* The scheduler ends. */
void compact_stop(struct scheduler *s);

/* Whether SEGMENT is to be emptied; PERCENT is the share, NOW and QUIET ms.
 * Pure. */
bool compact_wants(const struct segment *segment, unsigned percent,
    msec_t now, msec_t quiet);

#endif
