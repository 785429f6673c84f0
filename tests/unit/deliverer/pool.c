/* SPDX-License-Identifier: ISC
 *
 * pool.c - order, limits and the reserve, without a connection.
 */
#include "deliverer/pool.h"
#include "unit/deliverer/tests.h"

static struct job jobs[64];

static struct job *
put(struct pool *pool, unsigned which, enum mail_class klass)
{
	struct job *job = &jobs[which];

	*job = (struct job){ .number = which, .klass = klass };
	pool_put(pool, job);
	return job;
}

static void
set_up(struct pool *pool, unsigned limit)
{
	pool_init(pool, limit);
	pool_set_reserve(pool, (struct conf_part){ 3, true }, 1000);
}

/* COUNT connections are made and idle. */
static void
connect_some(struct pool *pool, unsigned count)
{
	while (count-- > 0) {
		pool->connecting++;
		pool_ready(pool);
	}
}

static void
a_job_that_comes_back_is_the_first_of_its_class(void)
{
	struct pool pool;
	struct job *first;

	pool_init(&pool, 1);
	put(&pool, 1, CLASS_BULK);
	put(&pool, 2, CLASS_BULK);
	first = pool_take(&pool);
	CU_ASSERT_EQUAL(first->number, 1);
	pool_put_back(&pool, first);
	put(&pool, 3, CLASS_NORMAL);
	CU_ASSERT_EQUAL(pool_take(&pool)->number, 3);
	CU_ASSERT_EQUAL(pool_take(&pool)->number, 1);
	CU_ASSERT_EQUAL(pool_take(&pool)->number, 2);
	CU_ASSERT_PTR_NULL(pool_take(&pool));
}

static const struct {
	unsigned limit, reserve;
} reserves[] = {
	{ 1, 0 }, { 2, 1 }, { 3, 1 }, { 20, 1 }, { 50, 1 }, { 67, 2 },
	{ 100, 3 }, { 334, 10 },
};

static void
calm_mail_uses_all_but_the_reserve(void)
{
	for (size_t i = 0; i < sizeof(reserves) / sizeof(reserves[0]); i++) {
		struct pool pool;
		unsigned taken = 0;

		set_up(&pool, reserves[i].limit);
		connect_some(&pool, reserves[i].limit);
		for (;;) {
			put(&pool, 0, taken % 2 ? CLASS_BULK : CLASS_NORMAL);
			if (pool.idle == 0 || pool_take(&pool) == NULL)
				break;
			pool_began(&pool, &jobs[0]);
			taken++;
		}
		CU_ASSERT_EQUAL(taken,
		    reserves[i].limit - reserves[i].reserve);
		if (pool.idle == 0)
			continue;
		put(&pool, 1, CLASS_URGENT);
		CU_ASSERT_EQUAL(pool_take(&pool)->number, 1);
	}
}

static const struct {
	unsigned limit, share;
	bool percent;
	usec_t took;
	unsigned reserve;
} slivers[] = {
	{ 5, 3, true, 40 * 1000, 1 },		/* quick */
	{ 5, 3, true, 60 * 1000, 0 },
	{ 5, 3, true, 400 * 1000, 0 },		/* one ends each 80 ms */
	{ 5, 3, true, 499 * 1000, 0 },
	{ 5, 3, true, 500 * 1000, 1 },		/* each 100 ms */
	{ 2, 3, true, 400 * 1000, 1 },
	{ 1, 3, true, 400 * 1000, 0 },
	{ 19, 3, true, 400 * 1000, 0 },
	{ 20, 3, true, 400 * 1000, 1 },		/* a twentieth is not much */
	{ 5, 20, true, 400 * 1000, 1 },		/* a whole one */
	{ 5, 1, false, 400 * 1000, 1 },		/* as the operator says */
};

static void
a_share_of_less_than_one_is_kept_only_where_the_next_ends_late(void)
{
	for (size_t i = 0; i < sizeof(slivers) / sizeof(slivers[0]); i++) {
		struct pool pool;
		unsigned taken = 0;

		pool_init(&pool, slivers[i].limit);
		pool_set_reserve(&pool, (struct conf_part){ slivers[i].share,
		    slivers[i].percent }, 1000);
		pool.took = slivers[i].took;
		connect_some(&pool, slivers[i].limit);
		for (; pool.idle > 0; taken++) {
			put(&pool, 0, CLASS_BULK);
			if (pool_take(&pool) == NULL)
				break;
			pool_began(&pool, &jobs[0]);
		}
		CU_ASSERT_EQUAL(taken, slivers[i].limit - slivers[i].reserve);
	}
}

