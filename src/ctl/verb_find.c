/* SPDX-License-Identifier: ISC
 *
 * verb_find.c - which verb is meant by these words.
 */
#include "ctl/verbs.h"

#include <string.h>

/* 2: the whole word; 1: its beginning; 0: something else. */
static int
likeness(const char *word, const char *given)
{
	size_t length = strlen(given);

	if (length == 0 || strncmp(word, given, length) != 0)
		return 0;
	return word[length] == '\0' ? 2 : 1;
}

/* The first word of one verb that GIVEN stands for; null: none, or several
 * and *SEVERAL. */
static const char *
find_first(const struct verb *table, const char *given, bool *several)
{
	const char *found = NULL;

	*several = false;
	for (; table->first != NULL; table++) {
		int like = likeness(table->first, given);

		if (like == 2)
			return table->first;
		if (like == 0 ||
		    (found != NULL && strcmp(found, table->first) == 0))
			continue;
		*several = found != NULL;
		found = table->first;
	}
	return *several ? NULL : found;
}

static enum verb_found
find_second(const struct verb *table, const char *first, const char *given,
    const struct verb **out)
{
	int count = 0;

	for (; table->first != NULL; table++) {
		int like;

		if (strcmp(table->first, first) != 0)
			continue;
		like = given == NULL ? 0 : likeness(table->second, given);
		if (like == 0)
			continue;
		*out = table;
		if (like == 2)
			return VERB_FOUND;
		count++;
	}
	if (count == 0)
		return VERB_NONE;
	return count == 1 ? VERB_FOUND : VERB_AMBIGUOUS;
}

enum verb_found
verb_find(const struct verb *table, int argc, char **argv,
    const struct verb **out, int *words)
{
	const struct verb *verb;
	const char *first;
	bool several;

	*out = NULL;
	if (argc == 0)
		return VERB_NONE;
	first = find_first(table, argv[0], &several);
	if (first == NULL)
		return several ? VERB_AMBIGUOUS : VERB_NONE;
	for (verb = table; strcmp(verb->first, first) != 0; verb++)
		continue;
	*words = 1;
	*out = verb;
	if (verb->second == NULL)
		return VERB_FOUND;
	*words = 2;
	return find_second(table, first, argc > 1 ? argv[1] : NULL, out);
}
