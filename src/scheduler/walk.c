/* SPDX-License-Identifier: ISC
 *
 * walk.c - through the whole queue, in order of id, a piece per turn.
 */
#include "scheduler/walk.h"

#include "base/mem.h"
#include "scheduler/scheduler.h"

#include <stdlib.h>

/* ---- one message --------------------------------------------------------------------- */

static bool
add_row(void *owner, const struct index_row *row)
{
	struct item *item = owner;

	if ((item->row_count & (item->row_count - 1)) == 0)
		item->rows = mem_resize(item->rows, item->row_count == 0 ? 1 :
		    item->row_count * 2, sizeof *item->rows);
	row_copy(row, &item->rows[item->row_count++]);
	return true;
}

/* Rows that are not (yet) part of the queue do not count. */
static void
keep_known(struct scheduler *s, struct item *item)
{
	size_t kept = 0;

	for (size_t i = 0; i < item->row_count; i++) {
		if (item->rows[i].row.klass < CLASS_COUNT &&
		    window_segment(s, &item->rows[i].row) != NULL)
			item->rows[kept++] = item->rows[i];
		else
			row_fini(&item->rows[i]);
	}
	item->row_count = kept;
}

static void
describe(struct scheduler *s, struct item *item)
{
	const struct message *message = item->message;
	const struct index_row *row;

	if (message != NULL) {
		item->segment = message->segment;
		item->offset = message->offset;
		item->size = message->size;
		item->arrived = message->arrived;
		item->klass = message->klass;
		return;
	}
	row = &item->rows[0].row;
	item->segment = segment_find(s, row->segment);
	item->offset = row->offset;
	item->size = row->size;
	item->arrived = row->arrived;
	item->klass = row->klass;
}

bool
walk_find(struct scheduler *s, struct msgid id, struct item *out)
{
	struct err err;

	*out = (struct item){ .id = id, .message = message_find(&s->queue,
	    id) };
	if (s->window.index != NULL &&
	    !index_each_of(s->window.index, id, add_row, out, &err))
		window_fail(s, &err);
	keep_known(s, out);
	if (out->message != NULL && out->message->open == 0) {
		item_fini(out);
		return false;
	}
	if (out->message == NULL && out->row_count == 0) {
		item_fini(out);
		return false;
	}
	describe(s, out);
	return true;
}

void
item_fini(struct item *item)
{
	for (size_t i = 0; i < item->row_count; i++)
		row_fini(&item->rows[i]);
	mem_free(item->rows);
	envelope_free(&item->envelope);
	*item = (struct item){ 0 };
}

/* ---- matching -------------------------------------------------------------------------- */

static bool
site_matches(struct scheduler *s, const char *glob, struct span name)
{
	const struct domain *domain = map_find(&s->routes.domains, name);

	if (conf_glob_matches(glob, name))
		return true;
	return domain != NULL && domain->site != NULL &&
	    conf_glob_matches(glob, span_of(domain->site->name));
}

static bool
any_site_matches(struct scheduler *s, const char *glob,
    const struct item *item)
{
	const struct link *link;

	for (size_t i = 0; i < item->row_count; i++)
		if (site_matches(s, glob, item->rows[i].row.domain))
			return true;
	if (item->message == NULL)
		return false;
	for (link = list_first(&item->message->entries); link != NULL;
	    link = list_next(&item->message->entries, link)) {
		const struct entry *entry = list_item(link, struct entry,
		    sibling);

		if (site_matches(s, glob, span_of(entry->domain->name)))
			return true;
	}
	return false;
}

static bool
any_rcpt_matches(const char *glob, const struct envelope *envelope)
{
	for (uint32_t i = 0; i < envelope->rcpt_count; i++)
		if (conf_glob_matches(glob,
		    span_of(envelope->rcpts[i].address)))
			return true;
	return false;
}

static bool
read_envelope(struct scheduler *s, struct item *item)
{
	struct record_header header;
	struct err err;
	int fd = segment_fd(s, item->segment, &err);

	return fd != -1 && record_peek(fd, item->offset, &header,
	    &item->envelope, &err);
}

