/* SPDX-License-Identifier: ISC
 *
 * trace_verb.c - the life of a message, from the log and the queue.
 *
 * For an address the log is read twice: once for the ids of its latest
 * messages, and once for all that is said of these.
 */
#include "ctl/verbs.h"

#include "base/mem.h"
#include "ctl/client.h"
#include "ctl/listing.h"
#include "ctl/tool.h"
#include "ctl/trace_read.h"

#include <stdio.h>
#include <string.h>

enum {
	LATEST = 10,		/* messages shown for an address */
	LIFE_BYTES = 256 << 10,	/* of one, of these */
	LINE_BYTES = 1 << 20,
	TEXT_MOST = 1024
};

struct life {
	struct msgid id;
	struct buf text;
	unsigned long left_out;	/* lines */
};

struct trace {
	const struct conf *conf;
	struct span address;
	struct life lives[LATEST];	/* the latest last */
	size_t count;
	struct buf line;
	unsigned long lines;
};

/* ---- what the log says ------------------------------------------------------------------ */

/* One message: its lines go out as they come. */
static void
print_line(void *owner, const struct trace_line *line)
{
	struct trace *trace = owner;
	struct span text;

	if (msgid_compare(line->id, trace->lives[0].id) != 0)
		return;
	buf_clear(&trace->line);
	trace_line_say(line, &trace->line);
	text = buf_peek(&trace->line);
	fwrite(text.data, 1, text.length, stdout);
	trace->lines++;
}

static size_t
find_life(const struct trace *trace, struct msgid id)
{
	size_t i;

	for (i = 0; i < trace->count; i++)
		if (msgid_compare(trace->lives[i].id, id) == 0)
			break;
	return i;
}

/* The message spoken of last is the last; the one before all is dropped. */
static void
note_id(void *owner, const struct trace_line *line)
{
	struct trace *trace = owner;
	size_t at;

	if (!trace_line_names(line, trace->address))
		return;
	at = find_life(trace, line->id);
	if (at == trace->count && trace->count < LATEST) {
		trace->lives[trace->count++].id = line->id;
		return;
	}
	if (at == trace->count)
		at = 0;
	for (; at + 1 < trace->count; at++)
		trace->lives[at].id = trace->lives[at + 1].id;
	trace->lives[at].id = line->id;
}

static void
gather_line(void *owner, const struct trace_line *line)
{
	struct trace *trace = owner;
	size_t at = find_life(trace, line->id);

	if (at == trace->count)
		return;
	if (buf_length(&trace->lives[at].text) > LIFE_BYTES)
		trace->lives[at].left_out++;
	else
		trace_line_say(line, &trace->lives[at].text);
}

/* ---- what the queue says ------------------------------------------------------------------ */

static void
print_recipients(json_t *row)
{
	char address[TEXT_MOST], why[TEXT_MOST];
	json_t *recipient;
	size_t i;

	json_array_foreach(json_object_get(row, "recipients"), i, recipient) {
		listing_text(recipient, "address", address, sizeof(address));
		listing_text(recipient, "delay_reason", why, sizeof(why));
		printf("%27s%s%s%s\n", "", address, *why != '\0' ? ": " : "",
		    why);
	}
}

static void
print_present(void *owner, json_t *row)
{
	bool *found = owner;
	long long next = json_integer_value(json_object_get(row,
	    "next_attempt"));
	char queue[32], site[TEXT_MOST], klass[32], when[32];

	if (json_object_get(row, "queue_id") == NULL)
		return;
	*found = true;
	listing_text(row, "queue_name", queue, sizeof(queue));
	listing_text(row, "site", site, sizeof(site));
	listing_text(row, "class", klass, sizeof(klass));
	printf("%-16s %-10s %s, class %s, %lld attempts, for %s", "now",
	    "queue", queue, klass, (long long)json_integer_value(
	    json_object_get(row, "attempts")), site);
	if (next != 0)
		printf(", next %s", listing_time(next, when, sizeof(when)));
	putchar('\n');
	print_recipients(row);
}

