/* SPDX-License-Identifier: ISC
 *
 * claim.c - the index as a whole: opened, held against what the segments
 * say, looked after, closed.
 */
#include "scheduler/window.h"

#include "base/log.h"
#include "base/mem.h"
#include "scheduler/quarantine.h"
#include "scheduler/results.h"
#include "scheduler/retry.h"
#include "scheduler/scheduler.h"

#include <endian.h>

enum {
	SWEEP_ROWS = 512,	/* looked at in a second */
	REOPEN_MS = 10 * 1000,
	OUT_MS = 100,
	RCPTS_BYTES = 64 << 20
};

struct several {
	struct row *rows;
	size_t count, room, most;
};

static bool
add_row(void *owner, const struct index_row *row)
{
	struct several *several = owner;

	if (several->count == several->room) {
		several->room = several->room * 2 + 4;
		several->rows = mem_resize(several->rows, several->room,
		    sizeof *several->rows);
	}
	row_copy(row, &several->rows[several->count++]);
	return several->count < several->most;
}

static void
several_fini(struct several *several)
{
	for (size_t i = 0; i < several->count; i++)
		row_fini(&several->rows[i]);
	mem_free(several->rows);
}

/* ---- while segments are read again ---------------------------------------------- */

/* Write ROW back with those of its recipients that KEEP says; false: none
 * is left and it is gone. */
static bool
trim(struct scheduler *s, struct row *row, const struct rcpt_set *done)
{
	uint32_t left = 0, count = row_rcpt_count(row);
	struct err err;
	bool found, ok = true;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t rcpt = row_rcpt(row, i), le = htole32(rcpt);

		if (rcpt < done->total && !rcpt_set_has(done, rcpt))
			memcpy(row->rcpts + 4 * left++, &le, sizeof le);
	}
	if (left == count && count > 0)
		return true;
	s->window.dirty = s->window.checkpoint = true;
	ok = index_delete(s->window.index, row->row.id, row->row.first_rcpt,
	    &found, &err);
	row->row.rcpts.length = (size_t)left * 4;
	if (ok && left > 0) {
		row->row.first_rcpt = row_rcpt(row, 0);
		ok = index_put(s->window.index, &row->row, &err);
	}
	if (!ok)
		window_fail(s, &err);
	return ok && left > 0;
}

static bool
put_back(struct scheduler *s, const struct index_row *row)
{
	struct err err;

	s->window.dirty = s->window.checkpoint = true;
	if (index_put(s->window.index, row, &err))
		return true;
	window_fail(s, &err);
	return false;
}

/* What was due while we were away comes in its turn, like what was ready; its
 * class is what the journal says. */
static bool
adopt(struct scheduler *s, struct index_row *row, uint8_t klass)
{
	struct domain *domain = routes_domain(s, row->domain);
	usec_t now = scheduler_wall(s);
	bool changed = row_set_right(row, now) || row->klass != klass;
	bool held = row->place == INDEX_HELD;
	bool ready = !held && (row->place != INDEX_DUE || row->due <= now);

	row->klass = klass;
	if (ready && (row->place != INDEX_READY ||
	    row->site != domain->hash)) {
		row->place = INDEX_READY;
		row->site = domain->hash;
		changed = true;
	}
	if (changed && !put_back(s, row))
		return false;
	if (ready)
		window_row_added(s, domain, row->klass, row->sender);
	else
		queue_count(&s->queue, row->klass, COUNT_STATES, held ?
		    COUNT_HELD : COUNT_WAITING);
	if (ready && domain->state == DOMAIN_FAILED)
		window_failed(s, domain);
	return true;
}

void
window_claim(struct scheduler *s, struct segment *segment, uint64_t offset,
    struct msgid id, uint8_t klass, struct rcpt_set *set)
{
	struct several several = { .most = SIZE_MAX };
	struct err err;

	if (s->window.index == NULL || index_count(s->window.index) == 0)
		return;
	if (!index_each_of(s->window.index, id, add_row, &several, &err))
		window_fail(s, &err);
	for (size_t i = 0; i < several.count; i++) {
		struct row *row = &several.rows[i];

		if (s->window.index == NULL || row->row.klass >= CLASS_COUNT ||
		    row->row.offset != offset ||
		    segment_find(s, row->row.segment) != segment)
			continue;
		if (!trim(s, row, set) || !adopt(s, &row->row, klass))
			continue;
		for (uint32_t r = 0; r < row_rcpt_count(row); r++)
			rcpt_set_add(set, row_rcpt(row, r));
	}
	several_fini(&several);
}

