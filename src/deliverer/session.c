/* SPDX-License-Identifier: ISC
 *
 * session.c - one SMTP connection, seen by the client.
 *
 * Each state has one function for the reply it waits for.  A server that
 * speaks before it is asked has lost its place, or somebody put words in its
 * mouth: between any two steps at which we wait for nothing, bytes that are
 * there already end the connection (RFC 3207, section 4.2, for STARTTLS).
 */
#include "deliverer/session_inside.h"

#include "base/must.h"

#include <stdio.h>
#include <string.h>

void
session_init(struct session *s, const char *hostname, enum site_tls tls)
{
	memset(s, 0, sizeof(*s));
	snprintf(s->hostname, sizeof(s->hostname), "%s", hostname);
	s->tls = tls;
	transaction_init(&s->transaction);
	transaction_init(&s->ahead);
	reply_init(&s->reply);
}

void
session_fini(struct session *s)
{
	transaction_fini(&s->transaction);
	transaction_fini(&s->ahead);
	reply_fini(&s->reply);
}

/* ---- failing ------------------------------------------------------------ */

void
session_fail_by_reply(struct session *s)
{
	struct session_failure *failure = &s->failure;
	char text[300];

	failure->code = (uint16_t)s->reply.code;
	failure->polite = failure->code != 421 &&
	    (s->state < SESSION_HANDSHAKE || s->state == SESSION_RESET);
	verdict_status(&s->reply, OUTCOME_DEFERRED, failure->status);
	reply_line(&s->reply, text, sizeof(text));
	failure->said = strlen(text);
	snprintf(failure->text, sizeof(failure->text), "%s (in reply to %s)",
	    text, session_state_name(s->state));
	s->state = SESSION_OVER;
}

void
session_fail(struct session *s, const char *status, const char *why)
{
	struct session_failure *failure = &s->failure;

	failure->code = 0;
	snprintf(failure->status, sizeof(failure->status), "%s", status);
	snprintf(failure->text, sizeof(failure->text), "%s (at %s)", why,
	    session_state_name(s->state));
	s->state = SESSION_OVER;
}

/* Stop using the connection; the verdicts, if any, are read first. */
static void
abandon(struct session *s, const char *status, const char *why)
{
	if (s->state == SESSION_TRANSACTION || s->state == SESSION_BODY) {
		transaction_settle(&s->transaction, OUTCOME_DEFERRED, status,
		    why, SCOPE_MESSAGE);
		session_doubt_unvouched(s);
		s->result_due = true;
	}
	session_unvouched(s);
	session_unproved(s, why);
	if (s->state != SESSION_OVER)
		session_fail(s, status, why);
}

void
session_lost(struct session *s, const char *why)
{
	char text[300];

	if (s->state == SESSION_HANDSHAKE)
		s->failure.tls = true;
	if (s->state != SESSION_TRANSACTION && s->state != SESSION_BODY) {
		abandon(s, "4.4.2", why);
		return;
	}
	if (s->transaction.stage == STAGE_DOT && s->transaction.accepted > 0)
		snprintf(text, sizeof(text), "%s after end of data", why);
	else
		snprintf(text, sizeof(text), "%s while waiting for the reply "
		    "to %s", why, stage_name(s->transaction.stage));
	abandon(s, "4.4.2", text);
}

bool
session_untouched(const struct session *s)
{
	return !s->transaction.touched;
}

/* ---- the way to idle ---------------------------------------------------- */

static void
say_hello(struct session *s, const char *verb, enum session_state next,
    struct buf *out)
{
	buf_printf(out, "%s %s\r\n", verb, s->hostname);
	s->offer = (struct offer){ 0 };
	s->state = next;
}

static void
on_greeting(struct session *s, struct buf *out)
{
	if (s->reply.code / 100 != 2)
		session_fail_by_reply(s);
	else
		say_hello(s, "EHLO", SESSION_EHLO, out);
}

