/* SPDX-License-Identifier: ISC
 *
 * ends.c - where segments ended, until that is on stable storage.
 *
 * A committer that closes or breaks a segment tells the scheduler, which
 * writes the end down and syncs that.  If the scheduler dies in between,
 * nobody else knows; so it is remembered here until the scheduler says that
 * it is kept, and told to each new one.
 *
 * A segment that broke may hold, behind its end, messages whose sync failed.
 * Until its end is kept they may be taken for mail after a crash, so their
 * clients get no answer yet; and its lock is held, so that nobody reads it
 * without having heard where it ends.
 */
#include "spool/lane.h"

#include "base/mem.h"

#include <unistd.h>

enum {
	CLOSED_MOST = 4096,
	BROKEN_MOST = 64,	/* a descriptor each */
	PATIENCE_MS = 10 * 1000
};

struct ending {
	struct link link;
	struct lane_news news;
	int fd;			/* it broke: its lock; or -1 */
	struct list unsure;	/* messages behind the end */
	struct err err;		/* what became of them */
	msec_t due;		/* it broke: until then */
};

static msec_t
patience(const struct committer *committer)
{
	return committer->options.patience > 0 ?
	    committer->options.patience : PATIENCE_MS;
}

/* All that wait for ENDING hear END. */
static void
tell(struct ending *ending, enum commit_end end)
{
	struct list messages;
	struct link *l;

	list_init(&messages);
	list_move(&messages, &ending->unsure);
	while ((l = list_take(&messages)) != NULL) {
		struct lane_message *message =
		    list_item(l, struct lane_message, link);

		message->done(message->cookie, end, NULL, &ending->err);
		lane_message_free(message);
	}
}

static void
forget(struct list *list, struct ending *ending)
{
	list_remove(list, &ending->link);
	if (ending->fd != -1)
		close(ending->fd);
	mem_free(ending);
}

static struct ending *
find(const struct list *list, struct segment_name name)
{
	for (struct link *l = list_first(list); l != NULL;
	    l = list_next(list, l)) {
		struct ending *ending = list_item(l, struct ending, link);
		struct segment_name other = ending->news.segment;

		if (other.klass == name.klass && other.slot == name.slot &&
		    other.sequence == name.sequence)
			return ending;
	}
	return NULL;
}

static void
set_timer(struct committer *committer)
{
	struct ends *ends = &committer->ends;
	msec_t now = loop_now(committer->loop);
	const struct ending *first;

	timer_stop(ends->timer);
	if (list_empty(&ends->broken))
		return;
	first = list_item(list_first(&ends->broken), struct ending, link);
	timer_set(ends->timer, first->due > now ? first->due - now : 1);
}

void
ends_add(struct committer *committer, const struct lane_news *news, int fd)
{
	struct ends *ends = &committer->ends;
	struct ending *ending = mem_new(struct ending);
	bool broke = news->news == COMMIT_BROKEN;

	ending->news = *news;
	ending->fd = broke ? fd : -1;
	list_init(&ending->unsure);
	ending->due = loop_now(committer->loop) + patience(committer);
	list_append(broke ? &ends->broken : &ends->closed, &ending->link);
	if (broke)
		set_timer(committer);
	else if (ends->closed.count > CLOSED_MOST)
		forget(&ends->closed, list_item(list_first(&ends->closed),
		    struct ending, link));
}

void
ends_wait(struct committer *committer, struct lane_result *result)
{
	struct ending *ending = find(&committer->ends.broken,
	    result->segment);
	struct ending kept = { .err = result->err };

	list_init(&kept.unsure);
	if (ending == NULL)
		ending = &kept;		/* while it was told */
	list_move(&ending->unsure, &result->messages);
	ending->err = result->err;
	if (ending == &kept)
		tell(&kept, COMMIT_REFUSED);
}

bool
ends_full(const struct committer *committer, struct err *err)
{
	if (committer->ends.broken.count < BROKEN_MOST)
		return false;
	err_set(err, ERR_LIMIT, "the disk has failed too often: where %zu "
	    "segments end is not written down yet",
	    committer->ends.broken.count);
	return true;
}

/* Patience is over: those who wait hear that nobody knows, and what broke is
 * told again. */
static void
on_timer(void *owner)
{
	struct committer *committer = owner;
	struct list *broken = &committer->ends.broken;
	msec_t now = loop_now(committer->loop);
	size_t count = broken->count;

	while (count-- > 0 && !list_empty(broken)) {
		struct link *l = list_first(broken);
		struct ending *ending = list_item(l, struct ending, link);
		struct lane_news news = ending->news;

		if (ending->due > now)
			break;
		tell(ending, COMMIT_UNSURE);
		ending->due = now + patience(committer);
		list_remove(broken, l);
		list_append(broken, l);
		committer->news(committer->owner, news.news, news.segment,
		    news.to);
	}
	set_timer(committer);
}

static void
announce(struct committer *committer, struct list *list)
{
	struct link *l, *next;

	for (l = list_first(list); l != NULL; l = next) {
		struct lane_news news = list_item(l, struct ending,
		    link)->news;

		next = list_next(list, l);
		committer->news(committer->owner, news.news, news.segment,
		    news.to);
	}
}

void
commit_announce(struct committer *committer)
{
	announce(committer, &committer->ends.closed);
	announce(committer, &committer->ends.broken);
	for (unsigned c = 0; c < CLASS_COUNT; c++) {
		const struct lane_news *open = &committer->lanes[c].open;

		if (open->to != 0)
			committer->news(committer->owner, COMMIT_GREW,
			    open->segment, open->to);
	}
}

void
commit_kept(struct committer *committer, struct segment_name segment)
{
	struct ends *ends = &committer->ends;
	struct ending *ending = find(&ends->closed, segment);

	if (ending != NULL)
		forget(&ends->closed, ending);
	ending = find(&ends->broken, segment);
	if (ending == NULL)
		return;
	tell(ending, COMMIT_REFUSED);
	forget(&ends->broken, ending);
	set_timer(committer);
}

void
ends_init(struct committer *committer)
{
	list_init(&committer->ends.closed);
	list_init(&committer->ends.broken);
	committer->ends.timer = timer_new(committer->loop, on_timer,
	    committer);
}

static void
forget_all(struct list *list)
{
	struct link *l;

	while ((l = list_first(list)) != NULL) {
		struct ending *ending = list_item(l, struct ending, link);

		tell(ending, COMMIT_UNSURE);
		forget(list, ending);
	}
}

void
ends_fini(struct committer *committer)
{
	forget_all(&committer->ends.closed);
	forget_all(&committer->ends.broken);
	timer_free(&committer->ends.timer);
}
