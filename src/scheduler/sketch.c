/* SPDX-License-Identifier: ISC
 *
 * sketch.c - whether somebody may have rows in the index, in fixed memory.
 */
#include "scheduler/sketch.h"

#include "base/mem.h"
#include "base/must.h"

#include <string.h>

enum { SIZE = 1 << SKETCH_BITS };

void
sketch_init(struct sketch *sketch)
{
	for (int row = 0; row < SKETCH_ROWS; row++) {
		sketch->counts[row] = mem_array(SIZE,
		    sizeof *sketch->counts[row]);
	}
	sketch_clear(sketch);
}

void
sketch_fini(struct sketch *sketch)
{
	for (int row = 0; row < SKETCH_ROWS; row++)
		mem_free(sketch->counts[row]);
}

void
sketch_clear(struct sketch *sketch)
{
	for (int row = 0; row < SKETCH_ROWS; row++)
		memset(sketch->counts[row], 0,
		    SIZE * sizeof *sketch->counts[row]);
}

uint64_t
sketch_mix(uint64_t a, uint64_t b)
{
	uint64_t x = a ^ (b + 0x9e3779b97f4a7c15 + (a << 6) + (a >> 2));

	x = (x ^ x >> 32) * 0xd6e8feb86659fd93;
	x = (x ^ x >> 32) * 0xd6e8feb86659fd93;
	return x ^ x >> 32;
}

static uint32_t *
cell(const struct sketch *sketch, int row, uint64_t key)
{
	return &sketch->counts[row][key >> (row * SKETCH_BITS) & (SIZE - 1)];
}

void
sketch_add(struct sketch *sketch, uint64_t key)
{
	for (int row = 0; row < SKETCH_ROWS; row++)
		++*cell(sketch, row, key);
}

void
sketch_remove(struct sketch *sketch, uint64_t key)
{
	for (int row = 0; row < SKETCH_ROWS; row++) {
		uint32_t *count = cell(sketch, row, key);

		must(*count > 0);
		--*count;
	}
}

bool
sketch_may_hold(const struct sketch *sketch, uint64_t key)
{
	for (int row = 0; row < SKETCH_ROWS; row++)
		if (*cell(sketch, row, key) == 0)
			return false;
	return true;
}