/* Known what the server can do: encrypt, or begin to work. */
static void
introduced(struct session *s, struct buf *out)
{
	if (s->secured || s->tls == SITE_TLS_NONE) {
		s->state = SESSION_IDLE;
	} else if (s->offer.bits & OFFER_STARTTLS) {
		buf_append_text(out, "STARTTLS\r\n");
		s->state = SESSION_STARTTLS;
	} else if (s->tls == SITE_TLS_ENCRYPT) {
		s->failure.tls = true;
		session_fail(s, "4.7.4",
		    "TLS is required here and not offered");
	} else {
		s->state = SESSION_IDLE;
	}
}

static void
on_ehlo(struct session *s, struct buf *out)
{
	if (s->reply.code / 100 == 5) {
		say_hello(s, "HELO", SESSION_HELO, out);
	} else if (s->reply.code / 100 != 2) {
		session_fail_by_reply(s);
	} else {
		introduced(s, out);
	}
}

static void
on_helo(struct session *s, struct buf *out)
{
	if (s->reply.code / 100 != 2)
		session_fail_by_reply(s);
	else
		introduced(s, out);
}

static void
on_starttls(struct session *s)
{
	if (s->reply.code / 100 == 2) {
		s->state = SESSION_HANDSHAKE;
	} else if (s->reply.code == 421 || s->tls == SITE_TLS_ENCRYPT) {
		s->failure.tls = true;
		session_fail_by_reply(s);
	} else {
		s->state = SESSION_IDLE;
	}
}

void
session_secured(struct session *s, struct buf *out)
{
	must(s->state == SESSION_HANDSHAKE);
	s->secured = true;
	say_hello(s, "EHLO", SESSION_EHLO, out);
}

/* ---- transactions ------------------------------------------------------- */

/* What others wrote goes on as it came (RFC 6152 would have it returned); but
 * a report of ours can be had in 7 bits. */
static bool
is_8bit_report(const struct envelope *envelope)
{
	const uint32_t both = ENVELOPE_REPORT | ENVELOPE_8BIT;

	return (envelope->flags & both) == both;
}

enum session_begun
session_open(const struct session *s, struct transaction *t,
    const struct envelope *envelope, const uint32_t *rcpts, size_t count,
    struct buf *out)
{
	if (s->offer.size != 0 && envelope->body_size > s->offer.size)
		return SESSION_TOO_BIG;
	if (is_8bit_report(envelope) &&
	    (s->offer.bits & OFFER_8BITMIME) == 0)
		return SESSION_EIGHT_BIT;
	t->by = by_decide(envelope, &s->offer, s->by_left);
	if (t->by.step > BY_PASS)
		return SESSION_BY;
	return transaction_begin(t, envelope, rcpts, count, &s->offer, out) ?
	    SESSION_BEGUN : SESSION_UNCLEAN;
}

enum session_begun
session_begin(struct session *s, const struct envelope *envelope,
    const uint32_t *rcpts, size_t count, struct buf *out)
{
	enum session_begun begun;

	must(s->state == SESSION_IDLE);
	begun = session_open(s, &s->transaction, envelope, rcpts, count, out);
	if (begun == SESSION_BEGUN)
		s->state = SESSION_TRANSACTION;
	return begun;
}

void
session_after(struct session *s, enum transaction_step step,
    struct buf *out)
{
	switch (step) {
	case TRANSACTION_MORE:
		return;
	case TRANSACTION_BODY:
		s->state = SESSION_BODY;
		return;
	case TRANSACTION_OVER:
		if (session_vouch(s, out) || !session_rest(s))
			return;
		break;
	case TRANSACTION_RESET:
		if (session_vouch(s, out))
			return;
		buf_append_text(out, "RSET\r\n");
		s->state = SESSION_RESET;
		s->held = transaction_refused(&s->transaction);
		if (s->held)
			return;
		break;
	case TRANSACTION_DEAD:
		session_doubt_unvouched(s);
		session_fail_by_reply(s);
		break;
	}
	s->result_due = true;
}

