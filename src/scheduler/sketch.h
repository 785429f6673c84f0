/* SPDX-License-Identifier: ISC
 *
 * sketch.h - whether somebody may have rows in the index, in fixed memory.
 *
 * A count-min sketch of rows by key.  It never says that there are none
 * when there are; the more keys there are (some ten thousands), the more
 * often it says that there may be some when there are none.
 */
#ifndef SCHEDULER_SKETCH_H
#define SCHEDULER_SKETCH_H

#include <stdbool.h>
#include <stdint.h>

enum { SKETCH_ROWS = 2, SKETCH_BITS = 16 };

struct sketch {
	uint32_t *counts[SKETCH_ROWS];
};

void sketch_init(struct sketch *sketch);
void sketch_fini(struct sketch *sketch);
void sketch_clear(struct sketch *sketch);

/* Two keys as one. */
uint64_t sketch_mix(uint64_t a, uint64_t b);

/* One more of KEY, one less (it was added), and whether there may be any. */
void sketch_add(struct sketch *sketch, uint64_t key);
void sketch_remove(struct sketch *sketch, uint64_t key);
bool sketch_may_hold(const struct sketch *sketch, uint64_t key);

#endif
