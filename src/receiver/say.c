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

void
say_reject(const struct session *session, const char *stage,
    struct complaint complaint, struct span address)
{
	const struct transaction *txn = session->txn;
	char client[CLIENT_TEXT_SIZE], to[ADDRESS_SHOWN + 8] = "";
	struct span from = txn == NULL ? address :
	    span_of(txn->envelope->reverse_path);

	if (!is_to_be_said(session))
		return;
	address = span_first(address, ADDRESS_SHOWN);
	from = span_first(from, ADDRESS_SHOWN);
	if (txn != NULL && address.length > 0)
		snprintf(to, sizeof to, " to=<%.*s>", (int)address.length,
		    (const char *)address.data);
	log_info("NOQUEUE: reject: %s from %s: %u %s %s; from=<%.*s>%s "
	    "proto=%s helo=<%s>", stage,
	    client_text(&session->client, client), complaint.code,
	    complaint.status, complaint.text, (int)from.length,
	    from.length == 0 ? "" : (const char *)from.data, to,
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
