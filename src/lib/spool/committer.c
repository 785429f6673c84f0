/* SPDX-License-Identifier: ISC
 *
 * committer.c - a committer: its birth, its figures, its end.
 */
#include "spool/lane.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/must.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* ---- figures ---------------------------------------------------------- */

size_t
commit_pending(const struct committer *committer)
{
	size_t sum = 0;

	for (unsigned c = 0; c < CLASS_COUNT; c++)
		sum += committer->lanes[c].pending;
	return sum;
}

size_t
commit_pending_bytes(const struct committer *committer)
{
	size_t sum = 0;

	for (unsigned c = 0; c < CLASS_COUNT; c++)
		sum += committer->lanes[c].pending_bytes;
	return sum;
}

size_t
commit_unwritten(struct committer *committer)
{
	size_t sum = 0;

	for (unsigned c = 0; c < CLASS_COUNT; c++) {
		struct lane *lane = &committer->lanes[c];
		size_t batch = committer->options.batch_bytes[c];

		if (lane->pending_bytes > batch)
			sum += lane->pending_bytes - batch;
		pthread_mutex_lock(&lane->lock);
		sum += lane->pieces_bytes;
		pthread_mutex_unlock(&lane->lock);
	}
	return sum;
}

/* What was slow once is forgotten while nothing happens; what hangs counts
 * for as long as it does. */
msec_t
commit_delay(const struct committer *committer, enum mail_class klass)
{
	const struct lane *lane = &committer->lanes[klass];
	usec_t idle = clock_mono_usec() - lane->since;

	if (lane->pending > 0)
		return (idle > lane->delay ? idle : lane->delay) / 1000;
	idle /= 1000000;
	return idle > 30 ? 0 : (lane->delay >> idle) / 1000;
}

/* ---- birth and end ---------------------------------------------------- */

static void
init_way(pthread_cond_t *way)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(way, &attr);
	pthread_condattr_destroy(&attr);
}

static void
lane_init(struct lane *lane, struct committer *committer,
    enum mail_class klass)
{
	lane->committer = committer;
	lane->klass = klass;
	lane->dirfd = committer->dirs->classes[klass];
	lane->segment.fd = -1;
	sequence_init(&lane->sequence, lane->dirfd, committer->options.slot,
	    committer->options.mode);
	list_init(&lane->gathered);
	list_init(&lane->queue);
	list_init(&lane->results);
	list_init(&lane->streams);
	pthread_mutex_init(&lane->lock, NULL);
	pthread_cond_init(&lane->batches.wake, NULL);
	pthread_cond_init(&lane->large.wake, NULL);
	init_way(&lane->way);
}

static void
on_results(void *owner, unsigned ready)
{
	struct committer *committer = owner;
	uint64_t count;

	(void)ready;
	if (read(committer->eventfd, &count, sizeof count) == -1 &&
	    errno != EAGAIN && errno != EINTR)
		must(!"eventfd reads");
	for (unsigned c = 0; c < CLASS_COUNT; c++)
		lane_tell_loop(&committer->lanes[c]);
}

static void
on_turn(void *owner)
{
	struct committer *committer = owner;

	for (unsigned c = 0; c < CLASS_COUNT; c++)
		lane_hand_over(&committer->lanes[c]);
}

struct committer *
committer_new(struct loop *loop, const struct spool_dirs *dirs,
    const struct commit_options *options, commit_news_fn *news, void *owner,
    struct err *err)
{
	struct committer *committer;
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd == -1) {
		err_sys(err, "make", "eventfd");
		return NULL;
	}
	committer = mem_new(struct committer);
	committer->loop = loop;
	committer->dirs = dirs;
	committer->options = *options;
	committer->news = news;
	committer->owner = owner;
	committer->eventfd = fd;
	committer->urgent = INT64_MIN / 2;
	if (committer->options.urgent == NULL)
		committer->options.urgent = &committer->urgent;
	buf_init(&committer->scratch, RECORD_ENVELOPE_MOST);
	for (unsigned c = 0; c < CLASS_COUNT; c++)
		lane_init(&committer->lanes[c], committer, c);
	committer->watch = watch_new(loop, fd, WATCH_READ, on_results,
	    committer);
	committer->hook = turn_hook_new(loop, on_turn, committer);
	ends_init(committer);
	return committer;
}

static void
join_thread(struct lane *lane, struct lane_thread *thread)
{
	pthread_mutex_lock(&lane->lock);
	lane->stop = true;
	pthread_mutex_unlock(&lane->lock);
	if (thread->running) {
		pthread_cond_signal(&thread->wake);
		pthread_cond_signal(&lane->way);
		pthread_join(thread->thread, NULL);
	}
	thread->running = false;
	pthread_cond_destroy(&thread->wake);
}

static void
lane_fini(struct lane *lane)
{
	struct lane_result *last = lane_result_new();

	err_set(&last->err, ERR_LIMIT, "shutting down");
	join_thread(lane, &lane->batches);
	join_thread(lane, &lane->large);
	stream_fail_all(lane, &last->err);
	commit_close_segment(lane, last);
	list_move(&last->messages, &lane->queue);
	list_move(&last->messages, &lane->gathered);
	lane_tell(lane, last);
	lane_tell_loop(lane);
	sequence_fini(&lane->sequence);
	pthread_cond_destroy(&lane->way);
	pthread_mutex_destroy(&lane->lock);
}

void
committer_free(struct committer **committer)
{
	struct committer *c = *committer;

	if (c == NULL)
		return;
	must(c->streams == 0);
	for (unsigned i = 0; i < CLASS_COUNT; i++)
		lane_fini(&c->lanes[i]);
	ends_fini(c);
	watch_free(&c->watch);
	turn_hook_free(&c->hook);
	close(c->eventfd);
	buf_fini(&c->scratch);
	mem_free(c);
	*committer = NULL;
}
