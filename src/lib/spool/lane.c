/* SPDX-License-Identifier: ISC
 *
 * lane.c - the lanes of a committer and their threads.
 *
 * What is committed in one turn of the loop gathers and is handed to the
 * lane's thread at the turn's end (or as soon as it is a batch).  While the
 * thread writes and syncs, more gathers; it takes that next.  So batches are
 * as large as the disk is slow, without a timer, and a message alone waits
 * for nothing.  Results come back by a list and an eventfd.
 */
#include "spool/lane.h"

#include "base/clock.h"
#include "base/crash.h"
#include "base/mem.h"
#include "base/must.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
	BATCH_MESSAGES = 340,	/* three parts each: one pwritev of 1024 */
	STACK_BYTES = 256 << 10
};

/* Move all of FROM to the end of TO. */
static void
list_move(struct list *to, struct list *from)
{
	struct link *l;

	while ((l = list_take(from)) != NULL)
		list_append(to, l);
}

/* ---- results ------------------------------------------------------------------ */

struct lane_result *
lane_result_new(void)
{
	struct lane_result *result = mem_new(struct lane_result);

	list_init(&result->messages);
	return result;
}

void
lane_result_add_news(struct lane_result *result, enum commit_news news,
    struct segment_name segment, uint64_t to)
{
	must(result->news_count < LANE_NEWS_MOST);
	result->news[result->news_count++] =
	    (struct lane_news){ news, segment, to };
}

void
lane_tell(struct lane *lane, struct lane_result *result)
{
	uint64_t one = 1;

	pthread_mutex_lock(&lane->lock);
	list_append(&lane->results, &result->link);
	pthread_mutex_unlock(&lane->lock);
	while (write(lane->committer->eventfd, &one, sizeof one) == -1 &&
	    errno == EINTR)
		;
}

void
lane_tell_failed(struct lane *lane, struct list *messages,
    const struct err *err)
{
	struct lane_result *result = lane_result_new();

	list_move(&result->messages, messages);
	result->err = *err;
	lane_tell(lane, result);
}

static void
tell_news(struct lane *lane, const struct lane_news *news)
{
	struct committer *committer = lane->committer;

	if (news->news == COMMIT_GREW)
		lane->open = *news;
	else if (lane->open.segment.sequence == news->segment.sequence)
		lane->open.to = 0;
	committer->news(committer->owner, news->news, news->segment,
	    news->to);
}

static void
tell_message(struct lane *lane, struct lane_message *message,
    const struct lane_result *result)
{
	struct committed where = {
		result->segment, message->offset, message->size
	};
	usec_t took = clock_mono_usec() - message->begun;

	lane->delay += (took - lane->delay) / 8;
	lane->pending--;
	lane->pending_bytes -= message->counted;
	message->done(message->cookie, result->ok,
	    result->ok ? &where : NULL, result->ok ? NULL : &result->err);
	lane_message_free(message);
}

static void
tell_result(struct lane *lane, struct lane_result *result)
{
	struct link *l;

	for (unsigned i = 0; i < result->news_count; i++)
		tell_news(lane, &result->news[i]);
	CRASH_POINT("commit-news-told");
	while ((l = list_take(&result->messages)) != NULL)
		tell_message(lane, list_item(l, struct lane_message, link),
		    result);
	CRASH_POINT("commit-told");
	mem_free(result);
}

static void
tell_lane(struct lane *lane)
{
	struct list results;
	struct link *l;

	list_init(&results);
	pthread_mutex_lock(&lane->lock);
	list_move(&results, &lane->results);
	pthread_mutex_unlock(&lane->lock);
	if (!list_empty(&results))
		lane->since = clock_mono_usec();
	while ((l = list_take(&results)) != NULL)
		tell_result(lane, list_item(l, struct lane_result, link));
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
		tell_lane(&committer->lanes[c]);
}

/* ---- the thread ---------------------------------------------------------------- */

/* What gathered, up to a batch.  Called with the lock. */
static void
take_batch(struct lane *lane, struct list *out)
{
	size_t most = lane->committer->options.batch_bytes[lane->klass];
	size_t bytes = 0;
	struct link *l;

	while ((l = list_first(&lane->queue)) != NULL &&
	    out->count < BATCH_MESSAGES) {
		size_t more = list_item(l, struct lane_message, link)->size;

		if (out->count > 0 && more > most - bytes)
			break;
		list_remove(&lane->queue, l);
		list_append(out, l);
		if (more >= most - bytes)
			break;
		bytes += more;
	}
}

static void *
run_batches(void *owner)
{
	struct lane *lane = owner;

	pthread_mutex_lock(&lane->lock);
	for (;;) {
		struct lane_result *result;

		while (list_empty(&lane->queue) && !lane->stop)
			pthread_cond_wait(&lane->batches.wake, &lane->lock);
		if (lane->stop)
			break;
		result = lane_result_new();
		take_batch(lane, &result->messages);
		pthread_mutex_unlock(&lane->lock);
		commit_batch(lane, result);
		lane_tell(lane, result);
		pthread_mutex_lock(&lane->lock);
	}
	pthread_mutex_unlock(&lane->lock);
	return NULL;
}

