/* SPDX-License-Identifier: ISC
 *
 * requests_move.c - messages change their class.
 */
#include "scheduler/client.h"

#include "base/mem.h"
#include "scheduler/reclass.h"
#include "scheduler/say.h"
#include "scheduler/scheduler.h"

#include <stdio.h>

enum { PIECE = 256 };		/* messages that are looked at in a turn */

struct move_task {
	struct task task;
	struct walk *walk;
	enum mail_class klass;
	uint64_t moved, skipped;
};

static void
move_one(struct walk *walk, struct item *item, void *owner)
{
	struct move_task *t = owner;
	char what[32];

	if (item->klass == t->klass)
		return;
	if (!reclass(walk->s, item, t->klass)) {
		t->skipped++;
		return;
	}
	t->moved++;
	board_add(walk->s->board, METRIC_MOVED, 1);
	snprintf(what, sizeof what, "moved to %s", class_name(t->klass));
	say_change(item->id, what);
}

static enum task_step
on_move(struct task *task, struct client *client)
{
	struct move_task *t = (struct move_task *)task;

	if (walk_on(t->walk, PIECE, move_one, t))
		return TASK_MORE;
	client_row(client, json_pack("{s:I, s:I}",
	    "count", (json_int_t)t->moved,
	    "skipped", (json_int_t)t->skipped));
	client_end(client, EX_OK, NULL);
	return TASK_DONE;
}

static void
free_move(struct task *task, struct scheduler *s)
{
	struct move_task *t = (struct move_task *)task;

	(void)s;
	walk_free(&t->walk);
	mem_free(t);
}

void
request_move(struct client *client, const json_t *request)
{
	struct scheduler *s = client->control->s;
	const char *name = request_text(request, "class");
	enum mail_class klass;
	struct move_task *t;
	struct filter filter;

	if (name == NULL || !class_of_name(span_of(name), &klass)) {
		client_end(client, EX_USAGE, "to which class? urgent, normal "
		    "or bulk");
		return;
	}
	if (!client_filter(client, json_object_get(request, "filter"), false,
	    &filter))
		return;
	t = mem_new(struct move_task);
	t->task = (struct task){ .on = on_move, .free = free_move };
	t->walk = walk_new(s, &filter, 0);
	t->klass = klass;
	client_loading(client);
	client_start(client, &t->task);
}
