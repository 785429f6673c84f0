/* SPDX-License-Identifier: ISC
 *
 * load.c - from a row of the index to entries in memory.
 */
#include "scheduler/window.h"

#include "base/log.h"
#include "base/mem.h"
#include "scheduler/deadline.h"
#include "scheduler/quarantine.h"
#include "scheduler/results.h"
#include "scheduler/scheduler.h"
#include "scheduler/takeup.h"
#include "scheduler/walk.h"

#include <endian.h>

/* ---- rows ---------------------------------------------------------------------------- */

void
row_copy(const struct index_row *from, struct row *to)
{
	to->row = *from;
	to->rcpts = mem_alloc(from->rcpts.length + 1);
	memcpy(to->rcpts, from->rcpts.data, from->rcpts.length);
	to->domain = span_copy(from->domain);
	to->reason = span_copy(from->reason);
	to->row.rcpts.data = to->rcpts;
	to->row.domain.data = (const uint8_t *)to->domain;
	to->row.reason.data = (const uint8_t *)to->reason;
}

void
row_fini(struct row *row)
{
	mem_free(row->rcpts);
	mem_free(row->domain);
	mem_free(row->reason);
}

uint32_t
row_rcpt_count(const struct row *row)
{
	return (uint32_t)(row->row.rcpts.length / sizeof(uint32_t));
}

uint32_t
row_rcpt(const struct row *row, uint32_t at)
{
	uint32_t rcpt;

	memcpy(&rcpt, row->rcpts + at * sizeof rcpt, sizeof rcpt);
	return le32toh(rcpt);
}

/* ---- a clock that was ahead ---------------------------------------------------------- */

enum { AHEAD_LEAST = 60 * 1000000 };	/* us; clocks of one life are nearer */

bool
row_set_right(struct index_row *row, usec_t now)
{
	usec_t ahead = row->arrived - now;

	if (ahead < AHEAD_LEAST)
		return false;
	row->arrived -= ahead;
	if (row->due > ahead)
		row->due -= ahead;
	return true;
}

/* ---- loading ------------------------------------------------------------------------- */

static bool
sum_row(void *owner, const struct index_row *row)
{
	*(uint32_t *)owner += (uint32_t)(row->rcpts.length / 4);
	return true;
}

/* The message of ROW, with all its recipients in the index counted. */
static struct message *
message_of(struct scheduler *s, struct segment *segment,
    const struct index_row *row)
{
	struct message *message = message_find(&s->queue, row->id);
	uint32_t open = 0;
	struct err err;

	if (message != NULL)
		return message;
	if (!index_each_of(s->window.index, row->id, sum_row, &open, &err)) {
		window_fail(s, &err);
		return NULL;
	}
	message = message_new(&s->queue, row->id);
	message->klass = row->klass < CLASS_COUNT ? row->klass :
	    segment->name.klass;
	message->segment = segment;
	message->offset = row->offset;
	message->size = row->size;
	message->arrived = row->arrived;
	message->sender = row->sender;
	message->taken = scheduler_wall(s);
	message->open = open;
	if ((row->warned & ROW_TIMED) != 0)
		deadline_read(s, message);
	else
		deadline_set(s, message, NULL);
	message->slept = outages_since(&s->outages, message->released);
	return message;
}

static void
uncount(struct scheduler *s, const struct index_row *row,
    struct domain *domain)
{
	if (row->place == INDEX_READY)
		window_row_removed(s, domain, row->klass, row->sender);
	else
		queue_count(&s->queue, row->klass, row->place == INDEX_HELD ?
		    COUNT_HELD : COUNT_WAITING, COUNT_STATES);
}

/* Several recipients may have come to lead to different sites by now. */
static void
regroup(struct scheduler *s, struct message *message, const struct row *row,
    const struct takeup_how *how)
{
	uint32_t count = row_rcpt_count(row), n = 0;
	uint32_t *rcpts = mem_array(count, sizeof *rcpts);
	struct record_header header;
	struct envelope *envelope = NULL;
	struct err err;
	int fd = segment_fd(s, message->segment, &err);

	if (fd == -1 || !record_peek(fd, message->offset, &message->id,
	    &header, &envelope, &err)) {
		results_unreadable(s, message, row, &err);
		mem_free(rcpts);
		return;
	}
	for (uint32_t i = 0; i < count; i++)
		if (row_rcpt(row, i) < envelope->rcpt_count)
			rcpts[n++] = row_rcpt(row, i);
	takeup_group(s, message, envelope, rcpts, n, how);
	envelope_free(&envelope);
	mem_free(rcpts);
}

static void
single(struct scheduler *s, struct message *message, const struct row *row,
    struct domain *domain, const struct takeup_how *how)
{
	struct entry *entry = entry_new(&s->queue, message);

