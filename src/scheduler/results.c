/* SPDX-License-Identifier: ISC
 *
 * results.c - what became of recipients, and what follows from it.
 */
#include "scheduler/results.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"
#include "scheduler/deadline.h"
#include "scheduler/quarantine.h"
#include "scheduler/retry.h"
#include "scheduler/say.h"
#include "scheduler/scheduler.h"

#include <errno.h>
#include <stdio.h>

/* ---- ends -------------------------------------------------------------------------- */

void
results_settled(struct scheduler *s, struct message *message,
    uint32_t count)
{
	struct segment *segment = message->segment;
	struct msgid id = message->id;
	bool over;

	if (count == 0) {
		message_release(&s->queue, message);
		return;
	}
	must(message->open >= count);
	message->open -= count;
	over = message->open == 0;
	if (over)
		segment_left(segment, message->size);
	segment_settled(s, segment, count);
	message_release(&s->queue, message);
	if (over)
		say_removed(id);
}

void
results_drop(struct scheduler *s, struct entry *entry)
{
	struct message *message = entry->message;

	entry_free(&s->queue, entry);
	message_release(&s->queue, message);
}

void
results_bump(struct scheduler *s, enum metric metric, int64_t count)
{
	board_add(s->board, metric, count);
}

void
results_deleted(struct scheduler *s, struct entry *entry)
{
	struct message *message = entry->message;
	uint32_t count = entry->rcpt_count;

	for (uint32_t i = 0; i < count; i++)
		segment_status(s, message->segment, message->offset,
		    entry->rcpts[i], STATUS_DELETED, 0, NULL);
	entry_free(&s->queue, entry);
	results_settled(s, message, count);
}

/* ---- putting off ---------------------------------------------------------------------- */

static void
warn_sender(struct scheduler *s, struct entry *entry, struct span status,
    struct span text, unsigned code, struct span mta)
{
	struct message *message = entry->message;

	for (uint32_t i = 0; i < entry->rcpt_count; i++) {
		struct tidings t = { entry->rcpts[i], DSN_DELAYED, code,
		    status, mta, text, false, false, false };

		report_add(s, message, &t);
	}
}

static void
expire(struct scheduler *s, struct entry *entry, struct span text,
    unsigned code, struct span mta)
{
	struct message *message = entry->message;

	for (uint32_t i = 0; i < entry->rcpt_count; i++) {
		struct tidings t = { entry->rcpts[i], DSN_EXPIRED, code,
		    span_of("5.4.7"), mta, text, false, false, false };

		report_add(s, message, &t);
	}
	results_bump(s, METRIC_EXPIRED, entry->rcpt_count);
	results_drop(s, entry);
}

/* The clock of a turn of the loop may stand a few milliseconds before the
 * arrival that a receiver has written down; no time may then seem to be left
 * to a message that came with none (RFC 2852, a by-time of zero). */
static usec_t
clock_for(const struct scheduler *s, const struct message *message)
{
	usec_t now = scheduler_wall(s);

	return now < message->arrived ? message->arrived : now;
}

static bool
warns(const struct scheduler *s, const struct entry *entry)
{
	const struct message *message = entry->message;

	return !entry->warned && retry_warns(s->conf, message,
	    clock_for(s, message));
}

/* Whether the time that its sender gave MESSAGE is over. */
static bool
is_late(const struct message *message, usec_t now)
{
	return (message->by & BY_ASKED) != 0 && now >= message->deadline;
}

bool
results_late(const struct scheduler *s, const struct message *message)
{
	return is_late(message, clock_for(s, message));
}

void
results_put_off(struct scheduler *s, struct entry *entry, struct span status,
    struct span text, unsigned code, struct span mta)
{
	struct message *message = entry->message;
	usec_t now = scheduler_wall(s);
	char reason[RESULTS_REASON_MOST];

	if ((message->flags & (MESSAGE_DELETED | MESSAGE_HELD)) != 0) {
		window_place(s, entry, PLACE_FRONT);
		return;
	}
	results_bump(s, METRIC_DEFERRED, entry->rcpt_count);
	if (retry_end(s->conf, message) <= now) {
		expire(s, entry, text, code, mta);
		return;
	}
	message->busy++;
	if (warns(s, entry)) {
		warn_sender(s, entry, is_late(message, now) ?
		    span_of("4.4.7") : status, text, code, mta);
		entry->warned = true;
	}
	snprintf(reason, sizeof reason, "%.*s",
	    text.length < RESULTS_REASON_MOST ? (int)text.length : RESULTS_REASON_MOST,
	    (const char *)text.data);
	window_park(s, entry, retry_due(s->conf, message, entry->attempts,
	    now), reason);
	message->busy--;
	message_release(&s->queue, message);
}

void
results_tell_late(struct scheduler *s, struct entry *entry)
{
	const struct message *message = entry->message;

	if ((message->by & BY_RETURN) != 0 || !warns(s, entry))
		return;
	warn_sender(s, entry, span_of("4.4.7"), span_of(
	    deadline_why(message)), 0, span_of(""));
	entry->warned = true;
}

