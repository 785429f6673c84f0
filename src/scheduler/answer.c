/* SPDX-License-Identifier: ISC
 *
 * answer.c - what a deliverer says about a job, recipient by recipient.
 */
#include "scheduler/results.h"

#include "base/mem.h"
#include "scheduler/quarantine.h"
#include "scheduler/retry.h"
#include "scheduler/scheduler.h"

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
delivered(struct scheduler *s, struct message *message, uint32_t rcpt,
    unsigned code)
{
	segment_status(s, message->segment, message->offset, rcpt,
	    STATUS_DELIVERED, code, NULL);
}

static void
failed(struct scheduler *s, struct message *message,
    const struct result_row *row, struct span mta)
{
	struct tidings t = { row->rcpt, DSN_FAILED, row->code, row->status,
	    mta, row->text, false, row->content, false };

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
	    result->mta, row->text, by_tells(message, result), false, false };

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
	return (result->signs & SIGN_CUT) != 0 ? SITE_CUT : SITE_ANSWERED;
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
	part->hastened = entry->hastened;
	part->domain = entry->domain;
	part->site = entry->site;
	part->domain->entries++;
	return part;
}

void
results_site_reason(struct site *site, struct span text)
{
	mem_free(site->reason);
	site->reason = mem_strndup(text.data, text.length < RESULTS_REASON_MOST ?
	    text.length : RESULTS_REASON_MOST);
}

/*
 * The site as a whole failed.  What was tried goes back to the front: it is
 * the next probe, when the site's rest is over.
 */
static void
site_failed(struct scheduler *s, struct entry *entry, struct site *site,
    const struct result_row *last)
{
	entry_tried(entry);
	results_bump(s, METRIC_DEFERRED, entry->rcpt_count);
	if (last->text.length > 0)
		results_site_reason(site, last->text);
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
		results_drop(s, entry);
		return;
	}
	entry_set_rcpts(entry, sorted->later, sorted->later_count);
	if (result->scope == SCOPE_SPOOL && retry_end(s->conf,
	    entry->message) > scheduler_wall(s)) {
		quarantine_message(s, entry->message, SPOILT_DAMAGED,
		    "a deliverer finds it damaged");
		return;
	}
	if (news == SITE_FAILED) {
		site_failed(s, entry, site, &sorted->last);
		return;
	}
	entry_tried(entry);
	results_put_off(s, entry, sorted->last.status, sorted->last.text,
	    sorted->last.code, result->mta);
}

/* Of a hundred thousand sites that cannot be reached, it need not know what
 * only concerns the next attempt. */
static void
spare_deliverer(struct scheduler *s, struct site *site)
{
	if (site_rests(site) && site->unreached && site->flying == 0)
		dispatch_forget_site(s, site);
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
	results_bump(s, METRIC_DELIVERED, sorted.final);
	results_bump(s, METRIC_FAILED, sorted.failed);
	site_landed(&s->queue, entry->site, entry, news, result->took, sent,
	    scheduler_now(s), s->conf);
	spare_deliverer(s, entry->site);
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
	results_bump(s, METRIC_DELIVERED, 1);
	site_landed(&s->queue, entry->site, entry, SITE_ANSWERED,
	    result->took, sent, scheduler_now(s), s->conf);
	entry_free(&s->queue, entry);
	results_settled(s, message, 1);
}

void
results_job(struct scheduler *s, struct entry *entry,
    const struct frame_result *result, msec_t sent)
{
	enum mail_class klass = entry->klass;
	struct span list = result->rows;
	struct site *site = entry->site;
	struct result_row row;

	if (entry->rcpt_count == 1 && result_row_pull(&list, &row) &&
	    row.rcpt == entry->rcpts[0] &&
	    row.outcome == OUTCOME_DELIVERED && entry->message->by == 0 &&
	    (entry->message->flags & MESSAGE_SUCCESS) == 0)
		results_plain(s, entry, result, &row, sent);
	else
		results_mixed(s, entry, result, sent);
	attention_result(s, site, result);
	if (result->signs != 0 || result->room > 0 || result->pause > 0)
		results_signs(s, site, klass, result, sent);
}
