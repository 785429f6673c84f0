/* SPDX-License-Identifier: ISC
 *
 * site.c - what waits for one site, and how many may go there at once.
 */
#include "scheduler/site.h"

#include "base/mem.h"
#include "base/must.h"

struct site *
site_find(const struct queue *queue, const char *key)
{
	return map_find(&queue->sites, span_of(key));
}

struct site *
site_new(struct queue *queue, const char *key, const char *name,
    const char *domain)
{
	struct site *site = mem_new(struct site);

	site->key = mem_strdup(key);
	site->name = mem_strdup(name);
	site->domain = mem_strdup(domain);
	site->number = ++queue->next_site;
	site->work_class = CLASS_COUNT;
	site->connections = site->recipients = site->cuts_most = 1;
	site->flow.most = 1;
	flow_reset(&site->flow);
	site->deliverer = -1;
	list_init(&site->domains);
	for (int c = 0; c < CLASS_COUNT; c++) {
		line_init(&site->ready[c]);
		list_init(&site->spilled[c]);
	}
	map_add(&queue->sites, site);
	return site;
}

static struct list *
work_list(struct queue *queue, const struct site *site)
{
	return site->work_fresh ? &queue->fresh[site->work_class] :
	    &queue->work[site->work_class];
}

/* SITE leaves the list of those with work. */
static void
leave_work(struct queue *queue, struct site *site)
{
	if (site->work_class == CLASS_COUNT)
		return;
	list_remove(work_list(queue, site), &site->work);
	site->work_class = CLASS_COUNT;
}

void
site_free(struct queue *queue, struct site *site)
{
	must(site->entries == 0);
	leave_work(queue, site);
	if (link_on_list(&site->thinned))
		list_remove(&queue->senders.thinned, &site->thinned);
	heap_remove(&queue->resting, &site->rest);
	rates_fini(queue, site);
	for (int c = 0; c < CLASS_COUNT; c++)
		line_fini(&site->ready[c]);
	suspects_leave(queue, site);
	map_remove(&queue->sites, span_of(site->key));
	mem_free(site->key);
	mem_free(site->name);
	mem_free(site->domain);
	mem_free(site->pattern);
	mem_free(site->hosts);
	mem_free(site->reason);
	mem_free(site);
}

/* ---- credit ------------------------------------------------------------------- */

bool
site_is_down(const struct site *site)
{
	return site->failures > 0 || site->paused != NULL;
}

const char *
site_why(const struct site *site)
{
	if (site->paused != NULL)
		return site->paused;
	return site->failures > 0 ? site->reason : NULL;
}

/* Large messages that may have a connection: one stays for the others, where
 * there are several. */
static unsigned
large_most(const struct site *site)
{
	return site->flow.window > 1 ? site->flow.window - 1 : 1;
}

/* Large messages at the deliverer that cannot use a connection. */
static unsigned
large_stuck(const struct site *site)
{
	unsigned window = site->flow.window, most = large_most(site);
	unsigned stuck = site->large_flying > most ?
	    site->large_flying - most : 0;

	return stuck < window ? stuck : window;
}

/*
 * A quick site gets a second round in advance, so that its connections
 * never wait for us; a slow one does not, so that little is committed
 * before something more pressing comes, nor one with a rate, so that what
 * is let through goes at once, nor one that lets us have less than all.
 * Urgent jobs may go beyond: the deliverer puts them before those it has.
 * So may others for large messages that wait there for one another, or the
 * connection that is kept from these would have nothing to do.
 */
unsigned
site_credit(const struct site *site, enum mail_class klass)
{
	unsigned most = site->flow.window;

	if (site_rests(site) || site->paused != NULL ||
	    link_on_list(&site->unheard))
		return 0;
	if (site_is_down(site))
		return 1;
	if (site->flow.took_ms <= SITE_QUICK_MS && site->rates == NULL &&
	    site->cuts == 0 && most == site->connections)
		most *= 2;
	most += large_stuck(site);
	return klass == CLASS_URGENT ? most + site->connections : most;
}

