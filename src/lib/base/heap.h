/* SPDX-License-Identifier: ISC
 *
 * heap.h - the least of many, at once.
 *
 * A binary heap of pointers to struct heap_node, which things embed.  The
 * order is by a 64-bit key, smallest first; equal keys come in any order.
 */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_node {
	int64_t key;
	size_t place;		/* 1-based; 0 = on no heap */
};

struct heap {
	struct heap_node **nodes;
	size_t count, room;
};

void heap_init(struct heap *heap);
void heap_fini(struct heap *heap);	/* the nodes are not touched */

static inline struct heap_node *
heap_first(const struct heap *heap)
{
	return heap->count == 0 ? NULL : heap->nodes[0];
}

static inline bool
heap_holds(const struct heap_node *node)
{
	return node->place != 0;
}

/* Insert NODE, or move it if it is on this heap already. */
void heap_put(struct heap *heap, struct heap_node *node, int64_t key);

/* Nothing happens when NODE is on no heap. */
void heap_remove(struct heap *heap, struct heap_node *node);

#define heap_item(node, type, member) \
	((type *)(void *)((char *)(node) - offsetof(type, member)))

#endif
