/* SPDX-License-Identifier: ISC
 *
 * keeper.c - a thread that copies damaged bytes to corrupt/, so that the loop
 * does not wait for a disk that is going.
 */
#include "scheduler/keeper.h"

#include "base/mem.h"
#include "base/must.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct keeper {
	const struct spool_dirs *dirs;
	keeper_done_fn *done;
	void *owner;
	struct watch *watch;
	int told;		/* eventfd: the job is done */
	bool busy;		/* the loop's: a job is out */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	/* under the lock */
	struct keep_job job;
	bool given, leave;
};

static void *
keeper_main(void *arg)
{
	struct keeper *keeper = arg;
	struct keep_job *job = &keeper->job;
	uint64_t one = 1;

	pthread_mutex_lock(&keeper->lock);
	for (;;) {
		while (!keeper->leave && !keeper->given)
			pthread_cond_wait(&keeper->wake, &keeper->lock);
		if (!keeper->given)
			break;
		keeper->given = false;
		pthread_mutex_unlock(&keeper->lock);
		job->ok = corrupt_keep(keeper->dirs, job->fd, job->lost_too,
		    &job->note, job->name, &job->err);
		close(job->fd);
		pthread_mutex_lock(&keeper->lock);
		must(write(keeper->told, &one, sizeof one) == sizeof one);
	}
	pthread_mutex_unlock(&keeper->lock);
	return NULL;
}

static void
job_done(void *owner, unsigned ready)
{
	struct keeper *keeper = owner;
	struct keep_job job;
	uint64_t number;

	(void)ready;
	if (read(keeper->told, &number, sizeof number) != sizeof number)
		return;
	pthread_mutex_lock(&keeper->lock);
	job = keeper->job;
	pthread_mutex_unlock(&keeper->lock);
	keeper->busy = false;
	keeper->done(keeper->owner, &job);
}

/* Signals are for the loop's thread. */
static bool
start_thread(struct keeper *keeper, struct err *err)
{
	sigset_t all, old;
	int number;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	number = pthread_create(&keeper->thread, NULL, keeper_main, keeper);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (number == 0)
		return true;
	errno = number;
	return err_sys(err, "start", "the thread for damaged mail");
}

struct keeper *
keeper_new(struct loop *loop, const struct spool_dirs *dirs,
    keeper_done_fn *done, void *owner, struct err *err)
{
	struct keeper *keeper = mem_new(struct keeper);

	keeper->dirs = dirs;
	keeper->done = done;
	keeper->owner = owner;
	pthread_mutex_init(&keeper->lock, NULL);
	pthread_cond_init(&keeper->wake, NULL);
	keeper->told = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (keeper->told == -1) {
		err_sys(err, "make", "an eventfd");
		mem_free(keeper);
		return NULL;
	}
	if (!start_thread(keeper, err)) {
		close(keeper->told);
		mem_free(keeper);
		return NULL;
	}
	keeper->watch = watch_new(loop, keeper->told, WATCH_READ, job_done,
	    keeper);
	return keeper;
}

void
keeper_free(struct keeper **keeper)
{
	struct keeper *k = *keeper;

	if (k == NULL)
		return;
	pthread_mutex_lock(&k->lock);
	k->leave = true;
	pthread_cond_signal(&k->wake);
	pthread_mutex_unlock(&k->lock);
	pthread_join(k->thread, NULL);
	watch_free(&k->watch);
	close(k->told);
	pthread_cond_destroy(&k->wake);
	pthread_mutex_destroy(&k->lock);
	mem_free(k);
	*keeper = NULL;
}

bool
keeper_busy(const struct keeper *keeper)
{
	return keeper->busy;
}

void
keeper_run(struct keeper *keeper, const struct keep_job *job)
{
	must(!keeper->busy);
	keeper->busy = true;
	pthread_mutex_lock(&keeper->lock);
	keeper->job = *job;
	keeper->given = true;
	pthread_cond_signal(&keeper->wake);
	pthread_mutex_unlock(&keeper->lock);
}
