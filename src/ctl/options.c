/* SPDX-License-Identifier: ISC
 *
 * options.c - the options of postrider, one row each.
 */
#include "ctl/options.h"

#include "base/span.h"
#include "conf/conf.h"
#include "ctl/tool.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>

struct option_row {
	char letter;		/* 0: only the long form */
	const char *name;
	const char *argument;	/* null: takes none */
	unsigned takes;		/* 0: every verb takes it */
	size_t place;		/* in struct options */
};

#define PLACE(field) offsetof(struct options, field)

static const struct option_row rows[] = {
	{ 'c', "config", "FILE", 0, PLACE(config) },
	{ 0, "help", NULL, 0, PLACE(help) },
	{ 'V', "version", NULL, 0, PLACE(version) },
	{ 'j', "json", NULL, TAKES_JSON, PLACE(json) },
	{ 'e', "envelope", NULL, TAKES_PART, PLACE(envelope) },
	{ 'h', "headers", NULL, TAKES_PART, PLACE(headers) },
	{ 0, "from", "SENDER", TAKES_FROM, PLACE(from) },
	{ 0, "reason", "TEXT", TAKES_PAUSE, PLACE(reason) },
	{ 0, "for", "TIME", TAKES_PAUSE, PLACE(lasting) },
	{ 0, "by", "site|sender|class", TAKES_BY, PLACE(by) },
	{ 0, "from-class", "C", TAKES_FROM_CLASS, PLACE(from_class) },
	{ 0, "changed", NULL, TAKES_CHANGED, PLACE(changed) },
	{ 0, "sender", "G", TAKES_SENDER, PLACE(sender) },
	{ 0, "site", "G", TAKES_SITE, PLACE(site) },
	{ 0, "class", "C", TAKES_CLASS, PLACE(klass) },
	{ 0, "recipient", "G", TAKES_FILTER, PLACE(recipient) },
	{ 0, "older", "T", TAKES_FILTER, PLACE(older) },
	{ 0, "all", NULL, TAKES_ALL, PLACE(all) },
	{ 0, "force", NULL, TAKES_FORCE, PLACE(force) },
};

enum {
	ROWS = sizeof(rows) / sizeof(rows[0]),
	FIRST_LONG = 256,
	AGE_MOST = 1000000000	/* seconds: the relay takes no more */
};
_Static_assert(sizeof(rows) / sizeof(rows[0]) <= 32, "a bit for each row");

/* What getopt_long() wants to know, from the rows. */
static void
make_tables(struct option longs[ROWS + 1], char shorts[2 * ROWS + 1])
{
	size_t i, at = 0;

	for (i = 0; i < ROWS; i++) {
		longs[i] = (struct option){ rows[i].name,
		    rows[i].argument != NULL, NULL, FIRST_LONG + (int)i };
		if (rows[i].letter == 0)
			continue;
		shorts[at++] = rows[i].letter;
		if (rows[i].argument != NULL)
			shorts[at++] = ':';
	}
	longs[ROWS] = (struct option){ 0 };
	shorts[at] = '\0';
}

static const struct option_row *
row_of(int got)
{
	size_t i;

	if (got >= FIRST_LONG)
		return &rows[got - FIRST_LONG];
	for (i = 0; i < ROWS; i++)
		if (rows[i].letter == got)
			return &rows[i];
	return NULL;
}

/* Who gives two means something that one of them alone does not say.  The
 * configuration may be given by a script, and again by who calls it. */
static bool
set(struct options *options, const struct option_row *row)
{
	void *place = (char *)options + row->place;
	const char **text = place;

	options->used |= row->takes;
	options->given |= 1U << (row - rows);
	if (row->argument == NULL) {
		*(bool *)place = true;
		return true;
	}
	if (*text != NULL && row->takes != 0) {
		tool_fail(EX_USAGE, "--%s is given twice", row->name);
		return false;
	}
	*text = optarg;
	return true;
}

