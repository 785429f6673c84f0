/* SPDX-License-Identifier: ISC
 *
 * window.c - what is in memory and what is in the index: the way out.
 */
#include "scheduler/window.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"
#include "scheduler/results.h"
#include "scheduler/retry.h"
#include "scheduler/scheduler.h"
#include "scheduler/walk.h"

#include <endian.h>

enum {
	SITE_LEAST = 64,	/* entries that a site may always have (or an
				 * eighth of the window, if it is small) … */
	SENDER_LEAST = 16,	/* … or a sender there, per class … */
	DOWN_LEAST = 16,	/* … and one that does not answer, per class */
	ROUTING_MOST = 1024,	/* entries that wait for one answer */
	SHRINK_ENTRIES = 64,	/* of a site, between looks at the clock */
	SHRINK_USEC = 2000	/* of a turn */
};

/* ---- counting rows ---------------------------------------------------------------- */

void
window_hungry(struct scheduler *s, struct site *site)
{
	bool any = false;

	for (int c = 0; c < CLASS_COUNT; c++)
		any |= site->spilled_count[c] > 0;
	if (any && !link_on_list(&site->hungry)) {
		list_append(&s->window.hungry, &site->hungry);
		scheduler_ask(s);
	}
}

void
window_reload(struct scheduler *s)
{
	struct site *site;
	size_t at = 0;

	while ((site = map_each(&s->queue.sites, &at)) != NULL) {
		memset(site->barren, 0, sizeof site->barren);
		window_hungry(s, site);
	}
}

void
window_attach(struct scheduler *s, struct domain *domain)
{
	for (int c = 0; c < CLASS_COUNT; c++) {
		if (domain->spilled[c] == 0)
			continue;
		domain->site->barren[c] = (struct barren){ 0 };
		list_append(&domain->site->spilled[c],
		    &domain->spilled_at[c]);
		domain->site->spilled_count[c] += domain->spilled[c];
	}
	window_hungry(s, domain->site);
}

void
window_detach(struct domain *domain)
{
	for (int c = 0; c < CLASS_COUNT; c++) {
		if (domain->spilled[c] == 0)
			continue;
		list_remove(&domain->site->spilled[c],
		    &domain->spilled_at[c]);
		domain->site->spilled_count[c] -= domain->spilled[c];
	}
}

void
window_forget_site(struct scheduler *s, struct site *site)
{
	if (link_on_list(&site->hungry))
		list_remove(&s->window.hungry, &site->hungry);
	if (link_on_list(&site->shrinking))
		list_remove(&s->window.shrinking, &site->shrinking);
}

static void
count_spilled(struct scheduler *s, struct domain *domain, uint8_t klass,
    int64_t count)
{
	struct site *site = domain->site;
	uint64_t before = domain->spilled[klass];

	must(count > 0 || before >= (uint64_t)-count);
	domain->spilled[klass] += (uint64_t)count;
	s->queue.counts[klass][COUNT_READY] += (uint64_t)count;
	if (site == NULL)
		return;
	site->spilled_count[klass] += (uint64_t)count;
	if (before == 0)
		list_append(&site->spilled[klass],
		    &domain->spilled_at[klass]);
	else if (domain->spilled[klass] == 0)
		list_remove(&site->spilled[klass],
		    &domain->spilled_at[klass]);
	if (count > 0)
		window_hungry(s, site);
}

static uint64_t
sender_at(const struct domain *domain, uint8_t klass, uint64_t sender)
{
	return sketch_mix(domain->hash + klass, sender);
}

void
window_row_added(struct scheduler *s, struct domain *domain, uint8_t klass,
    uint64_t sender)
{
	count_spilled(s, domain, klass, 1);
	if (domain->site != NULL && !sender_has_enough(&s->queue,
	    &domain->site->ready[klass], sender, true))
		domain->site->barren[klass] = (struct barren){ 0 };
	sketch_add(&s->window.senders, sender_at(domain, klass, sender));
}

void
window_row_removed(struct scheduler *s, struct domain *domain,
    uint8_t klass, uint64_t sender)
{
	count_spilled(s, domain, klass, -1);
	sketch_remove(&s->window.senders, sender_at(domain, klass, sender));
}

void
window_forget_rows(struct scheduler *s)
{
	struct domain *domain;
	size_t at = 0;

	while ((domain = map_each(&s->routes.domains, &at)) != NULL)
		for (uint8_t c = 0; c < CLASS_COUNT; c++)
			if (domain->spilled[c] > 0)
				count_spilled(s, domain, c,
				    -(int64_t)domain->spilled[c]);
	sketch_clear(&s->window.senders);
}

/* ---- writing rows ------------------------------------------------------------------ */

