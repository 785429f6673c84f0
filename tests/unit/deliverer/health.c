/* SPDX-License-Identifier: ISC
 *
 * health.c - tests: which hosts failed lately, and which one is next.
 */
#include "unit/deliverer/tests.h"

#include "deliverer/health.h"
#include "deliverer/target.h"
#include "wire/frames.h"

#include <stdio.h>

enum { MINUTE = 60 * 1000, MANY = 20000 };

static const char one, two;	/* those who try */

static struct addr
host(unsigned number)
{
	struct addr addr = { .port = 25 };

	memcpy(&addr.ip, &number, sizeof(number));
	return addr;
}

static bool
about(msec_t time, msec_t want)
{
	return time >= want - want / 10 && time <= want + want / 10;
}

static void
a_host_that_failed_is_left_alone_then_tried_by_one(void)
{
	struct health health;
	msec_t now = 1000, until;

	health_init(&health);
	CU_ASSERT_EQUAL(health_of(&health, host(1), now), HEALTH_WELL);
	CU_ASSERT_TRUE(health_failed(&health, host(1), &one, "no", now,
	    MINUTE));
	until = health_find(&health, host(1))->until;
	CU_ASSERT_TRUE(about(until - now, MINUTE));
	CU_ASSERT_EQUAL(health_of(&health, host(1), until - 1), HEALTH_ILL);
	CU_ASSERT_EQUAL(health_of(&health, host(2), now), HEALTH_WELL);
	CU_ASSERT_EQUAL(health_of(&health, host(1), until), HEALTH_DUE);
	health_try(&health, host(1), &one, until);
	CU_ASSERT_EQUAL(health_of(&health, host(1), until), HEALTH_ILL);
	health_try(&health, host(1), &two, until);
	CU_ASSERT_PTR_EQUAL(health_find(&health, host(1))->trier, &one);
	health_fini(&health);
}

static void
each_failure_in_a_row_doubles_the_time_up_to_a_bound(void)
{
	struct health health;
	msec_t now = 1000, want = MINUTE;

	health_init(&health);
	for (int i = 0; i < 12; i++) {
		const struct ailment *ailment;

		health_try(&health, host(1), &one, now);
		CU_ASSERT_TRUE(health_failed(&health, host(1), &one, "no",
		    now, MINUTE));
		ailment = health_find(&health, host(1));
		CU_ASSERT_TRUE(about(ailment->until - now, want));
		CU_ASSERT_EQUAL(ailment->failures, i + 1);
		now = ailment->until;
		if (want < 32 * MINUTE)
			want *= 2;
	}
	CU_ASSERT_TRUE(health_well(&health, host(1)));
	CU_ASSERT_FALSE(health_well(&health, host(1)));
	CU_ASSERT_TRUE(health_failed(&health, host(1), &one, "no", now,
	    MINUTE));
	CU_ASSERT_TRUE(about(health_find(&health, host(1))->until - now,
	    MINUTE));
	health_fini(&health);
}

static void
what_many_see_at_once_counts_once(void)
{
	struct health health;

	health_init(&health);
	CU_ASSERT_TRUE(health_failed(&health, host(1), &one, "no", 0, 100));
	for (int i = 0; i < 50; i++)
		CU_ASSERT_FALSE(health_failed(&health, host(1), &two, "no",
		    5, 100));
	CU_ASSERT_EQUAL(health_find(&health, host(1))->failures, 1);
	/* One tries it; what another saw meanwhile is not its failure. */
	health_try(&health, host(1), &one, 200);
	CU_ASSERT_FALSE(health_failed(&health, host(1), &two, "no", 201,
	    100));
	CU_ASSERT_TRUE(health_failed(&health, host(1), &one, "no", 202, 100));
	health_fini(&health);
}

