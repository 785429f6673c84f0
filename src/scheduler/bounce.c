/* SPDX-License-Identifier: ISC
 *
 * bounce.c - the report as a message: to whom, and what it says.
 *
 * A report comes from the null reverse-path, so that nobody reports about
 * reports.  What cannot be reported to a sender that is null itself goes to
 * the postmaster of the configuration, once, or to the log.
 *
 * A report arrives, if need be with less: it returns no line that is too
 * long, and one that is refused for what it is, is made again with less of
 * the original in it, twice at most.
 */
#include "scheduler/bounce.h"

#include "base/log.h"
#include "base/mem.h"
#include "mail/header.h"
#include "scheduler/retry.h"
#include "scheduler/scheduler.h"

#include <errno.h>
#include <strings.h>

enum {
	HEADER_MOST = 64 << 10,
	REPORT_ROOM = 4 << 20	/* for the report beside the original */
};

/* What the report is about, as read. */
struct original {
	struct record_header header;
	struct envelope *envelope;
	enum dsn_returned returned;
	struct record record;	/* when whole */
	struct buf head;	/* otherwise; empty where nothing goes back */
};

static void
original_fini(struct original *original)
{
	record_fini(&original->record);
	envelope_free(&original->envelope);
	buf_fini(&original->head);
}

void
bounce_fini(struct bounce *bounce)
{
	envelope_free(&bounce->envelope);
	buf_fini(&bounce->body);
}

/* ---- reading ------------------------------------------------------------------------ */

static bool
read_head(int fd, const struct message *message, struct original *original,
    struct err *err)
{
	uint64_t whole = original->header.body_bytes;
	size_t length = whole < HEADER_MOST ? (size_t)whole : HEADER_MOST;
	struct buf read;
	ssize_t n = 0;

	original->returned = DSN_HEADER;
	buf_init(&read, HEADER_MOST);
	if (length > 0)
		n = record_read_body(fd, message->offset, &original->header,
		    0, buf_reserve(&read, length), length, err);
	if (n > 0) {
		buf_added(&read, (size_t)n);
		buf_init(&original->head, HEADER_MOST);
		dsn_fields_put(buf_peek(&read), (uint64_t)n == whole, false,
		    &original->head);
	}
	buf_fini(&read);
	if (n == -1)
		original->returned = DSN_NOTHING;
	return n != -1 || err->number == EIO;
}

/* All of it may go back, but a host may refuse it for its long lines.  What is
 * damaged, or cannot be read, does not. */
static bool
read_whole(int fd, const struct message *message, struct original *original,
    struct err *err)
{
	struct dot seen;

	if (!record_read(fd, message->offset, &message->id,
	    message->size, &original->record, err))
		return err->kind == ERR_FORMAT || err->number == EIO;
	seen = dot_over(original->record.body);
	if (seen.longest > DSN_LINE_MOST)
		return read_head(fd, message, original, err);
	original->returned = DSN_WHOLE;
	return true;
}

static bool
any_broken(const struct report *report)
{
	for (uint32_t i = 0; i < report->count; i++)
		if (report->rows[i].broken)
			return true;
	return false;
}

/* A failure returns the whole message if it is small enough and nobody
 * asked for less; anything else its header.  In no case more than its `most`. */
static bool
read_original(struct scheduler *s, const struct report *report,
    bool failure, struct original *original, struct err *err)
{
	const struct message *message = report->message;
	enum dsn_returned most = (enum dsn_returned)report->most;
	int fd = segment_fd(s, message->segment, err);
	uint8_t ret;

	original->returned = DSN_NOTHING;

	if (fd == -1 || !record_peek(fd, message->offset, &message->id,
	    &original->header, &original->envelope, err))
		return false;
	if (any_broken(report))
		most = DSN_NOTHING;
	ret = original->envelope->ret;
	if (most == DSN_NOTHING)
		return true;
	if (!failure || ret == RET_HDRS || most == DSN_HEADER ||
	    original->header.body_bytes > s->conf->bounce_bytes)
		return read_head(fd, message, original, err);
	return read_whole(fd, message, original, err);
}

static struct span
returned_text(const struct original *original)
{
	return original->returned == DSN_WHOLE ? original->record.body :
	    buf_peek(&original->head);
}

