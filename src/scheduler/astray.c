/* SPDX-License-Identifier: ISC
 *
 * astray.c - entries that stand at a site which is not theirs any more.
 *
 * `epoch` counts the moments at which a domain left a site.  An entry of
 * several recipients, which may be of several domains, remembers the one at
 * which it was put together, and is looked into when that is over.
 */
#include "scheduler/astray.h"

#include "base/mem.h"
#include "scheduler/scheduler.h"
#include "scheduler/settle.h"
#include "scheduler/takeup.h"

enum {
	SLICE_USEC = 2000,
	CHECK_EVERY = 16	/* entries moved between looks at the clock */
};

void
astray_note(struct scheduler *s, struct site *site)
{
	s->routes.epoch++;
	if (site->entries > 0 && !link_on_list(&site->astray))
		list_append(&s->routes.astray, &site->astray);
	scheduler_ask(s);
}

/* ---- what is inside --------------------------------------------------------------- */

/* Null: it cannot be read now; whoever delivers it meets that too. */
static struct envelope *
read_envelope(struct scheduler *s, const struct message *message)
{
	struct record_header header;
	struct envelope *envelope = NULL;
	struct err err;
	int fd = segment_fd(s, message->segment, &err);

	if (fd == -1 || !record_peek(fd, message->offset, &message->id,
	    &header, &envelope, &err))
		return NULL;
	return envelope;
}

static bool
belongs(struct scheduler *s, const struct entry *entry,
    const struct envelope *envelope)
{
	for (uint32_t i = 0; i < entry->rcpt_count; i++) {
		uint32_t rcpt = entry->rcpts[i];

		if (rcpt < envelope->rcpt_count && routes_domain(s,
		    address_domain(envelope->rcpts[rcpt].address))->site !=
		    entry->site)
			return false;
	}
	return true;
}

bool
astray_has(struct scheduler *s, struct entry *entry)
{
	struct envelope *envelope;
	bool astray;

	if (entry->domain->site != entry->site)
		return true;
	if (entry->rcpt_count == 1 || entry->epoch == s->routes.epoch)
		return false;
	envelope = read_envelope(s, entry->message);
	astray = envelope != NULL && !belongs(s, entry, envelope);
	envelope_free(&envelope);
	if (!astray)
		entry->epoch = s->routes.epoch;
	return astray;
}

/* ---- moving ------------------------------------------------------------------------- */

/* The recipients of ENTRY, in entries by their sites. */
static void
group_anew(struct scheduler *s, struct entry *entry,
    const struct envelope *envelope)
{
	struct message *message = entry->message;
	struct takeup_how how = { .attempts = entry->attempts,
	    .warned = entry->warned, .hastened = entry->hastened,
	    .place = PLACE_MOVED };
	uint32_t count = entry->rcpt_count;
	uint32_t *rcpts = mem_array(count, sizeof *rcpts);

	memcpy(rcpts, entry->rcpts, count * sizeof *rcpts);
	message->busy++;
	entry_free(&s->queue, entry);
	takeup_group(s, message, envelope, rcpts, count, &how);
	message->busy--;
	message_release(&s->queue, message);
	mem_free(rcpts);
}

void
astray_place(struct scheduler *s, struct entry *entry)
{
	struct envelope *envelope = entry->rcpt_count == 1 ? NULL :
	    read_envelope(s, entry->message);

	entry->site = NULL;
	if (envelope == NULL)
		window_place(s, entry, PLACE_MOVED);
	else
		group_anew(s, entry, envelope);
	envelope_free(&envelope);
}

/* Move what is astray in LINE, in its order.  False: the time is up. */
static bool
sort_out(struct scheduler *s, struct line *line, usec_t until)
{
	struct entry *entry, *next;
	unsigned count = 0;

	for (entry = line_next(line, NULL); entry != NULL; entry = next) {
		next = line_next(line, entry);
		if (!astray_has(s, entry))
			continue;
		if (++count % CHECK_EVERY == 0 && clock_mono_usec() > until)
			return false;
		entry_pull(&s->queue, entry);
		astray_place(s, entry);
	}
	return true;
}

bool
astray_work(struct scheduler *s)
{
	usec_t until = clock_mono_usec() + SLICE_USEC;
	struct link *link;

	while ((link = list_first(&s->routes.astray)) != NULL) {
		struct site *site = list_item(link, struct site, astray);

		for (unsigned i = 0; i < site_lines(site); i++)
			if (!sort_out(s, site_line(site, i), until))
				return true;
		list_remove(&s->routes.astray, link);
		routes_drop_site(s, site);
		if (clock_mono_usec() > until)
			break;
	}
	return !list_empty(&s->routes.astray);
}
