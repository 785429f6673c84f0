/* SPDX-License-Identifier: ISC
 *
 * takeup.c - from a record in a segment to entries in the queue.
 */
#include "scheduler/takeup.h"

#include "base/log.h"
#include "scheduler/copies.h"
#include "scheduler/deadline.h"
#include "scheduler/past.h"
#include "scheduler/quarantine.h"
#include "scheduler/say.h"
#include "scheduler/scheduler.h"

enum {				/* seconds an arrival may be off our clock */
	SKEW_LEAST = 2,		/* … before anybody wonders why */
	SKEW_MOST = 3600
};

/* ---- grouping ------------------------------------------------------------------- */

/* The entry of MESSAGE that recipients of DOMAIN go into. */
static struct entry *
entry_for(struct scheduler *s, struct message *message,
    struct domain *domain, const struct takeup_how *how)
{
	struct site *site = domain->site;
	struct entry **open = site != NULL ? &site->grouping :
	    &domain->grouping;
	uint64_t *stamp = site != NULL ? &site->grouping_stamp :
	    &domain->grouping_stamp;
	unsigned most = site != NULL ? site->recipients :
	    routes_recipients(s, domain);

	if (*stamp == s->routes.stamp && (*open)->rcpt_count < most)
		return *open;
	*stamp = s->routes.stamp;
	*open = entry_new(&s->queue, message);
	(*open)->attempts = (uint16_t)how->attempts;
	(*open)->warned = how->warned;
	(*open)->epoch = s->routes.epoch;
	(*open)->domain = domain;
	domain->entries++;
	return *open;
}

/* Placing may free the message when all its entries end at once: it is
 * busy until all are placed. */
void
takeup_group(struct scheduler *s, struct message *message,
    const struct envelope *envelope, const uint32_t *rcpts, uint32_t count,
    const struct takeup_how *how)
{
	struct link *link, *next;

	message->busy++;
	s->routes.stamp++;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t rcpt = rcpts[i];
		struct domain *domain = routes_domain(s,
		    address_domain(envelope->rcpts[rcpt].address));

		entry_add_rcpt(entry_for(s, message, domain, how), rcpt);
	}
	for (link = list_first(&message->entries); link != NULL;
	    link = next) {
		struct entry *entry = list_item(link, struct entry, sibling);

		next = list_next(&message->entries, link);
		if (entry->state != ENTRY_IDLE)
			continue;
		if (how->not_before > 0 &&
		    (message->flags & MESSAGE_HELD) == 0)
			window_park(s, entry, how->not_before, TAKEUP_EARLY);
		else
			window_place(s, entry, how->place);
	}
	message->busy--;
}

/* ---- a record -------------------------------------------------------------------- */

static usec_t
distance(usec_t a, usec_t b)
{
	return a > b ? a - b : b - a;
}

/* ARRIVED of new mail by the queue's clock.  Receivers write down what the
 * machine's says, which that does not follow when it jumps. */
static usec_t
arrival_of(const struct scheduler *s, usec_t arrived)
{
	usec_t now = scheduler_wall(s), off, here;

	if (distance(now, arrived) < (usec_t)SKEW_LEAST * 1000000)
		return arrived;
	off = scheduler_clock_off(s);
	here = arrived - off;
	return distance(off, 0) >= (usec_t)SKEW_LEAST * 1000000 &&
	    distance(now, here) < distance(now, arrived) ? here : arrived;
}

/* Arrivals that are far off our clock nonetheless count as arrived now: a
 * clock that jumped must neither expire mail nor keep it for ever. */
static usec_t
sane_arrival(const struct scheduler *s, const struct segment *segment,
    usec_t written)
{
	usec_t arrived = segment->old ? written : arrival_of(s, written);
	usec_t now = scheduler_wall(s), skew = now - arrived;

	if (skew < -(usec_t)SKEW_MOST * 1000000 ||
	    (!segment->old && skew > (usec_t)SKEW_MOST * 1000000))
		return now;
	return arrived;
}

static uint8_t
wants_success(const struct envelope *envelope)
{
	for (uint32_t i = 0; i < envelope->rcpt_count; i++)
		if ((envelope->rcpts[i].notify & NOTIFY_SUCCESS) != 0)
			return MESSAGE_SUCCESS;
	return 0;
}

static struct message *
make_message(struct scheduler *s, struct segment *segment,
    const struct reader_found *record, struct msgid id,
    const struct envelope *envelope, uint8_t klass)
{
	struct message *message = message_new(&s->queue, id);

	message->klass = klass;
	message->segment = segment;
	message->offset = record->from;
	message->size = record_size(&record->header);
	message->arrived = sane_arrival(s, segment, envelope->arrived);
	message->taken = scheduler_wall(s);
	message->flags = wants_success(envelope);
	message->sender = names_of(s, envelope);
	deadline_set(s, message, envelope);
	message->slept = outages_since(&s->outages, message->released);
	return message;
}

/* Recipients of the message that are in memory already (after the index
 * was lost, everything is read again). */
static void
add_present(const struct message *message, struct rcpt_set *there)
{
	const struct link *link;

	for (link = list_first(&message->entries); link != NULL;
	    link = list_next(&message->entries, link)) {
		const struct entry *entry = list_item(link, struct entry,
		    sibling);

		for (uint32_t i = 0; i < entry->rcpt_count; i++)
			rcpt_set_add(there, entry->rcpts[i]);
	}
	report_present(message, there);
}

