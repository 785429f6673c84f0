/* SPDX-License-Identifier: ISC
 *
 * policy.c - what is taken, and from whom.
 */
#include "receiver/policy.h"

#include "receiver/classify.h"

#include <stdio.h>

static const struct complaint WELCOME;

enum { ALL_CLASSES = (1 << CLASS_COUNT) - 1 };

const char *
client_text(const struct client *client, char out[CLIENT_TEXT_SIZE])
{
	char address[ADDR_TEXT_SIZE];

	if (client->local)
		snprintf(out, CLIENT_TEXT_SIZE, "local[uid %u]",
		    (unsigned)client->uid);
	else
		snprintf(out, CLIENT_TEXT_SIZE, "unknown[%s]",
		    addr_text(client->address, address));
	return out;
}

struct client
policy_client(const struct conf_listen *listen, struct addr address,
    bool have_certificate)
{
	const struct conf_trust *trust =
	    conf_trust_of(listen, &address.ip);
	struct client client = {
		.address = address,
		.trusted = trust != NULL,
		.can_tls = have_certificate && listen->tls == LISTEN_TLS_OFFER,
		.klass = (uint8_t)listen->klass,
		.ceiling = (uint8_t)listen->ceiling,
	};

	if (trust != NULL && trust->ceiling > listen->ceiling)
		client.ceiling = (uint8_t)trust->ceiling;
	return client;
}

struct client
policy_local(uint32_t uid)
{
	return (struct client){
		.local = true, .trusted = true, .uid = uid,
		.klass = CLASS_NORMAL, .ceiling = CLASS_URGENT,
	};
}

/* What pressure says to a message of which MAIL said PARAMS. */
static struct complaint
under_pressure(const struct rules *rules, const struct mail_params *params)
{
	uint8_t refuse = rules->refuse & ALL_CLASSES;
	const char *why = rules->refuse_why != NULL ? rules->refuse_why :
	    "Too much mail is waiting, try again later";

	if (params->has_priority &&
	    (refuse & (1U << class_of_priority(params->priority))) == 0)
		return WELCOME;
	if (params->has_priority ? refuse != 0 : refuse == ALL_CLASSES)
		return (struct complaint){ 452, "4.3.1", why };
	return WELCOME;
}

struct complaint
policy_mail(const struct rules *rules, const struct mail_params *params)
{
	const struct conf *conf = rules->conf;
	uint64_t size = params->has_size ? params->size : 0;

	if (conf->message_bytes != 0 && size > conf->message_bytes)
		return (struct complaint){ 552, "5.3.4",
			"The message is larger than is taken here" };
	if (rules->disk_free < conf->reserve_bytes ||
	    size > rules->disk_free - conf->reserve_bytes)
		return (struct complaint){ 452, "4.3.1",
			"Insufficient system storage, try again later" };
	return under_pressure(rules, params);
}

/* The last eighth of the memory is for urgent mail alone. */
static size_t
memory_for(const struct rules *rules, const struct transaction *txn)
{
	size_t most = rules->conf->memory;
	bool urgent = txn->header_done ? txn->klass == CLASS_URGENT :
	    (txn->envelope->flags & ENVELOPE_PRIORITY) != 0 &&
	    class_of_priority(txn->envelope->priority) == CLASS_URGENT;

	return urgent ? most : most - most / 8;
}

bool
policy_has_memory(const struct rules *rules, const struct transaction *txn,
    size_t length)
{
	size_t most = memory_for(rules, txn);

	return rules->in_flight <= most && length <= most - rules->in_flight;
}

struct complaint
policy_rcpt(const struct rules *rules, const struct client *client,
    const struct transaction *txn, const struct path *path)
{
	if (!client->trusted)
		return (struct complaint){ 550, "5.7.1",
			"Relay access denied" };
	if (path->mailbox.length == 0)
		return (struct complaint){ 501, "5.1.3",
			"A recipient needs an address" };
	if (txn->envelope->rcpt_count >= rules->conf->recipients)
		return (struct complaint){ 452, "4.5.3",
			"Too many recipients in one transaction" };
	if (!policy_has_memory(rules, txn, 0))
		return (struct complaint){ 452, "4.3.1",
			"Too much mail at once, try again later" };
	return WELCOME;
}

struct complaint
policy_data(const struct rules *rules, const struct transaction *txn)
{
	uint64_t size = txn->declared;

	if (size > rules->conf->large_bytes)
		size = rules->conf->large_bytes;
	if (!policy_has_memory(rules, txn, (size_t)size))
		return (struct complaint){ 452, "4.3.1",
			"Too much mail at once, try again later" };
	return WELCOME;
}
