/* SPDX-License-Identifier: ISC
 *
 * corrupt_verb.c - what was set aside: seen, handed in again, removed.
 *
 * It is looked at on the disk, relay or none.  Only to hand it in again the
 * relay is asked, which commits it as any mail; the file goes when that is
 * durable, so this tool waits until it is gone.
 */
#include "ctl/verbs.h"

#include "base/mem.h"
#include "base/plain.h"
#include "ctl/listing.h"
#include "ctl/relay.h"
#include "ctl/tool.h"
#include "spool/corrupt.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { DURABLE_SECONDS = 30, PIECE = 64 << 10, WHY_MOST = 256 };

struct corrupt {
	const struct options *options;
	struct spool_dirs dirs;
	int status;
	unsigned long count;
};

typedef int one_fn(struct corrupt *corrupt, const char *name);

/* ---- list ------------------------------------------------------------------------- */

static json_t *
recipients_of(const struct corrupt_file *file)
{
	json_t *list = json_array();

	for (uint32_t i = 0; file->envelope != NULL &&
	    i < file->envelope->rcpt_count; i++)
		json_array_append_new(list,
		    json_string(file->envelope->rcpts[i].address));
	return list;
}

static json_t *
row_of(const char *name, const struct corrupt_file *file)
{
	const struct corrupt_note *note = &file->note;
	char id[MSGID_TEXT + 1], segment[SEGMENT_FILE_SIZE];
	json_t *row = json_pack("{s:s, s:I, s:I, s:s, s:b}", "name", name,
	    "size", (json_int_t)note->bytes, "when",
	    (json_int_t)(note->when / 1000000), "why", note->why,
	    "whole", file->whole);

	if (note->has_id)
		json_object_set_new(row, "id",
		    json_string(msgid_text(note->id, id)));
	if (file->noted) {
		json_object_set_new(row, "segment", json_sprintf("%s/%s",
		    class_name(note->segment.klass),
		    segment_file(note->segment, "messages", segment)));
		json_object_set_new(row, "offset",
		    json_integer((json_int_t)note->offset));
		json_object_set_new(row, "lost",
		    json_integer((json_int_t)note->lost));
	}
	if (file->headed && file->header.klass < CLASS_COUNT)
		json_object_set_new(row, "class",
		    json_string(class_name(file->header.klass)));
	if (file->envelope != NULL) {
		json_object_set_new(row, "sender",
		    json_string(file->envelope->reverse_path));
		json_object_set_new(row, "recipients", recipients_of(file));
	}
	return row;
}

static const char *
what_is_whole(const struct corrupt_file *file)
{
	return file->whole ? "whole" : file->envelope != NULL ?
	    "content damaged" : "no envelope";
}

static void
print_row(json_t *row, const struct corrupt_file *file)
{
	char text[WHY_MOST], when[32];
	json_t *rcpts = json_object_get(row, "recipients");

	printf("%s\n  %s, %lld bytes, %s, %s\n",
	    listing_text(row, "name", text, sizeof text),
	    listing_time(file->note.when / 1000000, when, sizeof when),
	    (long long)file->note.bytes, file->headed &&
	    file->header.klass < CLASS_COUNT ?
	    class_name(file->header.klass) : "class not known",
	    what_is_whole(file));
	printf("  why: %s\n", listing_text(row, "why", text, sizeof text));
	if (rcpts == NULL)
		return;
	printf("  from: <%s>\n",
	    listing_text(row, "sender", text, sizeof text));
	for (size_t i = 0; i < json_array_size(rcpts); i++)
		printf("  to: <%s>\n", tool_plain(json_string_value(
		    json_array_get(rcpts, i)), text, sizeof text));
}

