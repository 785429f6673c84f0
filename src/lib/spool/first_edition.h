/* SPDX-License-Identifier: ISC
 *
 * first_edition.h - copies in a spool of the first edition are settled.
 *
 * Former versions changed a message's class, and emptied segments, by copying
 * its record into a segment of the scheduler's.  Its envelope, of version 2,
 * names the original and the recipients that were done by then.  Between any
 * two steps of that there may be an original and a copy on disk, and this is
 * what they mean:
 *
 *	original                          the copy
 *	its segment is gone               counts
 *	MOVED to the copy's segment       counts
 *	MOVED to another segment          is nothing
 *	not MOVED, its record is whole    is nothing: the original counts
 *	not MOVED, its record is damaged  counts, but for recipients whose
 *	                                  final status the original has
 *
 * Here this is said once, in statuses that everybody understands; then every
 * record speaks for itself.  The order of operations is in first_edition.c.
 */
#ifndef SPOOL_FIRST_EDITION_H
#define SPOOL_FIRST_EDITION_H

#include "base/err.h"
#include "spool/layout.h"

/*
 * Settle the copies in the segments of SLOT, the scheduler's, before anything
 * of the spool is read.  The body of an original over MOST bytes is taken to
 * be whole: what is wrong there shows when it is sent.  *COPIES: how many were
 * met.  False: ERR tells; nothing is lost, and it may be repeated, as after a
 * kill at any point.
 */
bool first_edition_settle(const struct spool_dirs *dirs, uint16_t slot,
    uint64_t most, uint64_t *copies, struct err *err) MUST_CHECK;

#endif
