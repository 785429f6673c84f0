/* SPDX-License-Identifier: ISC
 *
 * spent.c - tokens that were used, and whose meter is gone.
 */
#include "scheduler/spent.h"

#include "base/mem.h"

enum { MILLION = 1000000 };	/* ns of a ms */

static struct span
row_key(const void *value)
{
	const struct spent_row *row = value;

	return span_make(&row->key, sizeof row->key);
}

void
spent_init(struct spent *spent)
{
	map_init(&spent->rows, row_key);
	heap_init(&spent->dues);
}

static void
forget(struct spent *spent, struct spent_row *row)
{
	map_remove(&spent->rows, row_key(row));
	heap_remove(&spent->dues, &row->due);
	mem_free(row);
}

static struct spent_row *
first(const struct spent *spent)
{
	struct heap_node *node = heap_first(&spent->dues);

	return node == NULL ? NULL : heap_item(node, struct spent_row, due);
}

void
spent_fini(struct spent *spent)
{
	struct spent_row *row;

	while ((row = first(spent)) != NULL)
		forget(spent, row);
	map_fini(&spent->rows);
	heap_fini(&spent->dues);
}

uint64_t
spent_key(struct span name, unsigned which)
{
	return hash_span((struct hash_key){ 0x706f737472696465,
	    0x722f7370656e7400 + which }, name);
}

void
spent_keep(struct spent *spent, uint64_t key, int64_t step, int64_t next)
{
	struct spent_row *row = map_find(&spent->rows,
	    span_make(&key, sizeof key));

	if (row == NULL) {
		if (spent->dues.count >= SPENT_MOST)
			forget(spent, first(spent));
		row = mem_new(struct spent_row);
		row->key = key;
		map_add(&spent->rows, row);
	}
	row->step = step;
	row->next = next;
	heap_put(&spent->dues, &row->due, next / MILLION);
}

bool
spent_take(struct spent *spent, uint64_t key, int64_t *step, int64_t *next)
{
	struct spent_row *row = map_find(&spent->rows,
	    span_make(&key, sizeof key));

	if (row == NULL)
		return false;
	*step = row->step;
	*next = row->next;
	forget(spent, row);
	return true;
}

void
spent_wake(struct spent *spent, msec_t now)
{
	struct spent_row *row;

	while ((row = first(spent)) != NULL && row->due.key < now)
		forget(spent, row);
}