void
session_body_sent(struct session *s)
{
	must(s->state == SESSION_BODY);
	transaction_body_sent(&s->transaction);
	s->bodies = true;
	s->state = SESSION_TRANSACTION;
}

void
session_quit(struct session *s, struct buf *out)
{
	must(s->state == SESSION_IDLE);
	buf_append_text(out, "QUIT\r\n");
	s->state = SESSION_QUIT;
}

/* ---- steps -------------------------------------------------------------- */

/* The whole reply that the state waits for is in s->reply. */
static void
on_reply(struct session *s, struct buf *out)
{
	switch (s->state) {
	case SESSION_GREETING:
		on_greeting(s, out);
		break;
	case SESSION_EHLO:
		on_ehlo(s, out);
		break;
	case SESSION_HELO:
		on_helo(s, out);
		break;
	case SESSION_STARTTLS:
		on_starttls(s);
		break;
	case SESSION_TRANSACTION:
		session_after(s,
		    transaction_reply(&s->transaction, &s->reply, out), out);
		break;
	case SESSION_BODY:
		session_after(s,
		    transaction_interrupted(&s->transaction, &s->reply), out);
		break;
	case SESSION_RESET:
		session_on_reset(s);
		break;
	case SESSION_CHECKING:
		session_on_checked(s);
		break;
	case SESSION_LEAVING:
		session_on_left(s);
		break;
	case SESSION_PROVING:
	case SESSION_MISORDERED:
		session_prove(s, out);
		break;
	case SESSION_IDLE:
		session_fail_by_reply(s);	/* 421: it does not want to wait */
		break;
	default:
		s->state = SESSION_OVER;
		break;
	}
}

/* What the owner must do before another reply can be read. */
static bool
owner_is_due(const struct session *s, struct span in, enum wish *wish)
{
	if (s->result_due)
		*wish = WISH_RESULT;
	else if (s->state == SESSION_OVER)
		*wish = WISH_CLOSE;
	else if (in.length > 0)
		return false;
	else if (s->state == SESSION_HANDSHAKE)
		*wish = WISH_TLS;
	else if (s->state == SESSION_IDLE)
		*wish = WISH_JOB;
	else if (s->state == SESSION_BODY)
		*wish = WISH_BODY;
	else
		return false;
	return true;
}

static void
read_reply(struct session *s, enum reply_step step, struct span in,
    struct buf *out)
{
	const char *wrong = "what came is no SMTP reply";

	if (step != REPLY_BAD) {
		s->replies++;
		on_reply(s, out);
		wrong = session_spoke_unasked(s, in);
	}
	if (step == REPLY_ENDLESS)
		wrong = "a reply had no end";
	else if (wrong != NULL || session_has_one_too_many(s, in))
		session_doubt(s);
	if (wrong != NULL)
		abandon(s, "4.5.0", wrong);
	reply_reset(&s->reply);
}

/* A reply to EHLO has its effect by its text. */
static enum reply_step
pull(struct session *s, struct span *in)
{
	if (s->state == SESSION_EHLO)
		return reply_pull_texts(&s->reply, in, offer_take, &s->offer);
	if (s->state == SESSION_CHECKING)
		return reply_pull_texts(&s->reply, in, offer_take, &s->again);
	return reply_pull(&s->reply, in);
}

enum wish
session_step(struct session *s, struct span *in, struct buf *out)
{
	enum reply_step step;
	enum wish wish;

	if (s->state == SESSION_BETWEEN && !s->result_due)
		session_go_on(s, out);
	while (!owner_is_due(s, *in, &wish)) {
		step = pull(s, in);
		if (step != REPLY_MORE) {
			read_reply(s, step, *in, out);
		} else if (s->state == SESSION_IDLE) {
			abandon(s, "4.5.0", "the server spoke unasked");
		} else {
			return WISH_BYTES;
		}
	}
	s->result_due = false;
	return wish;
}
