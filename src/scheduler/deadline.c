/* SPDX-License-Identifier: ISC
 *
 * deadline.c - the times that a message brings with it.
 */
#include "scheduler/deadline.h"

#include "base/log.h"
#include "scheduler/results.h"
#include "scheduler/scheduler.h"

enum { RINGS_A_TURN = 256 };
#include "spool/segment.h"

/*
 * The times of an envelope are by the clock that was right when it came;
 * if ARRIVED was not, they are moved along with it.
 */
static void
follow_envelope(struct scheduler *s, struct message *message,
    const struct envelope *envelope)
{
	usec_t moved = message->arrived - envelope->arrived;

	if (envelope->hold > envelope->arrived)
		message->released = envelope->hold + moved;
	if (envelope->by == 0)
		return;
	message->deadline = envelope->by + moved;
	if (message->deadline < 1)
		message->deadline = 1;	/* 0 stands for none */
	message->by = BY_ASKED;
	if (envelope->by_return)
		message->by |= BY_RETURN;
	if ((envelope->flags & ENVELOPE_TRACE) != 0)
		message->by |= BY_TRACE;
	heap_put(&s->queue.deadlines, &message->alarm, message->deadline);
}

void
deadline_set(struct scheduler *s, struct message *message,
    const struct envelope *envelope)
{
	msec_t goal = s->conf->classes[message->klass].deadline;

	message->released = message->arrived;
	if (envelope != NULL)
		follow_envelope(s, message, envelope);
	if (message->deadline == 0 && goal > 0)
		message->deadline = message->released +
		    conf_time(s->conf, goal) * 1000;
}

void
deadline_again(struct scheduler *s, struct message *message)
{
	if ((message->by & BY_ASKED) != 0)
		return;
	message->deadline = message->released +
	    conf_time(s->conf, s->conf->classes[message->klass].deadline) *
	    1000;
	if (message->deadline == message->released)
		message->deadline = 0;
}

/* What is damaged there shows when the message is sent. */
void
deadline_read(struct scheduler *s, struct message *message)
{
	struct record_header header;
	struct envelope *envelope = NULL;
	char id[MSGID_TEXT + 1];
	struct err err;
	int fd = segment_fd(s, message->segment, &err);

	if (fd == -1 || !record_peek(fd, message->offset,
	    &message->id, &header, &envelope, &err))
		log_warn("%s: its deadline cannot be read, it goes without: "
		    "%s", msgid_text(message->id, id), err.text);
	deadline_set(s, message, envelope);
	envelope_free(&envelope);
}

const char *
deadline_why(const struct message *message)
{
	return (message->by & BY_RETURN) != 0 ?
	    "not delivered within the time its sender gave it" :
	    "not delivered within the time its sender asked for";
}

/* ---- when the time is over --------------------------------------------------- */

/* Its sender is told, and it goes on waiting where it is: it gets no turn by
 * this that others should have had. */
static void
tell(struct scheduler *s, struct message *message)
{
	struct link *link;

	for (link = list_first(&message->entries); link != NULL;
	    link = list_next(&message->entries, link))
		results_tell_late(s, list_item(link, struct entry, sibling));
}

/* Placing an entry looks at its deadline.  What flies comes back, and is
 * looked at then. */
static void
give_back(struct scheduler *s, struct message *message)
{
	struct link *link, *next;

	for (link = list_first(&message->entries); link != NULL;
	    link = next) {
		struct entry *entry = list_item(link, struct entry, sibling);

		next = list_next(&message->entries, link);
		if (entry->state == ENTRY_FLYING ||
		    entry->state == ENTRY_IDLE)
			continue;
		entry_pull(&s->queue, entry);
		window_place(s, entry, PLACE_FRONT);
	}
}

static void
ring(struct scheduler *s, struct message *message)
{
	message->busy++;
	if ((message->by & BY_RETURN) != 0)
		give_back(s, message);
	else
		tell(s, message);
	message->busy--;
	message_release(&s->queue, message);
}

void
deadlines_work(struct scheduler *s)
{
	usec_t now = scheduler_wall(s);
	struct heap_node *first;
	unsigned count = 0;

	while ((first = heap_first(&s->queue.deadlines)) != NULL &&
	    first->key <= now && !reports_are_many(s) &&
	    count++ < RINGS_A_TURN) {
		heap_remove(&s->queue.deadlines, first);
		ring(s, heap_item(first, struct message, alarm));
	}
}

msec_t
deadlines_next(const struct scheduler *s)
{
	struct heap_node *first = heap_first(&s->queue.deadlines);

	if (first == NULL || reports_are_many(s))
		return MSEC_NEVER;
	return (first->key - s->wall_base) / 1000 + 1;
}
