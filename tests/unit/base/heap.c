/* SPDX-License-Identifier: ISC
 *
 * heap.c - the least is always first.
 */
#include "tests.h"

#include "base/heap.h"
#include "base/rand.h"

enum { NODES = 500, STEPS = 20000 };

/* A node is as if absent when it is on no heap. */
static int64_t
least_of(const struct heap_node *nodes)
{
	int64_t least = INT64_MAX;

	for (int i = 0; i < NODES; i++)
		if (heap_holds(&nodes[i]) && nodes[i].key < least)
			least = nodes[i].key;
	return least;
}

static void
the_first_is_the_least_after_any_row_of_changes(void)
{
	static struct heap_node nodes[NODES];
	struct heap heap;
	bool always = true;

	heap_init(&heap);
	rand_seed(7);
	for (int i = 0; i < STEPS; i++) {
		struct heap_node *node = &nodes[rand_below(NODES)];

		if (rand_below(3) == 0)
			heap_remove(&heap, node);
		else
			heap_put(&heap, node, (int64_t)rand_below(100) - 50);
		always = always && (heap.count == 0 ?
		    heap_first(&heap) == NULL :
		    heap_first(&heap)->key == least_of(nodes));
	}
	CU_ASSERT_TRUE(always);
	heap_fini(&heap);
}

static void
taking_the_first_again_and_again_sorts(void)
{
	static struct heap_node nodes[NODES];
	struct heap heap;
	int64_t before = INT64_MIN;
	bool sorted = true;

	heap_init(&heap);
	rand_seed(8);
	for (int i = 0; i < NODES; i++)
		heap_put(&heap, &nodes[i], (int64_t)rand_below(UINT64_MAX));
	CU_ASSERT_EQUAL(heap.count, NODES);
	while (heap_first(&heap) != NULL) {
		struct heap_node *first = heap_first(&heap);

		sorted = sorted && first->key >= before;
		before = first->key;
		heap_remove(&heap, first);
		sorted = sorted && !heap_holds(first);
	}
	CU_ASSERT_TRUE(sorted);
	CU_ASSERT_EQUAL(heap.count, 0);
	heap_fini(&heap);
}

static void
a_node_is_on_the_heap_once_however_often_it_is_put(void)
{
	struct heap_node a = { 0 }, b = { 0 };
	struct heap heap;

	heap_init(&heap);
	heap_put(&heap, &a, 5);
	heap_put(&heap, &b, 3);
	heap_put(&heap, &a, 1);
	CU_ASSERT_EQUAL(heap.count, 2);
	CU_ASSERT_PTR_EQUAL(heap_first(&heap), &a);
	heap_put(&heap, &a, INT64_MAX);
	CU_ASSERT_PTR_EQUAL(heap_first(&heap), &b);
	heap_remove(&heap, &a);
	heap_remove(&heap, &a);
	CU_ASSERT_EQUAL(heap.count, 1);
	heap_fini(&heap);
}

static void
the_thing_around_a_node_is_found(void)
{
	struct thing {
		int before;
		struct heap_node node;
	} thing = { .before = 42 };

	CU_ASSERT_PTR_EQUAL(heap_item(&thing.node, struct thing, node),
	    &thing);
}

const struct unit_test heap_tests[] = {
	UNIT(the_first_is_the_least_after_any_row_of_changes),
	UNIT(taking_the_first_again_and_again_sorts),
	UNIT(a_node_is_on_the_heap_once_however_often_it_is_put),
	UNIT(the_thing_around_a_node_is_found),
	UNIT_END
};
