/* SPDX-License-Identifier: ISC
 *
 * report.c - what is to be told is gathered, told, and written down.
 *
 * The order of operations is in segments.c: the report is durable before
 * the status records of its recipients are written.
 */
#include "scheduler/report.h"

#include "base/crash.h"
#include "base/log.h"
#include "base/mem.h"
#include "scheduler/bounce.h"
#include "scheduler/results.h"
#include "scheduler/say.h"
#include "scheduler/scheduler.h"

#include <stdio.h>

enum {
	GATHER_MS = 2000,	/* for more to be told to the same sender */
	ROWS_MOST = 1000,	/* of one report */
	MANY = 4096,		/* reports under way … */
	TOO_MANY = 4 * MANY,	/* … and for those of urgent mail */
	LOOKED_AT = 256,	/* in a turn, that are not due … */
	LOOK_AGAIN_MS = 10,	/* … and when to go on with the others */
	COMMITS_MOST = 512,
	AGAIN_MS = 10 * 1000,	/* after a failure to commit */
	TEXT_MOST = 512,
	BATCH_BYTES = 1 << 20
};

/* ---- gathering ---------------------------------------------------------------------- */

static bool
ends_wait(const struct report_row *row)
{
	return row->action == DSN_FAILED || row->action == DSN_EXPIRED;
}

static struct report *
new_report(struct scheduler *s, struct message *message)
{
	struct report *report = mem_new(struct report);

	report->scheduler = s;
	report->message = message;
	report->due = scheduler_now(s) + conf_time(s->conf, GATHER_MS);
	report->next = message->report;
	message->report = report;
	message->segment->pins++;
	list_append(&s->reports.waiting, &report->place);
	s->reports.count++;
	scheduler_ask(s);
	return report;
}

static struct report *
report_for(struct scheduler *s, struct message *message)
{
	for (struct report *r = message->report; r != NULL; r = r->next)
		if (!r->committing && r->count < ROWS_MOST)
			return r;
	return new_report(s, message);
}

static char *
text_of(struct span text)
{
	return mem_strndup(text.data, text.length < TEXT_MOST ? text.length :
	    TEXT_MOST);
}

void
report_add(struct scheduler *s, struct message *message,
    const struct tidings *tidings)
{
	struct report *report = report_for(s, message);
	struct report_row *row;

	if (report->count == report->room) {
		report->room = report->room == 0 ? 1 : report->room * 4;
		report->rows = mem_resize(report->rows, report->room,
		    sizeof *report->rows);
	}
	row = &report->rows[report->count++];
	*row = (struct report_row){
		.rcpt = tidings->rcpt,
		.action = (uint8_t)tidings->action,
		.code = (uint16_t)tidings->code,
		.by = tidings->by,
		.content = tidings->content,
		.broken = tidings->broken,
	};
	snprintf(row->status, sizeof row->status, "%.*s",
	    (int)tidings->status.length, (const char *)tidings->status.data);
	if (tidings->mta.length > 0)
		row->mta = text_of(tidings->mta);
	if (tidings->code != 0)
		row->reply = text_of(tidings->text);
	else
		row->reason = text_of(tidings->text);
}

void
report_present(const struct message *message, struct rcpt_set *set)
{
	for (const struct report *r = message->report; r != NULL; r = r->next)
		for (uint32_t i = 0; i < r->count; i++)
			if (ends_wait(&r->rows[i]))
				rcpt_set_add(set, r->rows[i].rcpt);
}

uint32_t
report_rcpts(const struct message *message)
{
	uint32_t count = 0;

	for (const struct report *r = message->report; r != NULL; r = r->next)
		for (uint32_t i = 0; i < r->count; i++)
			count += ends_wait(&r->rows[i]) ? 1 : 0;
	return count;
}

bool
reports_are_many(const struct scheduler *s)
{
	return s->reports.count >= MANY;
}

bool
reports_are_too_many(const struct scheduler *s)
{
	return s->reports.count >= TOO_MANY;
}