/* What is wanted with so many jobs of each kind and connections. */
static const struct {
	unsigned limit, window, urgent, calm;
	unsigned connecting, idle, calm_busy, urgent_busy;
	unsigned wants;
} wants[] = {
	{ 20, 20, 0, 0, 0, 0, 0, 0, 0 },
	{ 20, 20, 1, 0, 0, 0, 0, 0, 1 },
	{ 20, 20, 0, 5, 0, 0, 0, 0, 5 },
	{ 20, 20, 0, 5, 3, 1, 0, 0, 1 },
	{ 20, 20, 0, 5, 3, 2, 0, 0, 0 },
	{ 20, 20, 0, 50, 0, 0, 0, 0, 20 },	/* 19 and one to stand by */
	{ 20, 20, 0, 50, 0, 0, 19, 0, 1 },
	{ 20, 20, 0, 50, 0, 1, 19, 0, 0 },
	{ 20, 20, 0, 0, 0, 0, 19, 0, 1 },
	{ 20, 20, 3, 50, 0, 0, 19, 1, 0 },	/* all 20 are there */
	{ 20, 5, 0, 50, 0, 0, 4, 0, 1 },
	{ 20, 5, 2, 50, 0, 0, 4, 1, 0 },
	{ 2, 2, 0, 9, 0, 0, 1, 0, 1 },
	{ 2, 2, 0, 9, 0, 1, 1, 0, 0 },
	{ 2, 2, 0, 9, 0, 0, 2, 0, 0 },
	{ 1, 1, 3, 9, 1, 0, 0, 0, 0 },
};

static void
connections_are_opened_while_jobs_wait_and_the_limit_allows(void)
{
	for (size_t i = 0; i < sizeof(wants) / sizeof(wants[0]); i++) {
		struct pool pool;
		unsigned job = 0;

		set_up(&pool, wants[i].limit);
		pool.window = wants[i].window;
		while (job < wants[i].urgent)
			put(&pool, job++, CLASS_URGENT);
		while (job < wants[i].urgent + wants[i].calm)
			put(&pool, job++, CLASS_BULK);
		pool.connecting = wants[i].connecting;
		pool.idle = wants[i].idle;
		pool.calm = wants[i].calm_busy;
		pool.busy = wants[i].calm_busy + wants[i].urgent_busy;
		CU_ASSERT_EQUAL(pool_wants(&pool, 0), wants[i].wants);
	}
}

/* A window of 2, and 5 besides for urgent mail; of 7 that are open. */
static void
what_is_besides_is_for_urgent_mail_until_the_server_refuses(void)
{
	struct pool pool;
	unsigned calm = 0;

	set_up(&pool, 7);
	pool.urgent = 5;
	connect_some(&pool, 7);
	for (unsigned i = 0; i < 4; i++)
		put(&pool, i, CLASS_BULK);
	while (pool_take(&pool) != NULL) {
		pool_began(&pool, &jobs[calm]);
		calm++;
	}
	CU_ASSERT_EQUAL(calm, 2);
	for (unsigned i = 4; i < 9; i++) {
		put(&pool, i, CLASS_URGENT);
		CU_ASSERT_PTR_EQUAL(pool_take(&pool), &jobs[i]);
		pool_began(&pool, &jobs[i]);
	}
	CU_ASSERT_EQUAL(pool.idle, 0);
	set_up(&pool, 7);
	pool.urgent = 5;
	pool.connecting = 1;
	pool_narrow(&pool, 0, 100);
	CU_ASSERT_EQUAL(pool.window, 1);
	pool.connecting = 0;
	put(&pool, 0, CLASS_BULK);
	CU_ASSERT_EQUAL(pool_wants(&pool, 0), 1);
}

/* With a reserve of one: what normal and bulk may use beside urgent mail. */
static const struct {
	unsigned limit, urgent_busy, calm_most;
} keeps[] = {
	{ 20, 0, 19 }, { 20, 1, 18 }, { 20, 5, 14 }, { 20, 9, 10 },
	{ 20, 15, 10 }, { 5, 0, 4 }, { 5, 1, 3 }, { 5, 4, 3 }, { 3, 2, 2 },
	{ 2, 0, 1 }, { 2, 1, 1 }, { 1, 0, 1 },
};

