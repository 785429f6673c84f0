/* SPDX-License-Identifier: ISC
 *
 * keeper.h - a thread that copies damaged bytes to corrupt/, so that the loop
 * does not wait for a disk that is going.
 *
 * It touches nothing of the process but the job it was given.
 */
#ifndef SCHEDULER_KEEPER_H
#define SCHEDULER_KEEPER_H

#include "io/loop.h"
#include "spool/corrupt.h"

struct keeper;

struct keep_job {
	int fd;			/* of the segment; the keeper's, to close */
	bool lost_too;		/* as for corrupt_keep() */
	struct corrupt_note note;
	bool ok;		/* out */
	char name[CORRUPT_NAME_SIZE];	/* out, if ok */
	struct err err;		/* out, if not */
};

/* JOB is done; lent for the call. */
typedef void keeper_done_fn(void *owner, const struct keep_job *job);

/* DIRS is borrowed.  Null: ERR. */
struct keeper *keeper_new(struct loop *loop, const struct spool_dirs *dirs,
    keeper_done_fn *done, void *owner, struct err *err) MUST_CHECK;

/* Waits for the job under way; its outcome is not told. */
void keeper_free(struct keeper **keeper);

bool keeper_busy(const struct keeper *keeper);

/* Not while busy. */
void keeper_run(struct keeper *keeper, const struct keep_job *job);

#endif
