/* SPDX-License-Identifier: ISC
 *
 * origin.h - which of a message's two records counts.
 *
 * The scheduler moves a message, to another class or out of a segment that
 * is to go, by copying its record.  The order of operations is in
 * scheduler/move.c; between any two steps of it there may be an original
 * and a copy on disk, and this is what they mean at the start:
 *
 *	original                          the copy
 *	its segment is gone               counts
 *	MOVED to the copy's segment       counts
 *	MOVED to another segment          is nothing
 *	not MOVED, its record is whole    is nothing: the original counts
 *	not MOVED, its record is damaged  counts, but for recipients whose
 *	                                  final status the original has
 *
 * A copy that is nothing gets STATUS_MOVED, with the original's segment.  An
 * original has at most one copy in a segment, as a scheduler copies it once
 * in its life and begins new segments in each.
 */
#ifndef SPOOL_ORIGIN_H
#define SPOOL_ORIGIN_H

#include "spool/envelope.h"
#include "spool/msgid.h"
#include "spool/status.h"

/* What the original's journal says of a copy. */
struct origin_fate {
	bool here, elsewhere;	/* it moved to the copy's segment, another */
};

/* STATUS, a record of the original's journal, is added to FATE of a copy of
 * ORIGIN in segment COPY. */
void origin_note(const struct envelope_origin *origin,
    struct segment_name copy, const struct status *status,
    struct origin_fate *fate);

enum origin_state { ORIGINAL_GONE, ORIGINAL_WHOLE, ORIGINAL_DAMAGED };

bool origin_copy_counts(const struct origin_fate *fate,
    enum origin_state original);

/*
 * Look at the original of the copy with ID in its segment, which is open on
 * FD.  The body of a record over MOST bytes is taken to be whole: what is
 * wrong there shows when it is sent.
 */
enum origin_state origin_look_at(int fd, const struct envelope_origin *origin,
    struct msgid id, uint64_t most);

bool segment_name_is(struct segment_name a, struct segment_name b);

#endif
