/* SPDX-License-Identifier: ISC
 *
 * streams.c - lists of the index, merged by id: a heap of them.
 *
 * Few of them are read some hundred ids ahead, very many one at a time, so
 * that memory is bounded and a long list costs few lookups.
 */
#include "scheduler/streams.h"

#include "base/mem.h"

enum {
	AHEAD_MOST = 256,	/* ids of each … */
	AHEAD_ALL = 4096	/* … and of all, or one each */
};

struct stream {
	struct index_list list;
	struct msgid next;
	uint16_t at, count;	/* of what was read ahead, behind `next` */
	uint32_t share;
};

void
streams_fini(struct streams *streams)
{
	mem_free(streams->heap);
	mem_free(streams->ids);
	*streams = (struct streams){ 0 };
}

bool
streams_add(struct streams *streams, const struct index_list *list,
    struct msgid first)
{
	if (streams->count == STREAMS_MOST)
		return false;
	if (streams->count == streams->room) {
		streams->room = streams->room * 2 + 16;
		streams->heap = mem_resize(streams->heap, streams->room,
		    sizeof *streams->heap);
	}
	streams->heap[streams->count] = (struct stream){ .list = *list,
	    .next = first, .share = (uint32_t)streams->count };
	streams->count++;
	return true;
}

static bool
is_before(const struct streams *streams, size_t a, size_t b)
{
	return msgid_compare(streams->heap[a].next,
	    streams->heap[b].next) < 0;
}

static void
sift_down(struct streams *streams, size_t at)
{
	for (;;) {
		size_t least = at, child = 2 * at + 1;
		struct stream held;

		for (size_t i = child; i < child + 2 && i < streams->count;
		    i++)
			if (is_before(streams, i, least))
				least = i;
		if (least == at)
			return;
		held = streams->heap[at];
		streams->heap[at] = streams->heap[least];
		streams->heap[least] = held;
		at = least;
	}
}

void
streams_order(struct streams *streams)
{
	size_t ahead = AHEAD_ALL / (streams->count + 1);

	streams->ahead = ahead > AHEAD_MOST ? AHEAD_MOST :
	    ahead == 0 ? 1 : ahead;
	streams->ids = mem_array(streams->count * streams->ahead + 1,
	    sizeof *streams->ids);
	for (size_t i = streams->count / 2; i-- > 0;)
		sift_down(streams, i);
}

bool
streams_first(const struct streams *streams, struct msgid *out)
{
	if (streams->count == 0)
		return false;
	*out = streams->heap[0].next;
	return true;
}

static struct msgid
after(struct msgid id)
{
	for (int i = MSGID_BYTES - 1; i >= 0; i--)
		if (++id.bytes[i] != 0)
			break;
	return id;
}

/* The first one goes on behind its next id. */
static bool
advance(struct streams *streams, struct index *index, struct err *err)
{
	struct stream *first = &streams->heap[0];
	struct msgid *ids = streams->ids + first->share * streams->ahead;
	size_t count;

	if (first->at == first->count) {
		if (!index_list_ids(index, &first->list, after(first->next),
		    ids, streams->ahead, &count, err))
			return false;
		first->at = 0;
		first->count = (uint16_t)count;
	}
	if (first->at < first->count)
		first->next = ids[first->at++];
	else
		*first = streams->heap[--streams->count];
	sift_down(streams, 0);
	return true;
}

bool
streams_take(struct streams *streams, struct index *index, struct err *err)
{
	struct msgid id = streams->heap[0].next;

	do
		if (!advance(streams, index, err))
			return false;
	while (streams->count > 0 &&
	    msgid_compare(streams->heap[0].next, id) == 0);
	return true;
}