static void
beside_what_urgent_mail_uses_the_reserve_stays_free(void)
{
	for (size_t i = 0; i < sizeof(keeps) / sizeof(keeps[0]); i++) {
		struct pool pool;
		unsigned taken = 0, which = 0;
		struct job *job;

		set_up(&pool, keeps[i].limit);
		connect_some(&pool, keeps[i].limit);
		while (which < keeps[i].urgent_busy)
			put(&pool, which++, CLASS_URGENT);
		while (pool_waiting(&pool) > 0)
			pool_began(&pool, pool_take(&pool));
		for (unsigned n = 0; n < keeps[i].limit; n++)
			put(&pool, which++, CLASS_BULK);
		while ((job = pool_take(&pool)) != NULL) {
			pool_began(&pool, job);
			taken++;
			if (pool.idle == 0)
				break;
		}
		CU_ASSERT_EQUAL(taken, keeps[i].calm_most <
		    keeps[i].limit - keeps[i].urgent_busy ?
		    keeps[i].calm_most :
		    keeps[i].limit - keeps[i].urgent_busy);
	}
}

static void
no_spare_is_opened_before_its_time(void)
{
	struct pool pool;

	set_up(&pool, 4);
	pool.calm = pool.busy = 3;
	pool.spare_at = 100;
	CU_ASSERT_EQUAL(pool_wants(&pool, 99), 0);
	CU_ASSERT_EQUAL(pool_wants(&pool, 100), 1);
}

static void
a_narrowed_pool_widens_bit_by_bit(void)
{
	struct pool pool;

	pool_init(&pool, 10);
	connect_some(&pool, 4);
	pool.connecting = 1;
	pool_narrow(&pool, 1000, 50);
	CU_ASSERT_EQUAL(pool.window, 4);
	pool_widen(&pool, 1049, 50);
	CU_ASSERT_EQUAL(pool.window, 4);
	pool_widen(&pool, 1050, 50);
	CU_ASSERT_EQUAL(pool.window, 5);
	pool_widen(&pool, 1051, 50);
	CU_ASSERT_EQUAL(pool.window, 5);
	for (msec_t now = 1100; now < 2000; now += 50)
		pool_widen(&pool, now, 50);
	CU_ASSERT_EQUAL(pool.window, 10);
}

static void
of_those_being_made_some_may_be_refused_and_others_not(void)
{
	struct pool pool;

	pool_init(&pool, 10);
	connect_some(&pool, 2);
	pool.connecting = 4;
	pool_narrow(&pool, 0, 50);
	CU_ASSERT_EQUAL(pool.window, 5);
	pool.connecting--;
	pool_ready(&pool);
	pool_narrow(&pool, 0, 50);
	CU_ASSERT_EQUAL(pool.window, 4);
	pool.connecting--;
	pool_ready(&pool);
	CU_ASSERT_EQUAL(pool.window, 4);
}

static void
more_connections_than_the_window_widen_it(void)
{
	struct pool pool;

	pool_init(&pool, 10);
	pool.connecting = 1;
	pool_narrow(&pool, 0, 50);
	CU_ASSERT_EQUAL(pool.window, 1);
	pool.connecting = 2;
	pool_ready(&pool);
	pool_ready(&pool);
	CU_ASSERT_EQUAL(pool.window, 2);
}

static void
another_limit_holds_at_once(void)
{
	struct pool pool;

	pool_init(&pool, 10);
	pool_set_limit(&pool, 20);
	CU_ASSERT_EQUAL(pool.window, 20);
	connect_some(&pool, 3);
	pool.connecting = 1;
	pool_narrow(&pool, 0, 50);
	pool_set_limit(&pool, 30);
	CU_ASSERT_EQUAL(pool.window, 3);
	pool_set_limit(&pool, 2);
	CU_ASSERT_EQUAL(pool.window, 2);
}

/* COUNT connections are at work for normal mail of SIZE bytes. */
static void
work(struct pool *pool, unsigned first, unsigned count, uint64_t size)
{
	for (unsigned i = first; i < first + count; i++) {
		jobs[i] = (struct job){ .klass = CLASS_NORMAL, .size = size };
		pool_began(pool, &jobs[i]);
	}
}

static void
a_large_message_never_takes_the_last_connection(void)
{
	struct pool pool;
	struct job *large, *small;

	set_up(&pool, 3);
	pool_set_reserve(&pool, (struct conf_part){ 0, false }, 1000);
	connect_some(&pool, 3);
	work(&pool, 10, 2, 1001);
	large = put(&pool, 1, CLASS_BULK);
	(void)pool_drain(&pool);
	large->size = 1001;
	pool_put(&pool, large);
	CU_ASSERT_PTR_NULL(pool_take(&pool));
	small = put(&pool, 2, CLASS_BULK);
	CU_ASSERT_PTR_EQUAL(pool_take(&pool), small);
	pool_ended(&pool, &jobs[10]);
	CU_ASSERT_PTR_EQUAL(pool_take(&pool), large);
	CU_ASSERT_EQUAL(pool.heavy_waiting, 0);
}

