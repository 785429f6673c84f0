/* SPDX-License-Identifier: ISC
 *
 * map.c - find a thing by its name.
 */
#include "base/map.h"

#include "base/mem.h"
#include "base/must.h"

static char gone;		/* marks a slot whose value was removed */

void
map_init(struct map *map, map_key_fn *key_of)
{
	*map = (struct map){ .hash = hash_key_new(), .key_of = key_of };
}

void
map_fini(struct map *map)
{
	mem_free(map->slots);
	map->slots = NULL;
	map->count = map->used = map->room = 0;
}

static bool
live(const struct map_slot *slot)
{
	return slot->value != NULL && slot->value != &gone;
}

static struct map_slot *
find_slot(const struct map *map, struct span key, uint64_t hash)
{
	if (map->room == 0)
		return NULL;
	for (size_t i = hash;; i++) {
		struct map_slot *slot = &map->slots[i & (map->room - 1)];

		if (slot->value == NULL)
			return NULL;
		if (slot->hash == hash && live(slot) &&
		    span_equal(map->key_of(slot->value), key))
			return slot;
	}
}

void *
map_find(const struct map *map, struct span key)
{
	struct map_slot *slot;

	slot = find_slot(map, key, hash_span(map->hash, key));
	return slot == NULL ? NULL : slot->value;
}

static void
place(struct map *map, uint64_t hash, void *value)
{
	size_t i = hash & (map->room - 1);

	while (map->slots[i].value != NULL)
		i = (i + 1) & (map->room - 1);
	map->slots[i] = (struct map_slot){ hash, value };
	map->used++;
	map->count++;
}

/* Make the table fit its live values again, at most half full. */
static void
resize(struct map *map)
{
	struct map_slot *old = map->slots;
	size_t old_room = map->room, room = 16;

	while (room < map->count * 4)
		room *= 2;
	map->slots = mem_array(room, sizeof(map->slots[0]));
	map->room = room;
	map->moves++;
	map->count = map->used = 0;
	for (size_t i = 0; i < old_room; i++)
		if (live(&old[i]))
			place(map, old[i].hash, old[i].value);
	mem_free(old);
}

void
map_add(struct map *map, void *value)
{
	struct span key = map->key_of(value);
	uint64_t hash = hash_span(map->hash, key);

	must(find_slot(map, key, hash) == NULL);
	if ((map->used + 1) * 4 > map->room * 3)
		resize(map);
	place(map, hash, value);
}

void *
map_remove(struct map *map, struct span key)
{
	struct map_slot *slot;
	void *value;

	slot = find_slot(map, key, hash_span(map->hash, key));
	if (slot == NULL)
		return NULL;
	value = slot->value;
	slot->value = &gone;
	map->count--;
	return value;
}

void *
map_each(const struct map *map, size_t *at)
{
	while (*at < map->room) {
		struct map_slot *slot = &map->slots[(*at)++];

		if (live(slot))
			return slot->value;
	}
	return NULL;
}
