/* SPDX-License-Identifier: ISC
 *
 * reclass.c - a message in the queue comes to be of another class.
 *
 * The order of operations, which must not be changed:
 *
 *   1. A status that names the class is put down for the journal of the
 *	message's segment.
 *   2. Memory and the rows of the index follow at once: the message, its
 *	entries in their lines, all counts, its times.
 *   3. At the end of this turn the journal is written, and only then the
 *	index: a kill before that leaves the old class, a kill after it the
 *	new one.
 *   4. It is synced within status-sync, like all statuses: a power cut before
 *	that leaves the old class.  There is no moment at which the message
 *	is not in the queue, or is there twice.
 *
 * While a segment is read again its journal has the word: a row that is of
 * another class than the last such status says (or, without one, than its
 * record) is put right when it is claimed (claim.c).
 */
#include "scheduler/reclass.h"

#include "base/crash.h"
#include "base/mem.h"
#include "scheduler/control.h"
#include "scheduler/deadline.h"
#include "scheduler/scheduler.h"

static void
reclass_row(struct scheduler *s, const struct row *row, enum mail_class klass)
{
	struct index_row new = row->row;
	bool sooner = klass < new.klass;

	new.klass = (uint8_t)klass;
	if (new.place == INDEX_DUE && sooner && !window_row_is_early(s, row)) {
		new.place = INDEX_READY;
		new.due = 0;
	}
	window_rewrite(s, row, &new);
}

/* What flies comes back to its line by itself. */
static bool
stands_somewhere(const struct entry *entry)
{
	return entry->state != ENTRY_FLYING && entry->state != ENTRY_IDLE;
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

/* ENTRY leaves its line; when it was due, 0: it was, or is by the change. */
static usec_t
pull(struct scheduler *s, struct entry *entry, bool sooner)
{
	usec_t later = entry->state == ENTRY_LATER && !sooner ?
	    entry->wait.key : 0;

	entry_pull(&s->queue, entry);
	return later;
}

/* All of its entries leave the lines of the old class, and then enter those
 * of the new one. */
static void
reclass_memory(struct scheduler *s, struct message *message,
    enum mail_class klass)
{
	bool sooner = klass < message->klass &&
	    message->released <= scheduler_wall(s);
	size_t count = 0, room = message->entries.count + 1;
	struct entry **pulled = mem_array(room, sizeof(struct entry *));
	usec_t *later = mem_array(room, sizeof *later);

	message->busy++;
	for (struct link *link = list_first(&message->entries); link != NULL;
	    link = list_next(&message->entries, link)) {
		struct entry *entry = list_item(link, struct entry, sibling);

		if (!stands_somewhere(entry))
			continue;
		later[count] = pull(s, entry, sooner);
		pulled[count++] = entry;
	}
	message->klass = (uint8_t)klass;
	deadline_again(s, message);
	for (size_t i = 0; i < count; i++)
		place_again(s, pulled[i], later[i]);
	message->busy--;
	message_release(&s->queue, message);
	mem_free(later);
	mem_free(pulled);
}

bool
reclass(struct scheduler *s, struct item *item, enum mail_class klass)
{
	if (item->klass == klass || (item->message != NULL &&
	    (item->message->flags & MESSAGE_DELETED) != 0))
		return false;
	segment_class(s, item->segment, item->offset, klass);
	for (size_t i = 0; i < item->row_count; i++)
		reclass_row(s, &item->rows[i], klass);
	if (item->message != NULL)
		reclass_memory(s, item->message, klass);
	CRASH_POINT("class-changed");
	control_wake(s->control);
	scheduler_ask(s);
	return true;
}
