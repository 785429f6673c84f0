/* SPDX-License-Identifier: ISC
 *
 * queue_verbs.c - listing the queue and changing what is in it.
 *
 * Ids come from the command line or, for "-", from standard input, where a
 * pipe may bring any number: they are sent in batches.
 */
#include "ctl/verbs.h"

#include "ctl/relay.h"
#include "ctl/tool.h"
#include "spool/msgid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 2000 };

/* A change being made: what was asked for, and what became of it. */
struct change {
	const char *verb;	/* of the control protocol */
	const char *done;	/* "deleted" */
	const char *config;
	const struct options *options;
	const char *to;		/* the class to move to; null: no move */
	json_t *ids;		/* those of the next batch; null: none named */
	long long asked, count, skipped;
};

int
verb_queue_list(const struct options *options, int count, char **argv)
{
	struct err err = { 0 };
	json_t *filter = options_filter(options, &err);

	(void)count, (void)argv;
	if (filter == NULL)
		return tool_fail(EX_USAGE, "%s", err.text);
	return relay_list(options->config, filter, options->json,
	    EX_UNAVAILABLE);
}

static void
take_count(void *owner, json_t *row)
{
	struct change *change = owner;

	change->count +=
	    json_integer_value(json_object_get(row, "count"));
	change->skipped +=
	    json_integer_value(json_object_get(row, "skipped"));
}

/* Send what has gathered. */
static int
change_send(struct change *change)
{
	struct err err = { 0 };
	json_t *filter = options_filter(change->options, &err);
	json_t *request;

	if (filter == NULL)
		return tool_fail(EX_USAGE, "%s", err.text);
	if (change->ids != NULL) {
		json_object_set_new(filter, "ids", change->ids);
		change->ids = NULL;
	}
	request = json_pack("{s:s, s:o}", "verb", change->verb,
	    "filter", filter);
	if (change->to != NULL)
		json_object_set_new(request, "class",
		    json_string(change->to));
	return relay_ask(change->config, request, EX_UNAVAILABLE,
	    take_count, change);
}

static int
change_add(struct change *change, const char *text)
{
	struct msgid id;
	char clean[MSGID_TEXT + 1];

	if (!msgid_parse(span_of(text), &id))
		return tool_fail(EX_USAGE, "%s: not a queue id", text);
	if (change->ids == NULL)
		change->ids = json_array();
	json_array_append_new(change->ids,
	    json_string(msgid_text(id, clean)));
	change->asked++;
	if (json_array_size(change->ids) < BATCH)
		return EX_OK;
	return change_send(change);
}

/* Ids from standard input, separated by white space. */
static int
change_read(struct change *change)
{
	char *line = NULL, *word, *place;
	size_t room = 0;
	int status = EX_OK;

	while (status == EX_OK && getline(&line, &room, stdin) != -1)
		for (word = strtok_r(line, " \t\r\n", &place);
		    word != NULL && status == EX_OK;
		    word = strtok_r(NULL, " \t\r\n", &place))
			status = change_add(change, word);
	if (status == EX_OK && ferror(stdin))
		status = tool_fail(EX_IOERR, "cannot read standard input");
	free(line);
	return status;
}

static int
change_named(struct change *change, int count, char **argv)
{
	int status = EX_OK, i;

	for (i = 0; i < count && status == EX_OK; i++)
		if (strcmp(argv[i], "-") == 0)
			status = change_read(change);
		else
			status = change_add(change, argv[i]);
	if (status == EX_OK && change->ids != NULL)
		status = change_send(change);
	json_decref(change->ids);
	return status;
}

static bool
selects_nothing(const struct options *options)
{
	return (options->used & TAKES_FILTER) == 0;
}

/* Counts what was named and is not in the queue. */
static int
tell_missing(const struct change *change, long long found, bool from_pipe)
{
	if (from_pipe || found >= change->asked)
		return EX_OK;
	return tool_fail(EX_NOINPUT, "%lld of %lld: not in the queue, or "
	    "not in a state for this", change->asked - found, change->asked);
}

static int
queue_change(const char *verb, const char *done,
    const struct options *options, int count, char **argv)
{
	struct change change = { .verb = verb, .done = done,
	    .config = options->config, .options = options };
	bool from_pipe = count == 1 && strcmp(argv[0], "-") == 0;
	int status;

	if (count == 0 && selects_nothing(options))
		return tool_fail(EX_USAGE, "which messages? Name ids, or "
		    "select with --sender, --recipient, --site, --class, "
		    "--older or --all");
	if (count > 0)
		status = change_named(&change, count, argv);
	else
		status = change_send(&change);
	if (status != EX_OK)
		return status;
	printf("%s %lld message%s\n", change.done, change.count,
	    change.count == 1 ? "" : "s");
	return tool_finish(tell_missing(&change, change.count, from_pipe));
}

int
verb_queue_delete(const struct options *options, int count, char **argv)
{
	return queue_change("queue.delete", "deleted", options, count, argv);
}

int
verb_queue_hold(const struct options *options, int count, char **argv)
{
	return queue_change("queue.hold", "held", options, count, argv);
}

int
verb_queue_release(const struct options *options, int count, char **argv)
{
	return queue_change("queue.release", "released", options, count, argv);
}

int
verb_queue_retry(const struct options *options, int count, char **argv)
{
	return queue_change("queue.retry", "retrying", options, count, argv);
}

/* Here --class says where to, and --from-class is the filter. */
static bool
move_selects(const struct options *options)
{
	return options->sender != NULL || options->recipient != NULL ||
	    options->site != NULL || options->older != NULL ||
	    options->from_class != NULL || options->all;
}

static int
move_asked(struct change *change, int count, char **argv)
{
	struct err err;

	if (change->to == NULL)
		return tool_fail(EX_USAGE, "to which class? Say --class "
		    "urgent, normal or bulk");
	if (!options_class(change->to, &err))
		return tool_fail(EX_USAGE, "%s", err.text);
	if (count > 0)
		return change_named(change, count, argv);
	if (move_selects(change->options))
		return change_send(change);
	return tool_fail(EX_USAGE, "which messages? Name ids, or select with "
	    "--sender, --recipient, --site, --from-class, --older or --all");
}

int
verb_queue_move(const struct options *options, int count, char **argv)
{
	struct options filter = *options;
	struct change change = { .verb = "queue.move",
	    .config = options->config, .options = &filter,
	    .to = options->klass };
	bool from_pipe = count == 1 && strcmp(argv[0], "-") == 0;
	int status;

	filter.klass = options->from_class;
	status = move_asked(&change, count, argv);
	if (status != EX_OK)
		return status;
	printf("moved %lld, skipped %lld under way\n", change.count,
	    change.skipped);
	return tool_finish(tell_missing(&change,
	    change.count + change.skipped, from_pipe));
}
