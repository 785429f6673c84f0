/* SPDX-License-Identifier: ISC
 *
 * requests_move.c - messages change their class.
 *
 * The answer comes when all copies are made.  So many are under way at once:
 * a queue of any length is moved without much memory, and what else wants
 * to be written is not kept waiting.  A client that leaves stops the walk;
 * what was begun is done.
 */
#include "scheduler/client.h"

#include "base/mem.h"
#include "scheduler/move.h"
#include "scheduler/say.h"
#include "scheduler/scheduler.h"

#include <stdio.h>

enum {
	PIECE_USEC = 2000,	/* of a turn */
	MOVES_MOST = 128,	/* under way at once … */
	BYTES_MOST = 4 << 20	/* … and bytes of them */
};

/* What an operator asked for; lives until the last move has ended. */
struct order {
	struct scheduler *s;
	bool left;		/* nobody waits for the answer */
	size_t under_way;
	uint64_t bytes;		/* of these */
	uint64_t moved, skipped, failed;
	struct err err;		/* of the first that failed */
};

struct move_task {
	struct task task;
	struct walk *walk;
	enum mail_class klass;
	struct order *order;
};

/* A move of an order. */
struct moving {
	struct order *order;
	struct msgid id;
	uint64_t size;
	enum mail_class klass;
};

static void
count(struct order *order, enum move_end end, const struct err *err)
{
	if (end == MOVE_DONE) {
		order->moved++;
		board_add(order->s->board, METRIC_MOVED, 1);
	} else if (end == MOVE_SKIPPED) {
		order->skipped++;
	} else if (order->failed++ == 0) {
		order->err = *err;
	}
}

static void
moved(void *cookie, enum move_end end, const struct err *err)
{
	struct moving *moving = cookie;
	struct order *order = moving->order;
	char what[32];

	if (end == MOVE_DONE) {
		snprintf(what, sizeof what, "moved to %s",
		    class_name(moving->klass));
		say_change(moving->id, what);
	}
	count(order, end, err);
	order->under_way--;
	order->bytes -= moving->size;
	mem_free(moving);
	if (!order->left)
		control_wake(order->s->control);
	else if (order->under_way == 0)
		mem_free(order);
}

static void
move_one(struct walk *walk, struct item *item, void *owner)
{
	struct move_task *t = owner;
	struct order *order = t->order;
	struct moving *moving;
	enum move_end end;
	struct err err;

	if (item->klass == t->klass)
		return;
	moving = mem_new(struct moving);
	*moving = (struct moving){ .order = order, .id = item->id,
	    .size = item->size, .klass = t->klass };
	end = move_begin(walk->s, item, t->klass, moved, moving, &err);
	if (end != MOVE_DONE) {
		mem_free(moving);
		count(order, end, &err);
		return;
	}
	order->under_way++;
	order->bytes += item->size;
}

static bool
has_room(const struct order *order)
{
	return order->under_way < MOVES_MOST && order->bytes < BYTES_MOST;
}

static void
answer(struct client *client, const struct order *order)
{
	char why[sizeof order->err.text + 64];

	client_row(client, json_pack("{s:I, s:I, s:I}",
	    "count", (json_int_t)order->moved,
	    "skipped", (json_int_t)order->skipped,
	    "failed", (json_int_t)order->failed));
	if (order->failed == 0) {
		client_end(client, EX_OK, NULL);
		return;
	}
	snprintf(why, sizeof why, "%llu stay as they were: %s",
	    (unsigned long long)order->failed, order->err.text);
	client_end(client, EX_IOERR, why);
}

static enum task_step
on_move(struct task *task, struct client *client)
{
	struct move_task *t = (struct move_task *)task;
	usec_t until = clock_mono_usec() + PIECE_USEC;

	while (t->walk != NULL && clock_mono_usec() < until) {
		if (!has_room(t->order))
			return TASK_WAITS;
		if (!walk_on(t->walk, 1, move_one, t))
			walk_free(&t->walk);
	}
	if (t->walk != NULL)
		return TASK_MORE;
	if (t->order->under_way > 0)
		return TASK_WAITS;
	answer(client, t->order);
	return TASK_DONE;
}

static void
free_move(struct task *task, struct scheduler *s)
{
	struct move_task *t = (struct move_task *)task;

	(void)s;
	walk_free(&t->walk);
	t->order->left = true;
	if (t->order->under_way == 0)
		mem_free(t->order);
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
	t->order = mem_new(struct order);
	t->order->s = s;
	client_loading(client);
	client_start(client, &t->task);
}
