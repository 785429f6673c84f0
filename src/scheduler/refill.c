/* SPDX-License-Identifier: ISC
 *
 * refill.c - when rows of the index come back to memory: in their turn, or
 * when they are due.
 *
 * Rows are collected first and handled after: handling changes the index.
 * Those of a sender who is kept back by its rate and has enough in memory
 * are passed by; when nothing else is left, nobody looks until that changes.
 */
#include "scheduler/window.h"

#include "base/mem.h"
#include "scheduler/scheduler.h"

enum {
	BATCH = 128,		/* rows at once */
	EACH_FIRST = 16,	/* of them by one sender … */
	EACH_LEAST = 4,		/* … of many */
	TIGHT = 8,		/* rows at once when memory is short */
	LINE_LOW = 32,		/* a line shorter than this is refilled */
	VISITS = 512,		/* rows looked at for a batch */
	TURN_USEC = 4000,	/* then the other parts of a turn */
	TIMER_MOST_MS = 60 * 1000
};

struct collect {
	struct row rows[BATCH];
	size_t count, most, visited;
	const struct queue *queue;	/* of LINE; null: all rows are wanted */
	const struct line *line;
};

static bool
collect_row(void *owner, const struct index_row *row)
{
	struct collect *collect = owner;

	collect->visited++;
	if (collect->queue == NULL || !sender_has_enough(collect->queue,
	    collect->line, row->sender, true))
		row_copy(row, &collect->rows[collect->count++]);
	return collect->count < collect->most && collect->visited < VISITS;
}

static void
collect_fini(struct collect *collect)
{
	for (size_t i = 0; i < collect->count; i++)
		row_fini(&collect->rows[i]);
}

/* Each row is part of the queue, or (left over from a former life) goes. */
static void
load_all(struct scheduler *s, struct collect *collect, enum place how)
{
	for (size_t i = 0; i < collect->count; i++) {
		const struct row *row = &collect->rows[i];

		if (window_segment(s, &row->row) == NULL)
			window_drop(s, row);
		else
			window_load(s, row, how);
	}
}

/* ---- refilling lines ---------------------------------------------------------------------- */

static size_t
low_mark(const struct site *site)
{
	if (site_is_down(site))
		return 1;
	return site->connections > LINE_LOW / 2 ? 2 * site->connections :
	    LINE_LOW;
}

/*
 * Rows of the senders in turn, so that nobody waits behind all rows of
 * another.  How many of each at once follows from how many there are: when
 * a batch does not get around, less; when it has room left, more.
 */
static bool
collect_turn(struct scheduler *s, struct domain *domain, uint8_t klass,
    struct collect *collect, struct err *err)
{
	struct refill_turn *turn = &domain->refill[klass];
	bool around;

	if (domain->site != NULL) {
		collect->queue = &s->queue;
		collect->line = &domain->site->ready[klass];
	}
	if (turn->each == 0)
		turn->each = EACH_FIRST;
	if (!index_each_turn(s->window.index, domain->hash, klass,
	    &turn->from, turn->each, &around, collect_row, collect, err))
		return false;
	if (!around && turn->each > EACH_LEAST)
		turn->each /= 2;
	else if (around && turn->each < BATCH)
		turn->each *= 2;
	if (around && collect->count == 0 && collect->visited > 0)
		collect->visited = domain->spilled[klass];
	return true;
}

/*
 * Nothing was collected of DOMAIN but rows were met: their senders have
 * enough in memory.  True: the search goes on; false: all rows of the line
 * are such, and are left alone until one of the senders has room, or
 * somebody else's row comes.
 */
static bool
go_on(const struct collect *collect, const struct domain *domain,
    uint8_t klass)
{
	struct site *site = domain->site;
	struct barren *barren = &site->barren[klass];

	barren->visited += collect->visited;
	if (barren->visited < site->spilled_count[klass])
		return true;
	barren->visited = 0;
	barren->freed = collect->line->freed + 1;
	return false;
}

/* Load rows of class KLASS for DOMAIN; those that are not ours yet do not
 * count.  False: there is nothing to load. */
static bool
refill_from(struct scheduler *s, struct domain *domain, uint8_t klass,
    size_t most)
{
	struct collect *collect = mem_new(struct collect);
	uint64_t before = domain->spilled[klass];
	struct err err;
	bool more = false;

	collect->most = most < BATCH ? most : BATCH;
	if (!collect_turn(s, domain, klass, collect, &err))
		window_fail(s, &err);
	else if (collect->queue != NULL && collect->visited > 0 &&
	    collect->count == 0)
		more = go_on(collect, domain, klass);
	else if (domain->site != NULL)
		domain->site->barren[klass].visited = 0;
	load_all(s, collect, PLACE_LOADED);
	collect_fini(collect);
	mem_free(collect);
	return more || domain->spilled[klass] < before;
}

/* The window is what memory should hold.  Urgent mail may have half as much
 * again, and a line that is empty a little as long as it is not twice.  Beyond
 * that it has one: else sites that do not answer, each of which needs one to
 * be probed with, would keep the mail of all others out. */