uint32_t
window_take_all(struct scheduler *s, const struct message *message)
{
	struct several several = { .most = SIZE_MAX };
	struct err err;
	uint32_t count = 0;

	if (s->window.index == NULL || index_count(s->window.index) == 0)
		return 0;
	if (!index_each_of(s->window.index, message->id, add_row, &several,
	    &err))
		window_fail(s, &err);
	for (size_t i = 0; i < several.count; i++) {
		struct row *row = &several.rows[i];

		if (row->row.offset == message->offset &&
		    window_segment(s, &row->row) == message->segment &&
		    window_remove(s, row))
			count += row_rcpt_count(row);
	}
	several_fini(&several);
	return count;
}

struct other {
	struct scheduler *s;
	const struct segment *segment;
	uint64_t offset;
	bool found;
};

static bool
is_other(void *owner, const struct index_row *row)
{
	struct other *other = owner;
	struct segment *there = segment_find(other->s, row->segment);
	struct err err;
	int fd;

	if (there == NULL || there->gone ||
	    (there == other->segment && row->offset == other->offset) ||
	    quarantine_has(there, row->offset))
		return true;
	fd = segment_fd(other->s, there, &err);
	other->found = fd != -1 && record_is(fd, row->offset, row->id);
	return !other->found;
}

bool
window_has_other(struct scheduler *s, const struct segment *segment,
    uint64_t offset, struct msgid id)
{
	struct other other = { s, segment, offset, false };
	struct err err;

	if (s->window.index == NULL || index_count(s->window.index) == 0)
		return false;
	if (!index_each_of(s->window.index, id, is_other, &other, &err))
		window_fail(s, &err);
	return other.found;
}

/* All segments were read: every line may be refilled now. */
void
window_complete(struct scheduler *s)
{
	struct site *site;
	size_t at = 0;

	while ((site = map_each(&s->queue.sites, &at)) != NULL)
		window_hungry(s, site);
	s->window.next_due = 0;
	scheduler_ask(s);
}

/* ---- care ---------------------------------------------------------------------------- */

/* The longest that mail can be held for, whatever the limit was then. */
static msec_t
hold_most(const struct conf *conf)
{
	return conf->hold > 366 * MSEC_DAY ? conf->hold : 366 * MSEC_DAY;
}

/* How far off a row may be due: a pause, or the end of its being held. */
static usec_t
furthest(const struct scheduler *s, const struct index_row *row)
{
	return 1000 * (row->attempts == 0 ? hold_most(s->conf) + MSEC_DAY :
	    2 * retry_most(s->conf, row->klass, row->attempts));
}

/* Whether a row has reached the time to be warned of or given up; what its
 * envelope says of times is only known once it is loaded. */
static bool
gets_old(const struct scheduler *s, const struct index_row *row, usec_t now)
{
	struct message message = { .klass = row->klass,
	    .arrived = row->arrived, .released = row->arrived,
	    .slept = outages_since(&s->outages, row->arrived) };

	return (row->warned & ROW_TIMED) != 0 ||
	    retry_end(s->conf, &message) <= now ||
	    ((row->warned & ROW_WARNED) == 0 &&
	    retry_warns(s->conf, &message, now));
}

/*
 * A row that waits for its turn at a site that does not answer is not tried,
 * but it gets older: it is loaded to be warned of or given up.  A due time
 * that no schedule could have given comes from a clock that was wrong.
 */
static void
sweep_row(struct scheduler *s, const struct row *row)
{
	const struct index_row *r = &row->row;
	struct domain *domain = map_find(&s->routes.domains, r->domain);
	usec_t now = scheduler_wall(s);
	bool down = domain != NULL && domain->site != NULL &&
	    site_is_down(domain->site);

	if (r->klass >= CLASS_COUNT || window_segment(s, r) == NULL)
		window_drop(s, row);
	else if (r->place == INDEX_DUE && r->due > now + furthest(s, r))
		window_move(s, row, INDEX_DUE, now + (r->attempts == 0 ?
		    hold_most(s->conf) : retry_pause(s->conf, r->klass,
		    r->attempts)) * 1000);
	else if (r->place == INDEX_READY && down && gets_old(s, r, now))
		window_load(s, row, PLACE_AGED);
}