/* What follows a failure happens at the turn's end: we may be anywhere. */
void
window_fail(struct scheduler *s, const struct err *err)
{
	if (s->window.index == NULL)
		return;
	log_error("the index failed and is opened anew; mail goes on: %s",
	    err->text);
	index_close(&s->window.index);
	s->window.broken = true;
	scheduler_ask(s);
}

static bool
has_times(const struct message *message)
{
	return message->by != 0 || message->released != message->arrived;
}

static bool
put_row(struct scheduler *s, const struct entry *entry,
    enum index_place place, usec_t due, const char *why)
{
	const struct message *message = entry->message;
	struct window *w = &s->window;
	struct index_row row = {
		.id = message->id,
		.first_rcpt = entry->rcpts[0],
		.place = (uint8_t)place,
		.klass = message->klass,
		.site = entry->domain->hash,
		.sender = message->sender,
		.due = due,
		.segment = message->segment->name,
		.offset = message->offset,
		.size = message->size,
		.arrived = message->arrived,
		.attempts = entry->attempts,
		.warned = (entry->warned ? ROW_WARNED : 0) |
		    (entry->hastened ? ROW_HASTENED : 0) |
		    (message->flags & MESSAGE_SUCCESS) |
		    (has_times(message) ? ROW_TIMED : 0),
		.domain = span_of(entry->domain->name),
		.reason = span_of(why),
	};
	struct err err;

	if (w->index == NULL)
		return false;
	buf_clear(&w->rcpts);
	for (uint32_t i = 0; i < entry->rcpt_count; i++) {
		uint32_t rcpt = htole32(entry->rcpts[i]);

		buf_append(&w->rcpts, &rcpt, sizeof rcpt);
	}
	row.rcpts = buf_peek(&w->rcpts);
	if (!index_put(w->index, &row, &err)) {
		window_fail(s, &err);
		return false;
	}
	w->dirty = w->checkpoint = true;
	walks_note(s, &row);
	return true;
}

/* ENTRY is a row now; nothing of it stays in memory. */
static void
leave_memory(struct scheduler *s, struct entry *entry)
{
	struct message *message = entry->message;

	entry_free(&s->queue, entry);
	message_release(&s->queue, message);
	scheduler_ask(s);
}

void
window_park(struct scheduler *s, struct entry *entry, usec_t due,
    const char *why)
{
	if (!put_row(s, entry, INDEX_DUE, due, why)) {
		entry_later(&s->queue, entry, due);
		scheduler_ask(s);
		return;
	}
	if (due < s->window.next_due)
		s->window.next_due = due;
	queue_count(&s->queue, entry->message->klass, COUNT_STATES,
	    COUNT_WAITING);
	leave_memory(s, entry);
}

/* A site that rests is probed as soon as the most pressing mail may be tried,
 * and in time for what has a deadline. */
static void
hurry_site(struct scheduler *s, const struct entry *entry)
{
	const struct message *message = entry->message;
	usec_t now = scheduler_wall(s);
	usec_t due;

	if (!site_is_down(entry->site))
		return;
	site_press(&s->queue, entry->site, message->klass, scheduler_now(s),
	    s->conf);
	if (message->deadline <= now)
		return;
	due = retry_due(s->conf, message, entry->site->failures, now);
	site_hurry(&s->queue, entry->site, (due - s->wall_base) / 1000);
}

static void
stay(struct scheduler *s, struct entry *entry, bool front)
{
	if (entry->site == NULL) {
		entry_await_route(&s->queue, entry);
		if (entry->message->klass == CLASS_URGENT)
			routes_press(s, entry->domain);
	} else {
		queue_ready(&s->queue, entry, front);
		hurry_site(s, entry);
	}
	scheduler_ask(s);
}

void
window_spill(struct scheduler *s, struct entry *entry)
{
	if (!put_row(s, entry, INDEX_READY, 0, "")) {
		stay(s, entry, false);
		return;
	}
	window_row_added(s, entry->domain, entry->message->klass,
	    entry->message->sender);
	leave_memory(s, entry);
}

/* The journal says so too, in case the index is lost.  The row keeps the time
 * before which its sender does not want it sent. */
static void
hold(struct scheduler *s, struct entry *entry)
{
	usec_t released = entry->message->released;

	if (released <= scheduler_wall(s))
		released = 0;
	if (!put_row(s, entry, INDEX_HELD, released, "held by the operator")) {
		entry_later(&s->queue, entry, INT64_MAX);
		return;
	}
	queue_count(&s->queue, entry->message->klass, COUNT_STATES,
	    COUNT_HELD);
	leave_memory(s, entry);
}

/* ---- who stays in memory -------------------------------------------------------------- */

/* Nobody knows for how long a pause lasts: all waits in the index.  When
 * memory gets short, what is probed with is enough. */
