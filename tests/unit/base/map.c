/* SPDX-License-Identifier: ISC
 *
 * map.c - a thing is found by its name, whatever came and went.
 */
#include "tests.h"

#include "base/map.h"
#include "base/rand.h"

#include <stdio.h>

enum { THINGS = 2000, STEPS = 50000 };

struct thing {
	char name[16];
	bool there;
	bool seen;
};

static struct thing things[THINGS];

static struct span
name_of(const void *value)
{
	const struct thing *thing = value;

	return span_of(thing->name);
}

static void
name_things(void)
{
	for (int i = 0; i < THINGS; i++) {
		things[i] = (struct thing){ .there = false };
		snprintf(things[i].name, sizeof things[i].name, "n%d", i);
	}
}

static void
what_was_added_and_not_removed_is_found_and_nothing_else(void)
{
	struct map map;
	size_t count = 0;
	bool right = true;

	name_things();
	map_init(&map, name_of);
	rand_seed(9);
	for (int i = 0; i < STEPS; i++) {
		struct thing *thing = &things[rand_below(THINGS)];
		struct span name = span_of(thing->name);

		right = right &&
		    map_find(&map, name) == (thing->there ? thing : NULL);
		if (thing->there)
			right = right && map_remove(&map, name) == thing;
		else
			map_add(&map, thing);
		thing->there = !thing->there;
		count += thing->there ? 1 : -1;
		right = right && map.count == count;
	}
	CU_ASSERT_TRUE(right);
	CU_ASSERT_PTR_NULL(map_find(&map, span_of("nobody")));
	CU_ASSERT_PTR_NULL(map_remove(&map, span_of("nobody")));
	map_fini(&map);
}

static void
an_empty_map_finds_nothing(void)
{
	struct map map;
	size_t at = 0;

	map_init(&map, name_of);
	CU_ASSERT_PTR_NULL(map_find(&map, span_of("")));
	CU_ASSERT_PTR_NULL(map_remove(&map, span_of("a")));
	CU_ASSERT_PTR_NULL(map_each(&map, &at));
	map_fini(&map);
}

/* Tombstones of what came and went must not fill the table. */
static void
coming_and_going_without_end_does_not_grow_the_table(void)
{
	struct map map;

	name_things();
	map_init(&map, name_of);
	for (int i = 0; i < 100 * THINGS; i++) {
		struct thing *thing = &things[i % THINGS];

		map_add(&map, thing);
		CU_ASSERT_PTR_EQUAL(map_remove(&map, span_of(thing->name)),
		    thing);
	}
	CU_ASSERT_EQUAL(map.count, 0);
	CU_ASSERT_TRUE(map.room <= 64);
	map_fini(&map);
}

static void
a_walk_sees_each_once_and_may_remove_what_it_sees(void)
{
	struct map map;
	struct thing *thing;
	size_t at = 0, seen = 0;

	name_things();
	map_init(&map, name_of);
	for (int i = 0; i < THINGS; i++)
		map_add(&map, &things[i]);
	while ((thing = map_each(&map, &at)) != NULL) {
		CU_ASSERT_FALSE(thing->seen);
		thing->seen = true;
		if (seen++ % 2 == 0)
			map_remove(&map, span_of(thing->name));
	}
	CU_ASSERT_EQUAL(seen, THINGS);
	CU_ASSERT_EQUAL(map.count, THINGS / 2);
	map_fini(&map);
}

/* A step of the walk for each thing that is added; it begins anew when the
 * table moved. */
static void
a_walk_sees_what_was_there_while_others_are_added(void)
{
	enum { FIRST = 300 };
	unsigned moves, again = 0;
	struct thing *thing;
	struct map map;
	size_t at = 0;
	int added = FIRST;

	name_things();
	map_init(&map, name_of);
	for (int i = 0; i < FIRST; i++)
		map_add(&map, &things[i]);
	moves = map.moves;
	while ((thing = map_each(&map, &at)) != NULL) {
		CU_ASSERT_TRUE(again > 0 || !thing->seen);
		thing->seen = true;
		if (added < THINGS)
			map_add(&map, &things[added++]);
		if (map.moves == moves)
			continue;
		moves = map.moves;
		again++;
		at = 0;
	}
	for (int i = 0; i < FIRST; i++)
		CU_ASSERT_TRUE(things[i].seen);
	CU_ASSERT_TRUE(again >= 1 && again <= 4);
	map_fini(&map);
}

const struct unit_test map_tests[] = {
	UNIT(what_was_added_and_not_removed_is_found_and_nothing_else),
	UNIT(an_empty_map_finds_nothing),
	UNIT(coming_and_going_without_end_does_not_grow_the_table),
	UNIT(a_walk_sees_each_once_and_may_remove_what_it_sees),
	UNIT(a_walk_sees_what_was_there_while_others_are_added),
	UNIT_END
};
