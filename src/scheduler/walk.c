/* SPDX-License-Identifier: ISC
 *
 * walk.c - through the queue, in order of id, a piece per turn.
 */
#include "scheduler/walk.h"

#include "base/mem.h"
#include "scheduler/scheduler.h"

enum {
	PIECE_USEC = 2000,
	COLLECTED = 256		/* messages in memory that are looked at */
};

/* ---- one message --------------------------------------------------------------------- */

static bool
add_row(void *owner, const struct index_row *row)
{
	struct item *item = owner;

	if ((item->row_count & (item->row_count - 1)) == 0)
		item->rows = mem_resize(item->rows, item->row_count == 0 ? 1 :
		    item->row_count * 2, sizeof *item->rows);
	row_copy(row, &item->rows[item->row_count++]);
	return true;
}

/* Rows that are not (yet) part of the queue do not count. */
static void
keep_known(struct scheduler *s, struct item *item)
{
	size_t kept = 0;

	for (size_t i = 0; i < item->row_count; i++) {
		if (item->rows[i].row.klass < CLASS_COUNT &&
		    window_segment(s, &item->rows[i].row) != NULL)
			item->rows[kept++] = item->rows[i];
		else
			row_fini(&item->rows[i]);
	}
	item->row_count = kept;
}

static void
describe(struct scheduler *s, struct item *item)
{
	const struct message *message = item->message;
	const struct index_row *row;

	if (message != NULL) {
		item->segment = message->segment;
		item->offset = message->offset;
		item->size = message->size;
		item->arrived = message->arrived;
		item->klass = message->klass;
		return;
	}
	row = &item->rows[0].row;
	item->segment = segment_find(s, row->segment);
	item->offset = row->offset;
	item->size = row->size;
	item->arrived = row->arrived;
	item->klass = row->klass;
}

bool
walk_find(struct scheduler *s, struct msgid id, struct item *out)
{
	struct err err;

	*out = (struct item){ .id = id, .message = message_find(&s->queue,
	    id) };
	if (s->window.index != NULL &&
	    !index_each_of(s->window.index, id, add_row, out, &err))
		window_fail(s, &err);
	keep_known(s, out);
	if (out->message != NULL && out->message->open == 0) {
		item_fini(out);
		return false;
	}
	if (out->message == NULL && out->row_count == 0) {
		item_fini(out);
		return false;
	}
	describe(s, out);
	return true;
}

void
item_fini(struct item *item)
{
	for (size_t i = 0; i < item->row_count; i++)
		row_fini(&item->rows[i]);
	mem_free(item->rows);
	envelope_free(&item->envelope);
	*item = (struct item){ 0 };
}

/* ---- the way ------------------------------------------------------------------------------ */

/* Without an index, what waits for a time is in memory. */
static void
take_those_that_wait(struct walk *walk)
{
	const struct heap *later = &walk->s->queue.later;

	for (size_t i = 0; i < later->count; i++)
		idheap_add(&walk->ids, heap_item(later->nodes[i],
		    struct entry, wait)->message->id, false);
}

/* Some of those in memory.  When they moved in their map, all come again:
 * an id is met once, however often it was taken. */
static void
collect(struct walk *walk)
{
	const struct map *map = &walk->s->queue.messages;
	const struct message *message = NULL;

	if (walk->moves != map->moves)
		walk->at = 0;
	walk->moves = map->moves;
	for (int i = 0; i < COLLECTED; i++) {
		message = map_each(map, &walk->at);
		if (message == NULL) {
			idheap_order(&walk->ids);
			walk->collects = false;
			return;
		}
		if (walk_may_match(walk, message))
			idheap_add(&walk->ids, message->id, false);
	}
}

void
walks_note(struct scheduler *s, const struct index_row *row)
{
	usec_t born = msgid_time(row->id);
	struct link *link;

	for (link = list_first(&s->walks); link != NULL;
	    link = list_next(&s->walks, link)) {
		struct walk *walk = list_item(link, struct walk, link);

		if (!walk->filter.by_id && walk->born >= born &&
		    msgid_compare(row->id, walk->last) > 0 &&
		    walk_may_mean(walk, row))
			idheap_add(&walk->ids, row->id, true);
	}
}

static unsigned
places_of(unsigned wants)
{
	if ((wants & WALK_DUE) != 0)
		return SEARCH_DUE;
	if ((wants & WALK_HELD) != 0)
		return SEARCH_HELD;
	if ((wants & WALK_UNHELD) != 0)
		return SEARCH_DUE | SEARCH_READY;
	return SEARCH_ALL;
}

struct walk *
walk_new(struct scheduler *s, struct filter *filter, unsigned wants)
{
	struct walk *walk = mem_new(struct walk);

	walk->s = s;
	walk->filter = *filter;
	*filter = (struct filter){ 0 };
	walk->wants = wants;
	walk->born = scheduler_wall(s);
	list_append(&s->walks, &walk->link);
	if (walk->filter.by_id) {
		walk->ids = (struct idheap){ .ids = walk->filter.ids,
		    .count = walk->filter.id_count,
		    .room = walk->filter.id_count };
		walk->filter.ids = NULL;
		walk->search.how = SEARCH_IS_OVER;
		return walk;
	}
	search_begin(&walk->search, s, &walk->filter, places_of(wants));
	if ((wants & WALK_DUE) != 0)
		take_those_that_wait(walk);
	else
		walk->collects = true;
	idheap_order(&walk->ids);
	return walk;
}

void
walk_free(struct walk **walk)
{
	if (*walk == NULL)
		return;
	list_remove(&(*walk)->s->walks, &(*walk)->link);
	search_end(&(*walk)->search);
	filter_fini(&(*walk)->filter);
	idheap_fini(&(*walk)->ids);
	mem_free(*walk);
	*walk = NULL;
}

/* The lesser of the two next ids; one that is in both comes once. */
static enum search_step
next_id(struct walk *walk, struct msgid *out)
{
	const struct msgid *mine = idheap_first(&walk->ids);
	struct msgid found;
	enum search_step step = search_peek(&walk->search, &found);
	int order;

	if (step == SEARCH_GOES_ON || (step == SEARCH_OVER && mine == NULL))
		return step;
	order = mine == NULL ? 1 : step == SEARCH_OVER ? -1 :
	    msgid_compare(*mine, found);
	*out = walk->last = order <= 0 ? *mine : found;
	if (order <= 0)
		idheap_take(&walk->ids);
	if (order >= 0)
		search_next(&walk->search);
	return SEARCH_FOUND;
}

static void
visit(struct walk *walk, struct msgid id, walk_fn *fn, void *owner)
{
	struct item item;

	if (!walk_find(walk->s, id, &item))
		return;
	if (walk_matches(walk, &item))
		fn(walk, &item, owner);
	item_fini(&item);
}

bool
walk_on(struct walk *walk, unsigned most, walk_fn *fn, void *owner)
{
	usec_t until = clock_mono_usec() + PIECE_USEC;
	struct msgid id;

	for (; most > 0 && clock_mono_usec() < until; most--) {
		enum search_step step = SEARCH_GOES_ON;

		if (walk->collects)
			collect(walk);
		else
			step = next_id(walk, &id);
		if (step == SEARCH_OVER)
			return false;
		if (step == SEARCH_FOUND)
			visit(walk, id, fn, owner);
	}
	return true;
}
