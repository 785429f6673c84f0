/* SPDX-License-Identifier: ISC
 *
 * dispatch_unheard.c - deliverers that do not read what they are told.
 *
 * One that hangs must not hold up the others: its sites offer nothing, and
 * when it has not read for a while they go to another one.  What it has in
 * hand stays there, until it goes on or the master ends it.
 */
#include "scheduler/dispatch.h"

#include "base/log.h"
#include "scheduler/scheduler.h"

enum {
	CHANNEL_MOST = 1 << 20,	/* bytes that wait to be sent there */
	LOOK_MS = 20,
	MOVE_MS = 10 * 1000	/* then its sites are given to others */
};

bool
dispatch_is_unheard(const struct scheduler *s, unsigned number)
{
	const struct channel *channel =
	    s->dispatch.deliverers[number].channel;

	return channel != NULL && channel_waiting(channel) > CHANNEL_MOST;
}

unsigned
dispatch_least_loaded(const struct scheduler *s)
{
	const struct deliverer *all = s->dispatch.deliverers;
	unsigned best = DELIVERERS_MOST;

	for (unsigned i = 0; i < DELIVERER_APART; i++)
		if (all[i].channel != NULL && !dispatch_is_unheard(s, i) &&
		    (best == DELIVERERS_MOST ||
		    all[i].flying < all[best].flying))
			best = i;
	return best;
}

void
dispatch_hush(struct scheduler *s, struct site *site)
{
	struct deliverer *deliverer =
	    &s->dispatch.deliverers[site->deliverer];

	if (link_on_list(&site->unheard))
		return;
	if (list_empty(&deliverer->unheard))
		deliverer->unheard_since = scheduler_now(s);
	list_append(&deliverer->unheard, &site->unheard);
	site_update(&s->queue, site);
}

void
dispatch_unhush(struct scheduler *s, unsigned number)
{
	struct list *list = &s->dispatch.deliverers[number].unheard;
	struct link *link;

	while ((link = list_take(list)) != NULL)
		site_update(&s->queue, list_item(link, struct site,
		    unheard));
}

/* Its sites go to OTHER, which is told of them with their next jobs. */
static void
give_to(struct scheduler *s, unsigned number, unsigned other)
{
	struct list *list = &s->dispatch.deliverers[number].unheard;
	size_t count = list->count;
	struct link *link;

	while ((link = list_take(list)) != NULL) {
		struct site *site = list_item(link, struct site, unheard);

		site->deliverer = (int)other;
		site->told = 0;
		site_update(&s->queue, site);
	}
	log_warn("deliverer %u has not read for %d seconds: its %zu sites go "
	    "to deliverer %u", number, MOVE_MS / 1000, count, other);
}

void
dispatch_listen(struct scheduler *s)
{
	msec_t now = scheduler_now(s);
	msec_t move = conf_time(s->conf, MOVE_MS);

	for (unsigned i = 0; i < DELIVERER_APART; i++) {
		struct deliverer *deliverer = &s->dispatch.deliverers[i];
		unsigned other;

		if (list_empty(&deliverer->unheard))
			continue;
		if (!dispatch_is_unheard(s, i)) {
			dispatch_unhush(s, i);
			continue;
		}
		other = dispatch_least_loaded(s);
		if (other != DELIVERERS_MOST &&
		    now - deliverer->unheard_since >= move)
			give_to(s, i, other);
	}
}

msec_t
dispatch_next_listen(const struct scheduler *s)
{
	for (unsigned i = 0; i < DELIVERER_APART; i++)
		if (!list_empty(&s->dispatch.deliverers[i].unheard))
			return scheduler_now(s) + LOOK_MS;
	return MSEC_NEVER;
}
