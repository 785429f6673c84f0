/* SPDX-License-Identifier: ISC
 *
 * requests.c - the verbs of the control protocol, a row and a function each.
 */
#include "scheduler/change.h"
#include "scheduler/client.h"
#include "scheduler/rouse.h"
#include "scheduler/scheduler.h"

#include <stdio.h>

enum {
	VISITS = 256,		/* messages a walk looks at in a turn */
	SHOW_PIECES = 4
};

/* ---- status --------------------------------------------------------------------------- */

static void
do_status(struct client *client, const json_t *request)
{
	(void)request;
	client_row(client, listing_status(client->control->s,
	    client->control->born));
	client_end(client, EX_OK, NULL);
}

void
client_loading(struct client *client)
{
	json_t *loading = listing_loading(client->control->s);

	if (loading != NULL)
		client_row(client, json_pack("{s:o}", "loading", loading));
}

/* ---- walks through the queue ------------------------------------------------------------- */

bool
client_filter(struct client *client, const json_t *json, bool any,
    struct filter *out)
{
	struct err err;

	if (!filter_parse(json, out, &err)) {
		client_end(client, EX_USAGE, err.text);
		return false;
	}
	if (any || !filter_is_empty(out))
		return true;
	filter_fini(out);
	client_end(client, EX_USAGE, "which messages? the filter is empty");
	return false;
}

static void
start_walk(struct client *client, const json_t *filter, bool any,
    unsigned wants, walk_fn *visit)
{
	struct filter parsed;

	if (!client_filter(client, filter, any, &parsed))
		return;
	client_loading(client);
	client->walk = walk_new(client->control->s, &parsed, wants);
	client->visit = visit;
	timer_set(client->control->more, 0);
}

static void
list_one(struct walk *walk, struct item *item, void *owner)
{
	client_row(owner, listing_row(walk->s, item));
}

static void
do_list(struct client *client, const json_t *request)
{
	start_walk(client, json_object_get(request, "filter"), true,
	    WALK_ENVELOPE, list_one);
}

static void
do_delete(struct client *client, const json_t *request)
{
	start_walk(client, json_object_get(request, "filter"), false, 0,
	    change_delete);
}

static void
do_hold(struct client *client, const json_t *request)
{
	start_walk(client, json_object_get(request, "filter"), false,
	    WALK_UNHELD, change_hold);
}

static void
do_release(struct client *client, const json_t *request)
{
	start_walk(client, json_object_get(request, "filter"), false,
	    WALK_HELD, change_release);
}

/* What waits in line is tried when its site is; then only what waits for a
 * time is gone through.  Whose sender is asked for must be looked at. */
static void
start_trying(struct client *client, const json_t *json, bool any,
    walk_fn *visit)
{
	struct scheduler *s = client->control->s;
	struct filter filter;
	uint64_t count;

	if (!client_filter(client, json, any, &filter))
		return;
	client_loading(client);
	if (rouse_may(&filter)) {
		count = rouse_sites(s, &filter);
		client->walk = walk_new(s, &filter, WALK_DUE);
		client->walk->count = count;
	} else {
		client->walk = walk_new(s, &filter, 0);
	}
	client->visit = visit;
	timer_set(client->control->more, 0);
}

static void
do_retry(struct client *client, const json_t *request)
{
	start_trying(client, json_object_get(request, "filter"), false,
	    change_retry);
}

static void
do_flush(struct client *client, const json_t *request)
{
	start_trying(client, request, true, change_flush);
}

/* ---- one message ---------------------------------------------------------------------------- */

static bool
show_part_is_known(const char *part)
{
	return strcmp(part, "envelope") == 0 ||
	    strcmp(part, "headers") == 0 || strcmp(part, "all") == 0;
}

static void
show_item(struct client *client, struct item *item, const char *part)
{
	struct scheduler *s = client->control->s;
	struct record_header header;
	struct err err;
	int fd = segment_fd(s, item->segment, &err);

	if (fd == -1 || !record_peek(fd, item->offset, &item->id,
	    &header, &item->envelope, &err)) {
		client_end(client, EX_IOERR, err.text);
		return;
	}
	client_row(client, listing_long_row(s, item));
	if (strcmp(part, "envelope") == 0)
		client_end(client, EX_OK, NULL);
	else
		client->show = show_new(client, item, part);
	timer_set(client->control->more, 0);
}

static void
do_show(struct client *client, const json_t *request)
{
	const char *text = json_string_value(json_object_get(request, "id"));
	const char *part = json_string_value(json_object_get(request,
	    "part"));
	struct msgid id;
	struct item item;

	if (part == NULL)
		part = "all";
	if (text == NULL || !msgid_parse(span_of(text), &id)) {
		client_end(client, EX_USAGE, "which message? an id is "
		    "expected");
		return;
	}
	if (!show_part_is_known(part)) {
		client_end(client, EX_USAGE, "part: envelope, headers or "
		    "all");
		return;
	}
	if (!walk_find(client->control->s, id, &item)) {
		client_end(client, EX_NOINPUT, "not in the queue");
		return;
	}
	show_item(client, &item, part);
	item_fini(&item);
}

