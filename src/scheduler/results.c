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

enum { REASON_MOST = 512 };

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
	segment_settled(s, segment, count);
	message_release(&s->queue, message);
	if (over)
		say_removed(id);
}

/* ENTRY's recipients were handed on to somebody else: it goes. */
static void
drop_entry(struct scheduler *s, struct entry *entry)
{
	struct message *message = entry->message;

	entry_free(&s->queue, entry);
	message_release(&s->queue, message);
}

static void
bump(struct scheduler *s, enum metric metric, int64_t count)
{
	board_add(s->board, metric, count);
}

static void
delivered(struct scheduler *s, struct message *message, uint32_t rcpt,
    unsigned code)
{
	segment_status(s, message->segment, message->offset, rcpt,
	    STATUS_DELIVERED, code, NULL);
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
		    status, mta, text, false };

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
		    span_of("5.4.7"), mta, text, false };

		report_add(s, message, &t);
	}
	bump(s, METRIC_EXPIRED, entry->rcpt_count);
	drop_entry(s, entry);
}

static bool
warns(const struct scheduler *s, const struct entry *entry)
{
	const struct message *message = entry->message;

	return !entry->warned && retry_warns(s->conf, message,
	    scheduler_wall(s));
}

/* Whether the time that its sender gave MESSAGE is over. */
static bool
is_late(const struct message *message, usec_t now)
{
	return (message->by & BY_ASKED) != 0 && now >= message->deadline;
}

/* ENTRY's recipients were tried once more and wait for the next time. */
static void
put_off(struct scheduler *s, struct entry *entry, struct span status,
    struct span text, unsigned code, struct span mta)
{
	struct message *message = entry->message;
	usec_t now = scheduler_wall(s);
	char reason[REASON_MOST];

	if ((message->flags & (MESSAGE_DELETED | MESSAGE_HELD)) != 0) {
		window_place(s, entry, PLACE_FRONT);
		return;
	}
	bump(s, METRIC_DEFERRED, entry->rcpt_count);
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
	    text.length < REASON_MOST ? (int)text.length : REASON_MOST,
	    (const char *)text.data);
	window_park(s, entry, retry_due(s->conf, message, entry->attempts,
	    now), reason);
	message->busy--;
	message_release(&s->queue, message);
}

