/* SPDX-License-Identifier: ISC
 *
 * requests_class.c - the queue as numbers: by class, and by age.
 *
 * Both go through the queue, a piece in each turn.
 */
#include "base/mem.h"
#include "scheduler/client.h"
#include "scheduler/explain.h"
#include "scheduler/scheduler.h"
#include "scheduler/shape.h"

#include <stdio.h>

enum {
	VISITS = 256,		/* messages looked at in a turn */
	TOP_ROWS = 50
};

/* ---- classes ---------------------------------------------------------------------------- */

struct class_task {
	struct task task;
	struct walk *walk;	/* through class `klass` */
	unsigned klass;
	bool found[CLASS_COUNT];
	usec_t oldest[CLASS_COUNT];	/* when it arrived */
};

/* Ids rise with time: the first one met is the oldest. */
static void
note_oldest(struct walk *walk, struct item *item, void *owner)
{
	struct class_task *t = owner;

	(void)walk;
	if (t->found[t->klass])
		return;
	t->found[t->klass] = true;
	t->oldest[t->klass] = item->arrived;
}

static void
tell_class(struct client *client, const struct class_task *t, unsigned klass)
{
	struct scheduler *s = client->control->s;
	const uint64_t *counts = s->queue.counts[klass];
	json_t *row = json_pack("{s:s, s:I, s:I, s:I, s:I, s:o}",
	    "class", class_name(klass),
	    "ready", (json_int_t)counts[COUNT_READY],
	    "flying", (json_int_t)counts[COUNT_FLYING],
	    "waiting", (json_int_t)counts[COUNT_WAITING],
	    "held", (json_int_t)counts[COUNT_HELD],
	    "schedule", explain_options(BLOCK_URGENT + klass, s->conf));
	json_t *senders = explain_class_senders(s, klass);

	if (json_array_size(senders) > 0)
		json_object_set(row, "senders_waiting", senders);
	json_decref(senders);
	if (t->found[klass])
		json_object_set_new(row, "oldest_s", json_integer(
		    (scheduler_wall(s) - t->oldest[klass]) / 1000000));
	client_row(client, row);
}

/* One after the other, each up to the first that is met. */
static enum task_step
on_class(struct task *task, struct client *client)
{
	struct class_task *t = (struct class_task *)task;

	if (t->klass < CLASS_COUNT) {
		struct filter filter = { .by_class = true,
		    .klass = (enum mail_class)t->klass };

		if (t->walk == NULL)
			t->walk = walk_new(client->control->s, &filter, 0);
		if (!walk_on(t->walk, 1, note_oldest, t) ||
		    t->found[t->klass]) {
			walk_free(&t->walk);
			t->klass++;
		}
		return TASK_MORE;
	}
	for (unsigned c = 0; c < CLASS_COUNT; c++)
		tell_class(client, t, c);
	client_end(client, EX_OK, NULL);
	return TASK_DONE;
}

static void
free_class(struct task *task, struct scheduler *s)
{
	struct class_task *t = (struct class_task *)task;

	(void)s;
	walk_free(&t->walk);
	mem_free(t);
}

void
request_class_show(struct client *client, const json_t *request)
{
	struct class_task *t = mem_new(struct class_task);

	(void)request;
	client_loading(client);
	t->task = (struct task){ .on = on_class, .free = free_class };
	client_start(client, &t->task);
}

/* ---- the shape of the queue ----------------------------------------------------------------- */

struct shape_task {
	struct task task;
	struct walk *walk;
	walk_fn *note;
	struct shape shape;
};

static usec_t
age_of(const struct walk *walk, const struct item *item)
{
	return scheduler_wall(walk->s) - item->arrived;
}

static struct span
site_name(struct scheduler *s, struct span name)
{
	const struct domain *domain = map_find(&s->routes.domains, name);

	return domain != NULL && domain->site != NULL ?
	    span_of(domain->site->name) : name;
}

