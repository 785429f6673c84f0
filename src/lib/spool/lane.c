/* SPDX-License-Identifier: ISC
 *
 * lane.c - the lanes of a committer and their threads.
 *
 * What is committed in one turn of the loop gathers and is handed to the
 * lane's thread at the turn's end (or as soon as it is a batch).  While the
 * thread writes and syncs, more gathers; it takes that next.  So batches are
 * as large as the disk is slow, without a timer, and a message alone waits
 * for nothing.  Results come back by a list and an eventfd.
 *
 * A disk does one sync after the other, and so many in a second; lanes that
 * sync without a pause have it busy whenever an urgent message comes.  So
 * while urgent mail comes in, the others leave the disk alone for a moment
 * after each batch.  What gathers meanwhile is the next one: many clients lose
 * nothing by it.  One client of normal mail that waits for each answer would,
 * and it leaves pauses of its own; so only bulk gives way to it.
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
#include <stdlib.h>
#include <unistd.h>

enum {
	BATCH_MESSAGES = 340,	/* three parts each: one pwritev of 1024 */
	STACK_BYTES = 256 << 10,
	WAY_USEC = 2000,	/* a lane gives way after each batch … */
	WAY_FOR = 1000000	/* … for a second after urgent mail came */
};

/* ---- results ---------------------------------------------------------- */

struct lane_result *
lane_result_new(void)
{
	struct lane_result *result = mem_new(struct lane_result);

	list_init(&result->messages);
	result->broken_fd = -1;
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
tell_news(struct lane *lane, struct lane_result *result,
    const struct lane_news *news)
{
	struct committer *committer = lane->committer;

	if (news->news != COMMIT_GREW) {
		ends_add(committer, news, result->broken_fd);
		if (news->news == COMMIT_BROKEN)
			result->broken_fd = -1;
	}
	/* A large message has a segment of its own; the lane's goes on. */
	if (!result->large) {
		lane->open = *news;
		if (news->news != COMMIT_GREW)
			lane->open.to = 0;
	}
	committer->news(committer->owner, news->news, news->segment,
	    news->to);
}

static void
uncount(struct lane *lane, struct lane_message *message)
{
	usec_t took = clock_mono_usec() - message->begun;

	lane->delay += (took - lane->delay) / 8;
	lane->pending--;
	lane->pending_bytes -= message->counted;
}

static void
tell_message(struct lane *lane, struct lane_message *message,
    const struct lane_result *result)
{
	struct committed where = {
		result->segment, message->offset, message->size
	};
	bool done = result->end == COMMIT_DONE;

	uncount(lane, message);
	message->done(message->cookie, result->end, done ? &where : NULL,
	    done ? NULL : &result->err);
	lane_message_free(message);
}

static void
tell_messages(struct lane *lane, struct lane_result *result)
{
	struct link *l;

	if (result->end != COMMIT_UNSURE) {
		while ((l = list_take(&result->messages)) != NULL)
			tell_message(lane, list_item(l, struct lane_message,
			    link), result);
		return;
	}
	for (l = list_first(&result->messages); l != NULL;
	    l = list_next(&result->messages, l))
		uncount(lane, list_item(l, struct lane_message, link));
	ends_wait(lane->committer, result);
}

static void
tell_result(struct lane *lane, struct lane_result *result)
{
	for (unsigned i = 0; i < result->news_count; i++)
		tell_news(lane, result, &result->news[i]);
	CRASH_POINT("commit-news-told");
	tell_messages(lane, result);
	CRASH_POINT("commit-told");
	mem_free(result);
}

void
lane_tell_loop(struct lane *lane)
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

/* ---- the thread ------------------------------------------------------- */

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

/* Whether urgent mail is to find a disk that has nothing to do, after COUNT
 * messages were written. */
static bool
gives_way(const struct lane *lane, size_t count)
{
	usec_t urgent = atomic_load_explicit(lane->committer->options.urgent,
	    memory_order_relaxed);

	return (lane->klass == CLASS_BULK ||
	    (lane->klass == CLASS_NORMAL && count > 1)) &&
	    clock_mono_usec() - urgent < WAY_FOR;
}

/* Called with the lock, which others may have meanwhile. */
static void
give_way(struct lane *lane, size_t count)
{
	struct timespec end;
	int error = 0;

	if (!gives_way(lane, count))
		return;
	lane->ways++;
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_nsec += WAY_USEC * 1000L;
	end.tv_sec += end.tv_nsec / 1000000000;
	end.tv_nsec %= 1000000000;
	while (!lane->stop && error == 0)
		error = pthread_cond_timedwait(&lane->way, &lane->lock, &end);
}

static void *
run_batches(void *owner)
{
	struct lane *lane = owner;

	pthread_mutex_lock(&lane->lock);
	for (;;) {
		struct lane_result *result;
		size_t count;

		while (list_empty(&lane->queue) && !lane->stop)
			pthread_cond_wait(&lane->batches.wake, &lane->lock);
		if (lane->stop)
			break;
		result = lane_result_new();
		take_batch(lane, &result->messages);
		count = result->messages.count;
		pthread_mutex_unlock(&lane->lock);
		commit_batch(lane, result);
		lane_tell(lane, result);
		pthread_mutex_lock(&lane->lock);
		give_way(lane, count);
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

/* ---- what the loop hands over ----------------------------------------- */

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

void
lane_hand_over(struct lane *lane)
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
    const struct dot *seen, commit_done_fn *done, void *cookie)
{
	struct lane *lane = &committer->lanes[klass];
	struct lane_message *message = NULL;
	struct err err;

	if (!ends_full(committer, &err) && dot_vouches(seen, buf_length(body), &err))
		message = lane_message_new(committer, id, envelope, &err);
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
	if (klass == CLASS_URGENT)
		atomic_store_explicit(committer->options.urgent,
		    message->begun, memory_order_relaxed);
	list_append(&lane->gathered, &message->link);
	lane->gathered_bytes += message->size;
	if (lane->gathered_bytes >= committer->options.batch_bytes[klass])
		lane_hand_over(lane);
	else
		turn_hook_ask(committer->hook);
}
