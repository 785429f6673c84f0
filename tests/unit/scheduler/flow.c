/* SPDX-License-Identifier: ISC
 *
 * flow.c - tests: how many connections a site lets us have.
 */
#include "suites.h"

#include "scheduler/flow.h"

static struct flow
flow_of(unsigned most)
{
	struct flow flow = { .most = most };

	flow_reset(&flow);
	return flow;
}

/* COUNT answers, of jobs sent at NOW; each took TOOK. */
static void
answer(struct flow *flow, unsigned count, unsigned took, msec_t now)
{
	while (count-- > 0)
		flow_answered(flow, took, now, now);
}

static void
it_begins_with_all_there_are(void)
{
	struct flow flow = flow_of(20);

	CU_ASSERT_EQUAL(flow.window, 20);
	answer(&flow, 1000, 400, 1);
	CU_ASSERT_EQUAL(flow.window, 20);
}

static void
strain_halves_it_once_for_all_that_was_sent_before(void)
{
	struct flow flow = flow_of(20);

	CU_ASSERT_TRUE(flow_strained(&flow, 10, 100, 0));
	CU_ASSERT_EQUAL(flow.window, 10);
	for (msec_t sent = 0; sent <= 100; sent++)
		CU_ASSERT_FALSE(flow_strained(&flow, sent, 100 + sent, 0));
	CU_ASSERT_EQUAL(flow.window, 10);
	CU_ASSERT_TRUE(flow_strained(&flow, 101, 300, 0));
	CU_ASSERT_EQUAL(flow.window, 5);
	for (msec_t now = 301; now < 310; now++)
		flow_strained(&flow, now, now, 0);
	CU_ASSERT_EQUAL(flow.window, 1);
}

static void
after_strain_a_round_of_answers_adds_one(void)
{
	struct flow flow = flow_of(20);

	flow_strained(&flow, 10, 100, 0);
	answer(&flow, 9, 400, 101);
	CU_ASSERT_EQUAL(flow.window, 10);
	answer(&flow, 1, 400, 101);
	CU_ASSERT_EQUAL(flow.window, 11);
	answer(&flow, 11, 400, 102);
	CU_ASSERT_EQUAL(flow.window, 12);
	answer(&flow, 1000, 400, 103);
	CU_ASSERT_EQUAL(flow.window, 20);
}

static void
what_was_sent_before_the_strain_adds_nothing(void)
{
	struct flow flow = flow_of(2);

	flow_strained(&flow, 10, 100, 0);
	for (int i = 0; i < 50; i++)
		flow_answered(&flow, 400, 100, 200);
	CU_ASSERT_EQUAL(flow.window, 1);
	flow_answered(&flow, 400, 101, 501);
	CU_ASSERT_EQUAL(flow.window, 2);
}

static void
it_does_not_grow_while_it_is_held(void)
{
	struct flow flow = flow_of(8);

	flow_strained(&flow, 10, 100, FLOW_HOLD);
	answer(&flow, 100, 400, 100 + FLOW_HOLD - 1);
	CU_ASSERT_EQUAL(flow.window, 4);
	answer(&flow, 4, 400, 100 + FLOW_HOLD);
	CU_ASSERT_EQUAL(flow.window, 5);
}

static void
what_the_site_takes_is_the_window(void)
{
	struct flow flow = flow_of(20);

	flow_room(&flow, 3, 100, FLOW_HOLD);
	CU_ASSERT_EQUAL(flow.window, 3);
	flow_room(&flow, 7, 200, FLOW_HOLD);
	CU_ASSERT_EQUAL(flow.window, 3);
	answer(&flow, 3, 400, 199 + FLOW_HOLD);
	CU_ASSERT_EQUAL(flow.window, 3);
	answer(&flow, 3, 400, 200 + FLOW_HOLD);
	CU_ASSERT_EQUAL(flow.window, 4);
}

static void
after_a_failure_it_doubles_up_to_half_and_then_adds(void)
{
	struct flow flow = flow_of(16);

	flow_failed(&flow, 100);
	flow_failed(&flow, 200);
	CU_ASSERT_EQUAL(flow.window, 1);
	answer(&flow, 1, 400, 201);
	CU_ASSERT_EQUAL(flow.window, 2);
	answer(&flow, 2, 400, 202);
	CU_ASSERT_EQUAL(flow.window, 4);
	answer(&flow, 4, 400, 203);
	CU_ASSERT_EQUAL(flow.window, 8);
	answer(&flow, 7, 400, 204);
	CU_ASSERT_EQUAL(flow.window, 8);
	answer(&flow, 1, 400, 204);
	CU_ASSERT_EQUAL(flow.window, 9);
	answer(&flow, 1000, 400, 205);
	CU_ASSERT_EQUAL(flow.window, 16);
}

