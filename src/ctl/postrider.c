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

static int
usage(void)
{
	const struct verb *verb;

	fputs("usage: postrider [-c FILE] VERB ..., where that is one of\n",
	    stderr);
	for (verb = verbs; verb->first != NULL; verb++)
		print_verb(stderr, verb);
	return EX_USAGE;
}

static int
usage_of(const struct verb *verb)
{
	fputs("usage:\n", stderr);
	print_verb(stderr, verb);
	return EX_USAGE;
}

static bool
begins_with(const struct verb *verb, int count, char **argv)
{
	if (count > 0 && strncmp(verb->first, argv[0], strlen(argv[0])) != 0)
		return false;
	return count < 2 || (verb->second != NULL &&
	    strncmp(verb->second, argv[1], strlen(argv[1])) == 0);
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

int
main(int argc, char **argv)
{
	const struct verb *verb;
	struct options options;
	int rest, words;

	if (!options_parse(argc, argv, &options, &rest))
		return usage();
	argc -= rest;
	argv += rest;
	switch (verb_find(verbs, argc, argv, &verb, &words)) {
	case VERB_AMBIGUOUS:
		tool_fail(EX_USAGE, "%s%s%s: could be several verbs", argv[0],
		    argc > 1 ? " " : "", argc > 1 ? argv[1] : "");
		return usage();
	case VERB_NONE:
		if (argc > 0)
			tool_fail(EX_USAGE, "%s%s%s: no such verb", argv[0],
			    argc > 1 ? " " : "", argc > 1 ? argv[1] : "");
		return usage();
	case VERB_FOUND:
		break;
	}
	argc -= words;
	argv += words;
	if (argc < verb->least || (verb->most >= 0 && argc > verb->most) ||
	    (options.used & ~verb->takes) != 0)
		return usage_of(verb);
	return verb->run(&options, argc, argv);
}
