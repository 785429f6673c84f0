/* SPDX-License-Identifier: ISC
 *
 * syncer.c - a thread that waits for the disk, so that the loop does not.
 */
#include "scheduler/syncer.h"

#include "base/crash.h"
#include "base/fsys.h"
#include "base/mem.h"
#include "base/must.h"
#include "spool/origin.h"
#include "spool/segment.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct syncer {
	const struct spool_dirs *dirs;
	syncer_done_fn *done;
	void *owner;
	struct watch *watch;
	int told;		/* eventfd: the batch is done */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	/* under the lock */
	struct sync_job *jobs;
	size_t count;
	bool finished, leave;
};

static bool
sync_journal(struct syncer *syncer, struct sync_job *job)
{
	char file[SEGMENT_FILE_SIZE];

	segment_file(job->name, "status", file);
	if (fdatasync(job->ticket.fd) == -1)
		return err_sys(&job->err, "fdatasync", file);
	return !job->ticket.fresh || fsys_sync_dir(
	    syncer->dirs->classes[job->name.klass],
	    class_name(job->name.klass), &job->err);
}

/* A segment that is gone already is as good as removed. */
static void
remove_messages(struct syncer *syncer, struct sync_job *job)
{
	char file[SEGMENT_FILE_SIZE];

	if (!segment_remove(syncer->dirs, job->name, &job->ok, &job->err))
		job->ok = job->err.kind == ERR_SYSTEM &&
		    job->err.number == ENOENT;
	else if (!job->ok)
		err_set(&job->err, ERR_LIMIT, "%s/%s is still written to",
		    class_name(job->name.klass),
		    segment_file(job->name, "messages", file));
}

static void
remove_journals(struct syncer *syncer, struct sync_job *jobs, size_t count,
    uint8_t klass)
{
	struct segment_name *names = mem_array(count, sizeof *names);
	size_t n = 0;
	struct err err;

	for (size_t i = 0; i < count; i++)
		if (jobs[i].kind == SYNC_REMOVE && jobs[i].ok &&
		    jobs[i].name.klass == klass)
			names[n++] = jobs[i].name;
	if (n > 0 && !segment_remove_journals(syncer->dirs, klass, names, n,
	    &err))
		for (size_t i = 0; i < count; i++)
			if (jobs[i].kind == SYNC_REMOVE &&
			    jobs[i].name.klass == klass) {
				jobs[i].ok = false;
				jobs[i].err = err;
			}
	mem_free(names);
}

/*
 * Messages first, then (after a sync of the directories, so that no power
 * cut can bring back a segment without its journal) the journals.
 */
static void
remove_segments(struct syncer *syncer, struct sync_job *jobs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (jobs[i].kind == SYNC_REMOVE && !jobs[i].again)
			remove_messages(syncer, &jobs[i]);
	CRASH_POINT("removal-between");
	for (uint8_t klass = 0; klass < CLASS_COUNT; klass++)
		remove_journals(syncer, jobs, count, klass);
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

/* Their journals were durable before they came here (compact.c). */
static void
erase_parts(struct syncer *syncer, struct sync_job *jobs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (jobs[i].kind != SYNC_ERASE)
			continue;
		jobs[i].ok = segment_erase(syncer->dirs, jobs[i].name,
		    jobs[i].range, &jobs[i].err);
		CRASH_POINT("erase-freed");
	}
}

static void
run_batch(struct syncer *syncer, struct sync_job *jobs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (jobs[i].kind != SYNC_JOURNAL)
			continue;
		jobs[i].ok = sync_journal(syncer, &jobs[i]);
		if (!jobs[i].ok)
			put_off(jobs, count, &jobs[i]);
	}
	CRASH_POINT("removal-before");
	remove_segments(syncer, jobs, count);
	erase_parts(syncer, jobs, count);
}

static void *
syncer_main(void *arg)
{
	struct syncer *syncer = arg;
	uint64_t one = 1;

	pthread_mutex_lock(&syncer->lock);
	for (;;) {
		while (!syncer->leave &&
		    (syncer->jobs == NULL || syncer->finished))
			pthread_cond_wait(&syncer->wake, &syncer->lock);
		if (syncer->jobs == NULL || syncer->finished)
			break;
		pthread_mutex_unlock(&syncer->lock);
		run_batch(syncer, syncer->jobs, syncer->count);
		pthread_mutex_lock(&syncer->lock);
		syncer->finished = true;
		must(write(syncer->told, &one, sizeof one) == sizeof one);
	}
	pthread_mutex_unlock(&syncer->lock);
	return NULL;
}

static void
free_jobs(struct sync_job *jobs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (jobs[i].kind == SYNC_JOURNAL)
			close(jobs[i].ticket.fd);
	mem_free(jobs);
}

static void
batch_done(void *owner, unsigned ready)
{
	struct syncer *syncer = owner;
	struct sync_job *jobs;
	size_t count;
	uint64_t number;

	(void)ready;
	if (read(syncer->told, &number, sizeof number) != sizeof number)
		return;
	pthread_mutex_lock(&syncer->lock);
	jobs = syncer->jobs;
	count = syncer->count;
	syncer->jobs = NULL;
	syncer->finished = false;
	pthread_mutex_unlock(&syncer->lock);
	syncer->done(syncer->owner, jobs, count);
	free_jobs(jobs, count);
}

/* Signals are for the loop's thread. */
static bool
start_thread(struct syncer *syncer, struct err *err)
{
	sigset_t all, old;
	int number;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	number = pthread_create(&syncer->thread, NULL, syncer_main, syncer);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (number == 0)
		return true;
	errno = number;
	return err_sys(err, "start", "the sync thread");
}

struct syncer *
syncer_new(struct loop *loop, const struct spool_dirs *dirs,
    syncer_done_fn *done, void *owner, struct err *err)
{
	struct syncer *syncer = mem_new(struct syncer);

	syncer->dirs = dirs;
	syncer->done = done;
	syncer->owner = owner;
	pthread_mutex_init(&syncer->lock, NULL);
	pthread_cond_init(&syncer->wake, NULL);
	syncer->told = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (syncer->told == -1) {
		err_sys(err, "make", "an eventfd");
		mem_free(syncer);
		return NULL;
	}
	if (!start_thread(syncer, err)) {
		close(syncer->told);
		mem_free(syncer);
		return NULL;
	}
	syncer->watch = watch_new(loop, syncer->told, WATCH_READ, batch_done,
	    syncer);
	return syncer;
}

void
syncer_free(struct syncer **syncer)
{
	struct syncer *y = *syncer;

	if (y == NULL)
		return;
	pthread_mutex_lock(&y->lock);
	y->leave = true;
	pthread_cond_signal(&y->wake);
	pthread_mutex_unlock(&y->lock);
	pthread_join(y->thread, NULL);
	watch_free(&y->watch);
	close(y->told);
	if (y->jobs != NULL)
		free_jobs(y->jobs, y->count);
	pthread_cond_destroy(&y->wake);
	pthread_mutex_destroy(&y->lock);
	mem_free(y);
	*syncer = NULL;
}

bool
syncer_busy(const struct syncer *syncer)
{
	return syncer->jobs != NULL;
}

void
syncer_run(struct syncer *syncer, struct sync_job *jobs, size_t count)
{
	must(syncer->jobs == NULL);
	pthread_mutex_lock(&syncer->lock);
	syncer->jobs = jobs;
	syncer->count = count;
	pthread_cond_signal(&syncer->wake);
	pthread_mutex_unlock(&syncer->lock);
}
