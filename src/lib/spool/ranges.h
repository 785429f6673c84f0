/* SPDX-License-Identifier: ISC
 *
 * ranges.h - parts of a segment, such as those that were given back (pure).
 *
 * Kept in order, none of them empty, and no two that touch.
 */
#ifndef SPOOL_RANGES_H
#define SPOOL_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct range {
	uint64_t from, to;	/* TO is the first byte that is not in it */
};

struct ranges {			/* all zero: none */
	struct range *rows;
	size_t count, room;
};

void ranges_fini(struct ranges *ranges);

/* Those that touch FROM … TO become one with it. */
void ranges_add(struct ranges *ranges, uint64_t from, uint64_t to);

/* The range that OFFSET lies in; null: in none. */
const struct range *ranges_at(const struct ranges *ranges, uint64_t offset);

/* The first range that begins behind OFFSET; null: none does. */
const struct range *ranges_behind(const struct ranges *ranges,
    uint64_t offset);

#endif
