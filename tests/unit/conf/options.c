/* SPDX-License-Identifier: ISC
 *
 * options.c - every option can be set, and says so when it is written out.
 */
#include "tests.h"

#include "base/mem.h"
#include "conf/conf_type.h"

#include <stdio.h>

/* A value for each option that is not its default, and what it needs. */
static const struct {
	const char *name;	/* as conf_each_name() tells it */
	const char *value;
	const char *needs;	/* inside the same braces */
	const char *also;	/* outside */
} rows[] = {
	{ "hostname", "relay.example.org", "", "" },
	{ "spool", "/s", "", "" },
	{ "control", "\"/c d\"", "", "" },
	{ "log", "file \"/l m\"", "", "" },
	{ "user", "nobody", "", "" },
	{ "user-receiver", "a", "", "" },
	{ "user-scheduler", "b", "", "" },
	{ "user-deliverer", "c", "", "" },
	{ "user-resolver", "d", "", "" },
	{ "node", "17", "", "hostname a.test" },
	{ "receivers", "63", "", "" },
	{ "deliverers", "63", "", "" },
	{ "time-scale", "0.12345678901", "", "" },
	{ "listen trust", "10.0.0.0/8 ::1/128 ceiling bulk", "", "" },
	{ "listen class", "bulk", "", "" },
	{ "listen ceiling", "normal", "", "" },
	{ "listen tls", "none", "", "" },
	{ "listen strict", "", "", "" },
	{ "listen bare-lf", "reject", "", "" },
	{ "tls certificate", "/c.pem", "key /k.pem", "" },
	{ "tls key", "/k.pem", "certificate /c.pem", "" },
	{ "resolver server", "2001:db8::1@5353", "", "" },
	{ "resolver roots", "", "", "" },
	{ "resolver timeout", "1500ms", "", "" },
	{ "resolver negative", "never", "", "" },
	{ "limits connections", "20000", "", "" },
	{ "limits connections-per-client", "5", "", "" },
	{ "limits connections-per-minute", "60", "", "" },
	{ "limits command-line", "1000", "", "" },
	{ "limits data-line", "1000", "", "" },
	{ "limits header", "64k", "", "" },
	{ "limits recipients", "100", "", "" },
	{ "limits message-size", "1G", "", "" },
	{ "limits errors", "3", "", "" },
	{ "limits hops", "30", "", "" },
	{ "limits idle", "30s", "", "" },
	{ "limits session", "2h", "", "" },
	{ "limits memory", "1G", "", "" },
	{ "limits hold", "never", "", "" },
	{ "limits deliver-by", "10s", "", "" },
	{ "queue window", "1000", "", "" },
	{ "queue segment-size", "64k", "", "" },
	{ "queue compact", "0", "", "" },
	{ "queue large-message", "100000", "", "" },
	{ "queue status-sync", "0", "", "" },
	{ "queue reserve", "1G", "", "" },
	{ "queue bulk-reserve", "1M", "", "" },
	{ "queue normal-most", "unlimited", "", "" },
	{ "queue bulk-most", "1000", "", "" },
	{ "queue normal-delay", "1m", "", "" },
	{ "queue bulk-delay", "100ms", "", "" },
	{ "queue jitter", "0", "", "" },
	{ "queue fair-by", "client", "", "" },
	{ "queue urgent-reserve", "50", "", "" },
	{ "class urgent retry", "1s 2s", "", "" },
	{ "class urgent lifetime", "1h", "", "" },
	{ "class urgent warn", "never", "", "" },
	{ "class urgent deadline", "1m", "", "" },
	{ "class normal retry", "100ms", "", "" },
	{ "class normal lifetime", "1d", "", "" },
	{ "class normal warn", "1h", "", "" },
	{ "class normal deadline", "1h", "", "" },
	{ "class bulk retry", "7d", "", "" },
	{ "class bulk lifetime", "30d", "", "" },
	{ "class bulk warn", "1d", "", "" },
	{ "class bulk deadline", "1d", "", "" },
	{ "classify header", "Subject \"* now *\" urgent", "", "" },
	{ "bounce postmaster", "pm@example.org", "", "" },
	{ "bounce return-size", "0", "", "" },
	{ "route to", "mx.example.org:25 192.0.2.1:2525 [::1]:26", "", "" },
	{ "site connections", "7", "", "" },
	{ "site reserve", "2", "", "" },
	{ "site recipients", "1", "", "" },
	{ "site messages", "unlimited", "", "" },
	{ "site failures", "3", "", "" },
	{ "site rate", "2.5/s", "", "" },
	{ "site rate-urgent", "1000000/s", "", "" },
	{ "site rate-normal", "0.001/d", "rate 1/d;", "" },
	{ "site rate-bulk", "20.05/m", "rate 21/m;", "" },
	{ "site idle", "0", "", "" },
	{ "site tls", "encrypt", "", "" },
	{ "site timeout-connect", "1s", "", "" },
	{ "site timeout-greeting", "2s", "", "" },
	{ "site timeout-helo", "3s", "", "" },
	{ "site timeout-mail", "4s", "", "" },
	{ "site timeout-rcpt", "5s", "", "" },
	{ "site timeout-data", "6s", "", "" },
	{ "site timeout-block", "7s", "", "" },
	{ "site timeout-dot", "8s", "", "" },
	{ "site timeout-quit", "9s", "", "" },
	{ "sender rate", "20/m", "", "" },
	{ "reply at", "*.example.org", "slow;", "" },
	{ "reply slow", "", "", "" },
	{ "reply pause", "5m", "", "" },
	{ "reply temporary", "", "", "" },
	{ "reply permanent", "", "", "" },
};

