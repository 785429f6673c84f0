/* SPDX-License-Identifier: ISC
 *
 * route_text.c - routes, sites and schedules for people.
 */
#include "ctl/route_text.h"

#include "ctl/listing.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_MOST = 1024 };

#define NAME_FORMAT "%s%-12s "

static long long
number(json_t *row, const char *key)
{
	return json_integer_value(json_object_get(row, key));
}

const char *
route_text_ms(long long ms, char *out, size_t most)
{
	long long s = ms / 1000;

	if (s < 60)
		snprintf(out, most, "%lld.%llds", s, ms / 100 % 10);
	else if (s < 3600)
		snprintf(out, most, "%lldm%llds", s / 60, s % 60);
	else if (s < 86400)
		snprintf(out, most, "%lldh%lldm", s / 3600, s / 60 % 60);
	else
		snprintf(out, most, "%lldd%lldh", s / 86400,
		    s / 3600 % 24);
	return out;
}

/* ---- the route ---------------------------------------------------------------------- */

static void
print_rule(json_t *row)
{
	json_t *route = json_object_get(row, "route");
	char pattern[TEXT_MOST], to[TEXT_MOST];

	listing_text(route, "pattern", pattern, sizeof(pattern));
	listing_text(route, "to", to, sizeof(to));
	printf(NAME_FORMAT "%s, to %s\n", "    ", "route", pattern, to);
}

static void
print_lookup(json_t *row)
{
	json_t *lookup = json_object_get(row, "lookup");
	char state[32], status[32], why[TEXT_MOST];

	if (lookup == NULL)
		return;
	listing_text(lookup, "state", state, sizeof(state));
	if (strcmp(state, "asking") == 0) {
		printf(NAME_FORMAT "no name server has answered yet\n",
		    "    ", "hosts");
	} else if (strcmp(state, "failed") == 0) {
		listing_text(lookup, "status", status, sizeof(status));
		listing_text(lookup, "why", why, sizeof(why));
		printf(NAME_FORMAT "none: %s (%s, %s)\n", "    ", "hosts",
		    why, status,
		    json_is_true(json_object_get(lookup, "permanent")) ?
		    "mail is returned" : "mail waits");
	}
}

/* "192.0.2.1 is skipped for 45.2s, after 3 failures: Connection refused" */
static void
print_skip(json_t *skip)
{
	char address[64], why[TEXT_MOST], rest[32];
	long long failures = number(skip, "failures");
	long long ms = number(skip, "for_ms");

	listing_text(skip, "address", address, sizeof(address));
	listing_text(skip, "why", why, sizeof(why));
	printf(NAME_FORMAT "   %s ", "    ", "", address);
	if (ms > 0)
		printf("is skipped for %s", route_text_ms(ms, rest,
		    sizeof(rest)));
	else
		fputs("is tried by one connection", stdout);
	if (failures > 0)
		printf(", after %lld failure%s", failures,
		    failures == 1 ? "" : "s");
	printf(": %s\n", why);
}

/* "1. example.net:25, preference 10: 192.0.2.1 192.0.2.2" */
static void
print_host(json_t *host, size_t at)
{
	char name[TEXT_MOST], address[64];
	json_t *value;
	size_t i;

	listing_text(host, "name", name, sizeof(name));
	printf(NAME_FORMAT "%zu. %s:%lld, preference %lld:", "    ",
	    at == 0 ? "hosts" : "", at + 1, name, number(host, "port"),
	    number(host, "preference"));
	json_array_foreach(json_object_get(host, "addresses"), i, value) {
		snprintf(address, sizeof(address), "%s",
		    json_string_value(value));
		printf(" %s", address);
	}
	putchar('\n');
	json_array_foreach(json_object_get(host, "skipped"), i, value)
		print_skip(value);
}

static void
print_hosts(json_t *row)
{
	json_t *host;
	size_t i;

	print_lookup(row);
	json_array_foreach(json_object_get(row, "hosts"), i, host)
		print_host(host, i);
}

/* ---- limits and schedules -------------------------------------------------------------- */

/* "name value", as in the configuration. */
static void
print_value(const char *name, json_t *value)
{
	if (json_is_integer(value))
		printf("%s %lld", name, (long long)json_integer_value(value));
	else if (json_is_string(value))
		printf("%s %s", name, json_string_value(value));
}

static void
print_policy(json_t *row)
{
	json_t *policy = json_object_get(row, "policy"), *value;
	char pattern[TEXT_MOST];
	const char *name;
	int column = 0;

	if (policy == NULL)
		return;
	listing_text(policy, "pattern", pattern, sizeof(pattern));
	printf(NAME_FORMAT "of site %s", "    ", "limits", pattern);
	json_object_foreach(policy, name, value) {
		if (strcmp(name, "pattern") == 0)
			continue;
		if (column++ % 3 == 0)
			printf("\n" NAME_FORMAT, "    ", "");
		else
			fputs(", ", stdout);
		print_value(name, value);
	}
	putchar('\n');
}

void
route_text_schedule(json_t *schedule)
{
	const char *name, *separator = "";
	json_t *value;

	fputs("    ", stdout);
	json_object_foreach(schedule, name, value) {
		fputs(separator, stdout);
		print_value(name, value);
		separator = "; ";
	}
	putchar('\n');
}

