/* SPDX-License-Identifier: ISC
 *
 * ranges.c - parts of a segment, such as those that were given back (pure).
 */
#include "spool/ranges.h"

#include "base/mem.h"

#include <string.h>

void
ranges_fini(struct ranges *ranges)
{
	mem_free(ranges->rows);
	*ranges = (struct ranges){ 0 };
}

/* The place of the first range that ends at OFFSET or behind it. */
static size_t
place_of(const struct ranges *ranges, uint64_t offset)
{
	size_t low = 0, high = ranges->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ranges->rows[middle].to < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The ranges from PLACE on move COUNT places away, or (COUNT < 0) nearer. */
static void
shift(struct ranges *ranges, size_t place, ptrdiff_t count)
{
	size_t rest = ranges->count - place;

	if (count > 0 && ranges->count == ranges->room) {
		ranges->room = ranges->room * 2 + 4;
		ranges->rows = mem_resize(ranges->rows, ranges->room,
		    sizeof *ranges->rows);
	}
	memmove(ranges->rows + (ptrdiff_t)place + count,
	    ranges->rows + place, rest * sizeof *ranges->rows);
	ranges->count = (size_t)((ptrdiff_t)ranges->count + count);
}

void
ranges_add(struct ranges *ranges, uint64_t from, uint64_t to)
{
	size_t at = place_of(ranges, from), end = at;

	if (from >= to)
		return;
	for (; end < ranges->count && ranges->rows[end].from <= to; end++) {
		if (ranges->rows[end].from < from)
			from = ranges->rows[end].from;
		if (ranges->rows[end].to > to)
			to = ranges->rows[end].to;
	}
	if (end == at)
		shift(ranges, at, 1);
	else if (end > at + 1)
		shift(ranges, end, (ptrdiff_t)(at + 1) - (ptrdiff_t)end);
	ranges->rows[at] = (struct range){ from, to };
}

const struct range *
ranges_at(const struct ranges *ranges, uint64_t offset)
{
	size_t at = place_of(ranges, offset);

	/* the one before may end just here */
	if (at < ranges->count && ranges->rows[at].to == offset)
		at++;
	return at < ranges->count && ranges->rows[at].from <= offset ?
	    &ranges->rows[at] : NULL;
}

const struct range *
ranges_behind(const struct ranges *ranges, uint64_t offset)
{
	size_t at = place_of(ranges, offset);

	while (at < ranges->count && ranges->rows[at].from <= offset)
		at++;
	return at < ranges->count ? &ranges->rows[at] : NULL;
}