static size_t
row_of(const char *name)
{
	size_t i = 0;

	while (i < sizeof rows / sizeof rows[0] &&
	    strcmp(rows[i].name, name) != 0)
		i++;
	return i;
}

/* A file in which OPTION has VALUE. */
static char *
file_with(const struct conf_option *option, const char *value,
    const char *needs, const char *also)
{
	const struct conf_block *block = &conf_blocks[option->block];
	const char *argument = block->word;

	if (option->block == BLOCK_TOP)
		return mem_printf("listen 127.0.0.1:25\n%s\n%s %s\n", also,
		    option->name, value);
	if (option->block == BLOCK_LISTEN)
		argument = "127.0.0.1:25";
	else if (block->argument != NULL)
		argument = "a.test";
	return mem_printf("%s%s\n%s %s { %s\n%s %s\n}\n",
	    option->block == BLOCK_LISTEN ? "" : "listen 127.0.0.1:25\n",
	    also, block->name, argument == NULL ? "" : argument, needs,
	    option->name, value);
}

static void
each_option_stands_in_this_table(void)
{
	struct buf name;
	const char *text;
	size_t count = 0;

	buf_init(&name, 256);
	for (size_t at = 0; (text = conf_each_name(&at, &name)) != NULL;
	    count++)
		if (row_of(text) == sizeof rows / sizeof rows[0]) {
			printf("no row for %s\n", text);
			CU_FAIL("an option is not tested");
		}
	CU_ASSERT_EQUAL(count, sizeof rows / sizeof rows[0]);
	CU_ASSERT_EQUAL(count, conf_option_count);
	buf_fini(&name);
}

/* In the order of the table, so row I is option I. */
static void
each_option_comes_back_as_it_was_set(void)
{
	for (size_t i = 0; i < conf_option_count; i++) {
		char *file = file_with(&conf_options[i], rows[i].value,
		    rows[i].needs, rows[i].also);
		struct conf *conf = conf_of(file);
		char *line = mem_printf("%s%s%s\n", conf_options[i].name,
		    rows[i].value[0] != '\0' ? " " : "", rows[i].value);

		for (int changed = 0; conf != NULL && changed < 2;
		    changed++) {
			char *dump = dump_of(conf, changed);

			CU_ASSERT_PTR_NOT_NULL(strstr(dump, line));
			if (strstr(dump, line) == NULL)
				printf("%s not in:\n%s", line, dump);
			mem_free(dump);
		}
		conf_free(&conf);
		mem_free(line);
		mem_free(file);
	}
}