static int
list_one(struct corrupt *corrupt, const char *name)
{
	struct corrupt_file file;
	struct err err;
	json_t *row;

	if (!corrupt_open(&corrupt->dirs, name, &file, &err))
		return tool_fail(EX_IOERR, "%s", err.text);
	row = row_of(name, &file);
	if (corrupt->options->json) {
		json_dumpf(row, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
		putchar('\n');
	} else {
		print_row(row, &file);
	}
	json_decref(row);
	corrupt_close(&file);
	return EX_OK;
}

/* ---- show ------------------------------------------------------------------------- */

/* A terminal gets what only shows; a file gets the bytes. */
static void
put_safe(struct span text)
{
	bool terminal = isatty(STDOUT_FILENO) == 1;

	while (text.length > 0) {
		size_t length = plain_length(text);
		uint8_t byte = text.data[0];

		if (!terminal || byte == '\n' || byte == '\t')
			putchar(byte);
		else if (length > 0)
			fwrite(text.data, 1, length, stdout);
		else if (byte != '\r')
			putchar('?');
		text = span_skip(text, terminal && length > 0 ? length : 1);
	}
}

static int
show_one(struct corrupt *corrupt, const char *name)
{
	static uint8_t piece[PIECE];
	struct corrupt_file file;
	struct err err;
	uint64_t at = 0;
	ssize_t n;

	if (!corrupt_open(&corrupt->dirs, name, &file, &err))
		return tool_fail(EX_DATAERR, "%s", err.text);
	if (!corrupt->options->json) {
		json_t *row = row_of(name, &file);

		print_row(row, &file);
		putchar('\n');
		json_decref(row);
	}
	while ((n = corrupt_read_body(&file, at, piece, sizeof piece,
	    &err)) > 0) {
		put_safe(span_make(piece, (size_t)n));
		at += (uint64_t)n;
	}
	corrupt_close(&file);
	return n == 0 ? EX_OK : tool_fail(EX_IOERR, "%s", err.text);
}

/* ---- delete, requeue -------------------------------------------------------------- */

static int
delete_one(struct corrupt *corrupt, const char *name)
{
	struct err err;

	if (!corrupt_remove(&corrupt->dirs, name, &err))
		return tool_fail(EX_DATAERR, "%s", err.text);
	printf("removed %s\n", name);
	return EX_OK;
}

static void
take_id(void *owner, json_t *row)
{
	char *id = owner;
	const char *text = json_string_value(json_object_get(row, "id"));

	if (text != NULL)
		snprintf(id, MSGID_TEXT + 1, "%s", text);
}

static bool
is_gone(const struct corrupt *corrupt, const char *name)
{
	const struct timespec pause = { 0, 20 * 1000000 };

	for (int i = 0; i < DURABLE_SECONDS * 50; i++) {
		if (faccessat(corrupt->dirs.corrupt, name, F_OK,
		    AT_SYMLINK_NOFOLLOW) == -1)
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

static int
requeue_one(struct corrupt *corrupt, const char *name)
{
	char id[MSGID_TEXT + 1] = "";
	int status = relay_ask(corrupt->options->config, json_pack(
	    "{s:s, s:s, s:b}", "verb", "corrupt.requeue", "name", name,
	    "force", corrupt->options->force), EX_UNAVAILABLE, take_id, id);

	if (status != EX_OK)
		return tool_fail(status, "%s stays in corrupt/", name);
	if (!is_gone(corrupt, name))
		return tool_fail(EX_TEMPFAIL, "%s was handed in as %s, but "
		    "is not on the disk yet; see the log", name, id);
	printf("%s is in the queue as %s\n", name, id);
	return EX_OK;
}

/* ---- which ------------------------------------------------------------------------ */

static const struct action {
	const char *name;
	one_fn *one;
	bool all;		/* without a name: all of them, or by --all */
} actions[] = {
	{ "list", list_one, true },
	{ "show", show_one, false },
	{ "requeue", requeue_one, false },
	{ "delete", delete_one, false },
};

static const struct action *
find_action(const char *name)
{
	for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
		if (strcmp(actions[i].name, name) == 0)
			return &actions[i];
	return NULL;
}

struct walk {
	struct corrupt *corrupt;
	const struct action *action;
};

static bool
do_one(void *owner, const char *name)
{
	struct walk *walk = owner;
	int status = walk->action->one(walk->corrupt, name);

	walk->corrupt->count++;
	if (status != EX_OK)
		walk->corrupt->status = status;
	return true;
}

/* ID alone stands for "ID.message". */
static void
do_named(struct walk *walk, const char *given)
{
	char name[CORRUPT_NAME_SIZE];
	struct msgid id;

	snprintf(name, sizeof name, "%s%s", given,
	    msgid_parse(span_of(given), &id) ? ".message" : "");
	do_one(walk, name);
}

static int
run(struct corrupt *corrupt, const struct action *action, int count,
    char **names)
{
	struct walk walk = { corrupt, action };
	struct err err;

	for (int i = 0; i < count; i++)
		do_named(&walk, names[i]);
	if (count == 0 && !corrupt_each(&corrupt->dirs, do_one, &walk, &err))
		return tool_fail(EX_IOERR, "%s", err.text);
	if (count == 0 && corrupt->count == 0 && !corrupt->options->json)
		puts("there is nothing in corrupt/");
	return tool_finish(corrupt->status);
}

int
verb_spool_corrupt(const struct options *options, int count, char **argv)
{
	struct corrupt corrupt = { .options = options, .status = EX_OK };
	const struct action *action = find_action(argv[0]);
	struct conf *conf;
	struct err err = { 0 };
	bool opened;

	if (action == NULL)
		return tool_fail(EX_USAGE, "%s: list, show, requeue or "
		    "delete", argv[0]);
	if (count == 1 && !action->all && !options->all)
		return tool_fail(EX_USAGE, "%s: which? a name of corrupt/, "
		    "or --all", argv[0]);
	if (count > 1 && options->all)
		return tool_fail(EX_USAGE, "%s: names, or --all, not both",
		    argv[0]);
	conf = tool_relay(options->config, &err);
	if (conf == NULL)
		return tool_fail(EX_CONFIG, "%s", err.text);
	opened = spool_dirs_open(&corrupt.dirs, conf->spool, &err);
	conf_free(&conf);
	if (!opened)
		return tool_fail(EX_NOINPUT, "%s", err.text);
	run(&corrupt, action, count - 1, argv + 1);
	spool_dirs_close(&corrupt.dirs);
	return corrupt.status;
}
