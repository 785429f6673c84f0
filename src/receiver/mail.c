/* SPDX-License-Identifier: ISC
 *
 * mail.c - MAIL, RCPT and DATA: the commands that make a transaction.
 */
#include "receiver/verbs.h"

#include "receiver/intake.h"
#include "receiver/policy.h"
#include "receiver/say.h"

#include "base/mem.h"
#include "smtp/reply.h"

#include <stdio.h>

static unsigned
offered(const struct session *session)
{
	unsigned liberal = session->client.liberal ? SYNTAX_LIBERAL : 0;

	if (!session->extended)
		return liberal;
	return liberal | EXT_SIZE | EXT_8BITMIME | EXT_DSN | EXT_DELIVERBY |
	    (session->client.trusted ? EXT_MT_PRIORITY : 0) |
	    (may_hold(session) ? EXT_FUTURERELEASE : 0);
}

static enum session_state
reject(struct session *session, const char *stage,
    struct complaint complaint, struct span address, struct buf *reply)
{
	say_reject(session, stage, complaint, address);
	answer_complaint(session, reply, complaint);
	return session->state;
}

/* The mailbox as it goes into the envelope: whom nobody gave a domain is of
 * this host. */
static char *
complete(const struct session *session, const struct path *path)
{
	if (path->domain.length > 0 || path->mailbox.length == 0)
		return span_copy(path->mailbox);
	return mem_printf("%.*s@%s", (int)path->local.length,
	    (const char *)path->local.data, session->rules->conf->hostname);
}

/* The same of a recipient, who may be the postmaster of this host. */
static char *
rcpt_address(const struct session *session, const struct path *path)
{
	const struct conf *conf = session->rules->conf;

	if (policy_is_postmaster(conf, path))
		return mem_strdup(conf->postmaster);
	if (path->domain.length == 0 &&
	    span_is_nocase(path->local, "postmaster"))
		return mem_printf("postmaster@%s", conf->hostname);
	return complete(session, path);
}

enum session_state
act_mail(struct session *session, struct span argument, struct buf *reply)
{
	struct mail_params params = { 0 };
	struct path path;
	struct complaint complaint = mail_parse(argument, offered(session),
	    &path, &params);
	char *address;

	if (complaint.code == 0)
		complaint = policy_mail(session->rules, &session->client,
		    &params);
	if (complaint.code != 0)
		return reject(session, "MAIL", complaint, span_skip(argument,
		    strlen("FROM:")), reply);
	address = complete(session, &path);
	session->txn = transaction_new(span_of(address), &params,
	    session->rules->now);
	mem_free(address);
	session->txn->klass = (uint8_t)policy_best_class(&session->client,
	    &params);
	reply_put(reply, 250, "2.1.0", "Ok");
	return SESSION_ADDRESSED;
}

/* Of recipients over the limit the first one is logged for all. */
static enum session_state
reject_rcpt(struct session *session, struct complaint complaint,
    struct span address, struct buf *reply)
{
	struct transaction *txn = session->txn;
	bool over = complaint.code == 452;

	if (!over || !txn->rcpts_over)
		say_reject(session, "RCPT", complaint, address);
	txn->rcpt_refused = true;
	txn->rcpts_over |= over;
	answer_complaint(session, reply, complaint);
	return session->state;
}

/*
 * ADDRESS is among the recipients already, whatever else is said of it now:
 * it gets the message once.  Who says so without end is told that there are
 * too many.
 */
static enum session_state
take_again(struct session *session, struct span address, struct buf *reply)
{
	static const struct complaint enough = { 452, "4.5.3",
		"Too many recipients in one transaction" };

	if (session->txn->rcpts_again >= session->rules->conf->recipients)
		return reject_rcpt(session, enough, address, reply);
	session->txn->rcpts_again++;
	reply_put(reply, 250, "2.1.5", "Ok, as before");
	return SESSION_READY;
}

/* ADDRESS is the one of PATH in full. */
static enum session_state
take_rcpt(struct session *session, const struct path *path,
    struct span address, const struct rcpt_params *params, struct buf *reply)
{
	struct complaint complaint;

