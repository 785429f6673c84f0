/* SPDX-License-Identifier: ISC
 *
 * quarantine.c - which bytes of a segment are no mail, now or for good.
 *
 * Ranges are in order and apart from each other.
 */
#include "scheduler/quarantine.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"
#include "scheduler/scheduler.h"
#include "spool/corrupt.h"

#include <stdio.h>
#include <string.h>

/* ---- ranges ----------------------------------------------------------------------- */

/* The first range that ends behind OFFSET, or their number. */
static size_t
find(const struct segment *segment, uint64_t offset)
{
	size_t low = 0, high = segment->spoilt_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (segment->spoilt[middle].to <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool
quarantine_has(const struct segment *segment, uint64_t offset)
{
	size_t at = find(segment, offset);

	return segment->alone || (at < segment->spoilt_count &&
	    segment->spoilt[at].from <= offset);
}

static void
insert(struct segment *segment, size_t at, const struct spoilt *range)
{
	if (range->from >= range->to)
		return;
	if (segment->spoilt_count == segment->spoilt_room) {
		segment->spoilt_room = segment->spoilt_room * 2 + 4;
		segment->spoilt = mem_resize(segment->spoilt,
		    segment->spoilt_room, sizeof *segment->spoilt);
	}
	memmove(segment->spoilt + at + 1, segment->spoilt + at,
	    (segment->spoilt_count - at) * sizeof *segment->spoilt);
	segment->spoilt[at] = *range;
	segment->spoilt_count++;
}

void
quarantine_add(struct scheduler *s, struct segment *segment, uint64_t from,
    uint64_t to, enum spoilt_kind kind, msec_t due)
{
	size_t at = find(segment, from);
	struct spoilt range = { from, to, due, (uint8_t)kind };

	if (at < segment->spoilt_count && segment->spoilt[at].from <= from)
		return;
	if (at < segment->spoilt_count && segment->spoilt[at].from < to)
		range.to = segment->spoilt[at].from;
	insert(segment, at, &range);
	if (kind != SPOILT_OVER)
		ward_admit(s, segment, due);
}

/* Take FROM to TO out of the range that holds it; the place of what was
 * behind it. */
static size_t
cut(struct segment *segment, uint64_t from, uint64_t to)
{
	size_t at = find(segment, from);
	struct spoilt before, behind;

	must(at < segment->spoilt_count && segment->spoilt[at].from <= from &&
	    segment->spoilt[at].to >= to);
	before = behind = segment->spoilt[at];
	before.to = from;
	behind.from = to;
	segment->spoilt_count--;
	memmove(segment->spoilt + at, segment->spoilt + at + 1,
	    (segment->spoilt_count - at) * sizeof *segment->spoilt);
	insert(segment, at, &behind);
	insert(segment, at, &before);
	return before.from < before.to ? at + 1 : at;
}

void
quarantine_set(struct segment *segment, uint64_t from, uint64_t to,
    enum spoilt_kind kind, msec_t due)
{
	struct spoilt range = { from, to, due, (uint8_t)kind };

	insert(segment, cut(segment, from, to), &range);
}

void
quarantine_heal(struct segment *segment, uint64_t from, uint64_t to)
{
	cut(segment, from, to);
}

const struct spoilt *
quarantine_next(const struct segment *segment, uint64_t from, msec_t now)
{
	for (size_t i = find(segment, from); i < segment->spoilt_count; i++)
		if (segment->spoilt[i].from >= from &&
		    segment->spoilt[i].kind != SPOILT_OVER &&
		    segment->spoilt[i].due <= now)
			return &segment->spoilt[i];
	return NULL;
}

bool
quarantine_due(const struct segment *segment, msec_t *due)
{
	bool any = false;

	*due = MSEC_NEVER;
	for (size_t i = 0; i < segment->spoilt_count; i++) {
		if (segment->spoilt[i].kind == SPOILT_OVER)
			continue;
		any = true;
		if (segment->spoilt[i].due < *due)
			*due = segment->spoilt[i].due;
	}
	return any;
}

void
quarantine_forget(struct scheduler *s, struct segment *segment)
{
	ward_discharge(s, segment);
	segment->spoilt_count = 0;
	segment->alone = false;
}

/* ---- out of the queue --------------------------------------------------------------- */

/* Those of its entries that are at hand. */
static uint32_t
drop_entries(struct scheduler *s, struct message *message)
{
	struct link *link, *next;
	uint32_t count = 0;

	for (link = list_first(&message->entries); link != NULL;
	    link = next) {
		struct entry *entry = list_item(link, struct entry, sibling);

		next = list_next(&message->entries, link);
		if (entry->state == ENTRY_FLYING)
			continue;
		entry_pull(&s->queue, entry);
		count += entry->rcpt_count;
		entry_free(&s->queue, entry);
	}
	return count;
}

void
quarantine_message(struct scheduler *s, struct message *message,
    enum spoilt_kind kind, const char *why)
{
	struct segment *segment = message->segment;
	char id[MSGID_TEXT + 1];
	uint32_t count;

	log_warn("%s: %s, looking at its record",
	    msgid_text(message->id, id), why);
	message->busy++;
	count = window_take_all(s, message);
	count += drop_entries(s, message);
	count += reports_drop(s, message);
	quarantine_add(s, segment, message->offset, message->offset +
	    message->size, kind, scheduler_now(s));
	must(message->open >= count && segment->open >= count);
	message->open -= count;
	segment->open -= count;
	if (message->open == 0)
		segment_left(segment, message->size);
	message->busy--;
	message_release(&s->queue, message);
}

bool
quarantine_copy(struct scheduler *s, const struct message *message,
    const char *why)
{
	struct corrupt_note note = {
		.segment = message->segment->name,
		.offset = message->offset, .bytes = message->size,
		.when = scheduler_wall(s), .has_id = true, .id = message->id,
	};
	char name[CORRUPT_NAME_SIZE], id[MSGID_TEXT + 1];
	struct err err;
	int fd = segment_fd(s, message->segment, &err);

	snprintf(note.why, sizeof note.why, "%s", why);
	if (fd != -1 && corrupt_keep(&s->dirs, fd, false, &note, name, &err)) {
		log_error("%s: %s: kept as corrupt/%s",
		    msgid_text(message->id, id), why, name);
		return true;
	}
	log_error("%s: %s: cannot be kept in corrupt/: %s",
	    msgid_text(message->id, id), why, err.text);
	return false;
}