static void
it_does_not_grow_while_transactions_take_twice_their_time(void)
{
	struct flow flow = flow_of(16);

	answer(&flow, 100, 400, 1);
	flow_strained(&flow, 2, 100, 0);
	answer(&flow, 4, 3000, 101);
	CU_ASSERT_TRUE(flow.took_ms > 850);
	CU_ASSERT_EQUAL(flow.window, 8);
	answer(&flow, 8, 3000, 101);
	CU_ASSERT_EQUAL(flow.window, 8);
	/* a site that stays slow is not held back for ever */
	answer(&flow, 1000, 3000, 102);
	CU_ASSERT_EQUAL(flow.window, 16);
}

static void
a_steady_site_is_never_taken_for_a_crowded_one(void)
{
	struct flow flow = flow_of(50);

	flow_failed(&flow, 1);
	answer(&flow, 2000, 400, 2);
	CU_ASSERT_EQUAL(flow.window, 50);
}

static void
a_new_limit_keeps_what_was_learnt(void)
{
	struct flow flow = flow_of(20);

	flow_limit(&flow, 10);
	CU_ASSERT_EQUAL(flow.window, 10);
	flow_limit(&flow, 30);
	CU_ASSERT_EQUAL(flow.window, 30);
	flow_strained(&flow, 10, 100, 0);
	flow_limit(&flow, 40);
	CU_ASSERT_EQUAL(flow.window, 15);
	flow_limit(&flow, 4);
	CU_ASSERT_EQUAL(flow.window, 4);
	answer(&flow, 100, 400, 101);
	CU_ASSERT_EQUAL(flow.window, 4);
}

static void
whatever_happens_it_is_one_at_least_and_its_limit_at_most(void)
{
	struct flow flow = flow_of(7);
	uint32_t dice = 1;

	for (msec_t now = 1; now < 20000; now++) {
		dice = dice * 1664525 + 1013904223;
		switch (dice >> 24 & 15) {
		case 0:
			flow_strained(&flow, now - (dice >> 16 & 7), now, 3);
			break;
		case 1:
			flow_room(&flow, dice >> 16 & 15, now, 3);
			break;
		case 2:
			flow_failed(&flow, now);
			break;
		case 3:
			flow_limit(&flow, 1 + (dice >> 16 & 31));
			break;
		default:
			flow_answered(&flow, dice >> 16 & 1023, now - 1, now);
		}
		if (flow.window < 1 || flow.window > flow.most)
			CU_FAIL_FATAL("out of bounds");
	}
}

static void
while_it_grows_after_a_failure_urgent_mail_may_have_half_the_goal_besides(void)
{
	struct flow flow = flow_of(20);

	CU_ASSERT_EQUAL(flow_beside(&flow), 0);
	flow_failed(&flow, 100);
	CU_ASSERT_EQUAL(flow_beside(&flow), 5);
	answer(&flow, 8, 400, 101);
	CU_ASSERT_EQUAL(flow.window, 9);
	CU_ASSERT_EQUAL(flow_beside(&flow), 1);
	answer(&flow, 1, 400, 102);
	CU_ASSERT_EQUAL(flow_beside(&flow), 0);
	flow = flow_of(3);
	flow_failed(&flow, 100);
	CU_ASSERT_EQUAL(flow_beside(&flow), 0);
}

static void
what_the_site_said_itself_leaves_nothing_besides(void)
{
	struct flow flow = flow_of(20);

	flow_strained(&flow, 10, 100, FLOW_HOLD);
	CU_ASSERT_EQUAL(flow_beside(&flow), 0);
	flow_failed(&flow, 200);
	answer(&flow, 1, 400, 6000);
	CU_ASSERT_TRUE(flow_beside(&flow) > 0);
	CU_ASSERT_EQUAL(flow.window, 2);
	flow_room(&flow, 4, 6001, FLOW_HOLD);
	CU_ASSERT_EQUAL(flow.window, 2);
	CU_ASSERT_EQUAL(flow_beside(&flow), 2);
	flow_room(&flow, 2, 6002, FLOW_HOLD);
	CU_ASSERT_EQUAL(flow_beside(&flow), 0);
	flow = flow_of(20);
	flow_failed(&flow, 200);
	flow_strained(&flow, 300, 301, FLOW_HOLD);
	CU_ASSERT_EQUAL(flow_beside(&flow), 0);
}

const struct unit_test flow_tests[] = {
	UNIT(it_begins_with_all_there_are),
	UNIT(strain_halves_it_once_for_all_that_was_sent_before),
	UNIT(after_strain_a_round_of_answers_adds_one),
	UNIT(what_was_sent_before_the_strain_adds_nothing),
	UNIT(it_does_not_grow_while_it_is_held),
	UNIT(what_the_site_takes_is_the_window),
	UNIT(after_a_failure_it_doubles_up_to_half_and_then_adds),
	UNIT(it_does_not_grow_while_transactions_take_twice_their_time),
	UNIT(a_steady_site_is_never_taken_for_a_crowded_one),
	UNIT(a_new_limit_keeps_what_was_learnt),
	UNIT(whatever_happens_it_is_one_at_least_and_its_limit_at_most),
	UNIT(while_it_grows_after_a_failure_urgent_mail_may_have_half_the_goal_besides),
	UNIT(what_the_site_said_itself_leaves_nothing_besides),
	UNIT_END
};