static size_t
down_least(const struct scheduler *s, const struct site *site)
{
	if (site->paused != NULL)
		return 0;
	return s->queue.entries < s->conf->window / 2 ? DOWN_LEAST : 1;
}

static bool
share_is_small(const struct scheduler *s, const struct entry *entry)
{
	const struct message *message = entry->message;

	return entry->site != NULL && line_share(&s->queue.shares,
	    &entry->site->ready[message->klass], message->sender) <
	    SENDER_LEAST;
}

/*
 * A site may have as many entries in memory as there is free room: the more
 * it has, the less is left, so one site alone gets half, two a third each,
 * and there is always room for those that come next.  Urgent mail may have
 * four times as much.  Who has rows in the index already goes behind them;
 * a sender who has none need not wait behind those of others, while what it
 * has here is little.
 */
static bool
does_not_fit(const struct scheduler *s, const struct entry *entry)
{
	const struct site *site = entry->site;
	const struct domain *domain = entry->domain;
	uint8_t klass = entry->message->klass;
	size_t most = s->conf->window, used = s->queue.entries;
	size_t room = used < most ? most - used : 0;
	size_t mine = site != NULL ? site->entries :
	    domain->waiting.count;

	if (s->window.index == NULL ||
	    (entry->message->by != 0 && used < most + most / 4))
		return false;	/* a deadline is kept in memory */
	if (site == NULL && mine >= ROUTING_MOST)
		return true;
	if (domain->spilled[klass] > 0 && sketch_may_hold(&s->window.senders,
	    sender_at(domain, klass, entry->message->sender)))
		return true;
	if (site != NULL && site_is_down(site) &&
	    site->ready[klass].count >= down_least(s, site))
		return true;
	if (site != NULL && sender_has_enough(&s->queue,
	    &site->ready[klass], entry->message->sender, false))
		return true;
	if (used < most + most / 4 && ((mine < SITE_LEAST &&
	    mine <= most / 8) || share_is_small(s, entry)))
		return false;
	if (site != NULL && site->spilled_count[klass] > 0 &&
	    !site_is_barren(site, klass))
		return true;
	return mine >= (klass == CLASS_URGENT ? 4 * room : room);
}

static bool
is_paused(const struct entry *entry)
{
	return entry->site != NULL && entry->site->paused != NULL;
}

void
window_place(struct scheduler *s, struct entry *entry, enum place how)
{
	uint8_t flags = entry->message->flags;

	entry->site = entry->domain->site;
	if ((flags & MESSAGE_DELETED) != 0)
		results_deleted(s, entry);
	else if ((flags & MESSAGE_HELD) != 0)
		hold(s, entry);
	else if ((how == PLACE_AGED || results_late(s, entry->message)) &&
	    results_aged(s, entry))
		return;
	else if (entry->domain->state == DOMAIN_FAILED)
		results_unroutable(s, entry);
	else if ((how == PLACE_NEW || how == PLACE_AGED ||
	    is_paused(entry)) && does_not_fit(s, entry))
		window_spill(s, entry);
	else
		stay(s, entry, how == PLACE_FRONT);
}

/* The last of LINE that need not stay in memory; null: none. */
static struct entry *
last_to_spill(const struct scheduler *s, const struct site *site,
    struct line *line)
{
	struct entry *entry = line_last(line);

	if (line->count <= down_least(s, site))
		return NULL;
	while (entry != NULL && entry->message->by != 0)
		entry = line_before(line, entry);	/* its time is kept here */
	return entry;
}

/* Some entries of SITE.  True: there are more. */
static bool
shrink_site(struct scheduler *s, struct site *site)
{
	unsigned count = 0;

	for (unsigned i = 0; i < site_lines(site); i++) {
		struct line *line = site_line(site, i);
		struct entry *entry;

		while (s->window.index != NULL &&
		    (entry = last_to_spill(s, site, line)) != NULL) {
			if (count++ == SHRINK_ENTRIES)
				return true;
			entry_pull(&s->queue, entry);
			window_spill(s, entry);
		}
	}
	return false;
}

bool
window_shrink_some(struct scheduler *s)
{
	usec_t until = clock_mono_usec() + SHRINK_USEC;
	struct link *link;

	while ((link = list_first(&s->window.shrinking)) != NULL) {
		struct site *site = list_item(link, struct site, shrinking);

		if (!site_is_down(site) || !shrink_site(s, site))
			list_remove(&s->window.shrinking, link);
		if (clock_mono_usec() > until)
			break;
	}
	return !list_empty(&s->window.shrinking);
}

void
window_shrink(struct scheduler *s, struct site *site)
{
	if (!link_on_list(&site->shrinking))
		list_append(&s->window.shrinking, &site->shrinking);
	scheduler_ask(s);
}
