/* SPDX-License-Identifier: ISC
 *
 * segments.c - the segments we were handed, by their number.
 */
#include "deliverer/segments.h"

#include "base/mem.h"
#include "base/must.h"

#include <unistd.h>

static struct span
number_of(const void *value)
{
	const struct segment *segment = value;

	return span_make(&segment->number, sizeof(segment->number));
}

void
segments_init(struct segments *segments)
{
	map_init(&segments->by_number, number_of);
}

static void
close_unused(struct segment *segment)
{
	if (!segment->gone || segment->users > 0)
		return;
	close(segment->fd);	/* was only read: no error matters */
	mem_free(segment);
}

void
segments_gone(struct segments *segments, uint32_t number)
{
	struct segment *segment = map_remove(&segments->by_number,
	    span_make(&number, sizeof(number)));

	if (segment == NULL)
		return;
	segment->gone = true;
	close_unused(segment);
}

void
segments_all_gone(struct segments *segments)
{
	struct segment *segment;
	size_t at = 0;

	while ((segment = map_each(&segments->by_number, &at)) != NULL)
		segments_gone(segments, segment->number);
}

void
segments_add(struct segments *segments, uint32_t number, int fd)
{
	struct segment *segment = mem_new(struct segment);

	segments_gone(segments, number);
	segment->number = number;
	segment->fd = fd;
	map_add(&segments->by_number, segment);
}

struct segment *
segments_use(struct segments *segments, uint32_t number)
{
	struct segment *segment = map_find(&segments->by_number,
	    span_make(&number, sizeof(number)));

	if (segment != NULL)
		segment->users++;
	return segment;
}

void
segment_release(struct segment **segment)
{
	must((*segment)->users > 0);
	(*segment)->users--;
	close_unused(*segment);
	*segment = NULL;
}
