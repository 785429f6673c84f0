/* SPDX-License-Identifier: ISC
 *
 * bounce.c - the report as a message: to whom, and what it says.
 *
 * A report comes from the null reverse-path, so that nobody reports about
 * reports.  What cannot be reported to a sender that is null itself goes to
 * the postmaster of the configuration, once, or to the log.
 */
#include "scheduler/bounce.h"

#include "base/log.h"
#include "base/mem.h"
#include "mail/header.h"
#include "scheduler/retry.h"
#include "scheduler/scheduler.h"

#include <strings.h>

enum {
	HEADER_MOST = 64 << 10,
	REPORT_ROOM = 4 << 20	/* for the report beside the original */
};

/* What the report is about, as read. */
struct original {
	struct record_header header;
	struct envelope *envelope;
	struct record record;	/* when whole */
	struct buf head;	/* otherwise */
	bool whole;
};

static void
original_fini(struct original *original)
{
	if (original->whole)
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
	size_t length = original->header.body_bytes < HEADER_MOST ?
	    (size_t)original->header.body_bytes : HEADER_MOST;
	ssize_t n;

	buf_init(&original->head, HEADER_MOST);
	if (length == 0)
		return true;
	n = record_read_body(fd, message->offset, &original->header, 0,
	    buf_reserve(&original->head, length), length, err);
	if (n == -1)
		return false;
	buf_added(&original->head, (size_t)n);
	length = header_block_length(buf_peek(&original->head));
	if (length > 0)
		original->head.end = original->head.start + length;
	return true;
}

/* A failure returns the whole message if it is small enough and nobody
 * asked for less; anything else its header. */
static bool
read_original(struct scheduler *s, const struct message *message,
    bool failure, struct original *original, struct err *err)
{
	int fd = segment_fd(s, message->segment, err);
	uint8_t ret;

	if (fd == -1 || !record_peek(fd, message->offset, &original->header,
	    &original->envelope, err))
		return false;
	ret = original->envelope->ret;
	if (!failure || ret == RET_HDRS ||
	    original->header.body_bytes > s->conf->bounce_bytes)
		return read_head(fd, message, original, err);
	original->whole = record_read(fd, message->offset, message->size,
	    &original->record, err);
	return original->whole;
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

static uint64_t
count_stuffed(struct span body)
{
	uint64_t count = 0;

	for (size_t i = 0; i < body.length; i++)
		if (body.data[i] == '.' &&
		    (i == 0 || body.data[i - 1] == '\n'))
			count++;
	return count;
}

static struct envelope *
envelope_for(struct scheduler *s, const char *to, struct span body,
    bool eight_bit)
{
	struct envelope *envelope = envelope_new();
	uint64_t stuffed = count_stuffed(body);

	envelope_set_reverse_path(envelope, span_of(""));
	envelope_add_rcpt(envelope, span_of(to), span_of(""), NOTIFY_NEVER);
	envelope->arrived = scheduler_wall(s);
	envelope->flags = ENVELOPE_REPORT;
	if (eight_bit)
		envelope->flags |= ENVELOPE_8BIT;
	if (stuffed > 0)
		envelope->flags |= ENVELOPE_DOTS;
	envelope->body_size = body.length - stuffed;
	envelope->client = mem_strdup(s->conf->hostname);
	envelope->sender = mem_strdup("MAILER-DAEMON");
	return envelope;
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
		.original = original->whole ? original->record.body :
		    buf_peek(&original->head),
		.whole = original->whole,
		.eight_bit = (original->envelope->flags & ENVELOPE_8BIT) != 0,
	};

	fill_rows(s, report, original->envelope, rows);
	buf_init(&out->body, s->conf->bounce_bytes + REPORT_ROOM);
	dsn_put(&dsn, &out->body);
	out->envelope = envelope_for(s, to, buf_peek(&out->body),
	    dsn.eight_bit);
	mem_free(rows);
}

static bool
any_failure(const struct report *report)
{
	for (uint32_t i = 0; i < report->count; i++)
		if (is_failure(&report->rows[i]))
			return true;
	return false;
}

enum bounce_step
bounce_make(struct scheduler *s, struct report *report, struct bounce *out,
    struct err *err)
{
	struct original original = { 0 };
	enum bounce_step step = BOUNCE_NOBODY;
	const char *to;
	uint32_t told;
	bool failure;

	*out = (struct bounce){ 0 };
	if (!read_original(s, report->message, any_failure(report),
	    &original, err)) {
		original_fini(&original);
		return err->kind == ERR_FORMAT ? BOUNCE_UNREADABLE :
		    BOUNCE_LATER;
	}
	told = choose_rows(report, original.envelope, &failure);
	to = told == 0 ? NULL : hearer(s, report, original.envelope, failure);
	if (to != NULL) {
		write_bounce(s, report, &original, to, told, out);
		step = BOUNCE_MADE;
	}
	original_fini(&original);
	return step;
}
