/* SPDX-License-Identifier: ISC
 *
 * map.h - find a thing by its name.
 *
 * Open addressing over keyed hashes.  The map copies no keys: each value
 * must answer for its own key through the function given at birth, and the
 * key must not change while the value is in the map.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/hash.h"

typedef struct span map_key_fn(const void *value);

struct map {
	struct hash_key hash;
	map_key_fn *key_of;
	struct map_slot {
		uint64_t hash;
		void *value;	/* null: never used; &map_gone: was used */
	} *slots;
	size_t count, used, room;
	unsigned moves;		/* how often all values moved, by an addition */
};

void map_init(struct map *map, map_key_fn *key_of);
void map_fini(struct map *map);	/* the values are not touched */

/* Null when there is none. */
void *map_find(const struct map *map, struct span key);

/* Add VALUE; its key must not be there yet. */
void map_add(struct map *map, void *value);

/* Take the value with KEY out; null when there is none. */
void *map_remove(struct map *map, struct span key);

/* Walk all: *AT starts at 0.  Null at the end.  Removing the value just
 * returned is allowed; adding is as long as `moves` stays as it is, and what
 * is added may be met or not. */
void *map_each(const struct map *map, size_t *at);

#endif
