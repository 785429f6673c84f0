/* SPDX-License-Identifier: ISC
 *
 * spool_verbs.c - the spool looked at by itself; no relay needed.
 */
#include "ctl/verbs.h"

#include "base/mem.h"
#include "ctl/tool.h"
#include "spool/check.h"

#include <inttypes.h>
#include <stdio.h>

/* The path given, or that of the relay; null: it was told why. */
static char *
spool_path(const struct options *options, int count, char **argv)
{
	struct err err = { 0 };
	struct conf *conf;
	char *path;

	if (count == 1)
		return mem_strdup(argv[0]);
	conf = tool_relay(options->config, &err);
	if (conf == NULL) {
		tool_fail(EX_CONFIG, "%s", err.text);
		return NULL;
	}
	path = mem_strdup(conf->spool);
	conf_free(&conf);
	return path;
}

static void
on_report(void *owner, enum spool_finding finding, const char *where,
    const char *text)
{
	(void)owner;
	printf("%s: %s: %s\n", finding == SPOOL_FAULT ? "fault" : "note",
	    where, text);
}

static void
print_sum(const struct spool_sum *sum)
{
	printf("%-8s %9s %9s %11s %11s %14s\n", "class", "segments", "done",
	    "messages", "recipients", "bytes");
	for (unsigned c = 0; c < CLASS_COUNT; c++)
		printf("%-8s %9" PRIu64 " %9" PRIu64 " %11" PRIu64
		    " %11" PRIu64 " %14" PRIu64 "\n", class_name(c),
		    sum->classes[c].segments, sum->classes[c].final,
		    sum->classes[c].live, sum->classes[c].rcpts,
		    sum->classes[c].bytes);
	printf("%" PRIu64 " faults, %" PRIu64 " notes\n", sum->faults,
	    sum->notes);
}

int
verb_spool_check(const struct options *options, int count, char **argv)
{
	char *path = spool_path(options, count, argv);
	struct spool_sum sum;
	struct err err;
	bool done;

	if (path == NULL)
		return EX_CONFIG;
	done = spool_check(path, on_report, NULL, &sum, &err);
	mem_free(path);
	if (!done)
		return tool_fail(EX_IOERR, "%s", err.text);
	print_sum(&sum);
	return tool_finish(sum.faults > 0 ? EX_DATAERR : EX_OK);
}

int
verb_spool_rebuild(const struct options *options, int count, char **argv)
{
	char *path = spool_path(options, count, argv);
	struct err err;
	bool done;

	if (path == NULL)
		return EX_CONFIG;
	done = spool_rebuild(path, &err);
	mem_free(path);
	if (!done)
		return tool_fail(err.kind == ERR_LIMIT ? EX_TEMPFAIL :
		    EX_IOERR, "%s", err.text);
	puts("the index is removed; it is made anew when the relay starts");
	return tool_finish(EX_OK);
}