/* ---- what the master does --------------------------------------------------------------------- */

static bool
ask_master(struct client *client, enum frame_kind kind, uint32_t token)
{
	struct worker *worker = client->control->worker;
	struct frame frame = { .kind = kind, .fd = -1 };

	if (worker == NULL || worker->master == NULL) {
		client_end(client, EX_UNAVAILABLE, "the master is gone");
		return false;
	}
	frame.ask.token = token;
	channel_send(worker->master, &frame);
	return true;
}

/* FAILS: the status when it cannot be done. */
static void
ask_and_wait(struct client *client, enum frame_kind kind, int fails)
{
	uint32_t token = ++client->control->next_token;

	if (token == 0)
		token = ++client->control->next_token;
	client->fails = fails;
	if (ask_master(client, kind, token))
		client->token = token;
}

static void
do_reload(struct client *client, const json_t *request)
{
	(void)request;
	ask_and_wait(client, FRAME_ASK_RELOAD, EX_CONFIG);
}

static void
do_log_reopen(struct client *client, const json_t *request)
{
	(void)request;
	ask_and_wait(client, FRAME_ASK_LOG, EX_CANTCREAT);
}

static void
do_stop(struct client *client, const json_t *request)
{
	(void)request;
	if (ask_master(client, FRAME_ASK_STOP, 0))
		client_end(client, EX_OK, NULL);
}

const char *
request_text(const json_t *request, const char *key)
{
	return json_string_value(json_object_get(request, key));
}

/* ---- the table ----------------------------------------------------------------------------------- */

static const struct {
	const char *verb;
	bool everybody;
	request_fn *fn;
} verbs[] = {
	{ "status",		true,	do_status },
	{ "queue.list",		true,	do_list },
	{ "flush",		false,	do_flush },
	{ "route",		true,	request_route },
	{ "site.list",		true,	request_site_list },
	{ "site.show",		true,	request_site_show },
	{ "class.show",		true,	request_class_show },
	{ "queue.shape",	true,	request_shape },
	{ "site.pause",		false,	request_site_pause },
	{ "site.resume",	false,	request_site_resume },
	{ "site.reset",		false,	request_site_reset },
	{ "queue.show",		false,	do_show },
	{ "queue.delete",	false,	do_delete },
	{ "queue.hold",		false,	do_hold },
	{ "queue.release",	false,	do_release },
	{ "queue.retry",	false,	do_retry },
	{ "queue.move",		false,	request_move },
	{ "corrupt.requeue",	false,	request_corrupt_requeue },
	{ "reload",		false,	do_reload },
	{ "log.reopen",		false,	do_log_reopen },
	{ "stop",		false,	do_stop },
};

void
client_request(struct client *client, const json_t *request)
{
	const char *verb = request_text(request, "verb");
	char why[128];

	for (size_t i = 0; verb != NULL &&
	    i < sizeof verbs / sizeof verbs[0]; i++) {
		if (strcmp(verbs[i].verb, verb) != 0)
			continue;
		if (verbs[i].everybody || client->privileged)
			verbs[i].fn(client, request);
		else
			client_end(client, EX_NOPERM, "only root, the "
			    "relay's user and the owner of the control "
			    "socket may do this");
		return;
	}
	snprintf(why, sizeof why, "%.64s: no such verb",
	    verb != NULL ? verb : "?");
	client_end(client, EX_USAGE, why);
}

/* ---- going on ---------------------------------------------------------------------------------------- */

static bool
walk_goes_on(struct client *client)
{
	if (walk_on(client->walk, VISITS, client->visit, client))
		return true;
	if (client->visit != list_one)
		client_row(client, json_pack("{s:I}", "count",
		    (json_int_t)client->walk->count));
	client_end(client, EX_OK, NULL);
	walk_free(&client->walk);
	return false;
}

void
client_start(struct client *client, struct task *task)
{
	client->task = task;
	timer_set(client->control->more, 0);
}

static bool
task_goes_on(struct client *client)
{
	enum task_step step = client->task->on(client->task, client);

	if (step == TASK_DONE) {
		client->task->free(client->task, client->control->s);
		client->task = NULL;
	}
	return step == TASK_MORE;
}

bool
client_go_on(struct client *client)
{
	if (client->walk != NULL)
		return walk_goes_on(client);
	if (client->task != NULL)
		return task_goes_on(client);
	for (int i = 0; client->show != NULL && i < SHOW_PIECES; i++)
		if (!show_on(client->show, client))
			show_free(&client->show, client->control->s);
	return client->show != NULL;
}
