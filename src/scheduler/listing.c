/* SPDX-License-Identifier: ISC
 *
 * listing.c - the queue as JSON.
 */
#include "scheduler/listing.h"

#include "scheduler/explain.h"
#include "scheduler/scheduler.h"
#include "wire/frames.h"

/* What is said of a message as a whole, gathered from its parts. */
struct parts {
	json_t *recipients;
	bool active, held, waiting;
	unsigned attempts;
	usec_t next;		/* wall; 0 = none */
	const char *site;
	char rate[EXPLAIN_WAIT_TEXT];	/* of the sender, if it waits for it */
};

static void
add_rcpt(const struct item *item, struct parts *parts, uint32_t rcpt,
    const char *reason)
{
	const struct envelope_rcpt *r;
	json_t *row;

	if (rcpt >= item->envelope->rcpt_count)
		return;
	r = &item->envelope->rcpts[rcpt];
	row = json_object();
	json_object_set_new(row, "address", json_string(r->address));
	if (r->orcpt != NULL)
		json_object_set_new(row, "orig_address",
		    json_string(r->orcpt));
	if (reason != NULL && reason[0] != '\0')
		json_object_set_new(row, "delay_reason",
		    json_string(reason));
	json_array_append_new(parts->recipients, row);
}

static void
note_time(struct parts *parts, usec_t when)
{
	if (parts->next == 0 || when < parts->next)
		parts->next = when;
}

static usec_t
wall_of(const struct scheduler *s, msec_t when)
{
	return scheduler_wall(s) + (when - scheduler_now(s)) * 1000;
}

/* Why mail of the sender with KEY waits: its rate, or else what is known. */
static const char *
note_rate(const struct scheduler *s, struct parts *parts, uint64_t key,
    const char *known)
{
	msec_t until;

	if (!explain_wait(s, key, parts->rate, &until))
		return known;
	note_time(parts, wall_of(s, until));
	return parts->rate;
}

static void
add_row(struct scheduler *s, const struct item *item, struct parts *parts,
    const struct row *row)
{
	const struct domain *domain = map_find(&s->routes.domains,
	    row->row.domain);
	const struct site *site = domain != NULL ? domain->site : NULL;
	const char *reason = row->reason;

	if (row->row.place == INDEX_HELD) {
		parts->held = true;
	} else if (row->row.place == INDEX_DUE) {
		parts->waiting = true;
		note_time(parts, row->row.due);
	} else if (site != NULL && site_is_down(site)) {
		parts->waiting = true;
		reason = site_why(site);
	} else {
		parts->active = true;
		reason = note_rate(s, parts, row->row.sender, reason);
	}
	if (row->row.attempts > parts->attempts)
		parts->attempts = row->row.attempts;
	if (parts->site == NULL)
		parts->site = site != NULL ? site->name : row->domain;
	for (uint32_t i = 0; i < row_rcpt_count(row); i++)
		add_rcpt(item, parts, row_rcpt(row, i), reason);
}

static void
add_entry(struct scheduler *s, const struct item *item,
    struct parts *parts, const struct entry *entry)
{
	const struct site *site = entry->site;
	const char *reason = NULL;

	if ((item->message->flags & MESSAGE_HELD) != 0 &&
	    entry->state != ENTRY_FLYING) {
		parts->held = true;
	} else if (entry->state == ENTRY_LATER) {
		parts->waiting = true;
		note_time(parts, entry->wait.key);
	} else if (entry->state == ENTRY_READY && site_is_down(site)) {
		parts->waiting = true;
		reason = site_why(site);
		if (site_rests(site))
			note_time(parts, wall_of(s, site->rest.key));
	} else {
		parts->active = true;
		if (entry->state == ENTRY_READY)
			reason = note_rate(s, parts, item->message->sender,
			    entry->suspect ? deaths_why() : NULL);
	}
	if (entry->attempts > parts->attempts)
		parts->attempts = entry->attempts;
	if (parts->site == NULL)
		parts->site = site != NULL ? site->name :
		    entry->domain->name;
	for (uint32_t i = 0; i < entry->rcpt_count; i++)
		add_rcpt(item, parts, entry->rcpts[i], reason);
}

static struct parts
gather(struct scheduler *s, const struct item *item)
{
	struct parts parts = { .recipients = json_array() };
	const struct link *link;

	for (size_t i = 0; i < item->row_count; i++)
		add_row(s, item, &parts, &item->rows[i]);
	if (item->message == NULL)
		return parts;
	for (link = list_first(&item->message->entries); link != NULL;
	    link = list_next(&item->message->entries, link))
		add_entry(s, item, &parts,
		    list_item(link, struct entry, sibling));
	return parts;
}

json_t *
listing_row(struct scheduler *s, const struct item *item)
{
	struct parts parts = gather(s, item);
	const struct envelope *envelope = item->envelope;
	const char *queue = parts.active ? "active" : parts.held ? "hold" :
	    parts.waiting ? "deferred" : "active";
	char id[MSGID_TEXT + 1];

	return json_pack("{s:s, s:s, s:I, s:I, s:b, s:s, s:o, s:s, s:i, "
	    "s:i, s:I, s:s}",
	    "queue_name", queue,
	    "queue_id", msgid_text(item->id, id),
	    "arrival_time", (json_int_t)(item->arrived / 1000000),
	    "message_size", (json_int_t)envelope->body_size,
	    "forced_expire", 0,
	    "sender", envelope->reverse_path,
	    "recipients", parts.recipients,
	    "class", class_name(item->klass),
	    "priority", (int)envelope->priority,
	    "attempts", (int)parts.attempts,
	    "next_attempt", (json_int_t)(parts.next / 1000000),
	    "site", parts.site != NULL ? parts.site : "");
}