static void
one_waits_for_a_host_that_hangs(void)
{
	struct health health;

	health_init(&health);
	CU_ASSERT_TRUE(health_hangs(&health, host(1), &one, "silence", 0));
	CU_ASSERT_FALSE(health_hangs(&health, host(1), &two, "silence", 0));
	CU_ASSERT_EQUAL(health_of(&health, host(1), 9 * MINUTE), HEALTH_ILL);
	/* Nothing came of it: as if nothing had been. */
	health_leave(&health, host(1), &two, 1);
	CU_ASSERT_PTR_NOT_NULL(health_find(&health, host(1)));
	health_leave(&health, host(1), &one, 1);
	CU_ASSERT_PTR_NULL(health_find(&health, host(1)));
	CU_ASSERT_TRUE(health_hangs(&health, host(1), &one, "silence", 2));
	CU_ASSERT_TRUE(health_failed(&health, host(1), &one, "no", 3,
	    MINUTE));
	CU_ASSERT_EQUAL(health_of(&health, host(1), 4), HEALTH_ILL);
	health_fini(&health);
}

static void
one_who_stops_trying_leaves_it_to_the_next(void)
{
	struct health health;

	health_init(&health);
	health_failed(&health, host(1), &one, "no", 0, 100);
	health_try(&health, host(1), &one, 200);
	health_leave(&health, host(1), &one, 201);
	CU_ASSERT_EQUAL(health_of(&health, host(1), 201), HEALTH_DUE);
	health_fini(&health);
}

static void
of_very_many_those_that_failed_last_are_known(void)
{
	struct health health;

	health_init(&health);
	for (unsigned i = 0; i < MANY; i++)
		health_failed(&health, host(i), &one, "no", i, MINUTE);
	CU_ASSERT_TRUE(health.ailments.count < MANY);
	CU_ASSERT_PTR_NULL(health_find(&health, host(0)));
	CU_ASSERT_PTR_NOT_NULL(health_find(&health, host(MANY - 1)));
	health_fini(&health);
}

/* ---- which one is next -------------------------------------------------- */

/* Two hosts of preference 10, the first with two addresses, and a third of
 * preference 20: rows 0 to 3, at host(1) to host(4). */
static void
set_three(struct targets *targets)
{
	static const struct { uint16_t preference; unsigned from, to; }
	    rows[] = { { 10, 1, 2 }, { 10, 3, 3 }, { 20, 4, 4 } };
	struct buf *list = buf_new(1 << 12);

	memset(targets, 0, sizeof(*targets));
	for (size_t i = 0; i < 3; i++) {
		uint8_t bytes[32];
		struct host_row row = { .preference = rows[i].preference,
		    .port = 25, .name = span_of("mx.test") };

		for (unsigned at = rows[i].from; at <= rows[i].to; at++)
			memcpy(bytes + (at - rows[i].from) * 16,
			    &(struct addr[]){ host(at) }[0].ip, 16);
		row.addresses = span_make(bytes,
		    (rows[i].to - rows[i].from + 1) * 16);
		host_row_put(&row, list);
	}
	targets_set(targets, buf_peek(list));
	buf_free(&list);
}

/* Chance puts the first one first. */
static void
put_first(struct targets *targets)
{
	for (size_t i = 0; i < targets->count; i++)
		targets->rows[i].chance = (uint32_t)i;
}

static bool
is_the_one(const void *which, struct addr addr)
{
	return addr_equal(*(const struct addr *)which, addr);
}

