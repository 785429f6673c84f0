/* SPDX-License-Identifier: ISC
 *
 * transaction.c - one message to its recipients at one site.
 *
 * What a reply is about follows from its place in the row: MAIL, each RCPT,
 * DATA, and the final dot.  With PIPELINING the replies to RCPT and DATA
 * come even when MAIL was refused; they are counted and mean nothing then.
 * A server that answers 354 although nobody was accepted gets a lone dot
 * (RFC 2920, section 3.1).
 */
#include "deliverer/transaction_inside.h"

#include "base/mem.h"
#include "base/must.h"
#include "deliverer/command_out.h"

#include <stdio.h>
#include <string.h>

enum { TEXTS_MOST = 1 << 20, TEXT_MOST = TRANSACTION_TEXT_MOST + 1 };

void
transaction_init(struct transaction *t)
{
	memset(t, 0, sizeof(*t));
	t->stage = STAGE_OVER;
	buf_init(&t->texts, TEXTS_MOST);
}

void
transaction_fini(struct transaction *t)
{
	mem_free(t->verdicts);
	buf_fini(&t->texts);
}

/* ---- verdicts ----------------------------------------------------------- */

/* A million bytes of texts is enough for any report; what does not fit is
 * left out, the code and status stay. */
void
transaction_add_text(struct transaction *t, const char *text,
    struct verdict *verdict)
{
	size_t length = strlen(text), start = buf_length(&t->texts);

	if (!buf_append(&t->texts, text, length))
		length = 0;
	verdict->text = (uint32_t)start;
	verdict->text_length = (uint32_t)length;
}

static struct verdict
make_verdict(struct transaction *t, enum outcome outcome,
    const struct reply *reply)
{
	struct verdict verdict = { .settled = true, .outcome = outcome };
	char text[TEXT_MOST];

	verdict.stage = t->stage;
	verdict.code = (uint16_t)reply->code;
	verdict_status(reply, outcome, verdict.status);
	transaction_add_text(t, reply_line(reply, text, sizeof(text)), &verdict);
	return verdict;
}

static bool
any_open(const struct transaction *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (!t->verdicts[i].settled)
			return true;
	return false;
}

/* All that have no verdict yet get this one. */
static void
settle_open(struct transaction *t, const struct verdict *verdict)
{
	for (size_t i = 0; i < t->count; i++) {
		bool accepted = t->verdicts[i].accepted;

		if (t->verdicts[i].settled)
			continue;
		t->verdicts[i] = *verdict;
		t->verdicts[i].accepted = accepted;
	}
}

static void
settle_by_reply(struct transaction *t, const struct reply *reply)
{
	struct verdict verdict;

	if (!any_open(t))
		return;
	verdict = make_verdict(t, verdict_outcome(t->stage, reply, false),
	    reply);
	t->scope = SCOPE_MESSAGE;
	settle_open(t, &verdict);
}

void
transaction_settle(struct transaction *t, enum outcome outcome,
    const char *status, const char *text, enum scope scope)
{
	struct verdict verdict = {
		.settled = true, .outcome = outcome, .stage = t->stage
	};

	t->stage = STAGE_OVER;
	if (!any_open(t))
		return;
	snprintf(verdict.status, sizeof(verdict.status), "%s", status);
	transaction_add_text(t, text, &verdict);
	t->scope = scope;
	settle_open(t, &verdict);
}

struct span
transaction_text(const struct transaction *t, const struct verdict *verdict)
{
	return span_first(span_skip(buf_peek(&t->texts), verdict->text),
	    verdict->text_length);
}

/* ---- the beginning ------------------------------------------------------ */

static void
make_room(struct transaction *t, size_t count)
{
	if (count > t->room) {
		mem_free(t->verdicts);
		t->verdicts = mem_array(count, sizeof(t->verdicts[0]));
		t->room = count;
	} else {
		memset(t->verdicts, 0, count * sizeof(t->verdicts[0]));
	}
}

static bool
put_rcpt(const struct transaction *t, size_t which, struct buf *out)
{
	return command_rcpt(t->envelope,
	    &t->envelope->rcpts[t->rcpts[which]], &t->offer, out);
}

/* One by one or all at once: the whole must be fit for the wire before the
 * first byte of it is sent. */
static bool
put_all(const struct transaction *t, struct buf *out)
{
	if (!command_mail(t->envelope, &t->offer, &t->by, out))
		return false;
	for (size_t i = 0; i < t->count; i++)
		if (t->rcpts[i] >= t->envelope->rcpt_count ||
		    !put_rcpt(t, i, out))
			return false;
	buf_append_text(out, "DATA\r\n");
	return !out->full;
}

static void
buf_cut(struct buf *buf, size_t length)
{
	buf->end = buf->start + length;
	buf->full = false;
}

bool
transaction_begin(struct transaction *t, const struct envelope *envelope,
    const uint32_t *rcpts, size_t count, const struct offer *offer,
    struct buf *out)
{
	size_t before = buf_length(out), mail;

