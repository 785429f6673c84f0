/* SPDX-License-Identifier: ISC
 *
 * syncer.h - a thread that waits for the disk, so that the loop does not.
 *
 * It is given batches: journals to sync, then segments to remove, then parts
 * of segments to give back.  It touches nothing of the process but the batch
 * it was given.
 */
#ifndef SCHEDULER_SYNCER_H
#define SCHEDULER_SYNCER_H

#include "base/err.h"
#include "io/loop.h"
#include "spool/ranges.h"
#include "spool/status.h"

struct syncer;

enum sync_kind { SYNC_JOURNAL, SYNC_REMOVE, SYNC_ERASE };

struct sync_job {
	enum sync_kind kind;
	struct segment_name name;
	struct journal_ticket ticket;	/* SYNC_JOURNAL */
	struct range range;	/* SYNC_ERASE: see segment_erase() */
	bool ok;		/* out: it is done */
	bool again;		/* out: a removal that was not begun, because
				 * the sync of its journal failed */
	struct err err;		/* out: why not */
};

/* A batch is done; JOBS are freed after the call. */
typedef void syncer_done_fn(void *owner, struct sync_job *jobs,
    size_t count);

/* DIRS is borrowed.  Null: ERR. */
struct syncer *syncer_new(struct loop *loop, const struct spool_dirs *dirs,
    syncer_done_fn *done, void *owner, struct err *err) MUST_CHECK;

/* Waits for the batch under way; its outcome is not told. */
void syncer_free(struct syncer **syncer);

bool syncer_busy(const struct syncer *syncer);

/* Not while busy.  JOBS (from mem_array) now belong to the syncer. */
void syncer_run(struct syncer *syncer, struct sync_job *jobs, size_t count);

#endif
