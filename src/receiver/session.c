/* SPDX-License-Identifier: ISC
 *
 * session.c - the server side of SMTP as a machine without hands.
 */
#include "receiver/session.h"

#include "receiver/classify.h"
#include "receiver/intake.h"
#include "receiver/say.h"
#include "receiver/verbs.h"

#include "base/mem.h"
#include "base/must.h"
#include "smtp/reply.h"

#define SAY(verb) (1U << VERB_##verb)

/* Fit for any state in which commands are read. */
#define ALWAYS (SAY(UNKNOWN) | SAY(HELO) | SAY(EHLO) | SAY(RSET) |	\
	SAY(NOOP) | SAY(QUIT) | SAY(VRFY) | SAY(EXPN) | SAY(HELP) |	\
	SAY(AUTH) | SAY(BDAT) | SAY(ETRN))

/* What the client may say in each state; anything else earns a 503. */
static const unsigned may_say[SESSION_STATE_COUNT] = {
	[SESSION_FRESH] = ALWAYS,
	[SESSION_GREETED] = ALWAYS | SAY(MAIL) | SAY(STARTTLS),
	[SESSION_ADDRESSED] = ALWAYS | SAY(RCPT) | SAY(DATA),
	[SESSION_READY] = ALWAYS | SAY(RCPT) | SAY(DATA),
};

/* After these the client must wait for the reply (RFC 2920, 3.1): bytes
 * that are there already were sent blindly, or were injected.  Local users
 * may pipe a whole session into sendmail -bs: nobody is between them and us. */
static const unsigned says_last = SAY(HELO) | SAY(EHLO) | SAY(DATA) |
    SAY(STARTTLS);

/* These move no mail; a session may say only so many of them. */
static const unsigned idle_talk = SAY(HELO) | SAY(EHLO) | SAY(RSET) |
    SAY(NOOP) | SAY(VRFY) | SAY(EXPN) | SAY(HELP);
enum {
	IDLE_TALK_MOST = 100,
	LINES_SWALLOWED = 16	/* times command-line, without an end */
};

static act_fn *const act[VERB_COUNT] = {
	[VERB_UNKNOWN] = act_unknown,
	[VERB_HELO] = act_helo,
	[VERB_EHLO] = act_ehlo,
	[VERB_MAIL] = act_mail,
	[VERB_RCPT] = act_rcpt,
	[VERB_DATA] = act_data,
	[VERB_RSET] = act_rset,
	[VERB_NOOP] = act_noop,
	[VERB_QUIT] = act_quit,
	[VERB_VRFY] = act_vrfy,
	[VERB_EXPN] = act_missing,
	[VERB_HELP] = act_help,
	[VERB_STARTTLS] = act_starttls,
	[VERB_AUTH] = act_missing,
	[VERB_BDAT] = act_missing,
	[VERB_ETRN] = act_missing,
};

static const enum wish wishes[SESSION_STATE_COUNT] = {
	[SESSION_FRESH] = WANT_LINE,
	[SESSION_GREETED] = WANT_LINE,
	[SESSION_ADDRESSED] = WANT_LINE,
	[SESSION_READY] = WANT_LINE,
	[SESSION_BODY] = WANT_BODY,
	[SESSION_COMMIT] = WANT_COMMIT,
	[SESSION_SECURE] = WANT_TLS,
	[SESSION_ENDED] = WANT_CLOSE,
};

const char *
session_state_name(enum session_state state)
{
	static const char *const names[SESSION_STATE_COUNT] = {
		"fresh", "greeted", "addressed", "ready", "body", "commit",
		"secure", "ended"
	};

	return names[state];
}

void
session_init(struct session *session, struct rules *rules,
    const struct client *client)
{
	*session = (struct session){ .rules = rules, .client = *client,
		.state = SESSION_FRESH };
}

void
session_fini(struct session *session)
{
	transaction_reset(&session->txn, session->rules);
	mem_free(session->helo);
	mem_free(session->tls);
	session->helo = session->tls = NULL;
	session->state = SESSION_ENDED;
}

void
session_greet(const struct session *session, struct buf *reply)
{
	reply_putf(reply, 220, NULL, "%s ESMTP postrider",
	    session->rules->conf->hostname);
}

enum wish
session_wish(const struct session *session)
{
	return wishes[session->state];
}

bool
session_is_idle(const struct session *session)
{
	return session->state == SESSION_FRESH ||
	    session->state == SESSION_GREETED;
}

const char *
session_protocol(const struct session *session)
{
	if (session->client.local)
		return "local";
	if (!session->extended)
		return "SMTP";
	return session->tls != NULL ? "ESMTPS" : "ESMTP";
}

/* ---- replies ------------------------------------------------------------- */

void
answer(struct session *session, struct buf *reply, unsigned code,
    const char *status, const char *text)
{
	if (code >= 400)
		session->rules->refused++;
	if (code >= 500)
		session->errors++;
	reply_put(reply, code, status, text);
}

void
answer_complaint(struct session *session, struct buf *reply,
    struct complaint complaint)
{
	answer(session, reply, complaint.code, complaint.status,
	    complaint.text);
}

void
session_end(struct session *session, const char *status, const char *text,
    struct buf *reply)
{
	reply_putf(reply, 421, status, "%s %s",
	    session->rules->conf->hostname, text);
	transaction_reset(&session->txn, session->rules);
	session->state = SESSION_ENDED;
}

enum session_state
transaction_over(struct session *session, struct buf *reply)
{
	transaction_reset(&session->txn, session->rules);
	if (session->rules->draining) {
		session_end(session, "4.3.2", "Service shutting down", reply);
		return SESSION_ENDED;
	}
	return session->helo == NULL ? SESSION_FRESH : SESSION_GREETED;
}