struct takeup {
	struct segment *segment;
	const struct reader_found *record;
	struct msgid id;	/* by which it goes */
	struct rcpt_set done;	/* not to be taken up, for whatever reason */
	uint32_t claimed;	/* of these: in the index */
	struct fate fate;	/* with the class that counts */
};

static uint8_t
came_as(const struct segment *segment, const struct reader_found *record)
{
	return record->header.klass < CLASS_COUNT ? record->header.klass :
	    segment->name.klass;
}

/* Whether MESSAGE is the one whose record is taken up. */
static bool
is_this(const struct takeup *t, const struct message *message)
{
	return message->segment == t->segment &&
	    message->offset == t->record->from;
}

/*
 * Another message has the id: nothing of the two is mixed up, and this one
 * goes on under another id.
 */
static void
find_id(struct scheduler *s, struct takeup *t)
{
	const struct message *present;
	char text[MSGID_TEXT + 1], other[MSGID_TEXT + 1];
	char where[SEGMENT_FILE_SIZE + 16];

	present = message_find(&s->queue, t->id);
	if (envelope_is_copy(t->record->envelope) ||
	    ((present == NULL || is_this(t, present)) && (!t->segment->old ||
	    !window_has_other(s, t->segment, t->record->from, t->id))))
		return;
	t->id = record_alias(&t->record->header, t->record->from);
	log_warn("%s: another message has this id: the one in %s, byte %llu, "
	    "goes on as %s", msgid_text(t->record->header.id, text),
	    segment_text(t->segment, where),
	    (unsigned long long)t->record->from, msgid_text(t->id, other));
}

/* DONE becomes what is final, in the index, or in memory. */
static void
look_back(struct scheduler *s, struct takeup *t)
{
	struct message *present;
	uint32_t before;

	if (t->segment->past != NULL)
		t->fate = past_of(t->segment->past, t->record->from,
		    &t->done);
	if (t->fate.klass == CLASS_COUNT)
		t->fate.klass = came_as(t->segment, t->record);
	if (t->done.count < t->done.total &&
	    envelope_is_copy(t->record->envelope))
		copies_look_back(s, t->segment, t->record, &t->done,
		    &t->fate);
	if (t->done.count < t->done.total)
		t->segment->live += record_size(&t->record->header);
	if (t->done.count < t->done.total)
		find_id(s, t);
	present = message_find(&s->queue, t->id);
	if (present != NULL)
		add_present(present, &t->done);
	before = t->done.count;
	if (before < t->done.total || t->fate.taken_away)
		window_claim(s, t->segment, t->record->from, t->id,
		    t->fate.klass, &t->done);
	t->claimed = t->done.count - before;
	segment_opened(t->segment, t->claimed);
	if (present != NULL)
		present->open += t->claimed;
}

static void
take_rest(struct scheduler *s, struct takeup *t,
    const struct envelope *envelope)
{
	uint32_t total = t->done.total, left = total - t->done.count, n = 0;
	uint32_t *rcpts = mem_array(left, sizeof *rcpts);
	struct takeup_how how = { 0 };
	struct message *message = message_find(&s->queue, t->id);

	for (uint32_t i = 0; i < total; i++)
		if (!rcpt_set_has(&t->done, i))
			rcpts[n++] = i;
	if (message == NULL) {
		message = make_message(s, t->segment, t->record, t->id,
		    envelope, t->fate.klass);
		message->open = t->claimed;
	}
	message->open += left;
	segment_opened(t->segment, left);
	how.warned = t->fate.warned;
	if (t->fate.held)
		message->flags |= MESSAGE_HELD;
	say_active(message, envelope);
	if (message->released > message->arrived &&
	    message->released > message->taken)
		how.not_before = message->released;
	takeup_group(s, message, envelope, rcpts, left, &how);
	message_release(&s->queue, message);
	mem_free(rcpts);
}

void
takeup_record(struct scheduler *s, struct segment *segment,
    const struct reader_found *record)
{
	struct takeup t = { .segment = segment, .record = record,
	    .id = record->header.id,
	    .fate = { .klass = came_as(segment, record) } };
	struct envelope *envelope;
	struct err err;

	if (!segment->old && envelope_is_copy(record->envelope))
		return;		/* who made it has seen to it */
	rcpt_set_init(&t.done, record->header.rcpt_count);
	if (segment->old) {
		look_back(s, &t);
	} else {
		find_id(s, &t);
		segment->live += record_size(&record->header);
	}
	if (t.done.count == t.done.total) {
		rcpt_set_fini(&t.done);
		return;
	}
	envelope = envelope_decode(record->envelope, &err);
	if (envelope != NULL &&
	    envelope->rcpt_count == record->header.rcpt_count) {
		take_rest(s, &t, envelope);
	} else {
		segment_left(segment, record_size(&record->header));
		quarantine_record(s, segment, record->from,
		    record_size(&record->header), record->header.id,
		    envelope != NULL ? "its recipients do not add up" :
		    err.text);
	}
	envelope_free(&envelope);
	rcpt_set_fini(&t.done);
}

/* What was done before it was damaged is no loss. */
void
takeup_damaged(struct scheduler *s, struct segment *segment,
    const struct reader_found *found)
{
	struct rcpt_set done;

	quarantine_exclude(segment, found->from, found->to);
	rcpt_set_init(&done, found->header.rcpt_count);
	if (segment->past != NULL)
		(void)past_of(segment->past, found->from, &done);
	if (done.count < done.total)
		quarantine_record(s, segment, found->from,
		    found->to - found->from, found->header.id, found->why);
	rcpt_set_fini(&done);
}
