/* SPDX-License-Identifier: ISC
 *
 * postrider.c - the operator's tool: finds the verb and runs it.
 */
#include "ctl/tool.h"
#include "ctl/verbs.h"

#include <stdio.h>
#include <string.h>

static verb_fn verb_help, verb_version;

static const struct verb verbs[] = {
	{ "status", NULL, "", 0, 0, TAKES_JSON, verb_status,
	    "what the processes do, and how much waits" },
	{ "queue", "list", "", 0, 0, TAKES_JSON | TAKES_FILTER,
	    verb_queue_list, "what waits" },
	{ "queue", "show", " ID", 1, 1, TAKES_PART, verb_queue_show,
	    "one message: its envelope and its content" },
	{ "queue", "delete", " [ID ... | -]", 0, -1, TAKES_FILTER,
	    verb_queue_delete, "remove messages; nobody is told" },
	{ "queue", "hold", " [ID ... | -]", 0, -1, TAKES_FILTER,
	    verb_queue_hold, "stop trying messages until released" },
	{ "queue", "release", " [ID ... | -]", 0, -1, TAKES_FILTER,
	    verb_queue_release, "try held messages again" },
	{ "queue", "retry", " [ID ... | -]", 0, -1, TAKES_FILTER,
	    verb_queue_retry, "try messages now" },
	{ "queue", "move", " --class C [ID ... | -]", 0, -1,
	    TAKES_FROM_CLASS | TAKES_FILTER, verb_queue_move,
	    "change the class of messages" },
	{ "queue", "shape", "", 0, 0, TAKES_JSON | TAKES_BY | TAKES_FILTER,
	    verb_queue_shape, "how long what waits has waited, in minutes" },
	{ "site", "list", " [SITE]", 0, 1, TAKES_JSON, verb_site_list,
	    "how each site fares" },
	{ "site", "show", " SITE", 1, 1, TAKES_JSON, verb_site_show,
	    "hosts, limits and state of a site" },
	{ "site", "pause", " SITE", 1, 1, TAKES_PAUSE, verb_site_pause,
	    "send nothing there until it is resumed, or for a time" },
	{ "site", "resume", " SITE", 1, 1, 0, verb_site_resume,
	    "end a pause" },
	{ "site", "reset", " SITE", 1, 1, 0, verb_site_reset,
	    "forget its failures, its rest and its window" },
	{ "class", "show", "", 0, 0, TAKES_JSON, verb_class_show,
	    "what waits in each class, and by which schedule" },
	{ "flush", NULL, "", 0, 0, TAKES_FLUSH, verb_flush,
	    "try all that waits now, at the usual pace" },
	{ "reload", NULL, "", 0, 0, 0, verb_reload,
	    "read the configuration again" },
	{ "log", "reopen", "", 0, 0, 0, verb_log_reopen,
	    "write to a new log file: the old one was moved away" },
	{ "stop", NULL, "", 0, 0, 0, verb_stop,
	    "finish what is under way, then end the relay" },
	{ "config", "check", " [FILE]", 0, 1, 0, verb_config_check,
	    "is the configuration right?" },
	{ "config", "show", "", 0, 0, TAKES_CHANGED, verb_config_show,
	    "the configuration, defaults filled in" },
	{ "route", NULL, " ADDRESS ...", 1, -1, TAKES_JSON | TAKES_FROM,
	    verb_route, "where an address goes, and by which rules" },
	{ "trace", NULL, " ID|ADDRESS", 1, 1, 0, verb_trace,
	    "the life of a message, or the latest of an address" },
	{ "spool", "check", " [PATH]", 0, 1, 0, verb_spool_check,
	    "verify and count every message on disk" },
	{ "spool", "rebuild", " [PATH]", 0, 1, 0, verb_spool_rebuild,
	    "remove the index; the relay makes it anew" },
	{ "spool", "corrupt", " list|show|requeue|delete [NAME ...]", 1, -1,
	    TAKES_JSON | TAKES_ALL | TAKES_FORCE, verb_spool_corrupt,
	    "what was damaged and set aside" },
	{ "help", NULL, " [VERB]", 0, 2, 0, verb_help, "this text" },
	{ "version", NULL, "", 0, 0, 0, verb_version, "which postrider" },
	{ NULL, NULL, NULL, 0, 0, 0, NULL, NULL },
};

static void
print_verb(FILE *out, const struct verb *verb)
{
	char options[256];

	options_name(verb->takes, options, sizeof(options));
	fprintf(out, "       postrider %s%s%s%s%s\n",
	    verb->first, verb->second != NULL ? " " : "",
	    verb->second != NULL ? verb->second : "", options,
	    verb->arguments);
}

/* What was wrong has been said. */
static int
usage(void)
{
	fputs("usage: postrider [-c FILE] VERB ...\n"
	      "       postrider help [VERB]\n",
	    stderr);
	return EX_USAGE;
}

static int
usage_of(const struct verb *verb)
{
	fputs("usage:\n", stderr);
	print_verb(stderr, verb);
	return EX_USAGE;
}