static const struct {
	const char *block, *name, *also, *needs;
} high[] = {			/* what lets an option reach its most */
	{ "limits", "connections-per-client", "", "connections 1000000" },
	{ "limits", "header", "", "message-size 2G" },
	{ "limits", "idle", "", "session 30d" },
	{ "queue", "large-message", "limits { message-size 2G; memory 64G }",
	    "" },
	{ "class", "warn", "", "lifetime 30d" },
	{ "class", "deadline", "", "lifetime 30d" },
	{ "queue", "bulk-most", "", "normal-most unlimited" },
	{ "queue", "bulk-delay", "", "normal-delay unlimited" },
	{ "site", "reserve", "", "connections 10000" },
	{ "reply", "pause", "", "slow" },
	{ "", "", "", "" },
};

static void
check_value(const struct conf_option *option, uint64_t value, bool good)
{
	const char *block = conf_blocks[option->block].name;
	char number[32], *file;
	struct conf *conf;
	struct err err;
	size_t i = 0;

	while (high[i].name[0] != '\0' &&
	    (strcmp(high[i].block, block) != 0 ||
	    strcmp(high[i].name, option->name) != 0))
		i++;
	snprintf(number, sizeof number, "%llu%s", (unsigned long long)value,
	    option->unit == UNIT_TIME ? "ms" : "");
	file = file_with(option, number, high[i].needs, high[i].also);
	conf = conf_parse(span_of(file), "f", &err);
	CU_ASSERT_EQUAL(conf != NULL, good);
	if ((conf != NULL) != good)
		printf("%s %s: %s\n", option->name, number,
		    good ? err.text : "taken");
	if (conf == NULL)
		CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "least "));
	conf_free(&conf);
	mem_free(file);
}

static void
each_number_reaches_its_least_and_most_and_no_further(void)
{
	unsigned numbers = 0;

	for (size_t i = 0; i < conf_option_count; i++) {
		const struct conf_option *option = &conf_options[i];

		if (option->most == 0 || option->kind == KIND_DOUBLE)
			continue;
		numbers++;
		check_value(option, option->least, true);
		check_value(option, option->most, true);
		check_value(option, option->most + 1, false);
		if (option->least > 1)
			check_value(option, option->least - 1, false);
		if (option->least > 0)
			check_value(option, 0, option->zero != NULL);
	}
	CU_ASSERT_TRUE(numbers > 30);
}

static const struct {
	const char *text;
	msec_t time;
} times[] = {
	{ "5", 5000 }, { "500ms", 500 }, { "5s", 5000 }, { "3m", 180000 },
	{ "2h", 7200000 }, { "1d", 86400000 }, { "90s", 90000 },
};

static void
times_have_units_and_without_one_are_seconds(void)
{
	for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
		char *file = mem_printf("listen 127.0.0.1:25\n"
		    "limits { idle %s; session 30d }", times[i].text);
		struct conf *conf = conf_of(file);

		if (conf != NULL)
			CU_ASSERT_EQUAL(conf->idle, times[i].time);
		conf_free(&conf);
		mem_free(file);
	}
}

static const struct {
	const char *text;
	uint64_t bytes;
} sizes[] = {
	{ "1024", 1024 }, { "64k", 65536 }, { "64K", 65536 },
	{ "10M", 10485760 }, { "1G", 1073741824 },
};

static void
sizes_have_units_and_without_one_are_bytes(void)
{
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		char *file = mem_printf("listen 127.0.0.1:25\n"
		    "limits { message-size %s }", sizes[i].text);
		struct conf *conf = conf_of(file);

		if (conf != NULL)
			CU_ASSERT_EQUAL(conf->message_bytes, sizes[i].bytes);
		conf_free(&conf);
		mem_free(file);
	}
}

const struct unit_test option_tests[] = {
	UNIT(each_option_stands_in_this_table),
	UNIT(each_option_comes_back_as_it_was_set),
	UNIT(each_number_reaches_its_least_and_most_and_no_further),
	UNIT(times_have_units_and_without_one_are_seconds),
	UNIT(sizes_have_units_and_without_one_are_bytes),
	UNIT_END
};
