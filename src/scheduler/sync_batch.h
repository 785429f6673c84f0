/* SPDX-License-Identifier: ISC
 *
 * sync_batch.h - what the sync thread does: a batch of journals to sync, of
 * segments to remove, and of parts of segments to give back.
 */
#ifndef SCHEDULER_SYNC_BATCH_H
#define SCHEDULER_SYNC_BATCH_H

#include "base/err.h"
#include "spool/ranges.h"
#include "spool/status.h"

enum sync_kind { SYNC_JOURNAL, SYNC_REMOVE, SYNC_ERASE };

struct sync_job {
	enum sync_kind kind;
	struct segment_name name;
	struct journal_ticket ticket;	/* SYNC_JOURNAL */
	struct range range;	/* SYNC_ERASE: see segment_erase() */
	bool ok;		/* out: it is done */
	bool again;		/* out: a removal that was not begun, because
				 * the sync of its journal failed, or because
				 * its writer holds it: to be tried again */
	struct err err;		/* out: why not */
};

/*
 * Do all JOBS: first the journals, then the removals, then the rest.  What is waited for
 * grows little with their number.  The tickets' descriptors are closed.
 */
void sync_batch(const struct spool_dirs *dirs, struct sync_job *jobs,
    size_t count);

#endif
