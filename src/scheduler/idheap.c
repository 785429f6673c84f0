/* SPDX-License-Identifier: ISC
 *
 * idheap.c - ids, the least of them at once: a binary heap.
 */
#include "scheduler/idheap.h"

#include "base/mem.h"

#include <stdlib.h>

void
idheap_fini(struct idheap *heap)
{
	mem_free(heap->ids);
	*heap = (struct idheap){ 0 };
}

static void
swap(struct idheap *heap, size_t a, size_t b)
{
	struct msgid held = heap->ids[a];

	heap->ids[a] = heap->ids[b];
	heap->ids[b] = held;
}

static bool
is_before(const struct idheap *heap, size_t a, size_t b)
{
	return msgid_compare(heap->ids[a], heap->ids[b]) < 0;
}

static void
sift_down(struct idheap *heap, size_t at)
{
	for (;;) {
		size_t least = at, child = 2 * at + 1;

		for (size_t i = child; i < child + 2 && i < heap->count; i++)
			if (is_before(heap, i, least))
				least = i;
		if (least == at)
			return;
		swap(heap, at, least);
		at = least;
	}
}

static void
sift_up(struct idheap *heap, size_t at)
{
	while (at > 0 && is_before(heap, at, (at - 1) / 2)) {
		swap(heap, at, (at - 1) / 2);
		at = (at - 1) / 2;
	}
}

static int
by_order(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct msgid));
}

/* What came several times stays once; ids that are sorted are a heap. */
static void
squeeze(struct idheap *heap)
{
	size_t kept = 1;

	qsort(heap->ids, heap->count, sizeof *heap->ids, by_order);
	for (size_t i = 1; i < heap->count; i++)
		if (msgid_compare(heap->ids[i], heap->ids[kept - 1]) != 0)
			heap->ids[kept++] = heap->ids[i];
	heap->count = kept;
}

/* Sorting takes its time: only if much may be there twice. */
static void
make_room(struct idheap *heap)
{
	if (heap->late > heap->count / 2) {
		heap->late = 0;
		squeeze(heap);
	}
	if (heap->count < heap->room / 4 * 3)
		return;
	heap->room = heap->room * 2 + 16;
	heap->ids = mem_resize(heap->ids, heap->room, sizeof *heap->ids);
}

void
idheap_add(struct idheap *heap, struct msgid id, bool in_order)
{
	if (heap->count == heap->room)
		make_room(heap);
	heap->ids[heap->count++] = id;
	if (in_order) {
		heap->late++;
		sift_up(heap, heap->count - 1);
	}
}

void
idheap_order(struct idheap *heap)
{
	for (size_t i = heap->count / 2; i-- > 0;)
		sift_down(heap, i);
}

void
idheap_take(struct idheap *heap)
{
	struct msgid id = heap->ids[0];

	do {
		heap->ids[0] = heap->ids[--heap->count];
		sift_down(heap, 0);
	} while (heap->count > 0 && msgid_compare(heap->ids[0], id) == 0);
}
