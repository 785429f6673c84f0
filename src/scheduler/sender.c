/* SPDX-License-Identifier: ISC
 *
 * sender.c - rates of senders, and what waits for them.
 */
#include "scheduler/sender.h"

#include "base/mem.h"
#include "base/must.h"
#include "scheduler/site.h"

enum {
	SPENT_SENDER = 16,	/* its meter: no class of a site */
	MOST_LEAST = 32,	/* entries of a slow sender in a line … */
	MOST_SECONDS = 4	/* … or as many as may go in so long */
};

/* ---- who is known ------------------------------------------------------------- */

static struct span
sender_key(const void *value)
{
	const struct sender *sender = value;

	return span_make(&sender->key, sizeof sender->key);
}

void
senders_init(struct senders *senders)
{
	*senders = (struct senders){ 0 };
	map_init(&senders->all, sender_key);
	list_init(&senders->idle);
	list_init(&senders->unnamed);
	list_init(&senders->offers);
	list_init(&senders->thinned);
}

struct sender *
sender_find(const struct queue *queue, uint64_t key)
{
	if (queue->senders.conf == NULL)
		return NULL;
	return map_find(&queue->senders.all, span_make(&key, sizeof key));
}

static void
forget(struct queue *queue, struct sender *sender)
{
	must(list_empty(&sender->shares));
	if (link_on_list(&sender->place))
		list_remove(sender->name == NULL ? &queue->senders.unnamed :
		    &queue->senders.idle, &sender->place);
	if (link_on_list(&sender->offer))
		list_remove(&queue->senders.offers, &sender->offer);
	meter_fini(queue, &sender->meter);
	map_remove(&queue->senders.all, sender_key(sender));
	mem_free(sender->name);
	mem_free(sender);
}

/* Only so many are kept; what others used of their rates is known still. */
static void
idle(struct queue *queue, struct sender *sender)
{
	struct list *list = &queue->senders.idle;

	list_append(list, &sender->place);
	if (list->count > SENDER_IDLE_MOST)
		forget(queue, list_item(list_first(list), struct sender,
		    place));
}

static struct sender *
sender_new(struct queue *queue, uint64_t key)
{
	struct sender *sender = mem_new(struct sender);

	sender->key = key;
	sender->meter.key = spent_key(sender_key(sender), SPENT_SENDER);
	sender->most = SIZE_MAX;
	list_init(&sender->shares);
	for (int c = 0; c < CLASS_COUNT; c++)
		list_init(&sender->waiting[c]);
	map_add(&queue->senders.all, sender);
	return sender;
}

void
senders_fini(struct queue *queue)
{
	struct sender *sender;
	size_t at = 0;

	while ((sender = map_each(&queue->senders.all, &at)) != NULL)
		forget(queue, sender);
	map_fini(&queue->senders.all);
}

/* ---- tokens ------------------------------------------------------------------- */

static struct site *
site_of(const struct share *share)
{
	return list_item(list_first(&share->entries), struct entry,
	    place)->site;
}

static struct share *
first_waiting(const struct sender *sender)
{
	const struct link *link = NULL;

	for (int c = 0; link == NULL && c < CLASS_COUNT; c++)
		link = list_first(&sender->waiting[c]);
	return link == NULL ? NULL : list_item(link, struct share, wait);
}

/* SHARE may go; its site. */
static struct site *
release(struct queue *queue, struct share *share)
{
	struct site *site = site_of(share);

	list_remove(&share->sender->waiting[share->klass], &share->wait);
	line_release(share);
	site_update(queue, site);
	return site;
}

static void
end_offer(struct queue *queue, struct sender *sender)
{
	if (link_on_list(&sender->offer))
		list_remove(&queue->senders.offers, &sender->offer);
}

/* Whether mail of KLASS goes from SITE now, or (SOON) will soon. */
static bool
goes(const struct site *site, unsigned klass, bool soon)
{
	return site->work_class <= klass || (soon && !site_is_down(site) &&
	    !rates_dry(site, klass));
}

/* There is a token: offer it to those that wait, up to one that can go at
 * once, or (SOON) that will be able to. */
static void
offer(struct queue *queue, struct sender *sender, bool soon, msec_t now)
{
	struct share *share;

	end_offer(queue, sender);
	while ((share = first_waiting(sender)) != NULL) {
		unsigned klass = share->klass;

		if (goes(release(queue, share), klass, soon))
			break;
	}
	if (first_waiting(sender) == NULL)
		return;
	sender->offered = now;
	list_append(&queue->senders.offers, &sender->offer);
}

void
sender_token(struct queue *queue, struct sender *sender, msec_t now)
{
	offer(queue, sender, true, now);
}

void
senders_wake(struct queue *queue, msec_t now)
{
	struct link *link;

	while ((link = list_first(&queue->senders.offers)) != NULL) {
		struct sender *sender = list_item(link, struct sender, offer);

		if (sender->offered + METER_LATE > now)
			return;
		offer(queue, sender, false, now);
	}
}

msec_t
senders_next_wake(const struct queue *queue)
{
	const struct link *link = list_first(&queue->senders.offers);

	if (link == NULL)
		return MSEC_NEVER;
	return list_item(link, const struct sender, offer)->offered +
	    METER_LATE;
}

void
sender_take(struct queue *queue, uint64_t key, msec_t now)
{
	struct sender *sender = sender_find(queue, key);

	if (sender == NULL)
		return;
	meter_take(queue, &sender->meter, now);
	if (sender_is_dry(sender))
		end_offer(queue, sender);
	else
		offer(queue, sender, true, now);
}