static const struct {
	unsigned limit, most;
} large_ones[] = {
	{ 1, 1 }, { 2, 1 }, { 3, 1 }, { 4, 2 }, { 20, 18 }, { 67, 64 },
};

/* Or it would wait for large bulk mail beside an idle reserve: it may not have
 * the last connection either. */
static void
large_calm_messages_leave_room_for_large_urgent_ones_where_there_is_a_reserve(
    void)
{
	for (size_t i = 0; i < sizeof(large_ones) / sizeof(large_ones[0]);
	    i++) {
		unsigned limit = large_ones[i].limit, taken = 0;
		struct job large[2] = { { .klass = CLASS_BULK, .size = 1001 },
		    { .klass = CLASS_URGENT, .size = 1001 } };
		struct job *small;
		struct pool pool;

		set_up(&pool, limit);
		connect_some(&pool, limit);
		for (; pool.idle > 0; taken++) {
			pool_put(&pool, &large[0]);
			if (pool_take(&pool) == NULL)
				break;
			pool_began(&pool, &large[0]);
		}
		CU_ASSERT_EQUAL(taken, large_ones[i].most);
		if (limit < 3)
			continue;
		pool_put(&pool, &large[1]);
		CU_ASSERT_PTR_EQUAL(pool_take(&pool), &large[1]);
		pool_began(&pool, &large[1]);
		small = put(&pool, 1, CLASS_URGENT);
		CU_ASSERT_PTR_EQUAL(pool_take(&pool), small);
	}
}

static void
no_connection_is_opened_for_a_large_message_that_may_not_go(void)
{
	struct pool pool;
	struct job large = { .klass = CLASS_BULK, .size = 1001 };

	pool_init(&pool, 3);
	pool_set_reserve(&pool, (struct conf_part){ 0, false }, 1000);
	connect_some(&pool, 2);
	work(&pool, 10, 2, 1001);
	pool_put(&pool, &large);
	CU_ASSERT_EQUAL(pool_wants(&pool, 0), 0);
	put(&pool, 1, CLASS_BULK);
	CU_ASSERT_EQUAL(pool_wants(&pool, 0), 1);
}

static void
the_only_connection_carries_large_messages_too(void)
{
	struct pool pool;
	struct job large = { .klass = CLASS_BULK, .size = 1001 };

	set_up(&pool, 1);
	pool_put(&pool, &large);
	CU_ASSERT_EQUAL(pool_wants(&pool, 0), 1);
	CU_ASSERT_PTR_EQUAL(pool_take(&pool), &large);
}

/* Messages that are under way stay what they were. */
static void
another_notion_of_large_counts_anew(void)
{
	struct pool pool;

	set_up(&pool, 3);
	connect_some(&pool, 2);
	work(&pool, 10, 2, 1001);
	pool_set_reserve(&pool, (struct conf_part){ 0, false }, 5000);
	CU_ASSERT_EQUAL(pool.heavy, 2);
	pool_ended(&pool, &jobs[10]);
	pool_ended(&pool, &jobs[11]);
	CU_ASSERT_EQUAL(pool.heavy, 0);
}

static void
a_class_that_waits_has_one_job_after_sixteen_of_others(void)
{
	struct pool pool;
	struct job *bulk;

	set_up(&pool, 5);
	bulk = put(&pool, 1, CLASS_BULK);
	for (int i = 0; i < POOL_TRICKLE; i++) {
		put(&pool, 2, CLASS_URGENT);
		CU_ASSERT_EQUAL(pool_take(&pool)->number, 2);
	}
	put(&pool, 2, CLASS_URGENT);
	CU_ASSERT_PTR_EQUAL(pool_take(&pool), bulk);
	CU_ASSERT_EQUAL(pool_take(&pool)->number, 2);
}

static void
but_not_from_the_reserve(void)
{
	struct pool pool;

	set_up(&pool, 5);
	connect_some(&pool, 5);
	work(&pool, 10, 4, 1);
	put(&pool, 1, CLASS_BULK);
	for (int i = 0; i < 2 * POOL_TRICKLE; i++) {
		put(&pool, 2, CLASS_URGENT);
		CU_ASSERT_EQUAL(pool_take(&pool)->number, 2);
	}
}

