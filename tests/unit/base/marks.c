/* SPDX-License-Identifier: ISC
 *
 * marks.c - tests: slowing down, refusing, and the way back.
 */
#include "tests.h"

#include "base/marks.h"

static const struct {
	enum mark before;
	uint64_t value, mark;
	enum mark after;
} rows[] = {
	{ MARK_NONE, 74, 100, MARK_NONE },
	{ MARK_NONE, 75, 100, MARK_SLOW },
	{ MARK_NONE, 99, 100, MARK_SLOW },
	{ MARK_NONE, 100, 100, MARK_REFUSE },
	{ MARK_SLOW, 99, 100, MARK_SLOW },
	{ MARK_REFUSE, 99, 100, MARK_REFUSE },
	{ MARK_REFUSE, 88, 100, MARK_REFUSE },
	{ MARK_REFUSE, 87, 100, MARK_SLOW },
	{ MARK_SLOW, 63, 100, MARK_SLOW },
	{ MARK_SLOW, 62, 100, MARK_NONE },
	{ MARK_REFUSE, 0, 100, MARK_NONE },
	{ MARK_REFUSE, UINT64_MAX, 0, MARK_NONE },
	{ MARK_NONE, UINT64_MAX, UINT64_MAX, MARK_REFUSE },
	{ MARK_NONE, 1, 1, MARK_REFUSE },
	{ MARK_NONE, 0, 1, MARK_NONE },
};

static void
a_level_is_reached_at_its_mark_and_left_below_it(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		CU_ASSERT_EQUAL(mark_of(rows[i].before, rows[i].value,
		    rows[i].mark), rows[i].after);
}

const struct unit_test mark_tests[] = {
	UNIT(a_level_is_reached_at_its_mark_and_left_below_it),
	UNIT_END
};
