/* SPDX-License-Identifier: ISC
 *
 * lookup.c - from a domain to addresses, with a DNS made of rows.
 */
#include "resolver/lookup.h"
#include "unit/resolver/tests.h"

#include "base/mem.h"
#include "base/rand.h"
#include "io/addr.h"

#include <stdio.h>
#include <stdlib.h>

/* "name TYPE status|row,row"; the reply to anything else is: no data. */
struct zone {
	const char *rows[12];
};

static const char *
find(const struct zone *zone, const char *name, enum dns_type type)
{
	static const char *const types[] = {
		[DNS_A] = "A", [DNS_MX] = "MX", [DNS_AAAA] = "AAAA"
	};
	char *key = mem_printf("%s %s ", name, types[type]);
	const char *found = NULL;

	for (size_t i = 0; zone->rows[i] != NULL; i++)
		if (strncmp(zone->rows[i], key, strlen(key)) == 0)
			found = zone->rows[i] + strlen(key);
	mem_free(key);
	return found;
}

static void
put_row(struct dns_reply *reply, enum dns_type type, struct span text)
{
	struct dns_row *row = &reply->rows[reply->count++];
	char *copy = span_copy(text), *name;
	struct addr addr;

	if (type == DNS_MX) {
		row->preference = (uint16_t)strtol(copy, &name, 10);
		snprintf(row->name, sizeof(row->name), "%s", name + 1);
	} else {
		CU_ASSERT_TRUE(addr_parse(text, &addr));
		memcpy(row->address, &addr.ip, 16);
	}
	mem_free(copy);
}

static struct dns_reply
make_reply(const char *text, enum dns_type type)
{
	struct dns_reply reply = { .status = DNS_OK, .ttl = 60,
	    .secure = true };
	struct span rest = span_of(text);

	if (text == NULL)
		return reply;
	if (strcmp(text, "nxdomain") == 0)
		reply.status = DNS_NONE;
	else if (strcmp(text, "servfail") == 0)
		reply.status = DNS_FAILED;
	else if (strcmp(text, "spoiled") == 0)
		reply.spoiled = true;
	else
		while (rest.length > 0) {
			size_t length = span_find(rest, ',');

			put_row(&reply, type, span_first(rest, length));
			rest = span_skip(rest, length + 1);
		}
	return reply;
}

/* What is asked, to be answered at once or later. */
struct asking {
	const struct zone *zone;
	bool later;
	struct { char name[64]; enum dns_type type; unsigned slot; } asked[128];
	size_t count;
};

static void
answer(struct lookup *lookup, const struct zone *zone, const char *name,
    enum dns_type type, unsigned slot)
{
	const char *text = find(zone, name, type);
	struct dns_reply *reply;

	if (text != NULL && strcmp(text, "drop") == 0)
		return;
	reply = mem_new(struct dns_reply);
	*reply = make_reply(text, type);
	lookup_reply(lookup, slot, reply);
	mem_free(reply);
}

static void
on_ask(void *owner, struct lookup *lookup, const char *name,
    enum dns_type type, unsigned slot)
{
	struct asking *asking = owner;

	if (!asking->later) {
		answer(lookup, asking->zone, name, type, slot);
		return;
	}
	CU_ASSERT_TRUE_FATAL(asking->count < 128);
	snprintf(asking->asked[asking->count].name, 64, "%s", name);
	asking->asked[asking->count].type = type;
	asking->asked[asking->count++].slot = slot;
}

/* The hosts as text: "mx1.test[::1,127.0.0.1] …". */
static void
put_hosts(const struct lookup *lookup, struct buf *out)
{
	struct buf *list = buf_new(1 << 20);
	struct host_row row;
	struct span rest;

	lookup_hosts(lookup, 25, list);
	rest = buf_peek(list);
	while (host_row_pull(&rest, &row)) {
		buf_printf(out, "%.*s[", (int)row.name.length,
		    (const char *)row.name.data);
		for (size_t i = 0; i < row.addresses.length; i += 16) {
			struct addr addr = { .port = 0 };
			char text[ADDR_TEXT_SIZE];

			memcpy(&addr.ip, row.addresses.data + i, 16);
			buf_printf(out, "%s%s", i == 0 ? "" : ",",
			    addr_text(addr, text));
		}
		buf_append_text(out, "] ");
	}
	buf_free(&list);
}