/* ---- command lines ------------------------------------------------------- */

static const char *
why_not_now(enum session_state state, enum verb verb)
{
	if (state == SESSION_FRESH)
		return "Say EHLO first";
	if (verb == VERB_MAIL)
		return "One MAIL at a time; RSET ends what was begun";
	if (verb == VERB_STARTTLS)
		return "Not within a transaction";
	return "Say MAIL first";
}

static void
obey(struct session *session, enum verb verb, struct span argument,
    bool more_follows, struct buf *reply)
{
	unsigned bit = 1U << verb;

	if ((idle_talk & bit) != 0 && ++session->idling > IDLE_TALK_MOST)
		session->errors++;
	if ((may_say[session->state] & bit) == 0)
		answer(session, reply, 503, "5.5.1",
		    why_not_now(session->state, verb));
	else if ((says_last & bit) != 0 && more_follows &&
	    !session->client.local) {
		answer(session, reply, 554, "5.5.0",
		    "SMTP protocol synchronization error");
		transaction_reset(&session->txn, session->rules);
		session->state = SESSION_ENDED;
	} else
		session->state = (uint8_t)act[verb](session, argument, reply);
}

static void
do_line(struct session *session, struct span line, bool more_follows,
    struct buf *reply)
{
	struct span argument;
	enum verb verb;

	if (line.length == 0 || line.data[line.length - 1] != '\r')
		answer(session, reply, 500, "5.5.2",
		    "Lines must end in CR LF");
	else if (!command_split(span_first(line, line.length - 1), &verb,
	    &argument))
		answer(session, reply, 501, "5.5.2",
		    "There are control bytes in the command");
	else if (verb == VERB_UNKNOWN)
		session->state = (uint8_t)act_unknown(session,
		    span_first(line, line.length - 1), reply);
	else
		obey(session, verb, argument, more_follows, reply);
	if (session->errors > session->rules->conf->errors &&
	    session->state != SESSION_ENDED)
		session_end(session, "4.7.0", "Too many errors", reply);
}

static void
line_too_long(struct session *session, struct buf *reply)
{
	session->swallowing = false;
	session->swallowed = 0;
	answer(session, reply, 500, "5.5.2", "The command line is too long");
}

/* All of IN is of a line that is too long; it may be one without end. */
static void
swallow(struct session *session, struct span *in, struct buf *reply)
{
	size_t most = LINES_SWALLOWED * session->rules->conf->command_line;

	session->swallowing = true;
	session->swallowed += in->length;
	*in = span_skip(*in, in->length);
	if (session->swallowed < most)
		return;
	line_too_long(session, reply);
	transaction_reset(&session->txn, session->rules);
	session->state = SESSION_ENDED;
}

/* One line off IN.  False: it is not whole yet. */
static bool
read_line(struct session *session, struct span *in, struct buf *reply)
{
	size_t most = session->rules->conf->command_line;
	size_t end = span_find(*in, '\n');
	struct span line = span_first(*in, end);

	if (end == in->length) {
		if (session->swallowing || in->length >= most)
			swallow(session, in, reply);
		return false;
	}
	*in = span_skip(*in, end + 1);
	if (session->swallowing || end + 1 > most)
		line_too_long(session, reply);
	else
		do_line(session, line, in->length > 0, reply);
	return true;
}

/* ---- the body ------------------------------------------------------------ */

/* Body bytes off IN.  False: all of it was body. */
static bool
read_body(struct session *session, struct span *in, struct buf *reply)
{
	struct transaction *txn = session->txn;

	if (intake_read(txn, session->rules, &session->client, in) ==
	    DOT_MORE)
		return false;
	if (txn->refused.code == 0) {
		session->state = SESSION_COMMIT;
		return true;
	}
	say_reject(session, "END-OF-MESSAGE", txn->refused,
	    span_make(NULL, 0));
	answer_complaint(session, reply, txn->refused);
	session->state = (uint8_t)transaction_over(session, reply);
	if (session->errors > session->rules->conf->errors &&
	    session->state != SESSION_ENDED)
		session_end(session, "4.7.0", "Too many errors", reply);
	return true;
}

enum wish
session_input(struct session *session, struct span *in, struct buf *reply)
{
	for (;;) {
		enum wish wish = session_wish(session);
		bool again = false;

		if (buf_length(reply) > REPLIES_MOST)
			return wish;
		if (wish == WANT_LINE && in->length > 0)
			again = read_line(session, in, reply);
		else if (wish == WANT_BODY && in->length > 0)
			again = read_body(session, in, reply);
		if (!again)
			return session_wish(session);
	}
}

void
session_committed(struct session *session, bool ok, struct buf *reply)
{
	const struct transaction *txn = session->txn;
	char id[MSGID_TEXT + 1];

	must(session->state == SESSION_COMMIT);
	msgid_text(txn->id, id);
	if (!ok) {
		session->rules->refused++;
		reply_put(reply, 451, "4.3.0", "The message could not be "
		    "stored, and was not taken; try again later");
	} else if (txn->lowered)
		reply_putf(reply, 250, "2.3.6",
		    "%d is the new priority; Ok: queued as %s",
		    priority_of_class(txn->klass), id);
	else
		reply_putf(reply, 250, "2.0.0", "Ok: queued as %s", id);
	if (ok)
		session->errors = session->idling = 0;
	session->state = (uint8_t)transaction_over(session, reply);
}

void
session_secured(struct session *session, const char *version,
    const char *cipher)
{
	transaction_reset(&session->txn, session->rules);
	mem_free(session->helo);
	session->helo = NULL;
	session->extended = false;
	session->swallowing = false;
	mem_free(session->tls);
	session->tls = mem_printf("%s cipher %s", version, cipher);
	session->state = SESSION_FRESH;
}