	if (transaction_has_rcpt(session->txn, address))
		return take_again(session, address, reply);
	complaint = policy_rcpt(session->rules, &session->client,
	    session->txn, path);
	if (complaint.code != 0)
		return reject_rcpt(session, complaint, path->mailbox, reply);
	transaction_add_rcpt(session->txn, session->rules, address, params);
	reply_put(reply, 250, "2.1.5", "Ok");
	return SESSION_READY;
}

enum session_state
act_rcpt(struct session *session, struct span argument, struct buf *reply)
{
	struct rcpt_params params = { 0 };
	struct path path = { 0 };
	struct complaint complaint = rcpt_parse(argument, offered(session),
	    &path, &params);
	enum session_state next;
	char *address;

	if (complaint.code != 0)
		return reject_rcpt(session, complaint,
		    span_skip(argument, strlen("TO:")), reply);
	address = rcpt_address(session, &path);
	next = take_rcpt(session, &path, span_of(address), &params, reply);
	mem_free(address);
	return next;
}

/* ---- DATA ---------------------------------------------------------------- */

static char *
lower_copy(struct span name)
{
	char *copy = span_copy(name);

	for (char *c = copy; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c + 32);
	return copy;
}

/* Whose turn this message takes among those of its class: of a user, a
 * domain, or a host. */
static char *
fairness_key(const struct session *session)
{
	const struct client *client = &session->client;
	struct span domain =
	    address_domain(session->txn->envelope->reverse_path);
	enum fair_by by = session->rules->conf->fair_by;
	char address[ADDR_TEXT_SIZE];

	if (client->local && by != FAIR_BY_DOMAIN)
		return mem_printf("uid %u", (unsigned)client->uid);
	if (domain.length > 0 && by != FAIR_BY_CLIENT)
		return lower_copy(domain);
	if (client->local)
		return mem_printf("uid %u", (unsigned)client->uid);
	return mem_strdup(addr_text(client->address, address));
}

static void
begin_body(struct session *session)
{
	const struct client *client = &session->client;
	struct envelope *envelope = session->txn->envelope;
	char literal[ADDR_TEXT_SIZE], text[CLIENT_TEXT_SIZE], user[32];
	char priority[8];
	struct trace trace = {
		.helo = session->helo,
		.hostname = session->rules->conf->hostname,
		.protocol = session_protocol(session),
		.tls = session->tls,
	};

	if (client->local) {
		snprintf(user, sizeof user, "uid %u", (unsigned)client->uid);
		trace.user = user;
	} else
		trace.client = addr_literal(client->address, literal);
	if (envelope->rcpt_count == 1)
		trace.only_rcpt = envelope->rcpts[0].address;
	if ((envelope->flags & ENVELOPE_PRIORITY) != 0) {
		snprintf(priority, sizeof priority, "%d", envelope->priority);
		trace.priority = priority;
	}
	envelope->client = mem_strdup(client_text(client, text));
	envelope->sender = fairness_key(session);
	if (session->tls != NULL)
		envelope->flags |= ENVELOPE_TLS;
	intake_begin(session->txn, session->rules, &trace);
}

enum session_state
act_data(struct session *session, struct span argument, struct buf *reply)
{
	struct transaction *txn = session->txn;
	struct complaint complaint;

	if (argument.length > 0) {
		answer(session, reply, 501, "5.5.4",
		    "No argument belongs here");
		return session->state;
	}
	if (session->state == SESSION_ADDRESSED) {
		answer(session, reply, txn->rcpt_refused ? 554 : 503, "5.5.1",
		    txn->rcpt_refused ? "No valid recipients" :
		    "Say RCPT first");
		return session->state;
	}
	complaint = policy_data(session->rules, txn);
	if (complaint.code != 0)
		return reject(session, "DATA", complaint, span_make(NULL, 0),
		    reply);
	begin_body(session);
	reply_put(reply, 354, NULL, "End data with <CR><LF>.<CR><LF>");
	return SESSION_BODY;
}
