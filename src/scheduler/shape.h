/* SPDX-License-Identifier: ISC
 *
 * shape.h - how old what waits is, by name (pure).
 *
 * Columns are ages: the first one all, then up to 5, 10, 20 … 1280 minutes,
 * and beyond.  Names are bounded: when there are too many, those with least
 * are added up as the rest, so what stands out stays.
 */
#ifndef SCHEDULER_SHAPE_H
#define SCHEDULER_SHAPE_H

#include "base/clock.h"
#include "base/map.h"

enum {
	SHAPE_COLUMNS = 11,	/* of which [0] is the sum */
	SHAPE_NAMES = 4096
};

struct shape_row {
	char *name;
	uint64_t counts[SHAPE_COLUMNS];
};

struct shape {
	struct map rows;	/* by name */
	struct shape_row total, rest;
	uint64_t rest_names;	/* that went into `rest`, at least */
};

void shape_init(struct shape *shape);
void shape_fini(struct shape *shape);

/* COUNT more called NAME, that have waited for AGE. */
void shape_add(struct shape *shape, struct span name, usec_t age,
    uint64_t count);

/*
 * The MOST rows with the highest sums, highest first, into OUT; how many.
 * The others are in the rest then.
 */
size_t shape_top(struct shape *shape, const struct shape_row **out,
    size_t most);

#endif