/* True: ID is in the queue. */
static bool
ask_queue(const struct trace *trace, struct msgid id)
{
	char text[MSGID_TEXT + 1];
	struct client client;
	struct err err = { 0 };
	json_t *request;
	bool found = false;

	if (!client_open(&client, trace->conf->control, &err)) {
		printf("%-16s %-10s not asked: %s\n", "now", "queue",
		    err.text);
		return false;
	}
	request = json_pack("{s:s, s:{s:[s]}}", "verb", "queue.list",
	    "filter", "ids", msgid_text(id, text));
	if (client_ask(&client, request, print_present, &found, &err) !=
	    EX_OK)
		printf("%-16s %-10s not told: %s\n", "now", "queue",
		    err.text);
	else if (!found)
		printf("%-16s %-10s not in the queue\n", "now", "queue");
	json_decref(request);
	client_close(&client);
	return found;
}

/* ---- one message, or those of an address --------------------------------------------------- */

static int
trace_one(struct trace *trace, const char *name)
{
	struct err err = { 0 };
	bool found;

	buf_init(&trace->line, LINE_BYTES);
	found = trace_read(trace->conf->log_path,
	    msgid_time(trace->lives[0].id), true, print_line, trace, &err);
	buf_fini(&trace->line);
	if (!found)
		return tool_fail(EX_NOINPUT, "%s", err.text);
	found = ask_queue(trace, trace->lives[0].id);
	if (!found && trace->lines == 0)
		return tool_fail(EX_NOINPUT, "%s: neither in the queue nor "
		    "in %s", name, trace->conf->log_path);
	return EX_OK;
}

static void
print_lives(struct trace *trace)
{
	char id[MSGID_TEXT + 1];

	for (size_t i = 0; i < trace->count; i++) {
		struct life *life = &trace->lives[i];
		struct span text = buf_peek(&life->text);

		printf("%s%s\n", i > 0 ? "\n" : "", msgid_text(life->id, id));
		fwrite(text.data, 1, text.length, stdout);
		if (life->left_out > 0)
			printf("(%lu more lines: postrider trace %s)\n",
			    life->left_out, id);
		ask_queue(trace, life->id);
	}
}

static int
trace_address(struct trace *trace, const char *address)
{
	struct err err = { 0 };
	bool ok;

	trace->address = span_of(address);
	ok = trace_read(trace->conf->log_path, 0, true, note_id, trace, &err);
	for (size_t i = 0; i < trace->count; i++)
		buf_init(&trace->lives[i].text, LIFE_BYTES + LINE_BYTES);
	ok = ok && trace_read(trace->conf->log_path, 0, false, gather_line,
	    trace, &err);
	if (ok)
		print_lives(trace);
	for (size_t i = 0; i < trace->count; i++)
		buf_fini(&trace->lives[i].text);
	if (!ok)
		return tool_fail(EX_NOINPUT, "%s", err.text);
	if (trace->count == 0)
		return tool_fail(EX_NOINPUT, "%s: no message from or to it "
		    "in %s", address, trace->conf->log_path);
	return EX_OK;
}

/* The log may be where only the operator can find it. */
static int
no_file(const struct conf *conf, const char *what)
{
	if (conf->log == LOG_KIND_SYSLOG)
		return tool_fail(EX_CONFIG, "the log goes to syslog: try "
		    "\"journalctl -g '%s'\", or \"grep '%s' "
		    "/var/log/mail.log*\"", what, what);
	return tool_fail(EX_CONFIG, "the log goes to standard error of "
	    "postriderd: look for %s where its output is kept", what);
}

int
verb_trace(const struct options *options, int count, char **argv)
{
	struct err err = { 0 };
	struct conf *conf = tool_relay(options->config, &err);
	struct trace trace = { .conf = conf };
	int status;

	(void)count;
	if (conf == NULL)
		return tool_fail(EX_CONFIG, "%s", err.text);
	if (conf->log != LOG_KIND_FILE)
		status = no_file(conf, argv[0]);
	else if (msgid_parse(span_of(argv[0]), &trace.lives[0].id))
		status = trace_one(&trace, argv[0]);
	else if (strchr(argv[0], '@') != NULL)
		status = trace_address(&trace, argv[0]);
	else
		status = tool_fail(EX_USAGE, "%s: neither a queue id nor an "
		    "address", argv[0]);
	conf_free(&conf);
	return tool_finish(status);
}