/* Recipients count: each of them has to get there. */
static void
note_sites(struct walk *walk, struct item *item, void *owner)
{
	struct shape_task *t = owner;
	usec_t age = age_of(walk, item);
	const struct link *link;

	for (size_t i = 0; i < item->row_count; i++)
		shape_add(&t->shape, site_name(walk->s,
		    item->rows[i].row.domain), age,
		    row_rcpt_count(&item->rows[i]));
	if (item->message == NULL)
		return;
	for (link = list_first(&item->message->entries); link != NULL;
	    link = list_next(&item->message->entries, link)) {
		const struct entry *entry = list_item(link, struct entry,
		    sibling);

		shape_add(&t->shape, site_name(walk->s,
		    span_of(entry->domain->name)), age, entry->rcpt_count);
	}
}

static void
note_sender(struct walk *walk, struct item *item, void *owner)
{
	struct shape_task *t = owner;
	struct span domain = address_domain(item->envelope->reverse_path);

	shape_add(&t->shape, domain.length > 0 ? domain :
	    span_of("MAILER-DAEMON"), age_of(walk, item), 1);
}

static void
note_class(struct walk *walk, struct item *item, void *owner)
{
	struct shape_task *t = owner;

	shape_add(&t->shape, span_of(class_name(item->klass)),
	    age_of(walk, item), 1);
}

static void
tell_row(struct client *client, const char *key, const char *name,
    const struct shape_row *row)
{
	json_t *counts = json_array();

	for (int c = 0; c < SHAPE_COLUMNS; c++)
		json_array_append_new(counts,
		    json_integer((json_int_t)row->counts[c]));
	client_row(client, json_pack("{s:s, s:o}", key, name,
	    "counts", counts));
}

static void
tell_shape(struct client *client, struct shape *shape)
{
	const struct shape_row *rows[TOP_ROWS];
	size_t count = shape_top(shape, rows, TOP_ROWS);
	char text[64];

	tell_row(client, "sum", "TOTAL", &shape->total);
	for (size_t i = 0; i < count; i++)
		tell_row(client, "name", rows[i]->name, rows[i]);
	if (shape->rest_names > 0) {
		snprintf(text, sizeof text, "(%llu others)",
		    (unsigned long long)shape->rest_names);
		tell_row(client, "sum", text, &shape->rest);
	}
	client_end(client, EX_OK, NULL);
}

static enum task_step
on_shape(struct task *task, struct client *client)
{
	struct shape_task *t = (struct shape_task *)task;

	if (walk_on(t->walk, VISITS, t->note, t))
		return TASK_MORE;
	tell_shape(client, &t->shape);
	return TASK_DONE;
}

static void
free_shape(struct task *task, struct scheduler *s)
{
	struct shape_task *t = (struct shape_task *)task;

	(void)s;
	walk_free(&t->walk);
	shape_fini(&t->shape);
	mem_free(t);
}

static walk_fn *
noter_of(const char *by)
{
	if (by == NULL || strcmp(by, "site") == 0)
		return note_sites;
	if (strcmp(by, "sender") == 0)
		return note_sender;
	return strcmp(by, "class") == 0 ? note_class : NULL;
}

void
request_shape(struct client *client, const json_t *request)
{
	walk_fn *note = noter_of(request_text(request, "by"));
	struct shape_task *t;
	struct filter filter;
	struct err err;

	if (note == NULL) {
		client_end(client, EX_USAGE, "by site, sender or class?");
		return;
	}
	if (!filter_parse(json_object_get(request, "filter"), &filter,
	    &err)) {
		client_end(client, EX_USAGE, err.text);
		return;
	}
	t = mem_new(struct shape_task);
	t->task = (struct task){ .on = on_shape, .free = free_shape };
	t->walk = walk_new(client->control->s, &filter,
	    note == note_sender ? WALK_ENVELOPE : 0);
	t->note = note;
	shape_init(&t->shape);
	client_loading(client);
	client_start(client, &t->task);
}