/* ---- who is to be told what ------------------------------------------------------------ */

static bool
wanted(const struct report_row *row, uint8_t notify)
{
	uint8_t action = row->action;

	if (row->by && notify != NOTIFY_NEVER)
		return true;
	if (notify == 0)
		return action != DSN_RELAYED && action != DSN_DELIVERED;
	if (action == DSN_FAILED || action == DSN_EXPIRED)
		return (notify & NOTIFY_FAILURE) != 0;
	if (action == DSN_DELAYED)
		return (notify & NOTIFY_DELAY) != 0;
	return (notify & NOTIFY_SUCCESS) != 0;
}

static bool
is_failure(const struct report_row *row)
{
	return row->action == DSN_FAILED || row->action == DSN_EXPIRED;
}

/* On the wire a report asks that nobody reports about it; here its failure
 * is for the postmaster to know. */
static uint8_t
notify_of(const struct envelope *envelope, uint32_t rcpt)
{
	if ((envelope->flags & ENVELOPE_REPORT) != 0)
		return NOTIFY_FAILURE;
	return envelope->rcpts[rcpt].notify;
}

/* The number of rows to be told. */
static uint32_t
choose_rows(struct report *report, const struct envelope *envelope,
    bool *failure)
{
	uint32_t told = 0;

	*failure = false;
	for (uint32_t i = 0; i < report->count; i++) {
		struct report_row *row = &report->rows[i];

		row->told = row->rcpt < envelope->rcpt_count &&
		    wanted(row, notify_of(envelope, row->rcpt));
		told += row->told ? 1 : 0;
		*failure |= row->told && is_failure(row);
	}
	return told;
}

static bool
is_for_postmaster(const struct report *report,
    const struct envelope *envelope, const char *postmaster)
{
	for (uint32_t i = 0; i < report->count; i++)
		if (report->rows[i].rcpt < envelope->rcpt_count &&
		    strcasecmp(envelope->rcpts[report->rows[i].rcpt].address,
		    postmaster) == 0)
			return true;
	return false;
}

/* Null: nobody. */
static const char *
hearer(const struct scheduler *s, const struct report *report,
    const struct envelope *envelope, bool failure)
{
	const char *postmaster = s->conf->postmaster;
	char id[MSGID_TEXT + 1];

	if (envelope->reverse_path[0] != '\0')
		return envelope->reverse_path;
	if (failure && postmaster != NULL &&
	    !is_for_postmaster(report, envelope, postmaster))
		return postmaster;
	if (failure)
		log_warn("%s: could not be delivered and has no sender to "
		    "tell: dropped", msgid_text(report->message->id, id));
	return NULL;
}

/* ---- writing ----------------------------------------------------------------------------- */

static void
fill_rows(struct scheduler *s, const struct report *report,
    const struct envelope *envelope, struct dsn_rcpt *out)
{
	const struct message *message = report->message;

	for (uint32_t i = 0; i < report->count; i++) {
		const struct report_row *row = &report->rows[i];

		if (!row->told)
			continue;
		*out++ = (struct dsn_rcpt){
			.address = envelope->rcpts[row->rcpt].address,
			.orcpt = envelope->rcpts[row->rcpt].orcpt,
			.action = row->action,
			.status = row->status,
			.mta = row->mta,
			.reply = row->reply,
			.reason = row->reason,
			.until = retry_end(s->conf, message),
		};
	}
}

/* The body of OUT is there: the rest of it. */
static void
finish(struct scheduler *s, const char *to, struct bounce *out)
{
	struct span body = buf_peek(&out->body);
	struct envelope *envelope = envelope_new();

	out->seen = dot_over(body);
	envelope_set_reverse_path(envelope, span_of(""));
	envelope_add_rcpt(envelope, span_of(to), span_of(""), NOTIFY_NEVER);
	envelope->arrived = scheduler_wall(s);
	envelope->flags = ENVELOPE_REPORT;
	if (out->seen.eight_bit)
		envelope->flags |= ENVELOPE_8BIT;
	if (out->seen.stuffed > 0)
		envelope->flags |= ENVELOPE_DOTS;
	envelope->body_size = body.length - out->seen.stuffed;
	envelope->client = mem_strdup(s->conf->hostname);
	envelope->sender = mem_strdup("MAILER-DAEMON");
	out->envelope = envelope;
}

