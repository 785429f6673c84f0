/* SPDX-License-Identifier: ISC
 *
 * ranges.c - tests: parts of a segment.
 */
#include "room.h"

#include "spool/ranges.h"

#include <string.h>

/* Against a table of bytes, for all ranges of a small file in some order. */
enum { SIZE = 48, ROUNDS = 200 };

static void
compare(const struct ranges *ranges, const bool in[SIZE])
{
	for (uint64_t i = 0; i < SIZE; i++) {
		const struct range *range = ranges_at(ranges, i);
		const struct range *next = ranges_behind(ranges, i);
		uint64_t begins = i + 1;

		CU_ASSERT_EQUAL(range != NULL, in[i]);
		if (range != NULL)
			CU_ASSERT_TRUE(range->from <= i && i < range->to &&
			    (range->to == SIZE || !in[range->to]) &&
			    (range->from == 0 || !in[range->from - 1]));
		while (begins < SIZE && (!in[begins] || in[begins - 1]))
			begins++;
		CU_ASSERT_EQUAL(next == NULL ? SIZE : next->from, begins);
	}
}

static void
ranges_that_touch_become_one(void)
{
	uint32_t seed = 1;

	for (int round = 0; round < ROUNDS; round++) {
		struct ranges ranges = { 0 };
		bool in[SIZE] = { false };

		for (int i = 0; i < 12; i++) {
			uint64_t from, to;

			seed = seed * 1664525 + 1013904223;
			from = seed >> 8 & 31;
			to = from + (seed >> 16 & 7);
			ranges_add(&ranges, from, to);
			for (uint64_t at = from; at < to; at++)
				in[at] = true;
			compare(&ranges, in);
		}
		ranges_fini(&ranges);
	}
}

static void
an_empty_range_is_none(void)
{
	struct ranges ranges = { 0 };

	ranges_add(&ranges, 64, 64);
	ranges_add(&ranges, 64, 8);
	CU_ASSERT_EQUAL(ranges.count, 0);
	CU_ASSERT_PTR_NULL(ranges_at(&ranges, 64));
	CU_ASSERT_PTR_NULL(ranges_behind(&ranges, 0));
	ranges_fini(&ranges);
}

const struct unit_test ranges_tests[] = {
	UNIT(ranges_that_touch_become_one),
	UNIT(an_empty_range_is_none),
	UNIT_END
};