enum { TOOK = 400 * 1000, PACED = 10 };

static void
set_up_slow(struct pool *pool)
{
	pool_init(pool, PACED);
	connect_some(pool, PACED);
	for (int i = 0; i < 100; i++)
		pool_took(pool, TOOK);
	for (unsigned i = 0; i < 2 * PACED; i++)
		put(pool, i, CLASS_NORMAL);
}

/* Begin what may begin at NOW; how many that is. */
static unsigned
begin_all(struct pool *pool, usec_t now)
{
	unsigned count = 0;

	while (pool->idle > 0) {
		struct job *job;

		pool_pace(pool, now);
		job = pool_take(pool);
		if (job == NULL)
			break;
		pool_began(pool, job);
		count++;
	}
	return count;
}

static void
a_slow_site_is_begun_at_the_pace_at_which_it_ends(void)
{
	struct pool pool;
	unsigned begun;

	set_up_slow(&pool);
	begun = begin_all(&pool, 1000000000);
	CU_ASSERT_TRUE(begun < PACED);
	CU_ASSERT_TRUE(pool_pace(&pool, 1000000000) > 0);
	CU_ASSERT_EQUAL(begin_all(&pool, 1000000000 + TOOK / PACED), 1);
	CU_ASSERT_EQUAL(begin_all(&pool, 1000000000 + TOOK), PACED - begun -
	    1);
}

static void
urgent_mail_knows_no_pace(void)
{
	struct pool pool;

	set_up_slow(&pool);
	begin_all(&pool, 1000000000);
	put(&pool, 40, CLASS_URGENT);
	CU_ASSERT_TRUE(pool_pace(&pool, 1000000000) > 0);
	CU_ASSERT_EQUAL(pool_take(&pool)->number, 40);
}

static void
a_quick_site_has_no_pace(void)
{
	struct pool pool;

	set_up_slow(&pool);
	for (int i = 0; i < 100; i++)
		pool_took(&pool, 1000);
	CU_ASSERT_EQUAL(begin_all(&pool, 1000000000), PACED);
}

static void
an_earlier_deadline_overtakes_a_job_three_times_at_most(void)
{
	struct pool pool;

	set_up(&pool, 5);
	put(&pool, 1, CLASS_URGENT);
	for (unsigned i = 0; i <= POOL_OVERTAKEN; i++) {
		jobs[2] = (struct job){ .number = 2, .klass = CLASS_URGENT,
		    .deadline = 1000 };
		pool_put(&pool, &jobs[2]);
		CU_ASSERT_EQUAL(pool_take(&pool)->number,
		    i < POOL_OVERTAKEN ? 2 : 1);
	}
	CU_ASSERT_EQUAL(pool_take(&pool)->number, 2);
}

const struct unit_test pool_tests[] = {
	UNIT(a_job_that_comes_back_is_the_first_of_its_class),
	UNIT(calm_mail_uses_all_but_the_reserve),
	UNIT(a_share_of_less_than_one_is_kept_only_where_the_next_ends_late),
	UNIT(connections_are_opened_while_jobs_wait_and_the_limit_allows),
	UNIT(what_is_besides_is_for_urgent_mail_until_the_server_refuses),
	UNIT(beside_what_urgent_mail_uses_the_reserve_stays_free),
	UNIT(no_spare_is_opened_before_its_time),
	UNIT(a_narrowed_pool_widens_bit_by_bit),
	UNIT(of_those_being_made_some_may_be_refused_and_others_not),
	UNIT(more_connections_than_the_window_widen_it),
	UNIT(another_limit_holds_at_once),
	UNIT(a_large_message_never_takes_the_last_connection),
	UNIT(large_calm_messages_leave_room_for_large_urgent_ones_where_there_is_a_reserve),
	UNIT(no_connection_is_opened_for_a_large_message_that_may_not_go),
	UNIT(the_only_connection_carries_large_messages_too),
	UNIT(another_notion_of_large_counts_anew),
	UNIT(a_class_that_waits_has_one_job_after_sixteen_of_others),
	UNIT(but_not_from_the_reserve),
	UNIT(a_slow_site_is_begun_at_the_pace_at_which_it_ends),
	UNIT(urgent_mail_knows_no_pace),
	UNIT(an_earlier_deadline_overtakes_a_job_three_times_at_most),
	UNIT(a_quick_site_has_no_pace),
	UNIT_END
};
