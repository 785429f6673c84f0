/* SPDX-License-Identifier: ISC
 *
 * policy.c - what is taken, and from whom.
 */
#include "receiver/policy.h"

#include "receiver/classify.h"

#include <stdio.h>

static const struct complaint WELCOME;

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

/* Programs and devices of one's own may slip; from a stranger such a line is
 * an attempt at smuggling. */
static bool
mends(const struct conf_listen *listen, const struct conf_trust *trust)
{
	enum bare_lf said = listen->bare_lf;

	if (trust != NULL && trust->bare_lf != BARE_LF_BY_TRUST)
		said = trust->bare_lf;
	if (said == BARE_LF_BY_TRUST)
		return trust != NULL && !listen->strict;
	return said == BARE_LF_NORMALIZE;
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
		.liberal = trust != NULL && !listen->strict,
		.mends = mends(listen, trust),
		.can_tls = have_certificate && listen->tls == LISTEN_TLS_OFFER,
		.klass = (uint8_t)listen->klass,
		.ceiling = (uint8_t)listen->ceiling,
	};

	if (trust != NULL && trust->ceiling > listen->ceiling)
		client.ceiling = (uint8_t)trust->ceiling;
	if (trust == NULL)	/* may write to the postmaster, at leisure */
		client.klass = client.ceiling = CLASS_BULK;
	return client;
}

struct client
policy_local(uint32_t uid)
{
	return (struct client){
		.local = true,
		.trusted = true,
		.liberal = true,
		.mends = true,
		.uid = uid,
		.klass = CLASS_NORMAL,
		.ceiling = CLASS_URGENT,
	};
}

enum mail_class
policy_best_class(const struct client *client,
    const struct mail_params *params)
{
	enum mail_class asked = params->has_priority ?
	    class_of_priority(params->priority) : CLASS_URGENT;

	return asked > client->ceiling ? asked : client->ceiling;
}

/* Its class is not known yet, unless MT-PRIORITY was given: it is refused
 * when all classes that it may be of are. */
static struct complaint
under_pressure(const struct rules *rules, const struct client *client,
    const struct mail_params *params)
{
	unsigned first = policy_best_class(client, params);
	unsigned last = params->has_priority ? first : CLASS_BULK;
	struct complaint complaint = WELCOME;

	for (unsigned c = first; c <= last; c++) {
		complaint = pressure_verdict(&rules->pressure, c);
		if (complaint.code == 0)
			return WELCOME;
	}
	return complaint;
}

/* RFC 4865: the time until then is known, and it is no longer than we
 * promised; mail that must be there by a time is not held beyond that. */
static struct complaint
holdable(const struct rules *rules, const struct mail_params *params)
{
	int64_t now = rules->now / 1000000;
	int64_t hold = params->hold_until != 0 ? params->hold_until - now :
	    params->hold_seconds;

	if (hold > rules->conf->hold / MSEC_SECOND)
		return (struct complaint){ 554, "5.5.4",
			"The message is to be held longer than is done here" };
	if (params->has_by && hold >= params->by_seconds)
		return (struct complaint){ 501, "5.5.4",
			"The message is to be held beyond the time of BY" };
	return WELCOME;
}

struct complaint
policy_room(const struct rules *rules, enum mail_class klass, uint64_t size)
{
	uint64_t floor = conf_floor(rules->conf, klass);

	if (rules->disk_free >= floor && size <= rules->disk_free - floor)
		return WELCOME;
	return (struct complaint){ 452, "4.3.1",
		"Insufficient system storage, try again later" };
}

struct complaint
policy_mail(const struct rules *rules, const struct client *client,
    const struct mail_params *params)
{
	const struct conf *conf = rules->conf;
	uint64_t size = params->has_size ? params->size : 0;
	struct complaint complaint;

	if (conf->message_bytes != 0 && size > conf->message_bytes)
		return (struct complaint){ 552, "5.3.4",
			"The message is larger than is taken here" };
	if (params->has_by && params->by_return &&
	    params->by_seconds < conf->deliver_by / MSEC_SECOND)
		return (struct complaint){ 554, "5.4.7",
			"There is less time to deliver than is needed here" };
	if (params->has_hold) {
		complaint = holdable(rules, params);
		if (complaint.code != 0)
			return complaint;
	}
	complaint = policy_room(rules, policy_best_class(client, params), size);
	return complaint.code != 0 ? complaint :
	    under_pressure(rules, client, params);
}

/* The last eighth of the memory is for urgent mail alone. */
static size_t
memory_for(const struct rules *rules, const struct transaction *txn)
{
	size_t most = rules->conf->memory;
	bool named = txn->header_done ||
	    (txn->envelope->flags & ENVELOPE_PRIORITY) != 0;

	return named && txn->klass == CLASS_URGENT ? most : most - most / 8;
}

bool
policy_has_memory(const struct rules *rules, const struct transaction *txn,
    size_t length)
{
	size_t most = memory_for(rules, txn);

	return rules->in_flight <= most && length <= most - rules->in_flight;
}

bool
policy_is_postmaster(const struct conf *conf, const struct path *path)
{
	return conf->postmaster != NULL &&
	    span_is_nocase(path->local, "postmaster") &&
	    (path->domain.length == 0 ||
	    span_is_nocase(path->domain, conf->hostname));
}

struct complaint
policy_rcpt(const struct rules *rules, const struct client *client,
    const struct transaction *txn, const struct path *path)
{
	if (!client->trusted && !policy_is_postmaster(rules->conf, path))
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