bool
results_aged(struct scheduler *s, struct entry *entry)
{
	struct message *message = entry->message;
	bool late = is_late(message, scheduler_wall(s));
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
	for (int c = 0; c < CLASS_COUNT; c++) {
		struct link *link, *next;

		for (link = list_first(&site->ready[c]); link != NULL;
		    link = next) {
			struct entry *entry = list_item(link, struct entry,
			    place);
			const struct message *message = entry->message;

			next = list_next(&site->ready[c], link);
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

	if (fd == -1 || !record_peek(fd, message->offset, &header,
	    &envelope, &err))
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

	entry->attempts++;
	results_say(s, entry, status, permanent ? "bounced" : "deferred",
	    why);
	if (!permanent) {
		put_off(s, entry, span_of(status), text, 0, span_of(""));
		return;
	}
	for (uint32_t i = 0; i < entry->rcpt_count; i++) {
		struct tidings t = { entry->rcpts[i], DSN_FAILED, 0,
		    span_of(status), span_of(""), text, false };

		report_add(s, entry->message, &t);
	}
	bump(s, METRIC_FAILED, entry->rcpt_count);
	drop_entry(s, entry);
}

void
results_no_segment(struct scheduler *s, struct entry *entry,
    const struct err *err)
{
	char id[MSGID_TEXT + 1];

	if (err->kind == ERR_FORMAT || err->number == ENOENT) {
		quarantine_message(s, entry->message, err->text);
		return;
	}
	log_error("%s: its segment cannot be opened, trying again: %s",
	    msgid_text(entry->message->id, id), err->text);
	window_park(s, entry, scheduler_wall(s) +
	    retry_pause(s->conf, entry->message->klass, 1) * 1000,
	    err->text);
}

void
results_unreadable(struct scheduler *s, struct message *message,
    const struct row *row, const struct err *err)
{
	char id[MSGID_TEXT + 1];
	struct entry *entry;

	if (err->kind == ERR_FORMAT || row == NULL) {
		quarantine_message(s, message, err->text);
		return;
	}
	log_error("%s: its record cannot be read, trying again: %s",
	    msgid_text(message->id, id), err->text);
	entry = entry_new(&s->queue, message);
	for (uint32_t i = 0; i < row_rcpt_count(row); i++)
		entry_add_rcpt(entry, row_rcpt(row, i));
	entry->attempts = row->row.attempts;
	entry->domain = routes_domain(s, row->row.domain);
	entry->domain->entries++;
	window_park(s, entry, scheduler_wall(s) +
	    retry_pause(s->conf, message->klass, 1) * 1000, err->text);
}

/* ---- a deliverer's answer --------------------------------------------------------------- */

/* The recipients of an entry, sorted by what became of them. */
struct sorted {
	uint32_t *later, *again;
	uint32_t later_count, again_count, final;
	uint32_t failed;
	struct result_row last;	/* of those put off */
};

/* The place of RCPT among those of ENTRY: rows come in their order, so it
 * is looked for from FROM on.  The number of recipients: it is not there. */
static uint32_t
place_of(const struct entry *entry, uint32_t rcpt, uint32_t from)
{
	uint32_t count = entry->rcpt_count;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = from + i < count ? from + i : from + i - count;

		if (entry->rcpts[at] == rcpt)
			return at;
	}
	return count;
}

static void
failed(struct scheduler *s, struct message *message,
    const struct result_row *row, struct span mta)
{
	struct tidings t = { row->rcpt, DSN_FAILED, row->code, row->status,
	    mta, row->text, false };

	report_add(s, message, &t);
}

/* RFC 2852: with T the sender hears of each relay, with N of one that knows
 * of no deadlines; after that nobody tells it more. */
static bool
by_tells(const struct message *message, const struct frame_result *result)
{
	return (message->by & BY_TRACE) != 0 ||
	    (message->by != 0 && !result->by_passed);
}

/* Asked for (RFC 3461): the next hop did not take that on. */
static void
relayed(struct scheduler *s, struct message *message,
    const struct result_row *row, const struct frame_result *result)
{
	struct tidings t = { row->rcpt, DSN_RELAYED, row->code,
	    row->status.length > 0 ? row->status : span_of("2.0.0"),
	    result->mta, row->text, by_tells(message, result) };

	report_add(s, message, &t);
}

static void
sort_row(struct scheduler *s, struct entry *entry,
    const struct frame_result *result, const struct result_row *row,
    struct sorted *sorted)
{
	struct message *message = entry->message;

	switch (row->outcome) {
	case OUTCOME_DELIVERED:
		delivered(s, message, row->rcpt, row->code);
		if (((message->flags & MESSAGE_SUCCESS) != 0 &&
		    !result->dsn_passed) || by_tells(message, result))
			relayed(s, message, row, result);
		sorted->final++;
		break;
	case OUTCOME_FAILED:
		failed(s, message, row, result->mta);
		sorted->failed++;
		break;
	case OUTCOME_AGAIN:
		sorted->again[sorted->again_count++] = row->rcpt;
		break;
	default:
		sorted->later[sorted->later_count++] = row->rcpt;
		sorted->last = *row;
	}
}

/* Rows for recipients that the entry does not have, or twice, are ignored;
 * recipients without a row are put off. */
static void
sort_rows(struct scheduler *s, struct entry *entry,
    const struct frame_result *result, struct sorted *sorted)
{
	uint32_t count = entry->rcpt_count, at = 0;
	bool *seen = mem_array(count, sizeof *seen);
	struct span list = result->rows;
	struct result_row row;

	while (result_row_pull(&list, &row)) {
		uint32_t place = place_of(entry, row.rcpt, at);

		if (place == count || seen[place])
			continue;
		seen[place] = true;
		at = place + 1 < count ? place + 1 : 0;
		sort_row(s, entry, result, &row, sorted);
	}
	for (uint32_t i = 0; i < count; i++)
		if (!seen[i])
			sorted->later[sorted->later_count++] =
			    entry->rcpts[i];
	mem_free(seen);
}

static enum site_news
news_of(const struct frame_result *result, const struct sorted *sorted,
    uint32_t count)
{
	if (sorted->again_count == count)
		return SITE_UNTRIED;
	if (result->scope == SCOPE_SITE && sorted->later_count > 0)
		return SITE_FAILED;
	return SITE_ANSWERED;
}

/* A second entry for part of the recipients of ENTRY. */
static struct entry *
split(struct scheduler *s, const struct entry *entry,
    const uint32_t *rcpts, uint32_t count)
{
	struct entry *part = entry_new(&s->queue, entry->message);

	entry_set_rcpts(part, rcpts, count);
	part->attempts = entry->attempts;
	part->warned = entry->warned;
	part->domain = entry->domain;
	part->site = entry->site;
	part->domain->entries++;
	return part;
}

static void
note_reason(struct site *site, struct span text)
{
	mem_free(site->reason);
	site->reason = mem_strndup(text.data, text.length < REASON_MOST ?
	    text.length : REASON_MOST);
}

/*
 * The site as a whole failed.  What was tried goes back to the front: it is
 * the next probe, when the site's rest is over.
 */
static void
site_failed(struct scheduler *s, struct entry *entry, struct site *site,
    const struct result_row *last)
{
	entry->attempts++;
	bump(s, METRIC_DEFERRED, entry->rcpt_count);
	if (last->text.length > 0)
		note_reason(site, last->text);
	if (!results_aged(s, entry))
		window_place(s, entry, PLACE_FRONT);
	results_age_site(s, site);
	window_shrink(s, site);
}

static void
handle_rest(struct scheduler *s, struct entry *entry,
    const struct frame_result *result, struct sorted *sorted,
    enum site_news news)
{
	struct site *site = entry->site;

	if (sorted->again_count > 0 && sorted->again_count <
	    entry->rcpt_count)
		window_place(s, split(s, entry, sorted->again,
		    sorted->again_count), PLACE_FRONT);
	else if (sorted->again_count > 0) {
		window_place(s, entry, PLACE_FRONT);
		return;
	}
	if (sorted->later_count == 0) {
		drop_entry(s, entry);
		return;
	}
	entry_set_rcpts(entry, sorted->later, sorted->later_count);
	if (result->scope == SCOPE_SPOOL) {
		quarantine_message(s, entry->message, "its record is damaged");
		return;
	}
	if (news == SITE_FAILED) {
		site_failed(s, entry, site, &sorted->last);
		return;
	}
	entry->attempts++;
	put_off(s, entry, sorted->last.status, sorted->last.text,
	    sorted->last.code, result->mta);
}

static void
results_mixed(struct scheduler *s, struct entry *entry,
    const struct frame_result *result, msec_t sent)
{
	struct message *message = entry->message;
	uint32_t count = entry->rcpt_count;
	struct sorted sorted = { .last = { .status = span_of("4.0.0") } };
	enum site_news news;

	sorted.later = mem_array(count, sizeof *sorted.later);
	sorted.again = mem_array(count, sizeof *sorted.again);
	message->busy++;
	sort_rows(s, entry, result, &sorted);
	news = news_of(result, &sorted, count);
	bump(s, METRIC_DELIVERED, sorted.final);
	bump(s, METRIC_FAILED, sorted.failed);
	site_landed(&s->queue, entry->site, entry, news, result->took, sent,
	    scheduler_now(s), s->conf);
	handle_rest(s, entry, result, &sorted, news);
	message->busy--;
	results_settled(s, message, sorted.final);
	mem_free(sorted.later);
	mem_free(sorted.again);
}

/* By far the most frequent: one recipient, delivered. */
static void
results_plain(struct scheduler *s, struct entry *entry,
    const struct frame_result *result, const struct result_row *row,
    msec_t sent)
{
	struct message *message = entry->message;

	delivered(s, message, row->rcpt, row->code);
	bump(s, METRIC_DELIVERED, 1);
	site_landed(&s->queue, entry->site, entry, SITE_ANSWERED,
	    result->took, sent, scheduler_now(s), s->conf);
	entry_free(&s->queue, entry);
	results_settled(s, message, 1);
}

void
results_job(struct scheduler *s, struct entry *entry,
    const struct frame_result *result, msec_t sent)
{
	struct span list = result->rows;
	struct result_row row;

	if (entry->rcpt_count == 1 && result_row_pull(&list, &row) &&
	    row.rcpt == entry->rcpts[0] &&
	    row.outcome == OUTCOME_DELIVERED && entry->message->by == 0 &&
	    (entry->message->flags & MESSAGE_SUCCESS) == 0)
		results_plain(s, entry, result, &row, sent);
	else
		results_mixed(s, entry, result, sent);
}
