/* SPDX-License-Identifier: ISC
 *
 * shape_verb.c - the queue as numbers: by age, and by class.
 */
#include "ctl/verbs.h"

#include "ctl/listing.h"
#include "ctl/relay.h"
#include "ctl/route_text.h"
#include "ctl/tool.h"

#include <stdio.h>

enum { TEXT_MOST = 1024 };

struct table {
	bool json, headed;
};

static long long
number(json_t *row, const char *key)
{
	return json_integer_value(json_object_get(row, key));
}

/* ---- by age, in the form of qshape(1) ---------------------------------------------------- */

static void
print_counts(const char *name, json_t *counts)
{
	json_t *value;
	size_t i;

	printf("%40s", name);
	json_array_foreach(counts, i, value)
		printf(" %5lld", (long long)json_integer_value(value));
	putchar('\n');
}

static void
on_shape(void *owner, json_t *row)
{
	struct table *table = owner;
	json_t *counts = json_object_get(row, "counts");
	char name[TEXT_MOST];

	if (counts == NULL)
		return;
	if (table->json) {
		json_dumpf(row, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
		putchar('\n');
		return;
	}
	if (!table->headed)
		printf("%40s %5s %5s %5s %5s %5s %5s %5s %5s %5s %5s %5s\n",
		    "", "T", "5", "10", "20", "40", "80", "160", "320",
		    "640", "1280", "1280+");
	table->headed = true;
	listing_text(row, "name", name, sizeof(name));
	if (*name == '\0')
		listing_text(row, "sum", name, sizeof(name));
	print_counts(name, counts);
}

int
verb_queue_shape(const struct options *options, int count, char **argv)
{
	struct table table = { .json = options->json };
	const char *by = options->by != NULL ? options->by : "site";
	struct err err = { 0 };
	json_t *filter = options_filter(options, &err);

	(void)count, (void)argv;
	if (filter == NULL)
		return tool_fail(EX_USAGE, "%s", err.text);
	return tool_finish(relay_ask(options->config,
	    json_pack("{s:s, s:s, s:o}", "verb", "queue.shape", "by", by,
	    "filter", filter), EX_UNAVAILABLE, on_shape, &table));
}

/* ---- by class ---------------------------------------------------------------------------------- */

static void
print_class(json_t *row)
{
	char name[32], age[32] = "-";

	listing_text(row, "class", name, sizeof(name));
	if (json_object_get(row, "oldest_s") != NULL)
		route_text_ms(number(row, "oldest_s") * 1000, age,
		    sizeof(age));
	printf("%-8s %8lld %8lld %8lld %8lld %10s\n", name,
	    number(row, "ready"), number(row, "flying"),
	    number(row, "waiting"), number(row, "held"), age);
	route_text_schedule(json_object_get(row, "schedule"));
	route_text_senders(row, "    ");
}

static void
on_class(void *owner, json_t *row)
{
	struct table *table = owner;

	if (json_object_get(row, "class") == NULL)
		return;
	if (table->json) {
		json_dumpf(row, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
		putchar('\n');
		return;
	}
	if (!table->headed)
		printf("%-8s %8s %8s %8s %8s %10s\n", "CLASS", "READY",
		    "FLYING", "WAITING", "HELD", "OLDEST");
	table->headed = true;
	print_class(row);
}

int
verb_class_show(const struct options *options, int count, char **argv)
{
	struct table table = { .json = options->json };

	(void)count, (void)argv;
	return tool_finish(relay_ask(options->config, json_pack("{s:s}",
	    "verb", "class.show"), EX_UNAVAILABLE, on_class, &table));
}
