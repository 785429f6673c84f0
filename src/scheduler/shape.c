/* SPDX-License-Identifier: ISC
 *
 * shape.c - how old what waits is, by name.
 */
#include "scheduler/shape.h"

#include "base/mem.h"

#include <stdlib.h>

enum { FIRST_MINUTES = 5 };

static struct span
row_key(const void *value)
{
	const struct shape_row *row = value;

	return span_of(row->name);
}

void
shape_init(struct shape *shape)
{
	*shape = (struct shape){ .rest_names = 0 };
	map_init(&shape->rows, row_key);
}

static void
row_free(struct shape_row *row)
{
	mem_free(row->name);
	mem_free(row);
}

void
shape_fini(struct shape *shape)
{
	struct shape_row *row;
	size_t at = 0;

	while ((row = map_each(&shape->rows, &at)) != NULL) {
		map_remove(&shape->rows, row_key(row));
		row_free(row);
	}
	map_fini(&shape->rows);
}

/* 1: up to 5 minutes, 2: up to 10, … the last: beyond. */
static unsigned
column(usec_t age)
{
	usec_t most = FIRST_MINUTES * 60 * 1000000LL;
	unsigned at = 1;

	for (; at < SHAPE_COLUMNS - 1 && age > most; at++)
		most *= 2;
	return at;
}

static int
by_sum(const void *a, const void *b)
{
	const struct shape_row *x = *(struct shape_row *const *)a;
	const struct shape_row *y = *(struct shape_row *const *)b;

	if (x->counts[0] != y->counts[0])
		return x->counts[0] > y->counts[0] ? -1 : 1;
	return strcmp(x->name, y->name);
}

static struct shape_row **
sorted(struct shape *shape)
{
	struct shape_row **rows = mem_array(shape->rows.count + 1,
	    sizeof *rows);
	size_t at = 0, count = 0;
	struct shape_row *row;

	while ((row = map_each(&shape->rows, &at)) != NULL)
		rows[count++] = row;
	qsort(rows, count, sizeof *rows, by_sum);
	return rows;
}

/* Only the MOST rows with the highest sums keep their names. */
static void
fold(struct shape *shape, size_t most)
{
	struct shape_row **rows = sorted(shape);
	size_t count = shape->rows.count;

	for (size_t i = most; i < count; i++) {
		for (int c = 0; c < SHAPE_COLUMNS; c++)
			shape->rest.counts[c] += rows[i]->counts[c];
		shape->rest_names++;
		map_remove(&shape->rows, row_key(rows[i]));
		row_free(rows[i]);
	}
	mem_free(rows);
}

void
shape_add(struct shape *shape, struct span name, usec_t age, uint64_t count)
{
	struct shape_row *row = map_find(&shape->rows, name);
	unsigned at = column(age);

	if (row == NULL) {
		if (shape->rows.count >= SHAPE_NAMES)
			fold(shape, SHAPE_NAMES / 2);
		row = mem_new(struct shape_row);
		row->name = span_copy(name);
		map_add(&shape->rows, row);
	}
	row->counts[0] += count;
	row->counts[at] += count;
	shape->total.counts[0] += count;
	shape->total.counts[at] += count;
}

size_t
shape_top(struct shape *shape, const struct shape_row **out, size_t most)
{
	struct shape_row **rows;
	size_t count;

	fold(shape, most);
	rows = sorted(shape);
	count = shape->rows.count;
	for (size_t i = 0; i < count; i++)
		out[i] = rows[i];
	mem_free(rows);
	return count;
}