static void
our_own_address_goes_and_with_it_what_is_not_better(void)
{
	static const struct { unsigned own; size_t left, fixed; } rows[] = {
		{ 1, 0, 3 }, { 3, 0, 3 }, { 4, 3, 3 }, { 9, 4, 4 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct addr own = host(rows[i].own);
		struct targets targets;

		for (int fixed = 0; fixed < 2; fixed++) {
			set_three(&targets);
			targets_drop_own(&targets, is_the_one, &own, fixed);
			CU_ASSERT_EQUAL(targets.count, fixed ? rows[i].fixed :
			    rows[i].left);
			CU_ASSERT_PTR_NULL(targets_find(&targets, own));
			CU_ASSERT_EQUAL(targets.ours != NULL, rows[i].own != 9);
			targets_fini(&targets);
		}
	}
}

static void
chance_chooses_the_first_of_equal_hosts(void)
{
	unsigned first[4] = { 0 };
	struct health health;

	health_init(&health);
	for (int i = 0; i < 100; i++) {
		struct targets targets;

		set_three(&targets);
		first[targets_next(&targets, 0, &health, 0)]++;
		targets_fini(&targets);
	}
	CU_ASSERT_TRUE(first[0] > 0 && first[2] > 0);
	CU_ASSERT_EQUAL(first[0] + first[2], 100);
	health_fini(&health);
}

static void
equal_hosts_share_the_connections(void)
{
	struct targets targets;
	struct health health;

	set_three(&targets);
	put_first(&targets);
	health_init(&health);
	for (unsigned i = 0; i < 10; i++) {
		int next = targets_next(&targets, 0, &health, 0);

		CU_ASSERT_EQUAL(next, i % 2 == 0 ? 0 : 2);
		targets.rows[next].users++;
	}
	CU_ASSERT_EQUAL(targets_next(&targets, 1, &health, 0), 1);
	CU_ASSERT_EQUAL(targets_next(&targets, 3, &health, 0), 2);
	CU_ASSERT_EQUAL(targets_next(&targets, 7, &health, 0), 3);
	CU_ASSERT_EQUAL(targets_next(&targets, 15, &health, 0), -1);
	CU_ASSERT_TRUE(targets_all(&targets, 15));
	targets_fini(&targets);
	health_fini(&health);
}

static void
a_host_that_failed_is_passed_over_until_nothing_else_is_left(void)
{
	struct targets targets;
	struct health health;

	set_three(&targets);
	put_first(&targets);
	health_init(&health);
	for (unsigned i = 1; i <= 3; i++)
		health_failed(&health, host(i), &one, "no", 0, MINUTE);
	CU_ASSERT_EQUAL(targets_next(&targets, 0, &health, 1), 3);
	CU_ASSERT_TRUE(targets_have_other(&targets, host(1), &health, 1));
	CU_ASSERT_FALSE(targets_have_other(&targets, host(4), &health, 1));
	CU_ASSERT_EQUAL(targets_better(&targets, 20, false, &health, 1), 3);
	CU_ASSERT_EQUAL(targets_next(&targets, 8, &health, 1), -1);
	CU_ASSERT_EQUAL(targets_resort(&targets, 8, true, &health), 0);
	/* When its time is over it is the first again, for one. */
	CU_ASSERT_EQUAL(targets_next(&targets, 0, &health, 2 * MINUTE), 0);
	health_try(&health, host(1), &one, 2 * MINUTE);
	CU_ASSERT_EQUAL(targets_next(&targets, 0, &health, 2 * MINUTE), 1);
	CU_ASSERT_EQUAL(targets_resort(&targets, 8, true, &health), 1);
	CU_ASSERT_EQUAL(targets_resort(&targets, 8, false, &health), 0);
	health_well(&health, host(1));
	CU_ASSERT_EQUAL(targets_better(&targets, 20, true, &health, 1), 1);
	targets_fini(&targets);
	health_fini(&health);
}

const struct unit_test health_tests[] = {
	UNIT(a_host_that_failed_is_left_alone_then_tried_by_one),
	UNIT(each_failure_in_a_row_doubles_the_time_up_to_a_bound),
	UNIT(what_many_see_at_once_counts_once),
	UNIT(one_waits_for_a_host_that_hangs),
	UNIT(one_who_stops_trying_leaves_it_to_the_next),
	UNIT(of_very_many_those_that_failed_last_are_known),
	UNIT(our_own_address_goes_and_with_it_what_is_not_better),
	UNIT(chance_chooses_the_first_of_equal_hosts),
	UNIT(equal_hosts_share_the_connections),
	UNIT(a_host_that_failed_is_passed_over_until_nothing_else_is_left),
	UNIT_END
};