static const struct {
	const char *what;
	uint8_t kind;
	struct zone zone;
	enum answer_status status;
	const char *hosts;
} rows[] = {
	{ "by preference", QUESTION_MX, { { "x.test MX 20 b.test,10 a.test",
	    "a.test A 127.0.0.1", "b.test A 127.0.0.2" } },
	    ANSWER_OK, "a.test[127.0.0.1] b.test[127.0.0.2] " },
	{ "IPv6 and IPv4 in turn", QUESTION_MX, { { "x.test MX 10 a.test",
	    "a.test A 127.0.0.1,127.0.0.2,127.0.0.3", "a.test AAAA ::1,::2" } },
	    ANSWER_OK, "a.test[::1,127.0.0.1,::2,127.0.0.2,127.0.0.3] " },
	{ "no MX: the domain itself", QUESTION_MX, { { "x.test A 127.0.0.1" } },
	    ANSWER_OK, "x.test[127.0.0.1] " },
	{ "no MX, no address", QUESTION_MX, { { NULL } }, ANSWER_NO_ADDRESS,
	    "" },
	{ "no such domain", QUESTION_MX, { { "x.test MX nxdomain",
	    "x.test A 127.0.0.1" } }, ANSWER_NONE, "" },
	{ "MX not to be had: nothing is concluded", QUESTION_MX,
	    { { "x.test MX servfail", "x.test A 127.0.0.1" } },
	    ANSWER_TEMPORARY, "" },
	{ "null MX", QUESTION_MX, { { "x.test MX 0 .",
	    "x.test A 127.0.0.1" } }, ANSWER_NULL_MX, "" },
	{ "null MX beside another is none", QUESTION_MX,
	    { { "x.test MX 0 .,10 a.test", "a.test A 127.0.0.1" } },
	    ANSWER_OK, "a.test[127.0.0.1] " },
	{ "one host without address is left out", QUESTION_MX,
	    { { "x.test MX 10 a.test,20 b.test", "b.test A 127.0.0.2" } },
	    ANSWER_OK, "b.test[127.0.0.2] " },
	{ "no host has an address, and the domain does not count",
	    QUESTION_MX, { { "x.test MX 10 a.test", "a.test A nxdomain",
	    "x.test A 127.0.0.1" } }, ANSWER_NO_ADDRESS, "" },
	{ "no address, but one is not known", QUESTION_MX,
	    { { "x.test MX 10 a.test,20 b.test", "b.test A servfail" } },
	    ANSWER_TEMPORARY, "b.test[] " },
	{ "an address, and one is not known", QUESTION_MX,
	    { { "x.test MX 10 a.test,20 b.test", "a.test A servfail",
	    "b.test A 127.0.0.2" } }, ANSWER_OK,
	    "a.test[] b.test[127.0.0.2] " },
	{ "spoiled MX are not none", QUESTION_MX, { { "x.test MX spoiled",
	    "x.test A 127.0.0.1" } }, ANSWER_TEMPORARY, "" },
	{ "the same host twice", QUESTION_MX,
	    { { "x.test MX 10 a.test,20 A.TEST", "a.test A 127.0.0.1" } },
	    ANSWER_OK, "a.test[127.0.0.1] " },
	{ "a host", QUESTION_HOST, { { "x.test A 127.0.0.1",
	    "x.test MX 10 a.test" } }, ANSWER_OK, "x.test[127.0.0.1] " },
	{ "no such host", QUESTION_HOST, { { "x.test A nxdomain",
	    "x.test AAAA nxdomain" } }, ANSWER_NONE, "" },
	{ "a host without address", QUESTION_HOST, { { NULL } },
	    ANSWER_NO_ADDRESS, "" },
	{ "a host that is not known", QUESTION_HOST,
	    { { "x.test A servfail" } }, ANSWER_TEMPORARY, "x.test[] " },
};

