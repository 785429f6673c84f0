/* SPDX-License-Identifier: ISC
 *
 * options.c - postrider's options: where they may stand, what they mean.
 */
#include "ctl/options.h"

#include "suites.h"

#include <getopt.h>
#include <stdlib.h>

static const struct {
	const char *text;
	long long seconds;	/* -1: refused */
} ages[] = {
	{ "0", 0 }, { "90", 90 }, { "90s", 90 }, { "15m", 900 },
	{ "4h", 14400 }, { "5d", 432000 }, { "2w", 1209600 },
	{ "", -1 }, { "m", -1 }, { "-5m", -1 }, { "5x", -1 }, { "5 m", -1 },
	{ "1h30m", -1 }, { "99999999999", -1 }, { "1000000000", 1000000000 },
	{ "11574d", 999993600 }, { "11575d", -1 },
};

static void
an_age_is_a_number_and_a_unit(void)
{
	size_t i;

	for (i = 0; i < sizeof(ages) / sizeof(ages[0]); i++) {
		long long seconds = -1;
		bool ok = options_age(ages[i].text, &seconds);

		CU_ASSERT_EQUAL(ok, ages[i].seconds != -1);
		CU_ASSERT_EQUAL(seconds, ages[i].seconds);
	}
}

static void
options_may_stand_anywhere(void)
{
	const char *argv[] = { "postrider", "queue", "-j", "list", "--site", "x",
	    "-c", "file", NULL };
	struct options options;
	int rest;

	optind = 0;
	CU_ASSERT_TRUE_FATAL(options_parse(8, (char **)argv, &options, &rest));
	CU_ASSERT_TRUE(options.json);
	CU_ASSERT_FALSE(options.all);
	CU_ASSERT_STRING_EQUAL(options.site, "x");
	CU_ASSERT_STRING_EQUAL(options.config, "file");
	CU_ASSERT_EQUAL(options.used, TAKES_JSON | TAKES_SITE);
	CU_ASSERT_STRING_EQUAL(argv[rest], "queue");
	CU_ASSERT_STRING_EQUAL(argv[rest + 1], "list");
}

static void
what_is_given_twice_is_refused_but_for_the_configuration(void)
{
	const char *site[] = { "postrider", "queue", "list", "--site", "x",
	    "--site", "y", NULL };
	const char *klass[] = { "postrider", "queue", "delete", "--class",
	    "bulk", "--class", "bulk", NULL };
	const char *config[] = { "postrider", "-c", "a", "status", "-j", "-j",
	    "-c", "b", NULL };
	struct options options;
	int rest;

	optind = 0;
	CU_ASSERT_FALSE(options_parse(7, (char **)site, &options, &rest));
	optind = 0;
	CU_ASSERT_FALSE(options_parse(7, (char **)klass, &options, &rest));
	optind = 0;
	CU_ASSERT_TRUE(options_parse(8, (char **)config, &options, &rest));
	CU_ASSERT_STRING_EQUAL(options.config, "b");
}

static void
a_filter_has_what_was_given_and_no_more(void)
{
	struct options options = { .sender = "*@a.test", .older = "2m",
	    .klass = "bulk", .all = true };
	struct err err = { 0 };
	json_t *filter = options_filter(&options, &err);
	char *text;

	CU_ASSERT_PTR_NOT_NULL_FATAL(filter);
	text = json_dumps(filter, JSON_COMPACT | JSON_SORT_KEYS);
	CU_ASSERT_STRING_EQUAL(text, "{\"all\":true,\"class\":\"bulk\","
	    "\"older\":120,\"sender\":\"*@a.test\"}");
	free(text);
	json_decref(filter);
}

static void
a_filter_that_cannot_be_is_refused_with_the_reason(void)
{
	struct options klass = { .klass = "quick" }, age = { .older = "x" };
	struct options latin = { .klass = "bulk", .sender = "\xe9*@a.test" };
	struct err err = { 0 };

	CU_ASSERT_PTR_NULL(options_filter(&klass, &err));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "quick: no such class"));
	CU_ASSERT_PTR_NULL(options_filter(&age, &err));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "x: not an age"));
	CU_ASSERT_PTR_NULL(options_filter(&latin, &err));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "--sender: "));
}

const struct unit_test options_tests[] = {
	UNIT(an_age_is_a_number_and_a_unit),
	UNIT(options_may_stand_anywhere),
	UNIT(what_is_given_twice_is_refused_but_for_the_configuration),
	UNIT(a_filter_has_what_was_given_and_no_more),
	UNIT(a_filter_that_cannot_be_is_refused_with_the_reason),
	UNIT_END
};