/* ---- the end of a report --------------------------------------------------------------- */

static void
free_rows(struct report *report)
{
	for (uint32_t i = 0; i < report->count; i++) {
		mem_free(report->rows[i].mta);
		mem_free(report->rows[i].reply);
		mem_free(report->rows[i].reason);
	}
	mem_free(report->rows);
	report->rows = NULL;
	report->count = report->room = 0;
}

/* REPORT leaves its message and the world. */
static void
discard(struct scheduler *s, struct report *report)
{
	struct report **at = &report->message->report;

	while (*at != report)
		at = &(*at)->next;
	*at = report->next;
	report->message->segment->pins--;
	if (link_on_list(&report->place))
		list_remove(&s->reports.waiting, &report->place);
	s->reports.count--;
	free_rows(report);
	mem_free(report);
}

uint32_t
reports_drop(struct scheduler *s, struct message *message)
{
	struct report *report, *next;
	uint32_t count = 0;

	for (report = message->report; report != NULL; report = next) {
		next = report->next;
		if (report->committing)
			continue;	/* that one is out of the door */
		for (uint32_t i = 0; i < report->count; i++)
			count += ends_wait(&report->rows[i]) ? 1 : 0;
		discard(s, report);
	}
	return count;
}

static void
write_status(struct scheduler *s, const struct message *message,
    const struct report_row *row)
{
	static const enum status_action actions[] = {
		[DSN_FAILED] = STATUS_FAILED,
		[DSN_DELAYED] = STATUS_WARNED,
		[DSN_EXPIRED] = STATUS_EXPIRED,
	};

	if (ends_wait(row) || row->action == DSN_DELAYED)
		segment_status(s, message->segment, message->offset,
		    row->rcpt, row->broken ? STATUS_BROKEN :
		    actions[row->action], row->code, row->status);
}

/* What REPORT says was told, or is not to be told: it can be written. */
static void
conclude(struct scheduler *s, struct report *report)
{
	struct message *message = report->message;
	uint32_t final = 0;

	for (uint32_t i = 0; i < report->count; i++) {
		write_status(s, message, &report->rows[i]);
		final += ends_wait(&report->rows[i]) ? 1 : 0;
	}
	discard(s, report);
	segment_check(s, message->segment);
	results_settled(s, message, final);
}

static const char *
kind_of(const struct report *report)
{
	bool delay = false;

	if (report->shortened)
		return "shortened";
	for (uint32_t i = 0; i < report->count; i++) {
		if (!report->rows[i].told)
			continue;
		if (ends_wait(&report->rows[i]))
			return "non-delivery";
		delay |= report->rows[i].action == DSN_DELAYED;
	}
	return delay ? "delay" : "delivery status";
}

static void
wait_until(struct report *report, msec_t not_before)
{
	report->committing = false;
	report->not_before = not_before;
	list_append(&report->scheduler->reports.waiting, &report->place);
	scheduler_ask(report->scheduler);
}

static void
wait_again(struct scheduler *s, struct report *report)
{
	wait_until(report, scheduler_now(s) + AGAIN_MS);
}

static void
committed(void *cookie, enum commit_end end, const struct committed *where,
    const struct err *err)
{
	struct report *report = cookie;
	struct scheduler *s = report->scheduler;
	bool ok = end == COMMIT_DONE;
	char id[MSGID_TEXT + 1];

	(void)where;
	if (!ok && err->kind == ERR_FORMAT && report->most < DSN_NOTHING) {
		log_error("%s: a report to its sender must not be sent as it "
		    "is, making it with less of the message: %s",
		    msgid_text(report->message->id, id), err->text);
		report->most++;
		wait_until(report, 0);
		return;
	}
	/* One that may have been written may be found after a crash, beside
	 * the next one: two reports are better than none. */
	if (!ok) {
		log_error("%s: a report to its sender %s, trying again: %s",
		    msgid_text(report->message->id, id),
		    end == COMMIT_UNSURE ? "may not have been written" :
		    "cannot be written", err->text);
		wait_again(s, report);
		return;
	}
	CRASH_POINT("report-durable");
	say_report(report->message->id, kind_of(report), report->id);
	board_add(s->board, METRIC_BOUNCES, 1);
	conclude(s, report);
	scheduler_ask(s);
}

