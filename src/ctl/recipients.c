/* SPDX-License-Identifier: ISC
 *
 * recipients.c - who shall get it, each once.
 */
#include "ctl/recipients.h"

#include "base/mem.h"

static struct span
key_of(const void *value)
{
	return span_of(value);
}

void
recipients_init(struct recipients *recipients)
{
	*recipients = (struct recipients){ 0 };
	map_init(&recipients->known, key_of);
}

void
recipients_fini(struct recipients *recipients)
{
	size_t i;

	map_fini(&recipients->known);
	for (i = 0; i < recipients->count; i++)
		mem_free(recipients->items[i]);
	mem_free(recipients->items);
}

void
recipients_add(void *owner, struct span mailbox)
{
	struct recipients *recipients = owner;
	char *copy;

	if (map_find(&recipients->known, mailbox) != NULL)
		return;
	if (recipients->count == recipients->room) {
		recipients->room = recipients->room * 2 + 8;
		recipients->items = mem_resize(recipients->items,
		    recipients->room, sizeof(char *));
	}
	copy = span_copy(mailbox);
	recipients->items[recipients->count++] = copy;
	map_add(&recipients->known, copy);
}