static void
expect(const struct lookup *lookup, size_t which)
{
	struct buf *hosts = buf_new(1 << 16);
	bool same;

	put_hosts(lookup, hosts);
	same = lookup->answered && lookup->pending == 0 &&
	    lookup->status == rows[which].status &&
	    span_is(buf_peek(hosts), rows[which].hosts);
	if (!same)
		fprintf(stderr, "\n%s: status %d, %.*s\n", rows[which].what,
		    lookup->status, (int)buf_length(hosts),
		    (const char *)hosts->data);
	CU_ASSERT_TRUE(same);
	buf_free(&hosts);
}

static void
a_lookup_ends_in_the_right_answer_at_once(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct asking asking = { .zone = &rows[i].zone };
		struct lookup *lookup = lookup_new(rows[i].kind,
		    span_of("X.Test"), on_ask, &asking);

		lookup_start(lookup);
		expect(lookup, i);
		lookup_free(&lookup);
	}
}

/* Replies may come in any order: here, the last asked first. */
static void
answer_backwards(struct lookup *lookup, struct asking *asking)
{
	while (asking->count > 0) {
		size_t last = --asking->count;

		answer(lookup, asking->zone, asking->asked[last].name,
		    asking->asked[last].type, asking->asked[last].slot);
	}
}

static void
and_when_replies_come_late_and_in_another_order(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct asking asking = { .zone = &rows[i].zone, .later = true };
		struct lookup *lookup = lookup_new(rows[i].kind,
		    span_of("x.test"), on_ask, &asking);

		lookup_start(lookup);
		CU_ASSERT_FALSE(lookup->answered);
		answer_backwards(lookup, &asking);
		expect(lookup, i);
		lookup_free(&lookup);
	}
}

static void
when_time_is_over_what_is_known_is_the_answer(void)
{
	static const struct zone zone = { { "x.test MX 10 a.test,20 b.test",
	    "b.test A 127.0.0.2" } };
	struct asking asking = { .zone = &zone, .later = true };
	struct lookup *lookup = lookup_new(QUESTION_MX, span_of("x.test"),
	    on_ask, &asking);
	struct buf *hosts = buf_new(1 << 16);

	lookup_start(lookup);
	asking.count = 0;
	answer(lookup, &zone, "x.test", DNS_MX, asking.asked[0].slot);
	CU_ASSERT_EQUAL(asking.count, 4);
	answer(lookup, &zone, "b.test", DNS_A, asking.asked[3].slot);
	lookup_expire(lookup);
	CU_ASSERT_TRUE(lookup->answered);
	CU_ASSERT_EQUAL(lookup->status, ANSWER_OK);
	CU_ASSERT_EQUAL(lookup->pending, 3);
	put_hosts(lookup, hosts);
	CU_ASSERT_TRUE(span_is(buf_peek(hosts), "a.test[] b.test[127.0.0.2] "));
	buf_free(&hosts);
	/* Latecomers change nothing. */
	asking.count = 3;
	answer_backwards(lookup, &asking);
	CU_ASSERT_EQUAL(lookup->status, ANSWER_OK);
	CU_ASSERT_EQUAL(lookup->pending, 0);
	lookup_free(&lookup);
}

/* What is answered, and whether mail need not wait for the rest then. */
static void
mail_need_not_wait_for_hosts_that_are_no_better(void)
{
	static const struct zone zone = { { "x.test MX 10 a.test,20 b.test,"
	    "20 c.test,30 d.test", "a.test A nxdomain", "a.test AAAA servfail",
	    "b.test A 127.0.0.2", "d.test A 127.0.0.4" } };
	static const struct { unsigned reply; bool suffices; } steps[] = {
		{ 7, false },	/* d has an address: better ones may come */
		{ 3, false },	/* so has b: a is better */
		{ 0, false },	/* of a this is not all */
		{ 1, true },	/* a has none: b is the best */
		{ 5, true },
	};
	struct asking asking = { .zone = &zone, .later = true };
	struct lookup *lookup = lookup_new(QUESTION_MX, span_of("x.test"),
	    on_ask, &asking);

	lookup_start(lookup);
	CU_ASSERT_FALSE(lookup_suffices(lookup));
	asking.count = 0;
	answer(lookup, &zone, "x.test", DNS_MX, asking.asked[0].slot);
	CU_ASSERT_EQUAL_FATAL(asking.count, 8);
	/* c may have been asked for before b. */
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		unsigned at = steps[i].reply;

		if (at >= 2 && at < 6 &&
		    strcmp(asking.asked[2].name, "c.test") == 0)
			at = at < 4 ? at + 2 : at - 2;
		answer(lookup, &zone, asking.asked[at].name,
		    asking.asked[at].type, asking.asked[at].slot);
		CU_ASSERT_EQUAL(lookup_suffices(lookup), steps[i].suffices);
	}
	lookup_expire(lookup);
	CU_ASSERT_FALSE(lookup_suffices(lookup));	/* it is answered */
	lookup->pending = 0;
	lookup_free(&lookup);
}

