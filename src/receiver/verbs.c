/* SPDX-License-Identifier: ISC
 *
 * verbs.c - greetings and small talk: all commands that move no mail.
 */
#include "receiver/verbs.h"

#include "base/mem.h"
#include "smtp/reply.h"

#include <ctype.h>
#include <stdio.h>
#include <time.h>

/* Commands of other protocols: somebody talks through a browser. */
static const char *const strangers[] = {
	"GET ", "POST ", "PUT ", "HEAD ", "OPTIONS ", "CONNECT ", "HOST:",
	NULL
};

/* ARGUMENT of unknown commands is the whole line. */
enum session_state
act_unknown(struct session *session, struct span argument, struct buf *reply)
{
	for (size_t i = 0; strangers[i] != NULL; i++) {
		if (!span_starts_nocase(argument, strangers[i]))
			continue;
		session_end(session, "4.7.0", "This is SMTP, goodbye", reply);
		return SESSION_ENDED;
	}
	answer(session, reply, 500, "5.5.1", "Command not recognized");
	return session->state;
}

enum session_state
act_missing(struct session *session, struct span argument, struct buf *reply)
{
	(void)argument;
	answer(session, reply, 502, "5.5.1", "Command not implemented");
	return session->state;
}

/* ---- HELO and EHLO ------------------------------------------------------- */

/*
 * More than RFC 5321 has: a wrong name is no reason to refuse mail.  But it
 * goes into the Received field and the log, and must not break their form:
 * what would is refused, or replaced where the client may relay.
 */
static bool
is_harmless(uint8_t c)
{
	return c > ' ' && c < 0x7f && strchr("()<>\"\\;,", c) == NULL;
}

static bool
helo_is_harmless(struct span name)
{
	for (size_t i = 0; i < name.length; i++)
		if (!is_harmless(name.data[i]))
			return false;
	return name.length <= DOMAIN_MOST;
}

static char *
helo_cleaned(struct span name)
{
	char *copy = span_copy(span_first(name, DOMAIN_MOST));

	for (char *c = copy; *c != '\0'; c++)
		if (!is_harmless((uint8_t)*c))
			*c = '?';
	return copy;
}

static bool
take_helo(struct session *session, struct span name, struct buf *reply)
{
	if (name.length == 0 ||
	    (!session->client.liberal && !helo_is_harmless(name))) {
		answer(session, reply, 501, "5.5.4",
		    "A host name or address literal is needed");
		return false;
	}
	transaction_reset(&session->txn, session->rules);
	mem_free(session->helo);
	session->helo = helo_cleaned(name);
	return true;
}

enum session_state
act_helo(struct session *session, struct span argument, struct buf *reply)
{
	if (!take_helo(session, argument, reply))
		return session->state;
	session->extended = false;
	reply_put(reply, 250, NULL, session->rules->conf->hostname);
	return SESSION_GREETED;
}

enum { OFFER_MOST = 80 };

bool
may_hold(const struct session *session)
{
	return session->client.trusted && session->rules->conf->hold > 0;
}

/* RFC 2852: with the least time for mode R, if there is one. */
static const char *
offer_deliver_by(const struct conf *conf, char out[OFFER_MOST])
{
	long long least = conf->deliver_by / MSEC_SECOND;

	if (least > 0)
		snprintf(out, OFFER_MOST, "\nDELIVERBY %lld", least);
	else
		snprintf(out, OFFER_MOST, "\nDELIVERBY");
	return out;
}

/* RFC 4865: the longest interval, and the time it ends now. */
static const char *
offer_hold(const struct session *session, char out[OFFER_MOST])
{
	const struct rules *rules = session->rules;
	long long most = rules->conf->hold / MSEC_SECOND;
	time_t end = (time_t)(rules->now / 1000000 + most);
	char text[32] = "";
	struct tm tm;

	out[0] = '\0';
	if (!may_hold(session) || gmtime_r(&end, &tm) == NULL)
		return out;
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	snprintf(out, OFFER_MOST, "\nFUTURERELEASE %lld %s", most, text);
	return out;
}

enum session_state
act_ehlo(struct session *session, struct span argument, struct buf *reply)
{
	const struct conf *conf = session->rules->conf;
	const struct client *client = &session->client;
	char by[OFFER_MOST], hold[OFFER_MOST];

	if (!take_helo(session, argument, reply))
		return session->state;
	session->extended = true;
	reply_putf(reply, 250, NULL,
	    "%s\nPIPELINING\nSIZE %llu%s\n8BITMIME\nDSN%s%s%s\n"
	    "ENHANCEDSTATUSCODES", conf->hostname,
	    (unsigned long long)conf->message_bytes,
	    client->can_tls && session->tls == NULL ? "\nSTARTTLS" : "",
	    client->trusted ? "\nMT-PRIORITY MIXER" : "",
	    offer_deliver_by(conf, by), offer_hold(session, hold));
	return SESSION_GREETED;
}

/* ---- the rest ------------------------------------------------------------ */

static bool
has_argument(struct session *session, struct span argument,
    struct buf *reply)
{
	if (argument.length == 0)
		return false;
	answer(session, reply, 501, "5.5.4", "No argument belongs here");
	return true;
}

enum session_state
act_starttls(struct session *session, struct span argument,
    struct buf *reply)
{
	if (has_argument(session, argument, reply))
		return session->state;
	if (session->tls != NULL) {
		answer(session, reply, 503, "5.5.1", "TLS is on already");
		return session->state;
	}
	if (!session->client.can_tls) {
		answer(session, reply, 502, "5.5.1",
		    "Command not implemented");
		return session->state;
	}
	reply_put(reply, 220, "2.0.0", "Ready to start TLS");
	return SESSION_SECURE;
}

enum session_state
act_rset(struct session *session, struct span argument, struct buf *reply)
{
	if (has_argument(session, argument, reply))
		return session->state;
	reply_put(reply, 250, "2.0.0", "Ok");
	return transaction_over(session, reply);
}

enum session_state
act_noop(struct session *session, struct span argument, struct buf *reply)
{
	(void)argument;
	reply_put(reply, 250, "2.0.0", "Ok");
	return session->state;
}

enum session_state
act_quit(struct session *session, struct span argument, struct buf *reply)
{
	if (has_argument(session, argument, reply))
		return session->state;
	transaction_reset(&session->txn, session->rules);
	reply_put(reply, 221, "2.0.0", "Bye");
	return SESSION_ENDED;
}

enum session_state
act_vrfy(struct session *session, struct span argument, struct buf *reply)
{
	if (argument.length == 0)
		answer(session, reply, 501, "5.5.4", "An address is needed");
	else
		reply_put(reply, 252, "2.0.0",
		    "Cannot verify, but will take mail and try");
	return session->state;
}

enum session_state
act_help(struct session *session, struct span argument, struct buf *reply)
{
	(void)argument;
	reply_put(reply, 214, "2.0.0", "EHLO HELO MAIL RCPT DATA RSET NOOP "
	    "VRFY STARTTLS HELP QUIT (RFC 5321)");
	return session->state;
}
