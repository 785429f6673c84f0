/* SPDX-License-Identifier: ISC
 *
 * say.c - the log lines of the receiver, in Postfix's words.
 */
#include "receiver/say.h"

#include "base/log.h"

#include <stdio.h>

void
say_message(const struct session *session)
{
	const struct transaction *txn = session->txn;
	char id[MSGID_TEXT + 1], client[CLIENT_TEXT_SIZE];

	msgid_text(txn->id, id);
	if (session->client.local)
		log_info("%s: uid=%u from=<%s>", id,
		    (unsigned)session->client.uid,
		    txn->envelope->reverse_path);
	else
		log_info("%s: client=%s", id,
		    client_text(&session->client, client));
	if (txn->message_id[0] != '\0')
		log_info("%s: message-id=%s", id, txn->message_id);
	else
		log_info("%s: message-id=<>", id);
}

enum { ADDRESS_SHOWN = 512 };

/* Who may relay is somebody's to look after, and each line may matter. */
static bool
is_to_be_said(const struct session *session)
{
	struct rules *rules = session->rules;

	return session->client.trusted || rules->habits == NULL ||
	    habits_may_say(rules->habits, session->client.address,
	    rules->now);
}

/* What stands for the address in ARGUMENT, whatever that is: between its
 * brackets, or up to the first blank. */
static struct span
address_in(struct span argument)
{
	bool bracket, quoted = false;
	size_t end = 0;

	while (argument.length > 0 && argument.data[0] == ' ')
		argument = span_skip(argument, 1);
	bracket = argument.length > 0 && argument.data[0] == '<';
	if (bracket)
		argument = span_skip(argument, 1);
	for (; end < argument.length; end++) {
		uint8_t c = argument.data[end];

		if (c == '"')
			quoted = !quoted;
		else if (c == ' ' ? !quoted : bracket && c == '>' && !quoted)
			break;
	}
	return span_first(argument, end);
}

/* Of the argument, " KEY=<address>"; readers stop at the first bracket, so
 * there is none within. */
static void
put_address(const char *key, struct span argument,
    char out[ADDRESS_SHOWN + 16])
{
	struct span address = span_first(address_in(argument),
	    ADDRESS_SHOWN);
	int used = snprintf(out, 16, " %s=<", key);
	char *to = out + used;

	for (size_t i = 0; i < address.length; i++) {
		char c = (char)address.data[i];

		*to++ = c == '<' || c == '>' || c == '\0' ? '?' : c;
	}
	*to++ = '>';
	*to = '\0';
}

void
say_reject(const struct session *session, const char *stage,
    struct complaint complaint, struct span address)
{
	const struct transaction *txn = session->txn;
	char client[CLIENT_TEXT_SIZE];
	char from[ADDRESS_SHOWN + 16], to[ADDRESS_SHOWN + 16] = "";

	if (!is_to_be_said(session))
		return;
	put_address("from", txn == NULL ? address :
	    span_of(txn->envelope->reverse_path), from);
	if (txn != NULL && address.length > 0)
		put_address("to", address, to);
	log_info("NOQUEUE: reject: %s from %s: %u %s %s;%s%s "
	    "proto=%s helo=<%s>", stage,
	    client_text(&session->client, client), complaint.code,
	    complaint.status, complaint.text, from, to,
	    session_protocol(session),
	    session->helo == NULL ? "" : session->helo);
}

void
say_lost(const struct session *session, const char *why)
{
	char client[CLIENT_TEXT_SIZE];

	if (session->txn == NULL || !is_to_be_said(session))
		return;
	log_info("%s after %s from %s; from=<%s>", why,
	    session->state == SESSION_ADDRESSED ? "MAIL" :
	    session->state == SESSION_READY ? "RCPT" : "DATA",
	    client_text(&session->client, client),
	    session->txn->envelope->reverse_path);
}
