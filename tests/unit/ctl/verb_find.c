/* SPDX-License-Identifier: ISC
 *
 * verb_find.c - words and what they stand for.
 */
#include "ctl/verbs.h"

#include "suites.h"

#define VERB(first, second) { first, second, "", 0, 0, 0, NULL, "" }

static const struct verb table[] = {
	VERB("status", NULL), VERB("queue", "list"), VERB("queue", "release"),
	VERB("queue", "retry"), VERB("queue", "re"), VERB("stop", NULL),
	VERB("spool", "check"), VERB(NULL, NULL),
};

static const struct {
	const char *words[3];
	enum verb_found found;
	const char *first, *second;
	int used;
} rows[] = {
	{ { "status" }, VERB_FOUND, "status", NULL, 1 },
	{ { "sta", "x" }, VERB_FOUND, "status", NULL, 1 },
	{ { "queue", "list" }, VERB_FOUND, "queue", "list", 2 },
	{ { "q", "l" }, VERB_FOUND, "queue", "list", 2 },
	{ { "q", "ret", "x" }, VERB_FOUND, "queue", "retry", 2 },
	{ { "queue", "re" }, VERB_FOUND, "queue", "re", 2 },
	{ { "st" }, VERB_AMBIGUOUS, NULL, NULL, 0 },
	{ { "s" }, VERB_AMBIGUOUS, NULL, NULL, 0 },
	{ { "queue", "r" }, VERB_AMBIGUOUS, NULL, NULL, 0 },
	{ { "queue" }, VERB_NONE, NULL, NULL, 0 },
	{ { "queue", "x" }, VERB_NONE, NULL, NULL, 0 },
	{ { "queue", "" }, VERB_NONE, NULL, NULL, 0 },
	{ { "statusx" }, VERB_NONE, NULL, NULL, 0 },
	{ { "" }, VERB_NONE, NULL, NULL, 0 },
};

static void
words_may_be_shortened_while_they_are_clear(void)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct verb *verb = NULL;
		const char *words[3];
		int count = 0, used = 0;

		for (; count < 3 && rows[i].words[count] != NULL; count++)
			words[count] = rows[i].words[count];
		CU_ASSERT_EQUAL(verb_find(table, count, (char **)words,
		    &verb, &used),
		    rows[i].found);
		if (rows[i].found != VERB_FOUND)
			continue;
		CU_ASSERT_PTR_NOT_NULL_FATAL(verb);
		CU_ASSERT_STRING_EQUAL(verb->first, rows[i].first);
		CU_ASSERT_EQUAL(used, rows[i].used);
		if (rows[i].second != NULL)
			CU_ASSERT_STRING_EQUAL(verb->second, rows[i].second);
	}
}

static void
no_words_are_no_verb(void)
{
	const struct verb *verb;
	int used;

	CU_ASSERT_EQUAL(verb_find(table, 0, NULL, &verb, &used), VERB_NONE);
}

const struct unit_test verb_find_tests[] = {
	UNIT(words_may_be_shortened_while_they_are_clear),
	UNIT(no_words_are_no_verb),
	UNIT_END
};
