/* SPDX-License-Identifier: ISC
 *
 * syncer.c - a thread that waits for the disk, so that the loop does not.
 */
#include "scheduler/syncer.h"

#include "base/mem.h"
#include "base/must.h"

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
		sync_batch(syncer->dirs, syncer->jobs, syncer->count);
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
		if (jobs[i].kind == SYNC_JOURNAL && jobs[i].ticket.fd != -1)
			close(jobs[i].ticket.fd);	/* it never ran */
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
