/* SPDX-License-Identifier: ISC
 *
 * lookup.c - from a domain to the addresses of its mail hosts (RFC 5321,
 * section 5.1; RFC 7505).
 *
 * A domain without MX is its own mail host.  An MX that cannot be found out
 * is not the same as none: then nothing is concluded.  Hosts of equal
 * preference are shuffled; IPv6 and IPv4 addresses of a host take turns,
 * IPv6 first.
 */
#include "resolver/lookup.h"

#include "base/mem.h"
#include "base/must.h"
#include "base/rand.h"

#include <stdio.h>

enum { SLOT_MX = 2 * LOOKUP_HOSTS_MOST };

struct lookup *
lookup_new(uint8_t kind, struct span name, lookup_ask_fn *ask, void *owner)
{
	struct lookup *l = mem_new(struct lookup);

	l->kind = kind;
	l->name = text_lower(span_copy(name));
	l->ask = ask;
	l->owner = owner;
	l->secure = true;
	l->ttl = UINT32_MAX;
	return l;
}

void
lookup_free(struct lookup **at)
{
	struct lookup *l = *at;

	must(l->pending == 0);
	for (size_t i = 0; i < l->host_count; i++)
		mem_free(l->hosts[i].name);
	mem_free(l->hosts);
	mem_free(l->name);
	mem_free(l);
	*at = NULL;
}

/* ---- the answer --------------------------------------------------------- */

/* "WHAT: NAME" is for people. */
static void
answer(struct lookup *l, enum answer_status status, const char *what)
{
	if (l->answered)
		return;
	l->answered = true;
	l->status = status;
	if (what == NULL)
		l->text[0] = '\0';
	else
		snprintf(l->text, sizeof(l->text), "%s: %s", what, l->name);
}

static bool
has_address(const struct lookup_host *host)
{
	return host->v4_count + host->v6_count > 0;
}

/* All replies are in, or the time is over. */
static void
conclude(struct lookup *l)
{
	for (size_t i = 0; i < l->host_count; i++)
		if (has_address(&l->hosts[i])) {
			answer(l, ANSWER_OK, NULL);
			return;
		}
	if (l->temporary)
		answer(l, ANSWER_TEMPORARY, "the address cannot be looked up "
		    "at this time");
	else if (l->missing && l->kind == QUESTION_HOST)
		answer(l, ANSWER_NONE, "no such host");
	else
		answer(l, ANSWER_NO_ADDRESS, "no mail host with an address");
}

void
lookup_expire(struct lookup *l)
{
	l->temporary = true;
	conclude(l);
}

/* The hosts are in order: the best of those of which anything is known, or
 * will be, is the first. */
bool
lookup_suffices(const struct lookup *l)
{
	size_t best = 0;

	while (best < l->host_count && l->hosts[best].owed == 0 &&
	    !has_address(&l->hosts[best]))
		best++;
	for (size_t i = best; !l->answered && i < l->host_count &&
	    l->hosts[i].preference == l->hosts[best].preference; i++)
		if (has_address(&l->hosts[i]))
			return true;
	return false;
}

/* ---- addresses ---------------------------------------------------------- */

static void
ask(struct lookup *l, const char *name, enum dns_type type, unsigned slot)
{
	l->pending++;
	l->ask(l->owner, l, name, type, slot);
}

static void
ask_addresses(struct lookup *l)
{
	for (unsigned i = 0; i < l->host_count; i++)
		l->hosts[i].owed = 2;
	for (unsigned i = 0; i < l->host_count; i++) {
		ask(l, l->hosts[i].name, DNS_AAAA, 2 * i);
		ask(l, l->hosts[i].name, DNS_A, 2 * i + 1);
	}
}

static void
on_addresses(struct lookup *l, unsigned slot, const struct dns_reply *reply)
{
	struct lookup_host *host = &l->hosts[slot / 2];
	bool v4 = slot % 2 == 1;
	uint8_t *count = v4 ? &host->v4_count : &host->v6_count;

	host->owed--;
	host->failed = host->failed || reply->status == DNS_FAILED ||
	    reply->spoiled;
	l->temporary = l->temporary || host->failed;
	l->missing = l->missing || reply->status == DNS_NONE;
	for (size_t i = 0; reply->status == DNS_OK && i < reply->count &&
	    *count < LOOKUP_FAMILY_MOST; i++)
		memcpy(v4 ? host->v4[(*count)++] : host->v6[(*count)++],
		    reply->rows[i].address, 16);
}

/* ---- MX ----------------------------------------------------------------- */

