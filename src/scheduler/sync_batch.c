/* SPDX-License-Identifier: ISC
 *
 * sync_batch.c - what the sync thread does: a batch of journals to sync, of
 * segments to remove, and of parts of segments to give back.
 *
 * The order:
 *
 *   1. the disk is given what is written of all journals, and not waited for
 *   2. each journal is synced: what the first one waits for has the others'
 *	in it
 *   3. the directories of the fresh ones are synced, once each: their names
 *	are durable only now, and only now they count as synced
 *   4. the messages of finished segments are unlinked
 *   5. their directories are synced, so that no power cut can bring back a
 *	segment without its journal
 *   6. their journals are unlinked
 *   7. parts are given back: nobody waits for these
 */
#include "scheduler/sync_batch.h"

#include "base/crash.h"
#include "base/fds.h"
#include "base/fsys.h"
#include "base/mem.h"
#include "spool/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { GROUP_MOST = 256 }; /* journals opened for it at a time */

/* ---- journals ------------------------------------------------------------ */

/* Whether it works or not is for the sync to find out. */
static void
begin_writing(struct sync_job *job)
{
	if (job->kind == SYNC_JOURNAL && job->ticket.fd != -1)
		(void)sync_file_range(
		    job->ticket.fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

static void
open_journal(const struct spool_dirs *dirs, struct sync_job *job)
{
	if (job->kind != SYNC_JOURNAL || job->ticket.fd != -1)
		return;
	if (journal_ticket_open(&job->ticket, dirs, job->name, &job->err))
		begin_writing(job);
}

static void
sync_journal(struct sync_job *job)
{
	char file[SEGMENT_FILE_SIZE];

	if (job->kind != SYNC_JOURNAL || job->ticket.fd == -1)
		return;
	job->ok = fdatasync(job->ticket.fd) == 0 ||
	    err_sys(&job->err, "fdatasync",
		segment_file(job->name, "status", file));
	close(job->ticket.fd);
	job->ticket.fd = -1;
}

/* Those that came without a descriptor have one for a moment, and in the
 * whole a sixteenth of what there is. */
static void
sync_records(const struct spool_dirs *dirs, struct sync_job *jobs, size_t count)
{
	size_t group = fds_most() / 16 + 1;

	if (group > GROUP_MOST)
		group = GROUP_MOST;
	for (size_t i = 0; i < count; i++)
		begin_writing(&jobs[i]);
	for (size_t from = 0, to; from < count; from = to) {
		to = count - from > group ? from + group : count;
		for (size_t i = from; i < to; i++)
			open_journal(dirs, &jobs[i]);
		for (size_t i = from; i < to; i++)
			sync_journal(&jobs[i]);
	}
}

static bool
is_named_by(const struct sync_job *job, uint8_t klass)
{
	return job->kind == SYNC_JOURNAL && job->ok && job->ticket.fresh &&
	    job->name.klass == klass;
}

static void
sync_names(const struct spool_dirs *dirs, struct sync_job *jobs, size_t count,
    uint8_t klass)
{
	size_t i = 0;
	struct err err;

	while (i < count && !is_named_by(&jobs[i], klass))
		i++;
	if (i == count ||
	    fsys_sync_dir(dirs->classes[klass], class_name(klass), &err))
		return;
	for (; i < count; i++)
		if (is_named_by(&jobs[i], klass)) {
			jobs[i].ok = false;
			jobs[i].err = err;
		}
}

/* A segment whose journal could not be synced just now stays until it is. */
static void
put_off(struct sync_job *jobs, size_t count, const struct sync_job *failed)
{
	for (size_t i = 0; i < count; i++)
		if (jobs[i].kind == SYNC_REMOVE &&
		    segment_name_is(jobs[i].name, failed->name))
			jobs[i].again = true;
}

static void
sync_journals(
    const struct spool_dirs *dirs, struct sync_job *jobs, size_t count)
{
	sync_records(dirs, jobs, count);
	for (uint8_t klass = 0; klass < CLASS_COUNT; klass++)
		sync_names(dirs, jobs, count, klass);
	for (size_t i = 0; i < count; i++)
		if (jobs[i].kind == SYNC_JOURNAL && !jobs[i].ok)
			put_off(jobs, count, &jobs[i]);
}

/* ---- removals ------------------------------------------------------------ */

/* A segment that is gone already is as good as removed. */
static void
remove_messages(const struct spool_dirs *dirs, struct sync_job *job)
{
	if (!segment_remove(dirs, job->name, &job->ok, &job->err))
		job->ok =
		    job->err.kind == ERR_SYSTEM && job->err.number == ENOENT;
	else
		job->again = !job->ok;
}

static void
remove_journals(const struct spool_dirs *dirs, struct sync_job *jobs,
    size_t count, uint8_t klass)
{
	struct segment_name *names = mem_array(count, sizeof *names);
	size_t n = 0;
	struct err err;

	for (size_t i = 0; i < count; i++)
		if (jobs[i].kind == SYNC_REMOVE && jobs[i].ok &&
		    jobs[i].name.klass == klass)
			names[n++] = jobs[i].name;
	if (n > 0 && !segment_remove_journals(dirs, klass, names, n, &err))
		for (size_t i = 0; i < count; i++)
			if (jobs[i].kind == SYNC_REMOVE &&
			    jobs[i].name.klass == klass) {
				jobs[i].ok = false;
				jobs[i].err = err;
			}
	mem_free(names);
}

static void
remove_segments(
    const struct spool_dirs *dirs, struct sync_job *jobs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (jobs[i].kind == SYNC_REMOVE && !jobs[i].again)
			remove_messages(dirs, &jobs[i]);
	CRASH_POINT("removal-between");
	for (uint8_t klass = 0; klass < CLASS_COUNT; klass++)
		remove_journals(dirs, jobs, count, klass);
}

/* Their journals were durable before they came here (compact.c). */
static void
erase_parts(const struct spool_dirs *dirs, struct sync_job *jobs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (jobs[i].kind != SYNC_ERASE)
			continue;
		jobs[i].ok = segment_erase(
		    dirs, jobs[i].name, jobs[i].range, &jobs[i].err);
		CRASH_POINT("erase-freed");
	}
}

void
sync_batch(const struct spool_dirs *dirs, struct sync_job *jobs, size_t count)
{
	sync_journals(dirs, jobs, count);
	CRASH_POINT("removal-before");
	remove_segments(dirs, jobs, count);
	erase_parts(dirs, jobs, count);
}