/* All verbs that begin with FIRST and, if that is not null, SECOND. */
static int
usage_of_some(const char *first, const char *second)
{
	const struct verb *verb;

	fputs("usage:\n", stderr);
	for (verb = verbs; verb->first != NULL; verb++)
		if (strncmp(verb->first, first, strlen(first)) == 0 &&
		    (second == NULL ||
			(verb->second != NULL &&
			    strncmp(verb->second, second, strlen(second)) ==
				0)))
			print_verb(stderr, verb);
	return EX_USAGE;
}

static bool
begins_with(const struct verb *verb, int count, char **argv)
{
	if (count > 0 && strncmp(verb->first, argv[0], strlen(argv[0])) != 0)
		return false;
	return count < 2 || verb->second == NULL ||
	    strncmp(verb->second, argv[1], strlen(argv[1])) == 0;
}

/* Verbs that begin with the words given, or all. */
static int
verb_help(const struct options *options, int count, char **argv)
{
	const struct verb *verb;
	bool any = false;

	(void)options;
	for (verb = verbs; verb->first != NULL; verb++) {
		if (!begins_with(verb, count, argv))
			continue;
		print_verb(stdout, verb);
		printf("               %s\n", verb->help);
		any = true;
	}
	if (!any)
		return tool_fail(EX_USAGE, "%s: no such verb", argv[0]);
	puts("FILTER: --sender GLOB, --recipient GLOB, --site GLOB, "
	    "--class CLASS,\n        --older TIME, --all; all that are given "
	    "must match");
	return tool_finish(EX_OK);
}

static int
verb_version(const struct options *options, int count, char **argv)
{
	(void)options, (void)count, (void)argv;
	printf("postrider %s\n", PACKAGE_VERSION);
	return tool_finish(EX_OK);
}

/* "could be status or stop" */
static int
say_ambiguous(const char *first, const char *second)
{
	const struct verb *verb;
	const char *last = "", *between = "";
	char text[256] = "";
	size_t used = 0;

	for (verb = verbs; verb->first != NULL && used < sizeof(text); verb++) {
		const char *word = second == NULL ? verb->first : verb->second;
		const char *given = second == NULL ? first : second;

		if (strncmp(verb->first, first, strlen(first)) != 0 ||
		    word == NULL || strcmp(word, last) == 0 ||
		    strncmp(word, given, strlen(given)) != 0)
			continue;
		used += (size_t)snprintf(
		    text + used, sizeof(text) - used, "%s%s", between, word);
		last = word;
		between = " or ";
	}
	tool_fail(EX_USAGE, "%s%s%s: could be %s", first,
	    second != NULL ? " " : "", second != NULL ? second : "", text);
	return usage_of_some(first, second);
}

/* The verb is none; NEAR is one with the same first word, or null. */
static int
say_none(const struct verb *near, int argc, char **argv)
{
	if (argc == 0)
		return usage();
	if (near == NULL && argc > 0)
		tool_fail(EX_USAGE, "%s: no such verb", argv[0]);
	else if (argc > 1)
		tool_fail(EX_USAGE, "%s %s: no such verb", argv[0], argv[1]);
	else
		tool_fail(EX_USAGE, "%s: which of these?", argv[0]);
	return near == NULL ? usage() : usage_of_some(near->first, NULL);
}

/* VERB cannot be run like this. */
static int
say_slip(const struct verb *verb, const struct options *options, int argc,
    char **argv)
{
	const char *stray = options_stray(options, verb->takes);

	if (options->bad)
		return usage_of(verb);
	if (stray != NULL)
		tool_fail(EX_USAGE, "--%s is not for %s%s%s", stray,
		    verb->first, verb->second != NULL ? " " : "",
		    verb->second != NULL ? verb->second : "");
	else if (argc < verb->least)
		tool_fail(EX_USAGE, "something is missing:%s", verb->arguments);
	else
		tool_fail(EX_USAGE, "%s: one word too many", argv[verb->most]);
	return usage_of(verb);
}

/* -h is the header of `queue show ID'; otherwise it asks for help. */
static bool
asks_help(const struct options *options, const struct verb *verb, int argc)
{
	return options->help ||
	    (options->headers &&
		(verb == NULL || (verb->takes & TAKES_PART) == 0 ||
		    argc < verb->least));
}

int
main(int argc, char **argv)
{
	const struct verb *verb;
	struct options options;
	int rest, words = 0;
	enum verb_found found;

	(void)options_parse(argc, argv, &options, &rest);
	argc -= rest;
	argv += rest;
	if (options.version)
		return verb_version(&options, 0, NULL);
	found = verb_find(verbs, argc, argv, &verb, &words);
	if (asks_help(
		&options, found == VERB_FOUND ? verb : NULL, argc - words))
		return verb_help(&options, argc < 2 ? argc : 2, argv);
	if (found == VERB_AMBIGUOUS)
		return say_ambiguous(argv[0], words == 2 ? argv[1] : NULL);
	if (found == VERB_NONE)
		return options.bad && argc == 0 ? usage()
						: say_none(verb, argc, argv);
	argc -= words;
	argv += words;
	if (options.bad || argc < verb->least ||
	    (verb->most >= 0 && argc > verb->most) ||
	    (options.used & ~verb->takes) != 0)
		return say_slip(verb, &options, argc, argv);
	return verb->run(&options, argc, argv);
}