void
sender_return(struct queue *queue, uint64_t key)
{
	struct sender *sender = sender_find(queue, key);

	if (sender != NULL)
		meter_return(queue, &sender->meter);
}

/* ---- shares ------------------------------------------------------------------- */

void
sender_attach(struct queue *queue, struct share *share)
{
	struct senders *senders = &queue->senders;
	struct sender *sender;

	share->sender = NULL;
	if (senders->conf == NULL)
		return;
	sender = sender_find(queue, share->key.sender);
	if (sender == NULL) {
		sender = sender_new(queue, share->key.sender);
		list_append(&senders->unnamed, &sender->place);
	} else if (list_empty(&sender->shares)) {
		list_remove(&senders->idle, &sender->place);
	}
	share->sender = sender;
	list_append(&sender->shares, &share->mine);
}

void
sender_detach(struct queue *queue, struct share *share)
{
	struct sender *sender = share->sender;

	if (sender == NULL)
		return;
	if (share_is_parked(share))
		list_remove(&sender->waiting[share->klass], &share->wait);
	list_remove(&sender->shares, &share->mine);
	share->sender = NULL;
	if (first_waiting(sender) == NULL)
		end_offer(queue, sender);
	if (!list_empty(&sender->shares))
		return;
	if (sender->name == NULL)
		forget(queue, sender);
	else
		idle(queue, sender);
}

void
sender_await(struct queue *queue, struct share *share)
{
	struct site *site = site_of(share);

	list_append(&share->sender->waiting[share->klass], &share->wait);
	if (!link_on_list(&site->thinned))
		list_append(&queue->senders.thinned, &site->thinned);
}

bool
sender_has_enough(const struct queue *queue, const struct line *line,
    uint64_t key, bool half)
{
	const struct sender *sender = sender_find(queue, key);

	return sender != NULL && sender->most < SIZE_MAX &&
	    line_share(&queue->shares, line, key) >=
	    (half ? sender->most / 2 : sender->most);
}

bool
sender_got_room(const struct share *share)
{
	const struct sender *sender = share->sender;

	return sender != NULL && sender->most < SIZE_MAX &&
	    share->entries.count + 1 == sender->most / 2;
}

/* ---- rates -------------------------------------------------------------------- */

static void
set_most(struct sender *sender)
{
	int64_t step = sender->meter.step;

	if (step == 0)
		sender->most = SIZE_MAX;
	else
		sender->most = MOST_LEAST +
		    (size_t)(MOST_SECONDS * INT64_C(1000000000) / step);
}

/* What waits goes: one by one, or all if there is no limit any more. */
static void
set_rate(struct queue *queue, struct sender *sender, msec_t now)
{
	const struct conf_sender *block = conf_sender_for(
	    queue->senders.conf, span_of(sender->name));
	struct conf_rate rate = { 0 };
	struct share *share;

	if (block != NULL)
		rate = block->rate;
	meter_set(queue, &sender->meter, rate);
	sender->meter.sender = sender;
	set_most(sender);
	if (sender->meter.step > 0 && !meter_dry(&sender->meter))
		offer(queue, sender, true, now);
	while (sender->meter.step == 0 &&
	    (share = first_waiting(sender)) != NULL)
		release(queue, share);
	if (first_waiting(sender) == NULL)
		end_offer(queue, sender);
}

void
sender_learn(struct queue *queue, uint64_t key, struct span name,
    msec_t now)
{
	struct sender *sender = sender_find(queue, key);

	if (queue->senders.conf == NULL ||
	    (sender != NULL && sender->name != NULL))
		return;
	if (sender == NULL)
		sender = sender_new(queue, key);
	if (link_on_list(&sender->place))
		list_remove(&queue->senders.unnamed, &sender->place);
	sender->name = span_copy(name);
	set_rate(queue, sender, now);
	if (list_empty(&sender->shares))
		idle(queue, sender);
}

/* No sender has a rate any more; if one gets another, it begins anew. */
static void
forget_all(struct queue *queue)
{
	static const struct conf_rate none;
	struct sender *sender;
	struct share *share;
	size_t at = 0;

	while ((share = map_each(&queue->shares, &at)) != NULL) {
		struct sender *of = share->sender;

		list_remove(&of->shares, &share->mine);
		share->sender = NULL;
		if (!share_is_parked(share))
			continue;
		list_remove(&of->waiting[share->klass], &share->wait);
		line_release(share);
		site_update(queue, site_of(share));
	}
	for (at = 0; (sender = map_each(&queue->senders.all, &at)) != NULL;) {
		meter_set(queue, &sender->meter, none);
		forget(queue, sender);
	}
}

void
senders_apply(struct queue *queue, const struct conf *conf, msec_t now)
{
	struct senders *senders = &queue->senders;
	bool before = senders->conf != NULL;
	struct sender *sender;
	struct share *share;
	size_t at = 0;

	if (conf->sender_count == 0) {
		if (before)
			forget_all(queue);
		senders->conf = NULL;
		return;
	}
	senders->conf = conf;
	while (!before && (share = map_each(&queue->shares, &at)) != NULL)
		sender_attach(queue, share);
	for (at = 0; (sender = map_each(&senders->all, &at)) != NULL;)
		if (sender->name != NULL)
			set_rate(queue, sender, now);
}