	must(count > 0);
	t->envelope = envelope;
	t->rcpts = rcpts;
	t->count = count;
	t->offer = *offer;
	t->answered = t->accepted = 0;
	t->mail_refused = t->touched = t->dropped = t->in_order = false;
	t->scope = SCOPE_RECIPIENT;
	make_room(t, count);
	buf_clear(&t->texts);
	t->stage = STAGE_MAIL;
	if (!put_all(t, out)) {
		buf_cut(out, before);
		return false;
	}
	if ((offer->bits & OFFER_PIPELINING) == 0) {
		mail = span_find(span_skip(buf_peek(out), before), '\n') + 1;
		buf_cut(out, before + mail);
	}
	return true;
}

/* ---- replies ------------------------------------------------------------ */

static bool
pipelined(const struct transaction *t)
{
	return (t->offer.bits & OFFER_PIPELINING) != 0;
}

static enum transaction_step
over(struct transaction *t, enum transaction_step how)
{
	t->stage = STAGE_OVER;
	return how;
}

static enum transaction_step
on_mail(struct transaction *t, const struct reply *reply, struct buf *out)
{
	if (reply->code / 100 != 2) {
		settle_by_reply(t, reply);
		t->mail_refused = true;
		if (!pipelined(t))
			return over(t, TRANSACTION_OVER);
	}
	t->stage = STAGE_RCPT;
	if (!pipelined(t))
		put_rcpt(t, 0, out);
	return TRANSACTION_MORE;
}

static void
judge_rcpt(struct transaction *t, struct verdict *verdict,
    const struct reply *reply)
{
	if (reply->code / 100 == 2) {
		verdict->accepted = true;
		t->accepted++;
		return;
	}
	*verdict = make_verdict(t,
	    verdict_outcome(STAGE_RCPT, reply, t->accepted > 0), reply);
}

static enum transaction_step
on_rcpt(struct transaction *t, const struct reply *reply, struct buf *out)
{
	if (!t->mail_refused)
		judge_rcpt(t, &t->verdicts[t->answered], reply);
	t->answered++;
	if (t->answered < t->count) {
		if (!pipelined(t))
			put_rcpt(t, t->answered, out);
		return TRANSACTION_MORE;
	}
	if (!pipelined(t)) {
		if (t->accepted == 0)
			return over(t, TRANSACTION_RESET);
		buf_append_text(out, "DATA\r\n");
	}
	t->stage = STAGE_DATA;
	return TRANSACTION_MORE;
}

static enum transaction_step
on_data(struct transaction *t, const struct reply *reply, struct buf *out)
{
	if (reply->code / 100 == 3) {
		t->in_order = true;
		if (t->accepted > 0) {
			t->stage = STAGE_BODY;
			return TRANSACTION_BODY;
		}
		buf_append_text(out, ".\r\n");
		t->stage = STAGE_DOT;
		return TRANSACTION_MORE;
	}
	settle_by_reply(t, reply);
	return over(t, t->mail_refused ? TRANSACTION_OVER : TRANSACTION_RESET);
}

enum transaction_step
transaction_on_dot(struct transaction *t, const struct reply *reply)
{
	struct verdict verdict;

	if (reply->code / 100 == 2) {
		verdict = make_verdict(t, OUTCOME_DELIVERED, reply);
		settle_open(t, &verdict);
		return over(t, TRANSACTION_OVER);
	}
	settle_by_reply(t, reply);
	return over(t, TRANSACTION_OVER);
}

bool
transaction_fits(const struct transaction *t, const struct reply *reply)
{
	switch (reply->code / 100) {
	case 4:
	case 5:
		return true;
	case 2:
		return t->stage != STAGE_DATA;
	default:
		return t->stage == STAGE_DATA && reply->code / 100 == 3;
	}
}

/* The server is leaving, whatever was asked (421: RFC 5321, 4.2.3). */
enum transaction_step
transaction_on_leaving(struct transaction *t, const struct reply *reply)
{
	settle_by_reply(t, reply);
	return over(t, TRANSACTION_DEAD);
}

/* The server has lost its place, or somebody put words in its mouth: replies
 * before this one were taken for what they were not as well. */
static enum transaction_step
on_misfit(struct transaction *t, const struct reply *reply)
{
	transaction_retract(t);
	return transaction_on_leaving(t, reply);
}

enum transaction_step
transaction_reply(struct transaction *t, const struct reply *reply,
    struct buf *out)
{
	if (reply->code == 421)
		return transaction_on_leaving(t, reply);
	t->touched = true;
	if (!transaction_fits(t, reply))
		return on_misfit(t, reply);
	switch (t->stage) {
	case STAGE_MAIL:
		return on_mail(t, reply, out);
	case STAGE_RCPT:
		return on_rcpt(t, reply, out);
	case STAGE_DATA:
		return on_data(t, reply, out);
	case STAGE_DOT:
		return transaction_on_dot(t, reply);
	default:
		must(!"a reply with nothing asked");
		return TRANSACTION_DEAD;
	}
}

/* ---- the body ----------------------------------------------------------- */

void
transaction_body_sent(struct transaction *t)
{
	must(t->stage == STAGE_BODY);
	t->stage = STAGE_DOT;
}

enum transaction_step
transaction_interrupted(struct transaction *t, const struct reply *reply)
{
	if (reply->code / 100 == 4 || reply->code / 100 == 5)
		settle_by_reply(t, reply);
	else
		transaction_settle(t, OUTCOME_DEFERRED, "4.5.0",
		    "the server answered before the end of the message",
		    SCOPE_MESSAGE);
	return over(t, TRANSACTION_DEAD);
}
