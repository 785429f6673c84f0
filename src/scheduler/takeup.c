/* SPDX-License-Identifier: ISC
 *
 * takeup.c - from a record in a segment to entries in the queue.
 */
#include "scheduler/takeup.h"

#include "base/log.h"
#include "scheduler/deadline.h"
#include "scheduler/past.h"
#include "scheduler/quarantine.h"
#include "scheduler/results.h"
#include "scheduler/retry.h"
#include "scheduler/say.h"
#include "scheduler/scheduler.h"

#define LATER "its record was looked at, and is whole"

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
	(*open)->hastened = how->hastened;
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
			window_park(s, entry, how->not_before,
			    how->why != NULL ? how->why : TAKEUP_EARLY);
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
	usec_t not_before;	/* as in struct takeup_how */
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
	if ((present == NULL || is_this(t, present)) && (!t->segment->old ||
	    !window_has_other(s, t->segment, t->record->from, t->id)))
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
	struct takeup_how how = { .not_before = t->not_before,
	    .why = t->not_before > 0 ? LATER : NULL };
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
	    message->released > message->taken) {
		how.not_before = message->released;
		how.why = NULL;
	}
	takeup_group(s, message, envelope, rcpts, left, &how);
	message_release(&s->queue, message);
	mem_free(rcpts);
}

/* NOT_BEFORE: as in struct takeup_how. */
static void
take_up(struct scheduler *s, struct segment *segment,
    const struct reader_found *record, usec_t not_before)
{
	struct takeup t = { .segment = segment, .record = record,
	    .id = record->header.id, .not_before = not_before,
	    .fate = { .klass = came_as(segment, record) } };
	struct envelope *envelope;
	struct err err;

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
		quarantine_add(s, segment, record->from, record->from +
		    record_size(&record->header), SPOILT_DAMAGED,
		    scheduler_now(s));
	}
	envelope_free(&envelope);
	rcpt_set_fini(&t.done);
}

void
takeup_record(struct scheduler *s, struct segment *segment,
    const struct reader_found *record)
{
	take_up(s, segment, record, 0);
}

void
takeup_again(struct scheduler *s, struct segment *segment,
    struct past *past, const struct reader_found *record, bool later)
{
	segment->old = true;
	segment->past = past;
	take_up(s, segment, record, later ? scheduler_wall(s) +
	    retry_pause(s->conf, came_as(segment, record), 1) * 1000 : 0);
	segment->past = NULL;
	segment->old = false;
}

/* ---- one that is damaged -------------------------------------------------------------- */

#define DAMAGED "the message was damaged on the disk of the relay"

/* Recipient RCPT is final as soon as its sender has been told. */
static void
tell_broken(struct scheduler *s, struct message *message,
    const struct envelope *envelope, uint32_t rcpt)
{
	struct tidings t = { .rcpt = rcpt, .action = DSN_FAILED,
	    .status = span_of("5.3.0"), .mta = span_of(""),
	    .text = span_of(DAMAGED), .broken = true };

	say_rcpt(message, envelope->rcpts[rcpt].address, "5.3.0", "bounced",
	    DAMAGED, 0, scheduler_wall(s));
	report_add(s, message, &t);
}

/* The message of the record, in memory; null: others have its ids. */
static struct message *
broken_message(struct scheduler *s, const struct takeup *t,
    const struct envelope *envelope)
{
	struct msgid id = t->id;
	struct message *message = message_find(&s->queue, id);

	if (message != NULL && !is_this(t, message)) {
		id = record_alias(&t->record->header, t->record->from);
		message = message_find(&s->queue, id);
	}
	if (message == NULL)
		return make_message(s, t->segment, t->record, id, envelope,
		    came_as(t->segment, t->record));
	return is_this(t, message) ? message : NULL;
}

/* What was done before it was damaged is no loss, and what is in hand ends as
 * it ends. */
static bool
tell_rest(struct scheduler *s, struct takeup *t, const struct past *past,
    const struct envelope *envelope)
{
	struct message *message = broken_message(s, t, envelope);
	uint32_t left;

	if (message == NULL)
		return false;
	past_final(past, t->record->from, &t->done);
	add_present(message, &t->done);
	left = t->done.total - t->done.count;
	message->open += left;
	segment_opened(t->segment, left);
	t->segment->live += message->open == left ? message->size : 0;
	for (uint32_t i = 0; i < t->done.total; i++)
		if (!rcpt_set_has(&t->done, i))
			tell_broken(s, message, envelope, i);
	results_bump(s, METRIC_FAILED, left);
	message_release(&s->queue, message);
	return true;
}

bool
takeup_broken(struct scheduler *s, struct segment *segment,
    const struct past *past, const struct reader_found *record)
{
	struct takeup t = { .segment = segment, .record = record,
	    .id = record->header.id };
	struct err err;
	struct envelope *envelope = envelope_decode(record->envelope, &err);
	bool told = false;

	if (envelope == NULL)
		return false;
	if (envelope->rcpt_count == record->header.rcpt_count) {
		rcpt_set_init(&t.done, envelope->rcpt_count);
		told = tell_rest(s, &t, past, envelope);
		rcpt_set_fini(&t.done);
	}
	envelope_free(&envelope);
	return told;
}
