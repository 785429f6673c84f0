/* SPDX-License-Identifier: ISC
 *
 * site_verbs.c - sites: how they fare, pausing them, letting them go on.
 */
#include "ctl/verbs.h"

#include "ctl/listing.h"
#include "ctl/relay.h"
#include "ctl/route_text.h"
#include "ctl/tool.h"

#include <stdio.h>

enum { TEXT_MOST = 1024 };

struct site_print {
	bool json, headed;
	long long count;
};

static long long
number(json_t *row, const char *key)
{
	return json_integer_value(json_object_get(row, key));
}

static void
print_json(json_t *row)
{
	json_dumpf(row, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
	putchar('\n');
}

/* ---- listing ---------------------------------------------------------------------------- */

static void
print_pause(json_t *pause)
{
	char pattern[TEXT_MOST], reason[TEXT_MOST], when[32];

	listing_text(pause, "pattern", pattern, sizeof(pattern));
	listing_text(pause, "reason", reason, sizeof(reason));
	printf("paused: %s", pattern);
	if (number(pause, "until") != 0)
		printf(" until %s", listing_time(number(pause, "until"),
		    when, sizeof(when)));
	printf("%s%s\n", *reason != '\0' ? ": " : "", reason);
}

static long long
sum_of(json_t *counts)
{
	const char *name;
	json_t *value;
	long long sum = 0;

	json_object_foreach(counts, name, value)
		sum += json_integer_value(value);
	return sum;
}

static void
print_line(struct site_print *print, json_t *row)
{
	char site[TEXT_MOST], state[32], reason[TEXT_MOST];

	if (!print->headed)
		printf("%-40s %-8s %6s %7s %8s %5s %s\n", "SITE", "STATE",
		    "CONN", "FLYING", "WAITING", "FAILS", "REASON");
	print->headed = true;
	printf("%-40s %-8s %6lld %7lld %8lld %5lld %s\n",
	    listing_text(row, "site", site, sizeof(site)),
	    listing_text(row, "state", state, sizeof(state)),
	    number(row, "connections"), number(row, "flying"),
	    sum_of(json_object_get(row, "waiting")), number(row, "failures"),
	    listing_text(row, "reason", reason, sizeof(reason)));
}

static void
on_list(void *owner, json_t *row)
{
	struct site_print *print = owner;
	json_t *pause = json_object_get(row, "pause");
	bool site = json_object_get(row, "site") != NULL;

	if (!site && pause == NULL)
		return;
	if (print->json)
		print_json(row);
	else if (site)
		print_line(print, row);
	else
		print_pause(pause);
}

int
verb_site_list(const struct options *options, int count, char **argv)
{
	struct site_print print = { .json = options->json };
	json_t *request = json_pack("{s:s, s:s*}", "verb", "site.list",
	    "site", count == 1 ? argv[0] : NULL);

	return tool_finish(relay_ask(options->config, request,
	    EX_UNAVAILABLE, on_list, &print));
}

/* ---- one site ------------------------------------------------------------------------------ */

static void
print_domains(json_t *row)
{
	json_t *names = json_object_get(row, "some_domains"), *name;
	long long count = number(row, "domains");
	size_t i;

	fputs("    domains     ", stdout);
	json_array_foreach(names, i, name)
		printf(" %s", json_string_value(name));
	if (count > (long long)json_array_size(names))
		printf(" and %lld more", count -
		    (long long)json_array_size(names));
	putchar('\n');
}

static void
on_show(void *owner, json_t *row)
{
	struct site_print *print = owner;
	char site[TEXT_MOST];

	if (json_object_get(row, "site") == NULL)
		return;
	if (print->json) {
		print_json(row);
		return;
	}
	puts(listing_text(row, "site", site, sizeof(site)));
	route_text_site(row, "    ");
	route_text_print(row);
	print_domains(row);
}

static int
ask_site(const struct options *options, const char *verb, const char *site,
    client_row_fn *fn, struct site_print *print)
{
	return relay_ask(options->config, json_pack("{s:s, s:s}",
	    "verb", verb, "site", site), EX_UNAVAILABLE, fn, print);
}

int
verb_site_show(const struct options *options, int count, char **argv)
{
	struct site_print print = { .json = options->json };

	(void)count;
	return tool_finish(ask_site(options, "site.show", argv[0], on_show,
	    &print));
}

/* ---- changing -------------------------------------------------------------------------------- */

static void
take_count(void *owner, json_t *row)
{
	struct site_print *print = owner;

	print->count += number(row, "count");
}

static int
tell(int status, const char *done, const struct site_print *print)
{
	if (status == EX_OK)
		printf("%s %lld site%s\n", done, print->count,
		    print->count == 1 ? "" : "s");
	return tool_finish(status);
}

/* A pattern that matches nothing now is kept: mail for it may come. */
int
verb_site_pause(const struct options *options, int count, char **argv)
{
	struct site_print print = { 0 };
	long long seconds = 0;
	json_t *request;
	int status;

	(void)count;
	if (options->lasting != NULL && (!options_age(options->lasting,
	    &seconds) || seconds == 0))
		return tool_fail(EX_USAGE, "%s: not a time such as 90s, 15m, "
		    "4h or 5d", options->lasting);
	request = json_pack("{s:s, s:s, s:s, s:I}", "verb", "site.pause",
	    "site", argv[0], "reason", options->reason != NULL ?
	    options->reason : "", "seconds", (json_int_t)seconds);
	status = relay_ask(options->config, request, EX_UNAVAILABLE,
	    take_count, &print);
	if (status == EX_OK && print.count == 0)
		puts("no site that is known now has this name; mail that "
		    "comes for it will wait");
	return tell(status, "paused", &print);
}

int
verb_site_resume(const struct options *options, int count, char **argv)
{
	struct site_print print = { 0 };

	(void)count;
	return tell(ask_site(options, "site.resume", argv[0], take_count,
	    &print), "resumed", &print);
}

int
verb_site_reset(const struct options *options, int count, char **argv)
{
	struct site_print print = { 0 };

	(void)count;
	return tell(ask_site(options, "site.reset", argv[0], take_count,
	    &print), "reset", &print);
}