unsigned
site_window(const struct site *site)
{
	unsigned window = site_is_down(site) ? 1 : site->flow.window;
	unsigned apart = suspects_flying(site) > 0 ?
	    suspects_window(site) : 0;

	return window > apart ? window - apart : 1;
}

unsigned
site_beside(const struct site *site)
{
	return site_is_down(site) && !site->talks ? 0 :
	    flow_beside(&site->flow);
}

/* Jobs of KLASS and of more pressing ones; and the large ones of these. */
static unsigned
flying_of(const struct site *site, unsigned klass)
{
	if (klass == CLASS_URGENT)
		return site->urgent_flying;
	return site->flying - (klass == CLASS_BULK ? 0 : site->bulk_flying);
}

static unsigned
large_of(const struct site *site, unsigned klass)
{
	if (klass == CLASS_URGENT)
		return site->urgent_large;
	return site->large_flying - (klass == CLASS_BULK ? 0 :
	    site->bulk_large);
}

/* Jobs of less pressing classes that are there already take no credit from
 * others: the deliverer puts these before them.  But a site is probed by one
 * job of whatever class, until it talks to us.  While many jobs are out, sites
 * that may be dead must not have them all. */
static bool
may_go(const struct queue *queue, const struct site *site, unsigned klass)
{
	unsigned flying = site->flying, credit = site_credit(site, klass);
	bool urgent = klass == CLASS_URGENT;

	if (site_is_down(site) && urgent && site->talks && credit > 0 &&
	    flying > 0) {
		flying = site->urgent_flying;
		credit = site_beside(site);
	} else if (!site_is_down(site)) {
		flying = flying_of(site, klass);
	}
	if (queue->tight && !site->proven &&
	    (urgent ? flying : site->flying) >= SITE_UNPROVEN)
		return false;
	return flying < credit;
}

/* All credit is taken by large jobs, which cannot use all connections: a small
 * one may go none the less. */
static bool
small_may_go(const struct queue *queue, const struct site *site,
    unsigned klass)
{
	unsigned large = large_of(site, klass), most = large_most(site);
	unsigned small = flying_of(site, klass) - large;

	if (site_is_down(site) || site_rests(site) || large <= most ||
	    (queue->tight && !site->proven))
		return false;
	return small + most < site_credit(site, klass) - large_stuck(site);
}

/* Something of the class waits, and not for a token. */
static bool
waits(struct queue *queue, struct site *site, unsigned klass)
{
	return site->ready[klass].count > 0 && !rates_dry(site, klass) &&
	    line_ready(queue, &site->ready[klass]);
}

/* The most pressing class with something that may go now.  While nothing
 * can go, nobody is made to wait for a rate instead. */
static unsigned
best_class(struct queue *queue, struct site *site)
{
	for (unsigned c = 0; c < CLASS_COUNT; c++) {
		if (site->ready[c].count == 0 || rates_dry(site, c))
			continue;
		if (!may_go(queue, site, c))
			return small_may_go(queue, site, c) &&
			    line_ready_small(queue, &site->ready[c],
			    queue->large) ? c : CLASS_COUNT;
		if (line_ready(queue, &site->ready[c]))
			return c;
	}
	return CLASS_COUNT;
}

/* Put SITE on the lists it belongs to now; at their end if it moves. */
void
site_update(struct queue *queue, struct site *site)
{
	unsigned best = best_class(queue, site);

	suspects_update(queue, site);

	if (best == site->work_class && site->work_fresh == !site->proven)
		return;
	leave_work(queue, site);
	if (best == CLASS_COUNT)
		return;
	site->work_class = (uint8_t)best;
	site->work_fresh = !site->proven;
	list_append(work_list(queue, site), &site->work);
}

void
site_apply(struct queue *queue, struct site *site,
    const struct conf_site *policy)
{
	mem_free(site->pattern);
	site->pattern = mem_strdup(policy->pattern);
	rates_set(queue, site, policy);
	site->cuts_most = policy->failures;
	site_limit(queue, site, policy->connections, policy->recipients);
}