static void
print_classes(json_t *classes)
{
	const char *klass;
	json_t *schedule;

	json_object_foreach(classes, klass, schedule) {
		printf("    %-8s", klass);
		route_text_schedule(schedule);
	}
}

/* ---- the state of a site ------------------------------------------------------------------ */

static void
print_pause(json_t *site, const char *indent)
{
	json_t *pause = json_object_get(site, "pause");
	char pattern[TEXT_MOST], when[32];

	if (pause == NULL)
		return;
	listing_text(pause, "pattern", pattern, sizeof(pattern));
	printf(NAME_FORMAT "%s, since %s", indent, "pause", pattern,
	    listing_time(number(pause, "since"), when, sizeof(when)));
	if (number(pause, "until") != 0)
		printf(", until %s", listing_time(number(pause, "until"),
		    when, sizeof(when)));
	putchar('\n');
}

/* What only the operator can mend. */
static void
print_attention(json_t *site, const char *indent)
{
	json_t *attention = json_object_get(site, "attention");
	char host[300], text[TEXT_MOST];

	if (attention == NULL)
		return;
	printf(NAME_FORMAT "%s %s\n", indent, "attention",
	    listing_text(attention, "host", host, sizeof(host)),
	    listing_text(attention, "text", text, sizeof(text)));
}

static void
print_state(json_t *site, const char *indent)
{
	char state[32], reason[TEXT_MOST], rest[32];

	listing_text(site, "state", state, sizeof(state));
	printf(NAME_FORMAT "%s", indent, "state", state);
	if (json_object_get(site, "rests_ms") != NULL)
		printf(" for %s", route_text_ms(number(site, "rests_ms"),
		    rest, sizeof(rest)));
	if (number(site, "failures") > 0)
		printf(", after %lld failure%s", number(site, "failures"),
		    number(site, "failures") == 1 ? "" : "s");
	putchar('\n');
	listing_text(site, "reason", reason, sizeof(reason));
	if (*reason != '\0')
		printf(NAME_FORMAT "%s\n", indent, "reason", reason);
	print_pause(site, indent);
	print_attention(site, indent);
}

static void
print_window(json_t *site, const char *indent)
{
	printf(NAME_FORMAT "%lld under way, of %lld connections", indent,
	    "jobs", number(site, "flying"), number(site, "connections"));
	if (json_object_get(site, "window") != NULL)
		printf(", narrowed to %lld", number(site, "window"));
	if (number(site, "cut_off") > 0)
		printf(", %lld cut off in a row", number(site, "cut_off"));
	if (number(site, "took_ms") > 0)
		printf(", %lld ms each", number(site, "took_ms"));
	putchar('\n');
}

/* Where a rate keeps mail back. */
static void
print_tokens(json_t *site, const char *indent)
{
	json_t *tokens = json_object_get(site, "next_token_ms"), *value;
	const char *name, *separator = "";

	if (json_object_size(tokens) == 0)
		return;
	printf(NAME_FORMAT "next message ", indent, "rate");
	json_object_foreach(tokens, name, value) {
		printf("%s(%s) in %lld ms", separator, name,
		    (long long)json_integer_value(value));
		separator = ", ";
	}
	putchar('\n');
}

void
route_text_senders(json_t *row, const char *indent)
{
	json_t *sender;
	char text[TEXT_MOST], next[32];
	size_t i;

	json_array_foreach(json_object_get(row, "senders_waiting"), i,
	    sender) {
		printf(NAME_FORMAT, indent, i == 0 ? "senders" : "");
		printf("%s", listing_text(sender, "sender", text,
		    sizeof(text)));
		printf(" %s", listing_text(sender, "rate", text,
		    sizeof(text)));
		if (json_object_get(sender, "class") != NULL)
			printf(", %lld of %s wait", number(sender, "waiting"),
			    listing_text(sender, "class", text,
			    sizeof(text)));
		else
			printf(", mail for %lld sites waits",
			    number(sender, "sites"));
		printf(", next in %s\n", route_text_ms(number(sender,
		    "next_ms"), next, sizeof(next)));
	}
}

void
route_text_site(json_t *site, const char *indent)
{
	json_t *waiting = json_object_get(site, "waiting"), *value;
	const char *klass, *separator = "";

	print_state(site, indent);
	print_window(site, indent);
	print_tokens(site, indent);
	route_text_senders(site, indent);
	printf(NAME_FORMAT, indent, "waiting");
	json_object_foreach(waiting, klass, value) {
		printf("%s%s %lld", separator, klass,
		    (long long)json_integer_value(value));
		separator = ", ";
	}
	putchar('\n');
}

void
route_text_print(json_t *row)
{
	json_t *site = json_object_get(row, "site");
	char text[TEXT_MOST];

	if (json_object_get(row, "route") != NULL)
		print_rule(row);
	print_hosts(row);
	if (json_is_object(site)) {	/* of a site itself it is its name */
		listing_text(site, "site", text, sizeof(text));
		printf(NAME_FORMAT "%s, shared by %lld domain%s\n", "    ",
		    "site", text, number(site, "domains"),
		    number(site, "domains") == 1 ? "" : "s");
		route_text_site(site, "    ");
	}
	print_policy(row);
	print_classes(json_object_get(row, "classes"));
}