bool
options_parse(int argc, char **argv, struct options *out, int *rest)
{
	struct option longs[ROWS + 1];
	char shorts[2 * ROWS + 1];
	const struct option_row *row;
	int got;

	*out = (struct options){ 0 };
	make_tables(longs, shorts);
	while ((got = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		row = row_of(got);
		if (row == NULL || !set(out, row))
			out->bad = true;
	}
	*rest = optind;
	return !out->bad;
}

const char *
options_stray(const struct options *options, unsigned takes)
{
	size_t i;

	for (i = 0; i < ROWS; i++)
		if ((options->given & 1U << i) != 0 &&
		    (rows[i].takes & ~takes) != 0)
			return rows[i].name;
	return NULL;
}

void
options_name(unsigned takes, char *out, size_t most)
{
	bool filter = (takes & TAKES_FILTER) == TAKES_FILTER;
	size_t i, used = 0;

	if (filter)
		takes &= ~(unsigned)TAKES_FILTER;
	*out = '\0';
	for (i = 0; i < ROWS && used < most; i++) {
		const struct option_row *row = &rows[i];

		if (row->takes == 0 || (row->takes & ~takes) != 0)
			continue;
		if (row->letter != 0)
			used += (size_t)snprintf(out + used, most - used,
			    " [-%c]", row->letter);
		else
			used += (size_t)snprintf(out + used, most - used,
			    " [--%s%s%s]", row->name,
			    row->argument != NULL ? " " : "",
			    row->argument != NULL ? row->argument : "");
	}
	if (filter && used < most)
		snprintf(out + used, most - used, " [FILTER ...]");
}

bool
options_age(const char *text, long long *seconds)
{
	static const struct { char unit; long long seconds; } units[] = {
		{ 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 },
		{ 'w', 7 * 86400 },
	};
	struct span s = span_of(text);
	long long factor = 1;
	uint64_t number;
	size_t i;

	for (i = 0; s.length > 0 && i < sizeof(units) / sizeof(*units); i++)
		if (s.data[s.length - 1] == (uint8_t)units[i].unit) {
			factor = units[i].seconds;
			s.length--;
			break;
		}
	if (!span_number(s, (uint64_t)(AGE_MOST / factor), &number))
		return false;
	*seconds = (long long)number * factor;
	return true;
}

/* A condition that cannot be passed on must not be left out: more messages
 * would match. */
static bool
add_text(json_t *filter, const char *key, const char *text, struct err *err)
{
	return text == NULL ||
	    json_object_set_new(filter, key, json_string(text)) == 0 ||
	    err_set(err, ERR_FORMAT, "--%s: what was given is not UTF-8; no "
	    "address is like that", key);
}

static bool
add_texts(json_t *filter, const struct options *options, struct err *err)
{
	return add_text(filter, "sender", options->sender, err) &&
	    add_text(filter, "recipient", options->recipient, err) &&
	    add_text(filter, "site", options->site, err) &&
	    add_text(filter, "class", options->klass, err);
}

bool
options_class(const char *text, struct err *err)
{
	enum mail_class klass;

	return class_of_name(span_of(text), &klass) || err_set(err,
	    ERR_FORMAT, "%s: no such class; there are urgent, normal and "
	    "bulk", text);
}

json_t *
options_filter(const struct options *options, struct err *err)
{
	json_t *filter;
	long long age;

	if (options->klass != NULL && !options_class(options->klass, err))
		return NULL;
	if (options->older != NULL && !options_age(options->older, &age)) {
		err_set(err, ERR_FORMAT, "%s: not an age such as 90s, 15m, "
		    "4h or 5d", options->older);
		return NULL;
	}
	filter = json_object();
	if (!add_texts(filter, options, err)) {
		json_decref(filter);
		return NULL;
	}
	if (options->older != NULL)
		json_object_set_new(filter, "older", json_integer(age));
	if (options->all)
		json_object_set_new(filter, "all", json_true());
	return filter;
}