/* Signals are for the loop: the thread is born with all of them blocked. */
static int
start_thread(pthread_t *thread, void *(*fn)(void *), void *lane)
{
	pthread_attr_t attr;
	sigset_t all, old;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	error = pthread_create(thread, &attr, fn, lane);
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return error;
}

bool
lane_start(struct lane *lane, struct lane_thread *thread,
    void *(*fn)(void *lane), struct err *err)
{
	if (thread->running)
		return true;
	errno = start_thread(&thread->thread, fn, lane);
	if (errno != 0)
		return err_sys(err, "start a thread for lane",
		    class_name(lane->klass));
	thread->running = true;
	return true;
}

/* ---- what the loop hands over ------------------------------------------------------ */

struct lane_message *
lane_message_new(struct committer *committer, struct msgid id,
    const struct envelope *envelope, struct err *err)
{
	struct buf *scratch = &committer->scratch;
	struct lane_message *message;
	size_t bytes;

	buf_clear(scratch);
	envelope_encode(envelope, scratch);
	if (scratch->full) {
		err_set(err, ERR_FORMAT, "envelope cannot be kept: it is too "
		    "large, or has a control byte or no recipient");
		return NULL;
	}
	bytes = buf_length(scratch);
	message = mem_alloc(sizeof *message + RECORD_HEADER_BYTES + bytes);
	memcpy(message->head + RECORD_HEADER_BYTES, buf_peek(scratch).data,
	    bytes);
	message->id = id;
	message->rcpt_count = envelope->rcpt_count;
	message->envelope_bytes = (uint32_t)bytes;
	message->size = RECORD_HEADER_BYTES + bytes;
	return message;
}

void
lane_message_free(struct lane_message *message)
{
	buf_fini(&message->body);
	mem_free(message);
}

void
lane_count(struct lane *lane, struct lane_message *message)
{
	message->begun = clock_mono_usec();
	if (lane->pending++ == 0)
		lane->since = message->begun;
	message->counted = (size_t)message->size;
	lane->pending_bytes += message->counted;
}

static void
hand_over(struct lane *lane)
{
	struct err err;

	if (list_empty(&lane->gathered))
		return;
	lane->gathered_bytes = 0;
	if (!lane_start(lane, &lane->batches, run_batches, &err)) {
		lane_tell_failed(lane, &lane->gathered, &err);
		return;
	}
	pthread_mutex_lock(&lane->lock);
	list_move(&lane->queue, &lane->gathered);
	pthread_mutex_unlock(&lane->lock);
	pthread_cond_signal(&lane->batches.wake);
}

static void
on_turn(void *owner)
{
	struct committer *committer = owner;

	for (unsigned c = 0; c < CLASS_COUNT; c++)
		hand_over(&committer->lanes[c]);
}

/* Something that cannot be committed is told from the loop, like the rest. */
static void
refuse(struct lane *lane, commit_done_fn *done, void *cookie,
    const struct err *err)
{
	struct lane_message *message = mem_new(struct lane_message);
	struct list alone;

	list_init(&alone);
	list_append(&alone, &message->link);
	message->done = done;
	message->cookie = cookie;
	lane_count(lane, message);
	lane_tell_failed(lane, &alone, err);
}

void
commit_message(struct committer *committer, enum mail_class klass,
    struct msgid id, const struct envelope *envelope, struct buf *body,
    commit_done_fn *done, void *cookie)
{
	struct lane *lane = &committer->lanes[klass];
	struct err err;
	struct lane_message *message =
	    lane_message_new(committer, id, envelope, &err);

	if (message == NULL) {
		buf_clear(body);
		refuse(lane, done, cookie, &err);
		return;
	}
	buf_take(&message->body, body);
	message->size += buf_length(&message->body);
	message->done = done;
	message->cookie = cookie;
	lane_count(lane, message);
	list_append(&lane->gathered, &message->link);
	lane->gathered_bytes += message->size;
	if (lane->gathered_bytes >= committer->options.batch_bytes[klass])
		hand_over(lane);
	else
		turn_hook_ask(committer->hook);
}

/* ---- figures ---------------------------------------------------------------------- */

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

void
commit_announce(struct committer *committer)
{
	for (unsigned c = 0; c < CLASS_COUNT; c++) {
		const struct lane_news *open = &committer->lanes[c].open;

		if (open->to != 0)
			committer->news(committer->owner, COMMIT_GREW,
			    open->segment, open->to);
	}
}

/* ---- birth and end ------------------------------------------------------------------- */

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
	committer->dirs = dirs;
	committer->options = *options;
	committer->news = news;
	committer->owner = owner;
	committer->eventfd = fd;
	buf_init(&committer->scratch, RECORD_ENVELOPE_MOST);
	for (unsigned c = 0; c < CLASS_COUNT; c++)
		lane_init(&committer->lanes[c], committer, c);
	committer->watch = watch_new(loop, fd, WATCH_READ, on_results,
	    committer);
	committer->hook = turn_hook_new(loop, on_turn, committer);
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
	tell_lane(lane);
	sequence_fini(&lane->sequence);
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
	watch_free(&c->watch);
	turn_hook_free(&c->hook);
	close(c->eventfd);
	buf_fini(&c->scratch);
	mem_free(c);
	*committer = NULL;
}