static void
write_bounce(struct scheduler *s, const struct report *report,
    const struct original *original, const char *to, uint32_t told,
    struct bounce *out)
{
	const struct message *message = report->message;
	struct dsn_rcpt *rows = mem_array(told, sizeof *rows);
	char id[MSGID_TEXT + 1], original_id[MSGID_TEXT + 1];
	struct dsn dsn = {
		.hostname = s->conf->hostname,
		.id = msgid_text(report->id, id),
		.original_id = msgid_text(message->id, original_id),
		.to = to,
		.envid = original->envelope->envid,
		.arrived = original->envelope->arrived,
		.now = scheduler_wall(s),
		.by = original->envelope->by,
		.hold = original->envelope->hold,
		.rcpts = rows,
		.rcpt_count = told,
		.returned = original->returned,
		.original = returned_text(original),
		.eight_bit = dot_over(returned_text(original)).eight_bit,
	};

	fill_rows(s, report, original->envelope, rows);
	buf_init(&out->body, s->conf->bounce_bytes + REPORT_ROOM);
	dsn_put(&dsn, &out->body);
	finish(s, to, out);
	mem_free(rows);
}

/* ---- a report once more ------------------------------------------------------------------- */

/* REPORT is about a report of ours that somebody refused for what it is. */
static bool
may_shorten(const struct report *report, const struct envelope *envelope)
{
	return (envelope->flags & ENVELOPE_REPORT) != 0 &&
	    report->count == 1 && report->rows[0].content &&
	    report->rows[0].rcpt == 0 && envelope->rcpt_count == 1 &&
	    is_failure(&report->rows[0]);
}

static enum bounce_step
unread(const struct err *err)
{
	return err->kind == ERR_FORMAT || err->number == EIO ?
	    BOUNCE_UNREADABLE : BOUNCE_LATER;
}

/* The report that was refused goes to whom it was for once more, with less in
 * it.  BOUNCE_NOBODY: there is nothing less. */
static enum bounce_step
shorten(struct scheduler *s, struct report *report, struct bounce *out,
    struct err *err)
{
	const struct message *message = report->message;
	int fd = segment_fd(s, message->segment, err);
	char id[MSGID_TEXT + 1];
	struct record record;

	if (fd == -1 || !record_read(fd, message->offset, &message->id,
	    message->size, &record, err))
		return unread(err);
	buf_init(&out->body, s->conf->bounce_bytes + REPORT_ROOM);
	report->shortened = dsn_shorten(record.body,
	    msgid_text(report->id, id), s->conf->hostname, report->most,
	    &out->body);
	if (report->shortened)
		finish(s, record.envelope->rcpts[0].address, out);
	else
		buf_fini(&out->body);
	report->rows[0].told = report->shortened;
	record_fini(&record);
	return report->shortened ? BOUNCE_MADE : BOUNCE_NOBODY;
}

static bool
any_failure(const struct report *report)
{
	for (uint32_t i = 0; i < report->count; i++)
		if (is_failure(&report->rows[i]))
			return true;
	return false;
}

static enum bounce_step
tell_hearer(struct scheduler *s, struct report *report,
    const struct original *original, struct bounce *out)
{
	bool failure;
	uint32_t told = choose_rows(report, original->envelope, &failure);
	const char *to = told == 0 ? NULL : hearer(s, report,
	    original->envelope, failure);

	if (to == NULL)
		return BOUNCE_NOBODY;
	write_bounce(s, report, original, to, told, out);
	return BOUNCE_MADE;
}

enum bounce_step
bounce_make(struct scheduler *s, struct report *report, struct bounce *out,
    struct err *err)
{
	struct original original = { 0 };
	enum bounce_step step = BOUNCE_NOBODY;

	*out = (struct bounce){ 0 };
	if (!read_original(s, report, any_failure(report), &original, err)) {
		original_fini(&original);
		return unread(err);
	}
	if (may_shorten(report, original.envelope))
		step = shorten(s, report, out, err);
	if (step == BOUNCE_NOBODY)
		step = tell_hearer(s, report, &original, out);
	original_fini(&original);
	return step;
}
