/* SPDX-License-Identifier: ISC
 *
 * names.c - the names of senders, for those who have a rate.
 */
#include "scheduler/names.h"

#include "base/log.h"
#include "scheduler/scheduler.h"

enum { TURN_NAMES = 128 };

uint64_t
names_of(struct scheduler *s, const struct envelope *envelope)
{
	struct span name = span_of(envelope->sender != NULL ?
	    envelope->sender : "");
	uint64_t key = line_sender(name);

	sender_learn(&s->queue, key, name, scheduler_now(s));
	return key;
}

/* A message that cannot be read is of nobody; whoever is to deliver it finds
 * out more. */
static void
read_name(struct scheduler *s, const struct sender *sender,
    const struct message *message)
{
	struct record_header header;
	struct envelope *envelope = NULL;
	struct span name = span_of("");
	char id[MSGID_TEXT + 1];
	struct err err;
	int fd = segment_fd(s, message->segment, &err);

	if (fd == -1 || !record_peek(fd, message->offset,
	    &message->id, &header, &envelope, &err))
		log_warn("%s: its sender cannot be read: %s",
		    msgid_text(message->id, id), err.text);
	else if (envelope->sender != NULL)
		name = span_of(envelope->sender);
	sender_learn(&s->queue, sender->key, name, scheduler_now(s));
	envelope_free(&envelope);
}

bool
names_work(struct scheduler *s)
{
	const struct list *unnamed = &s->queue.senders.unnamed;

	for (int i = 0; i < TURN_NAMES && !list_empty(unnamed); i++) {
		const struct sender *sender = list_item(list_first(unnamed),
		    struct sender, place);
		const struct share *share = list_item(
		    list_first(&sender->shares), struct share, mine);

		read_name(s, sender, list_item(list_first(&share->entries),
		    struct entry, place)->message);
	}
	return !list_empty(unnamed);
}
