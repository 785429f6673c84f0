/* SPDX-License-Identifier: ISC
 *
 * index_care.c - checkpoints in steps, and the way of their pages to the
 * disk.
 */
#include "spool/index_inside.h"

#include "base/pace.h"

#include <stdlib.h>

enum {
	STEP_PAGES = 96,	/* written in a step of a checkpoint … */
	LATE_PAGES = 320,	/* … that is late */
	LOG_LATE = 16 << 20,	/* bytes of log since the last checkpoint */
	LOG_MOST = 48 << 20,	/* then the checkpoint, whatever is left: who
				 * opens it after a crash goes through these */
	STEPS_MOST = 240,	/* or then, so that logs end */
	PORTIONS = 150		/* of each table */
};

/* Pages in the cache that are dirty, and all. */
static int
count_pages(struct index *index, uint64_t *dirty, uint64_t *all)
{
	DB_MPOOL_STAT *stat;
	int error = index->env->memp_stat(index->env, &stat, NULL, 0);

	if (error != 0)
		return error;
	*dirty = stat->st_page_dirty;
	*all = *dirty + stat->st_page_clean;
	free(stat);
	return 0;
}

/* Write some of the dirty pages: so many percent must be clean then. */
static int
write_some(struct index *index, uint64_t pages, uint64_t dirty, uint64_t all)
{
	uint64_t clean = (all - dirty + pages) * 100 / all;
	int written;

	index->steps++;
	return index->env->memp_trickle(index->env,
	    clean > 100 ? 100 : (int)clean, &written);
}

/* Bytes of log since the last checkpoint. */
static int
count_log(struct index *index, uint64_t *bytes)
{
	DB_LOG_STAT *stat;
	int error = index->env->log_stat(index->env, &stat, 0);

	if (error != 0)
		return error;
	*bytes = ((uint64_t)stat->st_wc_mbytes << 20) + stat->st_wc_bytes;
	free(stat);
	return 0;
}

static int
step(struct index *index)
{
	uint64_t dirty, all, bytes;
	int error;

	(void)((error = count_pages(index, &dirty, &all)) != 0 ||
	    (error = count_log(index, &bytes)) != 0);
	if (error != 0)
		return error;
	if (dirty > STEP_PAGES && bytes < LOG_MOST &&
	    index->steps < STEPS_MOST)
		return write_some(index, bytes < LOG_LATE ? STEP_PAGES :
		    LATE_PAGES, dirty, all);
	index->steps = 0;
	return index->env->txn_checkpoint(index->env, 0, 0, 0);
}

/*
 * Each step writes a few pages; when few are left, or much log, the rest and
 * the checkpoint itself.  A step is some milliseconds, and nothing is synced.
 */
bool
index_checkpoint(struct index *index, struct err *err)
{
	int error;

	if (!index_flush(index, err))
		return false;
	error = step(index);
	if (error != 0)
		return index_failed(index, error, "checkpoint", err);
	index->fresh = 0;
	index->portions = 2 * PORTIONS;
	if (!index->proven) {
		index->proven = true;
		return trust_proven(index->dirfd, err);
	}
	return true;
}

/*
 * The pages of a checkpoint lie with the kernel, see base/pace.h.  A page
 * that changes all the time goes to the disk once per round.
 */
bool
index_write_out(struct index *index)
{
	unsigned part;
	int fd;

	if (index->portions == 0)
		return false;
	part = PORTIONS - 1 - --index->portions % PORTIONS;
	for (unsigned t = 0; t < TABLE_COUNT; t++)
		if (index->tables[t]->fd(index->tables[t], &fd) == 0)
			pace_part(fd, part, PORTIONS);
	return index->portions > 0;
}