/* ---- the turn's end ------------------------------------------------------------------- */

static void
send_report(struct scheduler *s, struct report *report)
{
	struct message *message = report->message;
	struct bounce bounce;
	struct err err;

	report->committing = true;
	report->id = msgid_next(&s->reports.ids, clock_wall());
	switch (bounce_make(s, report, &bounce, &err)) {
	case BOUNCE_MADE:
		commit_message(s->reports.committer, message->klass,
		    report->id, bounce.envelope, &bounce.body, &bounce.seen,
		    committed, report);
		bounce_fini(&bounce);
		return;
	case BOUNCE_NOBODY:
		conclude(s, report);
		return;
	case BOUNCE_LATER:
		log_error("a report cannot be made, trying again: %s",
		    err.text);
		wait_again(s, report);
		return;
	case BOUNCE_UNREADABLE:
		wait_again(s, report);
		results_unreadable(s, message, NULL, &err);
		return;
	}
}

/* When REPORT is to be made: a message that nothing is expected of any more
 * need not wait, nor any when there are many. */
static msec_t
due(const struct scheduler *s, const struct report *report)
{
	if (report->count >= ROWS_MOST || reports_are_many(s) ||
	    list_empty(&report->message->entries))
		return report->not_before;
	return report->due > report->not_before ? report->due :
	    report->not_before;
}

/* Each is looked at once; those that are not due go to the end again. */
void
reports_work(struct scheduler *s)
{
	msec_t now = scheduler_now(s), next = MSEC_NEVER;
	size_t count = s->reports.waiting.count, early = 0;
	struct link *link;

	while (count-- > 0 && early < LOOKED_AT &&
	    commit_pending(s->reports.committer) < COMMITS_MOST &&
	    (link = list_take(&s->reports.waiting)) != NULL) {
		struct report *report = list_item(link, struct report, place);
		msec_t when = due(s, report);

		if (when <= now) {
			send_report(s, report);
			continue;
		}
		list_append(&s->reports.waiting, link);
		early++;
		if (when < next)
			next = when;
	}
	if (early == LOOKED_AT)
		next = now + LOOK_AGAIN_MS;	/* others may be due before */
	if (next != MSEC_NEVER)
		timer_set(s->reports.timer, next - now);
}

/* ---- birth and end --------------------------------------------------------------------- */

static void
heard(void *owner, enum commit_news news, struct segment_name segment,
    uint64_t to)
{
	struct scheduler *s = owner;

	if (news == COMMIT_GREW)
		intake_arrived(s, segment, to);
	else
		intake_closed(s, segment, to, news == COMMIT_BROKEN);
}

static void
on_timer(void *owner)
{
	scheduler_ask(owner);
}

void
reports_init(struct scheduler *s)
{
	list_init(&s->reports.waiting);
	s->reports.timer = timer_new(s->loop, on_timer, s);
	msgid_maker_init(&s->reports.ids, s->conf->node, SCHEDULER_SLOT);
}

bool
reports_start(struct scheduler *s, struct err *err)
{
	struct commit_options options = {
		.slot = SCHEDULER_SLOT,
		.node = (uint16_t)s->conf->node,
		.segment_bytes = s->conf->segment_bytes,
		.batch_bytes = { BATCH_BYTES, BATCH_BYTES, BATCH_BYTES },
		.mode = 0640,
	};

	s->reports.committer = committer_new(s->loop, &s->dirs, &options,
	    heard, s, err);
	return s->reports.committer != NULL;
}

void
reports_fini(struct scheduler *s)
{
	struct link *link;

	committer_free(&s->reports.committer);
	while ((link = list_first(&s->reports.waiting)) != NULL)
		discard(s, list_item(link, struct report, place));
	timer_free(&s->reports.timer);
}