	entry_add_rcpt(entry, row_rcpt(row, 0));
	entry->attempts = row->row.attempts;
	entry->warned = how->warned;
	entry->hastened = how->hastened;
	entry->domain = domain;
	domain->entries++;
	window_place(s, entry, how->place);
}

struct segment *
window_segment(const struct scheduler *s, const struct index_row *row)
{
	struct segment *segment = segment_find(s, row->segment);

	if (segment == NULL || segment->gone ||
	    row->offset >= segment->taken ||
	    quarantine_has(segment, row->offset) ||
	    ranges_at(&segment->erased, row->offset) != NULL)
		return NULL;
	return segment;
}

/* The index may say what it likes: a row counts if its message is where it
 * says.  One that is not goes, before anything is counted by it. */
static bool
is_true(struct scheduler *s, struct segment *segment, const struct row *row)
{
	char id[MSGID_TEXT + 1], text[SEGMENT_FILE_SIZE + 16];
	struct err err;
	int fd = segment_fd(s, segment, &err);

	if (fd == -1 || record_is(fd, row->row.offset, row->row.id))
		return true;
	log_warn("%s: the index has it in %s, byte %llu, where it is not",
	    msgid_text(row->row.id, id), segment_text(segment, text),
	    (unsigned long long)row->row.offset);
	window_drop(s, row);
	return false;
}

bool
window_remove(struct scheduler *s, const struct row *row)
{
	struct domain *domain;
	struct err err;
	bool found;

	if (s->window.index == NULL)
		return false;
	if (!index_delete(s->window.index, row->row.id, row->row.first_rcpt,
	    &found, &err)) {
		window_fail(s, &err);
		return false;
	}
	s->window.dirty = s->window.checkpoint = true;
	domain = routes_domain(s, row->row.domain);
	uncount(s, &row->row, domain);
	return true;
}

bool
window_take(struct scheduler *s, const struct row *row)
{
	struct segment *segment = s->window.index == NULL ? NULL :
	    window_segment(s, &row->row);

	return segment != NULL && is_true(s, segment, row) &&
	    window_remove(s, row);
}

void
window_load(struct scheduler *s, const struct row *row, enum place place)
{
	struct segment *segment = window_segment(s, &row->row);
	struct takeup_how how = { .attempts = row->row.attempts,
	    .warned = (row->row.warned & ROW_WARNED) != 0,
	    .hastened = (row->row.warned & ROW_HASTENED) != 0,
	    .place = place };
	struct message *message;

	if (segment == NULL || row_rcpt_count(row) == 0 ||
	    s->window.index == NULL)
		return;
	message = message_of(s, segment, &row->row);
	if (message == NULL)
		return;
	message->busy++;
	if (window_take(s, row)) {
		walks_note(s, &row->row);
		message->flags |= row->row.warned & ROW_SUCCESS;
		if (row_rcpt_count(row) == 1)
			single(s, message, row, routes_domain(s,
			    row->row.domain), &how);
		else
			regroup(s, message, row, &how);
	}
	message->busy--;
	message_release(&s->queue, message);
}

void
window_rewrite(struct scheduler *s, const struct row *row,
    struct index_row *new)
{
	struct domain *domain = routes_domain(s, row->row.domain);
	struct err err;

	if (s->window.index == NULL || window_segment(s, &row->row) == NULL)
		return;
	uncount(s, &row->row, domain);
	new->site = domain->hash;
	if (!index_put(s->window.index, new, &err)) {
		window_fail(s, &err);
		return;
	}
	s->window.dirty = s->window.checkpoint = true;
	walks_note(s, new);
	if (new->place == INDEX_READY)
		window_row_added(s, domain, new->klass, new->sender);
	else
		queue_count(&s->queue, new->klass, COUNT_STATES,
		    new->place == INDEX_HELD ? COUNT_HELD : COUNT_WAITING);
	if (new->place == INDEX_DUE && new->due < s->window.next_due)
		s->window.next_due = new->due;
	scheduler_ask(s);
}

void
window_move(struct scheduler *s, const struct row *row,
    enum index_place place, usec_t due)
{
	struct index_row new = row->row;

	new.place = (uint8_t)place;
	new.due = due;
	window_rewrite(s, row, &new);
}

bool
window_row_is_early(const struct scheduler *s, const struct row *row)
{
	return row->row.attempts == 0 && (row->row.warned & ROW_TIMED) != 0 &&
	    row->row.due > scheduler_wall(s);
}

void
window_drop(struct scheduler *s, const struct row *row)
{
	struct err err;
	bool found;

	if (!s->intake.complete || s->window.index == NULL)
		return;
	if (!index_delete(s->window.index, row->row.id, row->row.first_rcpt,
	    &found, &err))
		window_fail(s, &err);
	s->window.dirty = s->window.checkpoint = true;
}
