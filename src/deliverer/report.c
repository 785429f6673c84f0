/* SPDX-License-Identifier: ISC
 *
 * report.c - what became of a job.
 *
 * The log line has Postfix's shape, with our words added at its end.  What
 * was not tried (OUTCOME_AGAIN) is not logged: it will be.
 */
#include "deliverer/report.h"

#include "base/log.h"

#include <stdio.h>

/* ---- times -------------------------------------------------------------- */

/* "0.81, delays=0.01/0.6/0/0.2" */
static void
delays_text(const struct report *report, char *out, size_t room)
{
	char all[DELAY_TEXT], a[DELAY_TEXT], b[DELAY_TEXT], c[DELAY_TEXT],
	    d[DELAY_TEXT];
	usec_t arrived = report->message->envelope->arrived;
	usec_t picked = report->job->picked;

	snprintf(out, room, "%s, delays=%s/%s/%s/%s",
	    delay_text(report->done - arrived, all),
	    delay_text(picked - arrived, a),
	    delay_text(report->begun - picked - report->setup, b),
	    delay_text(report->setup, c),
	    delay_text(report->done - report->begun, d));
}

/* ---- a recipient -------------------------------------------------------- */

struct row {
	uint32_t rcpt;
	enum outcome outcome;
	uint16_t code;
	const char *status;
	struct span text;
	enum stage stage;	/* which command the code answered;
				 * STAGE_OVER: the text tells */
};

static void
explain(const struct report *report, const struct row *row, char *out,
    size_t room)
{
	int length = (int)row->text.length;
	const char *text = (const char *)row->text.data;

	if (row->outcome == OUTCOME_DELIVERED)
		snprintf(out, room, "%.*s", length, text);
	else if (row->code != 0 && row->stage != STAGE_OVER)
		snprintf(out, room, "host %s said: %.*s (in reply to %s)",
		    report->relay, length, text, stage_name(row->stage));
	else if (row->code != 0)
		snprintf(out, room, "host %s said: %.*s", report->relay,
		    length, text);
	else
		snprintf(out, room, "%.*s", length, text);
}

static void
log_row(const struct report *report, const char *delays, const struct row *row)
{
	static const char *const words[] = {
		[OUTCOME_DELIVERED] = "sent", [OUTCOME_FAILED] = "bounced",
		[OUTCOME_DEFERRED] = "deferred", [OUTCOME_AGAIN] = "again",
	};
	const struct envelope *envelope = report->message->envelope;
	char id[MSGID_TEXT + 1], use[32] = "", why[1200];

	if (row->outcome == OUTCOME_AGAIN ||
	    row->rcpt >= envelope->rcpt_count)
		return;
	if (report->used > 1)
		snprintf(use, sizeof(use), "conn_use=%u, ", report->used);
	explain(report, row, why, sizeof(why));
	log_info("%s: to=<%s>, relay=%s, %sdelay=%s, dsn=%s, status=%s (%s), "
	    "class=%s, try=%u", msgid_text(report->message->header.id, id),
	    envelope->rcpts[row->rcpt].address,
	    report->relay == NULL ? "none" : report->relay, use, delays,
	    row->status, words[row->outcome], why,
	    class_name(report->job->klass), report->job->attempt);
}

static void
count_row(struct deliverer *deliverer, enum outcome outcome)
{
	static const enum metric metrics[] = {
		[OUTCOME_DELIVERED] = METRIC_DELIVERED,
		[OUTCOME_FAILED] = METRIC_FAILED,
		[OUTCOME_DEFERRED] = METRIC_DEFERRED,
	};

	if (outcome != OUTCOME_AGAIN)
		board_add(deliverer->board, metrics[outcome], 1);
}

static void
put_row(struct deliverer *deliverer, const struct report *report,
    const char *delays, const struct row *row)
{
	struct result_row result = {
		.rcpt = row->rcpt, .outcome = row->outcome, .code = row->code,
		.content = row->outcome == OUTCOME_FAILED &&
		    verdict_of_content(row->stage, row->code, row->status),
		.status = span_of(row->status), .text = row->text,
	};

	if (report->message != NULL)
		log_row(report, delays, row);
	count_row(deliverer, row->outcome);
	result_row_put(&result, &deliverer->rows);
}

/* ---- a job -------------------------------------------------------------- */

/* Without a reply the text says what happened, but not with whom. */
static struct span
whole_text(const struct report *report, const struct verdict *verdict,
    struct span text, char *room, size_t size)
{
	if (verdict->code != 0 || report->relay == NULL)
		return text;
	snprintf(room, size, "conversation with %s: %.*s", report->relay,
	    (int)text.length, (const char *)text.data);
	return span_of(room);
}

static void
send_result(struct deliverer *deliverer, const struct report *report,
    enum scope scope)
{
	usec_t took = report->done - report->begun;
	struct frame frame = { .kind = FRAME_RESULT, .fd = -1 };
	struct signs *signs = &report->job->site->signs;

	frame.result = (struct frame_result){
		.job = report->job->number,
		.site = report->job->site->number,
		.scope = scope,
		.dsn_passed = report->dsn_passed,
		.by_passed = report->by_passed,
		.signs = (uint8_t)((report->cut ? SIGN_CUT : 0) |
		    (signs->slow ? SIGN_SLOW : 0)),
		.room = (uint16_t)signs->room,
		.pause = signs->pause < UINT32_MAX ?
		    (uint32_t)signs->pause : UINT32_MAX,
		.took = took > 0 ? (uint32_t)(took / 1000) : 0,
		.mta = span_of(report->host),
		.port = report->host != NULL ? report->port : 0,
		.rows = buf_peek(&deliverer->rows),
	};
	if (deliverer->scheduler != NULL && !report->job->site->orphan)
		channel_send(deliverer->scheduler, &frame);
	*signs = (struct signs){ 0 };
	buf_clear(&deliverer->rows);
}

void
report_transaction(struct deliverer *deliverer, const struct report *report,
    const struct transaction *transaction)
{
	char delays[5 * DELAY_TEXT + 16], room[1000];

	delays_text(report, delays, sizeof(delays));
	for (size_t i = 0; i < transaction->count; i++) {
		const struct verdict *verdict = &transaction->verdicts[i];
		struct row row = {
			.rcpt = transaction->rcpts[i],
			.outcome = verdict->outcome, .code = verdict->code,
			.status = verdict->status, .stage = verdict->stage,
			.text = whole_text(report, verdict, transaction_text(
			    transaction, verdict), room, sizeof(room)),
		};

		put_row(deliverer, report, delays, &row);
	}
	send_result(deliverer, report, transaction->scope);
}

void
report_all(struct deliverer *deliverer, const struct report *report,
    const struct fate *fate)
{
	char delays[5 * DELAY_TEXT + 16] = "";
	struct row row = {
		.outcome = fate->outcome, .code = fate->code,
		.status = fate->status, .text = span_of(fate->text),
		.stage = STAGE_OVER,
	};

	if (report->message != NULL)
		delays_text(report, delays, sizeof(delays));
	for (size_t i = 0; i < report->job->rcpt_count; i++) {
		row.rcpt = report->job->rcpts[i];
		put_row(deliverer, report, delays, &row);
	}
	send_result(deliverer, report, fate->scope);
}
