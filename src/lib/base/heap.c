/* SPDX-License-Identifier: ISC
 *
 * heap.c - the least of many, at once.
 */
#include "base/heap.h"

#include "base/mem.h"
#include "base/must.h"

void
heap_init(struct heap *heap)
{
	*heap = (struct heap){ 0 };
}

void
heap_fini(struct heap *heap)
{
	mem_free(heap->nodes);
	heap_init(heap);
}

static void
set(struct heap *heap, size_t at, struct heap_node *node)
{
	heap->nodes[at] = node;
	node->place = at + 1;
}

static void
sift_up(struct heap *heap, size_t at)
{
	struct heap_node *node = heap->nodes[at];

	while (at > 0) {
		size_t parent = (at - 1) / 2;

		if (heap->nodes[parent]->key <= node->key)
			break;
		set(heap, at, heap->nodes[parent]);
		at = parent;
	}
	set(heap, at, node);
}

static void
sift_down(struct heap *heap, size_t at)
{
	struct heap_node *node = heap->nodes[at];

	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= heap->count)
			break;
		if (child + 1 < heap->count &&
		    heap->nodes[child + 1]->key < heap->nodes[child]->key)
			child++;
		if (heap->nodes[child]->key >= node->key)
			break;
		set(heap, at, heap->nodes[child]);
		at = child;
	}
	set(heap, at, node);
}

void
heap_put(struct heap *heap, struct heap_node *node, int64_t key)
{
	if (node->place == 0) {
		if (heap->count == heap->room) {
			heap->room = heap->room == 0 ? 64 : heap->room * 2;
			heap->nodes = mem_resize(heap->nodes, heap->room,
			    sizeof(heap->nodes[0]));
		}
		set(heap, heap->count++, node);
	}
	must(heap->nodes[node->place - 1] == node);
	node->key = key;
	sift_up(heap, node->place - 1);
	sift_down(heap, node->place - 1);
}

void
heap_remove(struct heap *heap, struct heap_node *node)
{
	size_t at;
	struct heap_node *last;

	if (node->place == 0)
		return;
	at = node->place - 1;
	must(at < heap->count && heap->nodes[at] == node);
	node->place = 0;
	last = heap->nodes[--heap->count];
	if (last == node)
		return;
	set(heap, at, last);
	sift_up(heap, at);
	sift_down(heap, last->place - 1);
}