static void
make_room(struct lookup *l, size_t count)
{
	if (count == 0)
		count = 1;
	if (count > LOOKUP_HOSTS_MOST)
		count = LOOKUP_HOSTS_MOST;
	l->hosts = mem_array(count, sizeof(l->hosts[0]));
	l->host_room = count;
}

static void
add_host(struct lookup *l, const char *name, uint16_t preference)
{
	for (size_t i = 0; i < l->host_count; i++)
		if (span_equal_nocase(span_of(l->hosts[i].name),
		    span_of(name)))
			return;
	l->hosts[l->host_count++] = (struct lookup_host){
		.name = mem_strdup(name), .preference = preference
	};
}

/* The rows in the order of their preference, equal ones in any: shuffled,
 * then sorted by a sort that keeps what is equal. */
static void
put_in_order(const struct dns_reply *reply, const struct dns_row **rows)
{
	for (size_t i = 0; i < reply->count; i++) {
		const struct dns_row *row = &reply->rows[i];
		size_t at = rand_below(i + 1);

		for (size_t j = i; j > at; j--)
			rows[j] = rows[j - 1];
		rows[at] = row;
	}
	for (size_t i = 1; i < reply->count; i++) {
		const struct dns_row *row = rows[i];
		size_t at = i;

		for (; at > 0 && rows[at - 1]->preference > row->preference;
		    at--)
			rows[at] = rows[at - 1];
		rows[at] = row;
	}
}

static void
take_hosts(struct lookup *l, const struct dns_reply *reply)
{
	const struct dns_row *rows[DNS_ROWS_MOST];

	put_in_order(reply, rows);
	for (size_t i = 0; i < reply->count; i++)
		if (strcmp(rows[i]->name, ".") != 0 &&
		    l->host_count < l->host_room)
			add_host(l, rows[i]->name, rows[i]->preference);
}

static void
on_mx(struct lookup *l, const struct dns_reply *reply)
{
	if (reply->status == DNS_FAILED) {
		answer(l, ANSWER_TEMPORARY,
		    "the mail hosts cannot be looked up at this time");
		return;
	}
	if (reply->status == DNS_NONE) {
		answer(l, ANSWER_NONE, "no such domain");
		return;
	}
	if (reply->count == 1 && !reply->spoiled &&
	    strcmp(reply->rows[0].name, ".") == 0) {
		answer(l, ANSWER_NULL_MX, "the domain takes no mail");
		return;
	}
	l->temporary = reply->spoiled;
	make_room(l, reply->count);
	take_hosts(l, reply);
	if (reply->count == 0 && !reply->spoiled)
		add_host(l, l->name, 0);
	ask_addresses(l);
}

/* ---- replies ------------------------------------------------------------ */

void
lookup_start(struct lookup *l)
{
	if (l->kind == QUESTION_MX) {
		ask(l, l->name, DNS_MX, SLOT_MX);
	} else {
		make_room(l, 1);
		add_host(l, l->name, 0);
		ask_addresses(l);
	}
	l->began = true;
	if (l->pending == 0)
		conclude(l);
}

void
lookup_reply(struct lookup *l, unsigned slot, const struct dns_reply *reply)
{
	must(l->pending > 0);
	if (reply->ttl < l->ttl)
		l->ttl = reply->ttl;
	l->secure = l->secure && reply->secure;
	if (!l->answered && slot == SLOT_MX)
		on_mx(l, reply);
	else if (!l->answered)
		on_addresses(l, slot, reply);
	l->pending--;
	if (l->pending == 0 && l->began)
		conclude(l);
}

/* ---- the list ----------------------------------------------------------- */

/* IPv6 and IPv4 in turn, IPv6 first. */
static void
put_addresses(const struct lookup_host *host, struct buf *out)
{
	for (unsigned i = 0; i < LOOKUP_FAMILY_MOST; i++) {
		if (i < host->v6_count)
			buf_append(out, host->v6[i], 16);
		if (i < host->v4_count)
			buf_append(out, host->v4[i], 16);
	}
}

void
lookup_hosts(const struct lookup *l, uint16_t port, struct buf *out)
{
	for (size_t i = 0; i < l->host_count; i++) {
		struct buf addresses;
		struct host_row row = {
			.preference = l->hosts[i].preference, .port = port,
			.name = span_of(l->hosts[i].name),
		};

		buf_init(&addresses, HOST_ADDRESSES_MOST * 16);
		put_addresses(&l->hosts[i], &addresses);
		row.addresses = buf_peek(&addresses);
		if (row.addresses.length > 0 || l->hosts[i].failed ||
		    l->hosts[i].owed > 0)
			host_row_put(&row, out);
		buf_fini(&addresses);
	}
}
