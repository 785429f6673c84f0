/* SPDX-License-Identifier: ISC
 *
 * site_fares.c - how a site fares: what its answers mean, its rests, and who
 * ends them.
 */
#include "scheduler/site.h"

#include "base/mem.h"
#include "base/must.h"
#include "scheduler/retry.h"

static enum mail_class
most_pressing(const struct site *site, const struct entry *entry)
{
	unsigned klass = entry->message->klass;

	for (unsigned c = 0; c < klass; c++)
		if (site_waiting(site, c) > 0)
			return c;
	return klass;
}

static void
fail(struct queue *queue, struct site *site, enum mail_class klass,
    msec_t now, const struct conf *conf)
{
	msec_t until = now + retry_pause(conf, klass, ++site->failures);

	site->cuts = 0;
	site->proven = false;
	site->talks = false;
	flow_failed(&site->flow, now);
	site->rested = now;
	site->rests_for = (uint8_t)klass;
	heap_put(&queue->resting, &site->rest,
	    until > site->held ? until : site->held);
}

/* What was sent before the present rest tells nothing new of the site. */
static bool
tells(const struct site *site, msec_t sent)
{
	return !site_rests(site) && (site->failures == 0 || sent > site->rested);
}

/* Cut off once or twice is no failure; one after the other is. */
static bool
is_cut_too_often(struct site *site, msec_t sent, msec_t now,
    const struct conf *conf)
{
	if (flow_strained(&site->flow, sent, now,
	    conf_time(conf, FLOW_HOLD)))
		site->cuts++;
	return site->failures > 0 || site->cuts >= site->cuts_most;
}

static void
answer(struct queue *queue, struct site *site, unsigned took, msec_t sent,
    msec_t now)
{
	site->proven = true;
	/* Whoever wants nothing for a time may still answer what was under
	 * way; that changes nothing. */
	if (now < site->held)
		return;
	heap_remove(&queue->resting, &site->rest);
	site->failures = site->cuts = 0;
	site->talks = false;
	flow_answered(&site->flow, took, sent, now);
}

/* No transaction was begun: no token was used. */
static void
give_back(struct queue *queue, struct site *site,
    const struct entry *entry)
{
	rates_return(queue, site, entry->klass);
	sender_return(queue, entry->message->sender);
}

void
site_landed(struct queue *queue, struct site *site, struct entry *entry,
    enum site_news news, unsigned took, msec_t sent, msec_t now,
    const struct conf *conf)
{
	must(site->flying > 0 && entry->state == ENTRY_FLYING);
	site->flying--;
	site->urgent_flying -= entry->urgent_flies;
	site->bulk_flying -= entry->bulk_flies;
	site->large_flying -= entry->large_flies;
	site->urgent_large -= entry->urgent_flies && entry->large_flies;
	site->bulk_large -= entry->bulk_flies && entry->large_flies;
	queue->fresh_flying -= entry->fresh_flies;
	entry->urgent_flies = entry->bulk_flies = false;
	entry->large_flies = entry->fresh_flies = false;
	site->entries--;
	entry->state = ENTRY_IDLE;
	queue_count(queue, entry->klass, COUNT_FLYING, COUNT_STATES);
	if (entry->suspect)
		suspects_landed(queue, entry);
	/* It was tried, and who tried it lives. */
	if (news == SITE_ANSWERED || news == SITE_CUT)
		entry->deaths = entry->alone = 0;
	if (news == SITE_UNTRIED || news == SITE_FAILED)
		give_back(queue, site, entry);
	if (news == SITE_ANSWERED) {
		answer(queue, site, took, sent, now);
	} else if (news < SITE_UNTRIED && tells(site, sent) &&
	    (news == SITE_FAILED ||
	    is_cut_too_often(site, sent, now, conf))) {
		site->unreached = news == SITE_FAILED;
		fail(queue, site, most_pressing(site, entry), now, conf);
	}
	site_update(queue, site);
}

void
site_talks(struct queue *queue, struct site *site)
{
	if (site->failures == 0 || !site->unreached || site_rests(site))
		return;
	site->talks = true;
	site_update(queue, site);
}

void
site_strained(struct queue *queue, struct site *site, msec_t sent,
    msec_t now, const struct conf *conf)
{
	flow_strained(&site->flow, sent, now, conf_time(conf, FLOW_HOLD));
	site_update(queue, site);
}

void
site_room(struct queue *queue, struct site *site, unsigned room, msec_t now,
    const struct conf *conf)
{
	flow_room(&site->flow, room, now, conf_time(conf, FLOW_HOLD));
	site_update(queue, site);
}

void
site_hold(struct queue *queue, struct site *site, enum mail_class klass,
    msec_t until, msec_t now)
{
	site->talks = site->unreached = false;
	if (site->failures == 0) {
		site->failures = 1;
		site->cuts = 0;
		site->rested = now;
		site->rests_for = (uint8_t)klass;
		flow_failed(&site->flow, now);
	}
	if (until > site->held)
		site->held = until;
	if (!site_rests(site) || site->rest.key < site->held)
		heap_put(&queue->resting, &site->rest, site->held);
	site_update(queue, site);
}

void
site_rouse(struct queue *queue, struct site *site)
{
	site->held = 0;
	heap_remove(&queue->resting, &site->rest);
	site_update(queue, site);
}

void
site_pause(struct queue *queue, struct site *site, const char *why)
{
	site->paused = why;
	site_update(queue, site);
}

void
site_reset(struct queue *queue, struct site *site)
{
	site->failures = site->cuts = 0;
	site->talks = false;
	site->held = 0;
	flow_reset(&site->flow);
	mem_free(site->reason);
	site->reason = NULL;
	site_rouse(queue, site);
}

void
site_hurry(struct queue *queue, struct site *site, msec_t until)
{
	if (until < site->held)
		until = site->held;
	if (site_rests(site) && site->rest.key > until)
		heap_put(&queue->resting, &site->rest, until);
}

void
site_press(struct queue *queue, struct site *site, enum mail_class klass,
    msec_t now, const struct conf *conf)
{
	msec_t until;

	if (!site_rests(site) || klass >= site->rests_for)
		return;
	site->rests_for = (uint8_t)klass;
	until = site->rested + retry_pause(conf, klass, site->failures);
	site_hurry(queue, site, until > now ? until : now);
}
