/* SPDX-License-Identifier: ISC
 *
 * recipients.c - who shall get it, each once, and who cannot.
 */
#include "ctl/recipients.h"

#include "base/mem.h"

#include <sysexits.h>

enum { SHOWN_MOST = 128 };

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
	for (i = 0; i < recipients->refused_count; i++) {
		mem_free(recipients->refused[i].address);
		mem_free(recipients->refused[i].why);
	}
	mem_free(recipients->refused);
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

void
recipients_refuse(struct recipients *recipients, struct refusal refusal)
{
	if (recipients->refused_count == recipients->refused_room) {
		recipients->refused_room = recipients->refused_room * 2 + 8;
		recipients->refused = mem_resize(recipients->refused,
		    recipients->refused_room, sizeof(struct refusal));
	}
	recipients->refused[recipients->refused_count++] = refusal;
}

void
recipients_add_none(void *owner, struct span text)
{
	struct recipients *recipients = owner;
	struct span field = recipients->field;

	text = span_first(text, SHOWN_MOST);
	recipients_refuse(recipients, (struct refusal){
		.address = span_copy(text),
		.why = mem_printf("%.*s%snot an address: %.*s",
		    (int)field.length,
		    field.length == 0 ? "" : (const char *)field.data,
		    field.length == 0 ? "" : ": ", (int)text.length,
		    text.length == 0 ? "" : (const char *)text.data),
		.status = "5.1.3",
		.exit = EX_DATAERR,
	});
}