/* Cheap questions first; the envelope is read last. */
static bool
matches(struct walk *walk, struct item *item)
{
	const struct filter *f = &walk->filter;

	if (f->by_class && f->klass != item->klass)
		return false;
	if (f->older > 0 && scheduler_wall(walk->s) - item->arrived <
	    f->older)
		return false;
	if (f->site != NULL && !any_site_matches(walk->s, f->site, item))
		return false;
	if ((walk->needs_envelope || filter_needs_envelope(f)) &&
	    !read_envelope(walk->s, item))
		return false;
	if (f->sender != NULL && !conf_glob_matches(f->sender,
	    span_of(item->envelope->reverse_path)))
		return false;
	return f->recipient == NULL ||
	    any_rcpt_matches(f->recipient, item->envelope);
}

/* ---- the way ------------------------------------------------------------------------------ */

static int
by_order(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct msgid));
}

static void
take_those_in_memory(struct walk *walk)
{
	const struct map *map = &walk->s->queue.messages;
	const struct message *message;
	size_t at = 0;

	walk->ids = mem_array(map->count + 1, sizeof *walk->ids);
	while ((message = map_each(map, &at)) != NULL)
		walk->ids[walk->id_count++] = message->id;
	qsort(walk->ids, walk->id_count, sizeof *walk->ids, by_order);
}

struct walk *
walk_new(struct scheduler *s, struct filter *filter, bool needs_envelope)
{
	struct walk *walk = mem_new(struct walk);

	walk->s = s;
	walk->filter = *filter;
	*filter = (struct filter){ 0 };
	walk->needs_envelope = needs_envelope;
	if (walk->filter.by_id) {
		walk->ids = walk->filter.ids;
		walk->id_count = walk->filter.id_count;
		walk->filter.ids = NULL;
		walk->index_over = true;
	} else {
		take_those_in_memory(walk);
	}
	return walk;
}

void
walk_free(struct walk **walk)
{
	if (*walk == NULL)
		return;
	filter_fini(&(*walk)->filter);
	mem_free((*walk)->ids);
	mem_free(*walk);
	*walk = NULL;
}

static bool
add_id(void *owner, const struct index_row *row)
{
	struct walk *walk = owner;
	size_t count = walk->found_count;

	if (count > 0 && msgid_compare(walk->found[count - 1], row->id) == 0)
		return true;
	if (count == sizeof walk->found / sizeof walk->found[0])
		return false;
	walk->found[walk->found_count++] = row->id;
	return true;
}

static void
after(struct msgid *id)
{
	for (int i = MSGID_BYTES - 1; i >= 0; i--)
		if (++id->bytes[i] != 0)
			return;
}

static void
find_more(struct walk *walk)
{
	struct err err;

	walk->found_count = walk->found_at = 0;
	if (walk->index_over)
		return;
	if (walk->s->window.index == NULL) {
		walk->index_over = true;
		return;
	}
	if (!index_each(walk->s->window.index, walk->from, add_id, walk,
	    &err))
		window_fail(walk->s, &err);
	if (walk->found_count == 0) {
		walk->index_over = true;
		return;
	}
	walk->from = walk->found[walk->found_count - 1];
	after(&walk->from);
}

/* The lesser of the two next ids; one that is in both comes once. */
static bool
next_id(struct walk *walk, struct msgid *out)
{
	const struct msgid *a = NULL, *b = NULL;
	int order;

	if (walk->found_at == walk->found_count)
		find_more(walk);
	if (walk->id_at < walk->id_count)
		a = &walk->ids[walk->id_at];
	if (walk->found_at < walk->found_count)
		b = &walk->found[walk->found_at];
	if (a == NULL && b == NULL)
		return false;
	order = a == NULL ? 1 : b == NULL ? -1 : msgid_compare(*a, *b);
	*out = order <= 0 ? *a : *b;
	if (order <= 0)
		walk->id_at++;
	if (order >= 0)
		walk->found_at++;
	return true;
}

bool
walk_on(struct walk *walk, unsigned most, walk_fn *fn, void *owner)
{
	struct msgid id;

	for (; most > 0; most--) {
		struct item item;

		if (!next_id(walk, &id))
			return false;
		if (!walk_find(walk->s, id, &item))
			continue;
		if (matches(walk, &item))
			fn(walk, &item, owner);
		item_fini(&item);
	}
	return true;
}
