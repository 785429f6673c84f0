/* SPDX-License-Identifier: ISC
 *
 * change.c - what an operator does to messages.
 */
#include "scheduler/change.h"

#include "scheduler/results.h"
#include "scheduler/rouse.h"
#include "scheduler/say.h"
#include "scheduler/scheduler.h"
#include "scheduler/takeup.h"

/* ---- deleting ------------------------------------------------------------------------- */

static void
delete_row(struct scheduler *s, struct item *item, const struct row *row)
{
	uint32_t count = row_rcpt_count(row);

	if (!window_take(s, row))
		return;
	for (uint32_t i = 0; i < count; i++)
		segment_status(s, item->segment, item->offset,
		    row_rcpt(row, i), STATUS_DELETED, 0, NULL);
	if (item->message != NULL)
		item->message->open -= count;
	segment_settled(s, item->segment, count);
}

static bool
is_early(const struct scheduler *s, const struct message *message)
{
	return message->released > scheduler_wall(s) &&
	    (message->flags & (MESSAGE_DELETED | MESSAGE_HELD)) == 0;
}

/* Entries that do not fly go through placing, where the flags of their
 * message are looked at.  The message may be gone after. */
static void
place_anew(struct scheduler *s, struct message *message)
{
	struct link *link, *next;

	message->busy++;
	for (link = list_first(&message->entries); link != NULL;
	    link = next) {
		struct entry *entry = list_item(link, struct entry, sibling);

		next = list_next(&message->entries, link);
		if (entry->state == ENTRY_FLYING)
			continue;
		entry_pull(&s->queue, entry);
		if (is_early(s, message))
			window_park(s, entry, message->released, TAKEUP_EARLY);
		else
			window_place(s, entry, PLACE_FRONT);
	}
	message->busy--;
	message_release(&s->queue, message);
}

void
change_delete(struct walk *walk, struct item *item, void *owner)
{
	struct scheduler *s = walk->s;

	(void)owner;
	say_change(item->id, "deleted");
	for (size_t i = 0; i < item->row_count; i++)
		delete_row(s, item, &item->rows[i]);
	if (item->message == NULL || item->message->open == 0) {
		segment_left(item->segment, item->size);
		say_removed(item->id);
	}
	if (item->message != NULL) {
		item->message->flags |= MESSAGE_DELETED;
		place_anew(s, item->message);
	}
	walk->count++;
}

/* ---- holding ---------------------------------------------------------------------------- */

void
change_hold(struct walk *walk, struct item *item, void *owner)
{
	struct scheduler *s = walk->s;

	(void)owner;
	say_change(item->id, "held");
	segment_status(s, item->segment, item->offset, STATUS_ALL_RCPTS,
	    STATUS_HELD, 0, NULL);
	for (size_t i = 0; i < item->row_count; i++)
		if (item->rows[i].row.place != INDEX_HELD)
			window_move(s, &item->rows[i], INDEX_HELD,
			    window_row_is_early(s, &item->rows[i]) ?
			    item->rows[i].row.due : 0);
	if (item->message != NULL) {
		item->message->flags |= MESSAGE_HELD;
		place_anew(s, item->message);
	}
	walk->count++;
}

/* Without an index, what is held waits in memory for ever. */
static bool
is_held(const struct item *item)
{
	if (item->message != NULL &&
	    (item->message->flags & MESSAGE_HELD) != 0)
		return true;
	for (size_t i = 0; i < item->row_count; i++)
		if (item->rows[i].row.place == INDEX_HELD)
			return true;
	return false;
}

/* The operator's hold is over; that of its sender may not be. */
static void
release_row(struct scheduler *s, const struct row *row)
{
	struct index_row new = row->row;

	if (new.due > scheduler_wall(s)) {
		new.place = INDEX_DUE;
		new.reason = span_of(TAKEUP_EARLY);
	} else {
		new.place = INDEX_READY;
		new.due = 0;
		new.reason = span_of("");
	}
	window_rewrite(s, row, &new);
}

void
change_release(struct walk *walk, struct item *item, void *owner)
{
	struct scheduler *s = walk->s;

	(void)owner;
	if (!is_held(item))
		return;
	say_change(item->id, "released");
	segment_status(s, item->segment, item->offset, STATUS_ALL_RCPTS,
	    STATUS_RELEASED, 0, NULL);
	for (size_t i = 0; i < item->row_count; i++)
		if (item->rows[i].row.place == INDEX_HELD)
			release_row(s, &item->rows[i]);
	if (item->message != NULL) {
		item->message->flags &= (uint8_t)~MESSAGE_HELD;
		place_anew(s, item->message);
	}
	walk->count++;
}

/* ---- trying --------------------------------------------------------------------------------- */

static void
hasten_row(struct scheduler *s, const struct row *row)
{
	struct index_row new = row->row;

	new.place = INDEX_READY;
	new.due = 0;
	new.warned |= ROW_HASTENED;
	window_rewrite(s, row, &new);
}

static bool
retry_row(struct scheduler *s, const struct row *row, bool early)
{
	struct domain *domain = routes_domain(s, row->row.domain);
	bool changed = rouse_site(s, domain->site);

	if (row->row.place == INDEX_DUE && (early ||
	    !window_row_is_early(s, row))) {
		hasten_row(s, row);
		changed = true;
	}
	return changed;
}

static bool
retry_memory(struct scheduler *s, struct message *message, bool early)
{
	struct link *link, *next;
	bool changed = false;

	message->busy++;
	for (link = list_first(&message->entries); link != NULL;
	    link = next) {
		struct entry *entry = list_item(link, struct entry, sibling);

		next = list_next(&message->entries, link);
		changed |= rouse_site(s, entry->site);
		if (entry->state != ENTRY_LATER ||
		    (message->flags & MESSAGE_HELD) != 0 || (!early &&
		    message->released > scheduler_wall(s)))
			continue;
		entry_pull(&s->queue, entry);
		entry->hastened = true;
		window_place(s, entry, PLACE_LOADED);
		changed = true;
	}
	message->busy--;
	message_release(&s->queue, message);
	return changed;
}

static void
retry(struct walk *walk, struct item *item, bool early)
{
	struct scheduler *s = walk->s;
	bool changed = false;

	for (size_t i = 0; i < item->row_count; i++)
		changed |= retry_row(s, &item->rows[i], early);
	if (item->message != NULL)
		changed |= retry_memory(s, item->message, early);
	walk->count += changed ? 1 : 0;
	scheduler_ask(s);
}

void
change_retry(struct walk *walk, struct item *item, void *owner)
{
	(void)owner;
	retry(walk, item, true);
}

void
change_flush(struct walk *walk, struct item *item, void *owner)
{
	(void)owner;
	retry(walk, item, false);
}
