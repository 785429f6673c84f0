/* SPDX-License-Identifier: ISC
 *
 * shape.c - tests: ages in columns, names in bounds.
 */
#include "scheduler/shape.h"

#include "suites.h"

#include <stdio.h>

#define MINUTE 60000000LL

static void
an_age_counts_in_the_first_column_that_holds_it(void)
{
	static const struct { usec_t age; unsigned column; } rows[] = {
		{ -MINUTE, 1 }, { 0, 1 }, { 5 * MINUTE, 1 },
		{ 5 * MINUTE + 1, 2 }, { 10 * MINUTE, 2 },
		{ 20 * MINUTE, 3 }, { 1280 * MINUTE, 9 },
		{ 1280 * MINUTE + 1, 10 }, { INT64_MAX, 10 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct shape_row *top[1];
		struct shape shape;

		shape_init(&shape);
		shape_add(&shape, span_of("a"), rows[i].age, 3);
		CU_ASSERT_EQUAL_FATAL(shape_top(&shape, top, 1), 1);
		CU_ASSERT_EQUAL(top[0]->counts[0], 3);
		for (unsigned c = 1; c < SHAPE_COLUMNS; c++)
			CU_ASSERT_EQUAL(top[0]->counts[c],
			    c == rows[i].column ? 3 : 0);
		shape_fini(&shape);
	}
}

static void
the_highest_sums_come_first_and_the_others_are_the_rest(void)
{
	const struct shape_row *top[2];
	struct shape shape;

	shape_init(&shape);
	shape_add(&shape, span_of("small"), 0, 1);
	shape_add(&shape, span_of("large"), 0, 5);
	shape_add(&shape, span_of("middle"), 6 * MINUTE, 2);
	shape_add(&shape, span_of("middle"), 0, 2);
	CU_ASSERT_EQUAL_FATAL(shape_top(&shape, top, 2), 2);
	CU_ASSERT_STRING_EQUAL(top[0]->name, "large");
	CU_ASSERT_STRING_EQUAL(top[1]->name, "middle");
	CU_ASSERT_EQUAL(top[1]->counts[0], 4);
	CU_ASSERT_EQUAL(top[1]->counts[2], 2);
	CU_ASSERT_EQUAL(shape.rest_names, 1);
	CU_ASSERT_EQUAL(shape.rest.counts[0], 1);
	CU_ASSERT_EQUAL(shape.total.counts[0], 10);
	shape_fini(&shape);
}

static void
names_without_end_take_memory_with_an_end_and_all_are_counted(void)
{
	const struct shape_row *top[3];
	struct shape shape;
	char name[32];

	shape_init(&shape);
	for (int i = 0; i < 3 * SHAPE_NAMES; i++) {
		snprintf(name, sizeof name, "n%d", i);
		shape_add(&shape, span_of(name), 0, 1);
		shape_add(&shape, span_of("heavy"), 0, 1);
		CU_ASSERT_TRUE_FATAL(shape.rows.count <= SHAPE_NAMES);
	}
	CU_ASSERT_EQUAL_FATAL(shape_top(&shape, top, 3), 3);
	CU_ASSERT_STRING_EQUAL(top[0]->name, "heavy");
	CU_ASSERT_EQUAL(top[0]->counts[0], 3 * SHAPE_NAMES);
	CU_ASSERT_EQUAL(top[0]->counts[0] + top[1]->counts[0] +
	    top[2]->counts[0] + shape.rest.counts[0],
	    shape.total.counts[0]);
	CU_ASSERT_EQUAL(shape.total.counts[0], 6 * SHAPE_NAMES);
	shape_fini(&shape);
}

const struct unit_test shape_tests[] = {
	UNIT(an_age_counts_in_the_first_column_that_holds_it),
	UNIT(the_highest_sums_come_first_and_the_others_are_the_rest),
	UNIT(names_without_end_take_memory_with_an_end_and_all_are_counted),
	UNIT_END
};