void
site_limit(struct queue *queue, struct site *site, unsigned connections,
    unsigned recipients)
{
	site->connections = connections;
	site->recipients = recipients;
	flow_limit(&site->flow, connections);
	site_update(queue, site);
}

/* ---- the lines ------------------------------------------------------------------ */

unsigned
site_lines(const struct site *site)
{
	return site->apart != NULL ? 2 * CLASS_COUNT : CLASS_COUNT;
}

struct line *
site_line(struct site *site, unsigned i)
{
	return i < CLASS_COUNT ? &site->ready[i] :
	    &site->apart->lines[i - CLASS_COUNT];
}

struct line *
site_line_of(const struct entry *entry)
{
	unsigned klass = entry->message->klass;

	return entry->suspect ? &entry->site->apart->lines[klass] :
	    &entry->site->ready[klass];
}

size_t
site_waiting(const struct site *site, unsigned klass)
{
	return site->ready[klass].count + (site->apart != NULL ?
	    site->apart->lines[klass].count : 0);
}

void
site_line_add(struct queue *queue, struct site *site, struct entry *entry,
    bool front)
{
	line_add(queue, &site->ready[entry->message->klass], entry, front);
	site->entries++;
	if (site->work_class > entry->message->klass)
		site_update(queue, site);
}

void
site_line_remove(struct queue *queue, struct entry *entry)
{
	struct site *site = entry->site;

	line_remove(queue, site_line_of(entry), entry);
	queue->suspects.count -= entry->suspect;
	site->entries--;
	site_update(queue, site);
	queue_count(queue, entry->message->klass, COUNT_READY, COUNT_STATES);
}

/*
 * The class to pick from: the most pressing, unless a lower one has been
 * passed over often enough for long enough that its trickle is due.
 */
static unsigned
choose(struct queue *queue, struct site *site, msec_t now)
{
	bool waiting[CLASS_COUNT];

	for (unsigned c = 0; c < CLASS_COUNT; c++)
		waiting[c] = waits(queue, site, c);
	return trickle_choose(&site->trickle, site->work_class, CLASS_BULK,
	    waiting, now);
}

/* A probe is the most pressing entry: no turns, no trickle. */
static struct entry *
take(struct queue *queue, struct site *site, unsigned klass)
{
	struct line *line = &site->ready[klass];
	struct entry *entry = NULL;

	if (site_is_down(site))
		return line_take_first(queue, line);
	if (!may_go(queue, site, klass))
		entry = line_take_small(queue, line, queue->large);
	return entry != NULL ? entry : line_take(queue, line);
}

void
site_goes(struct queue *queue, struct site *site, struct entry *entry,
    unsigned klass, msec_t now)
{
	rates_take(queue, site, klass, now);
	site->flying++;
	entry->urgent_flies = klass == CLASS_URGENT;
	site->urgent_flying += entry->urgent_flies;
	entry->bulk_flies = klass == CLASS_BULK;
	site->bulk_flying += entry->bulk_flies;
	entry->large_flies = entry->message->size > queue->large;
	site->large_flying += entry->large_flies;
	site->urgent_large += entry->urgent_flies && entry->large_flies;
	site->bulk_large += entry->bulk_flies && entry->large_flies;
	entry->fresh_flies = !site->proven;
	queue->fresh_flying += entry->fresh_flies;
	sender_take(queue, entry->message->sender, now);
}

struct entry *
site_pick(struct queue *queue, struct site *site, msec_t now)
{
	unsigned klass = site_is_down(site) ? site->work_class :
	    choose(queue, site, now);
	struct entry *entry = take(queue, site, klass);

	must(entry != NULL);
	trickle_picked(&site->trickle, klass, now);
	site_goes(queue, site, entry, klass, now);
	/* To the end of its list: sites take turns. */
	leave_work(queue, site);
	site_update(queue, site);
	return entry;
}