bool
results_aged(struct scheduler *s, struct entry *entry)
{
	struct message *message = entry->message;
	bool late = results_late(s, message);
	const char *why = late ? deadline_why(message) :
	    "its site does not answer";

	if (!late && entry->site != NULL && site_why(entry->site) != NULL)
		why = site_why(entry->site);
	if (retry_end(s->conf, message) <= scheduler_wall(s)) {
		results_say(s, entry, "5.4.7", "expired", why);
		expire(s, entry, span_of(why), 0, span_of(""));
		return true;
	}
	if (warns(s, entry)) {
		warn_sender(s, entry, span_of(late ? "4.4.7" : "4.4.1"),
		    span_of(why), 0, span_of(""));
		entry->warned = true;
	}
	return false;
}

void
results_age_site(struct scheduler *s, struct site *site)
{
	for (unsigned i = 0; i < site_lines(site); i++) {
		struct line *line = site_line(site, i);
		struct entry *entry, *next;

		for (entry = line_next(line, NULL); entry != NULL;
		    entry = next) {
			const struct message *message = entry->message;

			next = line_next(line, entry);
			if (!warns(s, entry) && retry_end(s->conf, message) >
			    scheduler_wall(s))
				continue;
			entry_pull(&s->queue, entry);
			if (!results_aged(s, entry))
				window_place(s, entry, PLACE_FRONT);
		}
	}
}

/* ---- no way to deliver ------------------------------------------------------------------ */

/* For recipients that no deliverer saw. */
void
results_say(struct scheduler *s, const struct entry *entry,
    const char *status, const char *word, const char *why)
{
	const struct message *message = entry->message;
	struct record_header header;
	struct envelope *envelope = NULL;
	struct err err;
	int fd = segment_fd(s, message->segment, &err);

	if (fd == -1 || !record_peek(fd, message->offset,
	    &message->id, &header, &envelope, &err))
		return;
	for (uint32_t i = 0; i < entry->rcpt_count; i++)
		if (entry->rcpts[i] < envelope->rcpt_count)
			say_rcpt(message,
			    envelope->rcpts[entry->rcpts[i]].address, status,
			    word, why, entry->attempts, scheduler_wall(s));
	envelope_free(&envelope);
}

void
results_unroutable(struct scheduler *s, struct entry *entry)
{
	const struct domain *domain = entry->domain;
	const char *why = domain->why;
	struct span text = span_of(why);
	bool permanent;
	const char *status = routes_failure(domain, &permanent);

	entry_tried(entry);
	results_say(s, entry, status, permanent ? "bounced" : "deferred",
	    why);
	if (!permanent) {
		results_put_off(s, entry, span_of(status), text, 0, span_of(""));
		return;
	}
	for (uint32_t i = 0; i < entry->rcpt_count; i++) {
		struct tidings t = { entry->rcpts[i], DSN_FAILED, 0,
		    span_of(status), span_of(""), text, false, false, false };

		report_add(s, entry->message, &t);
	}
	results_bump(s, METRIC_FAILED, entry->rcpt_count);
	results_drop(s, entry);
}

void
results_no_segment(struct scheduler *s, struct entry *entry,
    const struct err *err)
{
	char id[MSGID_TEXT + 1];

	if (err->kind == ERR_FORMAT || err->number == ENOENT) {
		quarantine_message(s, entry->message, SPOILT_UNREADABLE,
		    err->text);
		return;
	}
	log_error("%s: its segment cannot be opened, trying again: %s",
	    msgid_text(entry->message->id, id), err->text);
	window_park(s, entry, scheduler_wall(s) +
	    retry_pause(s->conf, entry->message->klass, 1) * 1000,
	    err->text);
}

static struct entry *
entry_of(struct scheduler *s, struct message *message,
    const struct row *row)
{
	struct entry *entry = entry_new(&s->queue, message);

	for (uint32_t i = 0; i < row_rcpt_count(row); i++)
		entry_add_rcpt(entry, row_rcpt(row, i));
	entry->attempts = row->row.attempts;
	entry->domain = routes_domain(s, row->row.domain);
	entry->domain->entries++;
	return entry;
}

void
results_unreadable(struct scheduler *s, struct message *message,
    const struct row *row, const struct err *err)
{
	char id[MSGID_TEXT + 1];
	struct entry *entry = row == NULL ? NULL : entry_of(s, message, row);

	if (err->kind == ERR_FORMAT || err->number == EIO) {
		quarantine_message(s, message, err->kind == ERR_FORMAT ?
		    SPOILT_DAMAGED : SPOILT_UNREADABLE, err->text);
		return;
	}
	log_error("%s: its record cannot be read, trying again: %s",
	    msgid_text(message->id, id), err->text);
	if (entry != NULL)
		window_park(s, entry, scheduler_wall(s) +
		    retry_pause(s->conf, message->klass, 1) * 1000, err->text);
}
