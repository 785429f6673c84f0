/* SPDX-License-Identifier: ISC
 *
 * relocate.c - a message in the queue comes to live in another record.
 */
#include "scheduler/relocate.h"

#include "base/mem.h"
#include "scheduler/control.h"
#include "scheduler/deadline.h"
#include "scheduler/scheduler.h"

/* ---- looking --------------------------------------------------------------------------- */

static bool
add_entries(const struct message *message, struct rcpt_set *waiting)
{
	for (const struct link *link = list_first(&message->entries);
	    link != NULL; link = list_next(&message->entries, link)) {
		const struct entry *entry = list_item(link, struct entry,
		    sibling);

		if (entry->state == ENTRY_FLYING ||
		    entry->state == ENTRY_IDLE)
			return false;
		for (uint32_t i = 0; i < entry->rcpt_count; i++)
			rcpt_set_add(waiting, entry->rcpts[i]);
	}
	return true;
}

bool
relocate_can(const struct item *item, struct rcpt_set *waiting)
{
	const struct message *message = item->message;

	if (message != NULL && (message->report != NULL ||
	    message->busy > 0 || (message->flags & MESSAGE_DELETED) != 0 ||
	    !add_entries(message, waiting)))
		return false;
	for (size_t i = 0; i < item->row_count; i++)
		for (uint32_t r = 0; r < row_rcpt_count(&item->rows[i]); r++)
			rcpt_set_add(waiting, row_rcpt(&item->rows[i], r));
	return waiting->count > 0 &&
	    (message == NULL || message->open == waiting->count);
}

bool
relocate_held(const struct item *item)
{
	if (item->message != NULL &&
	    (item->message->flags & MESSAGE_HELD) != 0)
		return true;
	for (size_t i = 0; i < item->row_count; i++)
		if (item->rows[i].row.place == INDEX_HELD)
			return true;
	return false;
}

bool
relocate_warned(const struct item *item)
{
	const struct link *link;

	for (size_t i = 0; i < item->row_count; i++)
		if ((item->rows[i].row.warned & ROW_WARNED) != 0)
			return true;
	if (item->message == NULL)
		return false;
	for (link = list_first(&item->message->entries); link != NULL;
	    link = list_next(&item->message->entries, link))
		if (list_item(link, struct entry, sibling)->warned)
			return true;
	return false;
}

/* ---- moving ------------------------------------------------------------------------------ */

static void
move_row(struct scheduler *s, const struct row *row, const struct home *to)
{
	struct index_row new = row->row;
	bool now = to->klass < new.klass;

	new.segment = to->segment->name;
	new.offset = to->offset;
	new.size = to->size;
	new.klass = to->klass;
	if (new.place == INDEX_DUE && now && !window_row_is_early(s, row)) {
		new.place = INDEX_READY;
		new.due = 0;
	}
	window_rewrite(s, row, &new);
}

/* Where its domain leads, at the end of its line; LATER is when it was due,
 * 0: it was. */
static void
place_again(struct scheduler *s, struct entry *entry, usec_t later)
{
	const struct message *message = entry->message;

	if (later == 0 || (message->flags & MESSAGE_HELD) != 0)
		window_place(s, entry, PLACE_NEW);
	else
		window_park(s, entry, later, "");
}

/* All of its entries leave the lines of the old class, and then enter those
 * of the new one. */
static void
change_class(struct scheduler *s, struct message *message, uint8_t klass)
{
	bool now = klass < message->klass &&
	    message->released <= scheduler_wall(s);
	usec_t *later = mem_array(message->entries.count + 1, sizeof *later);
	struct link *link, *next;
	size_t i = 0;

	for (link = list_first(&message->entries); link != NULL;
	    link = list_next(&message->entries, link), i++) {
		struct entry *entry = list_item(link, struct entry, sibling);

		if (entry->state == ENTRY_LATER && !now)
			later[i] = entry->wait.key;
		entry_pull(&s->queue, entry);
	}
	message->klass = klass;
	deadline_again(s, message);
	for (i = 0, link = list_first(&message->entries); link != NULL;
	    link = next, i++) {
		next = list_next(&message->entries, link);
		place_again(s, list_item(link, struct entry, sibling),
		    later[i]);
	}
	mem_free(later);
}

static void
move_memory(struct scheduler *s, struct message *message,
    const struct home *to)
{
	message->busy++;
	message->segment = to->segment;
	message->offset = to->offset;
	message->size = to->size;
	if (message->klass != to->klass)
		change_class(s, message, to->klass);
	message->busy--;
	message_release(&s->queue, message);
}

void
relocate(struct scheduler *s, struct item *item, const struct home *to)
{
	struct segment *from = item->segment;
	uint32_t open = item->message != NULL ? item->message->open : 0;

	if (item->message == NULL)
		for (size_t i = 0; i < item->row_count; i++)
			open += row_rcpt_count(&item->rows[i]);
	segment_moved(s, from, item->offset, to->segment->name);
	segment_opened(to->segment, open);
	to->segment->live += to->size;
	for (size_t i = 0; i < item->row_count; i++)
		move_row(s, &item->rows[i], to);
	if (item->message != NULL)
		move_memory(s, item->message, to);
	segment_left(from, item->size);
	segment_settled(s, from, open);
	control_wake(s->control);
	scheduler_ask(s);
}