static void
when_nothing_is_known_in_time_it_is_for_later(void)
{
	static const struct zone zone = { { NULL } };
	struct asking asking = { .zone = &zone, .later = true };
	struct lookup *lookup = lookup_new(QUESTION_MX, span_of("x.test"),
	    on_ask, &asking);

	lookup_start(lookup);
	lookup_expire(lookup);
	CU_ASSERT_EQUAL(lookup->status, ANSWER_TEMPORARY);
	answer_backwards(lookup, &asking);	/* asks for no addresses */
	CU_ASSERT_EQUAL(asking.count, 0);
	CU_ASSERT_EQUAL(lookup->status, ANSWER_TEMPORARY);
	lookup_free(&lookup);
}

static void
equal_preferences_are_shuffled(void)
{
	static const struct zone zone = { { "x.test MX 10 a.test,10 b.test,"
	    "5 first.test,10 c.test", "a.test A 127.0.0.1",
	    "b.test A 127.0.0.1", "c.test A 127.0.0.1",
	    "first.test A 127.0.0.1" } };
	unsigned second[3] = { 0, 0, 0 };

	rand_seed(1);
	for (int i = 0; i < 300; i++) {
		struct asking asking = { .zone = &zone };
		struct lookup *lookup = lookup_new(QUESTION_MX,
		    span_of("x.test"), on_ask, &asking);

		lookup_start(lookup);
		CU_ASSERT_STRING_EQUAL(lookup->hosts[0].name, "first.test");
		second[lookup->hosts[1].name[0] - 'a']++;
		lookup_free(&lookup);
	}
	for (int i = 0; i < 3; i++)
		CU_ASSERT_TRUE(second[i] > 60 && second[i] < 140);
}

static void
hosts_and_addresses_have_a_most(void)
{
	struct dns_reply *reply = mem_new(struct dns_reply);
	struct zone zone = { { NULL } };
	struct asking asking = { .zone = &zone, .later = true };
	struct lookup *lookup = lookup_new(QUESTION_MX, span_of("x.test"),
	    on_ask, &asking);
	struct lookup_host *host;

	lookup_start(lookup);
	asking.count = 0;
	reply->count = DNS_ROWS_MOST;
	for (unsigned i = 0; i < DNS_ROWS_MOST; i++) {
		reply->rows[i].preference = (uint16_t)i;
		snprintf(reply->rows[i].name, DNS_NAME_SIZE, "h%u.test", i);
	}
	lookup_reply(lookup, asking.asked[0].slot, reply);
	CU_ASSERT_EQUAL(lookup->host_count, LOOKUP_HOSTS_MOST);
	CU_ASSERT_EQUAL(asking.count, 2 * LOOKUP_HOSTS_MOST);
	lookup_reply(lookup, asking.asked[0].slot, reply);
	lookup_reply(lookup, asking.asked[1].slot, reply);
	host = &lookup->hosts[0];
	CU_ASSERT_EQUAL(host->v4_count + host->v6_count, HOST_ADDRESSES_MOST);
	lookup->pending = 0;
	lookup_free(&lookup);
	mem_free(reply);
}

const struct unit_test lookup_tests[] = {
	UNIT(a_lookup_ends_in_the_right_answer_at_once),
	UNIT(and_when_replies_come_late_and_in_another_order),
	UNIT(when_time_is_over_what_is_known_is_the_answer),
	UNIT(mail_need_not_wait_for_hosts_that_are_no_better),
	UNIT(when_nothing_is_known_in_time_it_is_for_later),
	UNIT(equal_preferences_are_shuffled),
	UNIT(hosts_and_addresses_have_a_most),
	UNIT_END
};
