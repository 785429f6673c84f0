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
	{ 1, 0 }, { 3, 0 }, { 4, 1 }, { 20, 1 }, { 50, 1 }, { 64, 2 },
	{ 100, 3 }, { 320, 10 },
};

static void
calm_mail_uses_all_but_the_reserve(void)
{
	for (size_t i = 0; i < sizeof(reserves) / sizeof(reserves[0]); i++) {
		struct pool pool;
		unsigned taken = 0;

		pool_init(&pool, reserves[i].limit);
		connect_some(&pool, reserves[i].limit);
		for (;;) {
			put(&pool, 0, taken % 2 ? CLASS_BULK : CLASS_NORMAL);
			if (pool.idle == 0 || pool_take(&pool) == NULL)
				break;
			pool_began(&pool, CLASS_BULK);
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
	{ 2, 2, 0, 9, 0, 0, 2, 0, 0 },
	{ 1, 1, 3, 9, 1, 0, 0, 0, 0 },
};

static void
connections_are_opened_while_jobs_wait_and_the_limit_allows(void)
{
	for (size_t i = 0; i < sizeof(wants) / sizeof(wants[0]); i++) {
		struct pool pool;
		unsigned job = 0;

		pool_init(&pool, wants[i].limit);
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

static void
no_spare_is_opened_before_its_time(void)
{
	struct pool pool;

	pool_init(&pool, 4);
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
more_connections_than_the_window_widen_it(void)
{
	struct pool pool;

	pool_init(&pool, 10);
	pool.connecting = 3;
	pool_narrow(&pool, 0, 50);
	CU_ASSERT_EQUAL(pool.window, 1);
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
	pool_narrow(&pool, 0, 50);
	pool_set_limit(&pool, 30);
	CU_ASSERT_EQUAL(pool.window, 3);
	pool_set_limit(&pool, 2);
	CU_ASSERT_EQUAL(pool.window, 2);
}

const struct unit_test pool_tests[] = {
	UNIT(a_job_that_comes_back_is_the_first_of_its_class),
	UNIT(calm_mail_uses_all_but_the_reserve),
	UNIT(connections_are_opened_while_jobs_wait_and_the_limit_allows),
	UNIT(no_spare_is_opened_before_its_time),
	UNIT(a_narrowed_pool_widens_bit_by_bit),
	UNIT(more_connections_than_the_window_widen_it),
	UNIT(another_limit_holds_at_once),
	UNIT_END
};
