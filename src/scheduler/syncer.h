/* SPDX-License-Identifier: ISC
 *
 * syncer.h - a thread that waits for the disk, so that the loop does not.
 *
 * It is given batches (sync_batch.h), and touches nothing else of the process.
 */
#ifndef SCHEDULER_SYNCER_H
#define SCHEDULER_SYNCER_H

#include "io/loop.h"
#include "scheduler/sync_batch.h"

struct syncer;

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