json_t *
listing_long_row(struct scheduler *s, const struct item *item)
{
	const struct envelope *envelope = item->envelope;
	char text[SEGMENT_FILE_SIZE + 16];
	json_t *row = listing_row(s, item);

	if (envelope->client != NULL)
		json_object_set_new(row, "client",
		    json_string(envelope->client));
	if (envelope->envid != NULL)
		json_object_set_new(row, "envid",
		    json_string(envelope->envid));
	json_object_set_new(row, "size",
	    json_integer((json_int_t)item->size));
	json_object_set_new(row, "segment",
	    json_string(segment_text(item->segment, text)));
	json_object_set_new(row, "offset",
	    json_integer((json_int_t)item->offset));
	return row;
}

/* ---- status ----------------------------------------------------------------------------- */

static json_t *
class_counts(const struct scheduler *s, int klass)
{
	const uint64_t *counts = s->queue.counts[klass];

	return json_pack("{s:I, s:I, s:I, s:I}",
	    "ready", (json_int_t)counts[COUNT_READY],
	    "flying", (json_int_t)counts[COUNT_FLYING],
	    "waiting", (json_int_t)counts[COUNT_WAITING],
	    "held", (json_int_t)counts[COUNT_HELD]);
}

static uint64_t
read_number(const _Atomic uint64_t *number)
{
	return atomic_load_explicit(number, memory_order_relaxed);
}

static json_t *
process_row(const struct board_row *row)
{
	json_t *metrics = json_object();
	uint8_t role = atomic_load(&row->role);

	for (int m = 0; m < METRIC_COUNT; m++) {
		uint64_t value = read_number(&row->metrics[m]);

		if (value != 0)
			json_object_set_new(metrics,
			    metric_name((enum metric)m),
			    json_integer((json_int_t)value));
	}
	return json_pack("{s:s, s:i, s:i, s:I, s:I, s:o}",
	    "role", role < ROLE_COUNT ? role_name(role) : "?",
	    "number", (int)atomic_load(&row->number),
	    "pid", (int)atomic_load(&row->pid),
	    "uptime_s", (json_int_t)((clock_wall() -
	    atomic_load(&row->born)) / 1000000),
	    "beat_ms", (json_int_t)(clock_mono() - atomic_load(&row->beat)),
	    "metrics", metrics);
}

json_t *
listing_loading(const struct scheduler *s)
{
	if (s->intake.complete)
		return NULL;
	return json_pack("{s:I, s:I}",
	    "read", (json_int_t)s->intake.read,
	    "segments", (json_int_t)s->intake.found);
}

/* What is damaged, cannot be read, or is a later version's; nothing of what
 * there is none of. */
static void
add_damage(struct scheduler *s, json_t *row)
{
	const struct ward_sum *sum = ward_sum(s);

	if (sum->corrupt > 0)
		json_object_set_new(row, "corrupt", json_pack("{s:I, s:I}",
		    "files", (json_int_t)sum->corrupt, "oldest_s",
		    (json_int_t)((clock_wall() - sum->oldest) / 1000000)));
	if (sum->unreadable > 0)
		json_object_set_new(row, "unreadable", json_pack("{s:I, s:I}",
		    "parts", (json_int_t)sum->unreadable,
		    "bytes", (json_int_t)sum->unreadable_bytes));
	if (sum->unkept > 0)
		json_object_set_new(row, "unkept",
		    json_integer((json_int_t)sum->unkept));
	if (sum->newer > 0)
		json_object_set_new(row, "newer",
		    json_integer((json_int_t)sum->newer));
}

json_t *
listing_status(struct scheduler *s, usec_t born)
{
	json_t *row, *processes = json_array(), *queue = json_object();

	for (int c = 0; c < CLASS_COUNT; c++)
		json_object_set_new(queue, class_name(c),
		    class_counts(s, c));
	for (int i = 0; s->all != NULL && i < BOARD_ROWS; i++)
		if (atomic_load(&s->all->rows[i].pid) != 0)
			json_array_append_new(processes,
			    process_row(&s->all->rows[i]));
	row = json_pack("{s:s, s:I, s:o, s:o, s:I, s:I, s:I, s:o, s:s*, s:I, "
	    "s:s*, s:o*}",
	    "version", PACKAGE_VERSION,
	    "uptime_s", (json_int_t)((clock_wall() - born) / 1000000),
	    "processes", processes,
	    "queue", queue,
	    "sites", (json_int_t)s->queue.sites.count,
	    "segments", (json_int_t)s->segments.by_name.count,
	    "attention_count", (json_int_t)s->attentions.count,
	    "attention", attention_list(s),
	    "space_kept", compact_why_not(s),
	    "disk_free", (json_int_t)s->disk.free,
	    "disk_short", disk_text(s),
	    "loading", listing_loading(s));
	add_damage(s, row);
	return row;
}
