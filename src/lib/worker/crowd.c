/* SPDX-License-Identifier: ISC
 *
 * crowd.c - how often a client is here, told to the other processes.
 */
#include "worker/crowd.h"

#include <string.h>
#include <sys/mman.h>

static uint32_t
place_one(uint64_t hash)
{
	return (uint32_t)hash & (CROWD_COUNTERS - 1);
}

static uint32_t
place_two(uint64_t hash)
{
	return (uint32_t)(hash >> 32) & (CROWD_COUNTERS - 1);
}

void
crowd_enter(struct crowd *crowd, uint64_t hash)
{
	atomic_fetch_add(&crowd->one[place_one(hash)], 1);
	atomic_fetch_add(&crowd->two[place_two(hash)], 1);
}

void
crowd_leave(struct crowd *crowd, uint64_t hash)
{
	atomic_fetch_sub(&crowd->one[place_one(hash)], 1);
	atomic_fetch_sub(&crowd->two[place_two(hash)], 1);
}

uint32_t
crowd_count(const struct crowd *crowd, uint64_t hash)
{
	uint32_t one = atomic_load(&crowd->one[place_one(hash)]);
	uint32_t two = atomic_load(&crowd->two[place_two(hash)]);

	return one < two ? one : two;
}

void
crowd_clear(struct crowd *crowd)
{
	if (madvise(crowd, sizeof *crowd, MADV_REMOVE) == -1)
		memset(crowd, 0, sizeof *crowd);
}