static size_t
room_for(const struct scheduler *s, const struct site *site, uint8_t klass)
{
	size_t most = s->conf->window, used = s->queue.entries;

	if (site_is_down(site))
		return 1;
	if (used < most || (klass == CLASS_URGENT && used < most + most / 2))
		return BATCH;
	if (line_length(&site->ready[klass]) > 0)
		return 0;
	return used < 2 * most ? TIGHT : 1;
}

/* A line of SITE that is low gets a batch; its domains take turns. */
static bool
refill_line(struct scheduler *s, struct site *site, uint8_t klass)
{
	struct link *link = list_first(&site->spilled[klass]);
	size_t room = room_for(s, site, klass);
	struct domain *domain;

	if (link == NULL || room == 0 || site->paused != NULL ||
	    line_length(&site->ready[klass]) >= low_mark(site) ||
	    site_is_barren(site, klass))
		return false;
	domain = list_item(link, struct domain, spilled_at[klass]);
	list_remove(&site->spilled[klass], link);
	list_append(&site->spilled[klass], link);
	return refill_from(s, domain, klass, room);
}

/* Whoever loads nothing has enough, and is hungry again when its line gets
 * shorter. */
static bool
refill(struct scheduler *s)
{
	size_t count = s->window.hungry.count;
	usec_t until = clock_mono_usec() + TURN_USEC;
	bool more = false;

	for (; count > 0 && s->window.index != NULL; count--) {
		struct site *site = list_item(list_take(&s->window.hungry),
		    struct site, hungry);
		bool loaded = false;

		for (uint8_t c = 0; c < CLASS_COUNT; c++)
			loaded |= s->window.index != NULL &&
			    refill_line(s, site, c);
		if (loaded)
			window_hungry(s, site);
		more |= loaded;
		if (clock_mono_usec() > until)
			return true;
	}
	return more;
}

/*
 * What waits in the index for a domain that has no site is told so, batch
 * by batch, and not faster than the reports about it leave.
 */
static bool
fail_rows(struct scheduler *s)
{
	struct link *link = list_first(&s->window.failed);
	struct domain *domain;

	if (link == NULL || reports_are_many(s))
		return false;
	domain = list_item(link, struct domain, failed);
	list_remove(&s->window.failed, link);
	if (domain->state != DOMAIN_FAILED)
		return true;
	for (uint8_t c = 0; c < CLASS_COUNT; c++)
		if (domain->spilled[c] > 0 && s->window.index != NULL &&
		    refill_from(s, domain, c, BATCH)) {
			window_failed(s, domain);
			break;
		}
	return !list_empty(&s->window.failed);
}

void
window_failed(struct scheduler *s, struct domain *domain)
{
	if (!link_on_list(&domain->failed)) {
		list_append(&s->window.failed, &domain->failed);
		scheduler_ask(s);
	}
}

/* ---- due rows ---------------------------------------------------------------------------------- */

/* Without an index, entries wait in memory. */
static void
wake_later(struct scheduler *s, usec_t now)
{
	struct heap_node *first;

	while ((first = heap_first(&s->queue.later)) != NULL &&
	    first->key <= now) {
		struct entry *entry = heap_item(first, struct entry, wait);

		entry_pull(&s->queue, entry);
		window_place(s, entry, PLACE_LOADED);
	}
}

static bool
load_due(struct scheduler *s, usec_t now)
{
	struct window *w = &s->window;
	struct collect *collect;
	struct err err;
	bool more;

	if (w->index == NULL || !s->intake.complete || w->next_due > now)
		return false;
	collect = mem_new(struct collect);
	collect->most = BATCH;
	if (!index_each_due(w->index, now, collect_row, collect, &err))
		window_fail(s, &err);
	load_all(s, collect, PLACE_NEW);
	more = collect->count == BATCH;
	collect_fini(collect);
	mem_free(collect);
	if (w->index == NULL || more)
		return more;
	if (!index_next_due(w->index, &w->next_due))
		w->next_due = INT64_MAX;
	return w->next_due <= now;
}

static void
set_timer(struct scheduler *s, usec_t now)
{
	struct heap_node *later = heap_first(&s->queue.later);
	usec_t due = INT64_MAX;
	msec_t delay;

	if (s->window.index != NULL && s->intake.complete)
		due = s->window.next_due;
	if (later != NULL && later->key < due)
		due = later->key;
	if (due == INT64_MAX)
		return;
	delay = due > now ? (due - now) / 1000 + 1 : 1;
	timer_set(s->window.timer, delay < TIMER_MOST_MS ? delay :
	    TIMER_MOST_MS);
}

bool
window_work(struct scheduler *s)
{
	usec_t now = scheduler_wall(s);
	struct link *link;
	bool more;

	while ((link = list_take(&s->queue.senders.thinned)) != NULL)
		window_hungry(s, list_item(link, struct site, thinned));
	wake_later(s, now);
	more = window_shrink_some(s);
	more |= load_due(s, now);
	more |= refill(s);
	more |= fail_rows(s);
	set_timer(s, now);
	return more;
}