static void
sweep(struct scheduler *s)
{
	struct window *w = &s->window;
	struct several several = { .most = SWEEP_ROWS };
	struct err err;

	if (w->index == NULL || !s->intake.complete ||
	    reports_are_many(s))
		return;
	if (!index_each(w->index, w->sweep, add_row, &several, &err))
		window_fail(s, &err);
	for (size_t i = 0; i < several.count; i++) {
		if (w->index == NULL)
			break;
		sweep_row(s, &several.rows[i]);
	}
	if (several.count == SWEEP_ROWS) {
		w->sweep = several.rows[SWEEP_ROWS - 1].row.id;
		for (int i = MSGID_BYTES - 1; i >= 0 &&
		    ++w->sweep.bytes[i] == 0; i--)
			;
	} else {
		w->sweep = (struct msgid){ { 0 } };
	}
	several_fini(&several);
}

/* All rows are as good as unknown: the segments tell what there is. */
static void
reopen(struct scheduler *s)
{
	struct window *w = &s->window;
	msec_t now = scheduler_now(s);
	struct err err;
	bool fresh;

	if (!w->broken || (w->tried != 0 && now - w->tried < REOPEN_MS))
		return;
	w->tried = now;
	w->index = index_open(w->path, &fresh, &err);
	if (w->index == NULL) {
		log_error("the index cannot be opened; entries wait in "
		    "memory: %s", err.text);
		return;
	}
	w->broken = false;
	window_forget_rows(s);
	intake_again(s);
}

static void
write_out(void *owner)
{
	struct window *w = &((struct scheduler *)owner)->window;

	if (w->index != NULL && index_write_out(w->index))
		timer_set(w->out, OUT_MS);
}

static void
checkpoint(struct scheduler *s)
{
	struct window *w = &s->window;
	struct err err;

	if (!index_checkpoint(w->index, &err))
		window_fail(s, &err);
	else if (!timer_is_set(w->out))
		timer_set(w->out, OUT_MS);
}

void
window_flush(struct scheduler *s)
{
	struct window *w = &s->window;
	struct err err;

	reopen(s);
	if (!w->dirty || w->index == NULL)
		return;
	w->dirty = false;
	if (!index_flush(w->index, &err))
		window_fail(s, &err);
	else if (index_is_behind(w->index))
		checkpoint(s);
}

void
window_care(struct scheduler *s)
{
	struct window *w = &s->window;

	sweep(s);
	window_flush(s);
	if (w->index == NULL || !w->checkpoint)
		return;
	w->checkpoint = false;
	checkpoint(s);
}

/* ---- birth and end --------------------------------------------------------------------- */

static void
on_timer(void *owner)
{
	scheduler_ask(owner);
}

void
window_init(struct scheduler *s)
{
	struct window *w = &s->window;

	list_init(&w->hungry);
	list_init(&w->shrinking);
	list_init(&w->failed);
	buf_init(&w->rcpts, RCPTS_BYTES);
	sketch_init(&w->senders);
	w->timer = timer_new(s->loop, on_timer, s);
	w->out = timer_new(s->loop, write_out, s);
	w->path = mem_printf("%s/index", s->dirs.path);
}

void
window_open(struct scheduler *s)
{
	struct window *w = &s->window;
	struct err err;
	bool fresh;

	w->index = index_open(w->path, &fresh, &err);
	if (w->index != NULL)
		return;
	log_error("the index cannot be opened; entries wait in memory: %s",
	    err.text);
	w->broken = true;
	w->tried = scheduler_now(s);
}

/* Entries that were tried keep how often; the others are found again in
 * their segments anyway. */
static void
keep_tried(struct scheduler *s)
{
	struct message *message;
	size_t at = 0;

	while ((message = map_each(&s->queue.messages, &at)) != NULL) {
		struct link *link, *next;

		message->busy++;
		for (link = list_first(&message->entries); link != NULL;
		    link = next) {
			struct entry *entry = list_item(link, struct entry,
			    sibling);

			next = list_next(&message->entries, link);
			if (entry->attempts == 0 ||
			    entry->state == ENTRY_FLYING ||
			    s->window.index == NULL)
				continue;
			entry_pull(&s->queue, entry);
			window_spill(s, entry);
		}
		message->busy--;
	}
}

void
window_close(struct scheduler *s)
{
	struct window *w = &s->window;

	if (w->index != NULL) {
		keep_tried(s);
		window_flush(s);
	}
	if (w->index != NULL)
		index_close(&w->index);
	timer_free(&w->timer);
	timer_free(&w->out);
	buf_fini(&w->rcpts);
	sketch_fini(&w->senders);
	mem_free(w->path);
}
