/* SPDX-License-Identifier: ISC
 *
 * ahead.c - the next message's first commands, sent behind a body.
 */
#include "unit/deliverer/tests.h"
#include "unit/deliverer/world.h"

#include "deliverer/site.h"

static struct job jobs[8];

static struct job *
put(struct pool *pool, unsigned which, enum mail_class klass, uint64_t size)
{
	jobs[which] = (struct job){ .number = which, .klass = klass,
	    .size = size };
	pool_put(pool, &jobs[which]);
	return &jobs[which];
}

/* One waits while another is under way: may it go ahead? */
static const struct {
	usec_t took;
	unsigned limit;
	enum mail_class under_way, waits;
	uint64_t size;
	bool goes;
} rows[] = {
	{ 1000, 50, CLASS_BULK, CLASS_BULK, 100, true },
	{ 1000, 50, CLASS_NORMAL, CLASS_BULK, 100, true },
	{ 1000, 50, CLASS_URGENT, CLASS_BULK, 100, true },
	{ 1000, 50, CLASS_NORMAL, CLASS_NORMAL, 100, true },
	/* what is more urgent waits for a connection instead */
	{ 1000, 50, CLASS_BULK, CLASS_NORMAL, 100, false },
	{ 1000, 50, CLASS_BULK, CLASS_URGENT, 100, false },
	{ 1000, 50, CLASS_URGENT, CLASS_URGENT, 100, false },
	/* a slow site, one that is not known yet, and one without reserve */
	{ 60000, 50, CLASS_BULK, CLASS_BULK, 100, false },
	{ 0, 50, CLASS_BULK, CLASS_BULK, 100, false },
	{ 1000, 1, CLASS_BULK, CLASS_BULK, 100, false },
	/* over what may be held in memory */
	{ 1000, 50, CLASS_BULK, CLASS_BULK, 501, false },
	{ 1000, 50, CLASS_BULK, CLASS_BULK, 500, true },
};

static void
only_what_keeps_nobody_goes_ahead(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pool pool;
		struct job *under_way, *waits;

		pool_init(&pool, rows[i].limit);
		pool_set_reserve(&pool, (struct conf_part){ 3, true }, 1000);
		pool.took = rows[i].took;
		pool.connecting = 1;
		pool_ready(&pool);
		under_way = put(&pool, 0, rows[i].under_way, 100);
		CU_ASSERT_PTR_EQUAL(pool_take(&pool), under_way);
		pool_began(&pool, under_way);
		waits = put(&pool, 1, rows[i].waits, rows[i].size);
		CU_ASSERT_PTR_EQUAL(pool_take_ahead(&pool, under_way, 500),
		    rows[i].goes ? waits : NULL);
		CU_ASSERT_EQUAL(pool_waiting(&pool), !rows[i].goes);
		CU_ASSERT_EQUAL(pool.calm, under_way->klass != CLASS_URGENT);
	}
}

static void
nothing_goes_ahead_of_urgent_mail_that_waits(void)
{
	struct pool pool;
	struct job *under_way;

	pool_init(&pool, 2);
	pool_set_reserve(&pool, (struct conf_part){ 3, true }, 1000);
	pool.took = 1000;
	pool.connecting = 1;
	pool_ready(&pool);
	under_way = put(&pool, 0, CLASS_BULK, 1);
	(void)pool_take(&pool);
	pool_began(&pool, under_way);
	put(&pool, 1, CLASS_BULK, 1);
	put(&pool, 2, CLASS_URGENT, 1);
	CU_ASSERT_PTR_NULL(pool_take_ahead(&pool, under_way, 500));
	CU_ASSERT_EQUAL(pool_take(&pool)->number, 2);
	CU_ASSERT_PTR_EQUAL(pool_take_ahead(&pool, under_way, 500), &jobs[1]);
}

/* ---- with a server ------------------------------------------------------ */

static bool
one_held_and_one_ahead(struct world *world)
{
	struct site *site = site_find(&world->deliverer, 1);

	return world->hosts[0].holding == 1 && site != NULL &&
	    pool_waiting(&site->pool) == 0;
}

/* A first message, so that the site is known to be quick; then two more, of
 * which one is held by the server and one is ahead. */
static void
send_three(struct world *world)
{
	world_job(world, CLASS_BULK, 1, "first\r\n");
	world_results(world, world->result_count + 1);
	world->hosts[0].hold = true;
	world_job(world, CLASS_BULK, 1, "second\r\n");
	world_job(world, CLASS_BULK, 1, "third\r\n");
	world_run(world, one_held_and_one_ahead);
	world->hosts[0].hold = false;
}

static void
send_ahead(struct world *world, const char *policy)
{
	world_open(world, policy);
	world_site(world, 0, 1);
	send_three(world);
}

static void
the_next_goes_over_the_same_connection_at_once(void)
{
	struct world world = { 0 };
	struct host *host = &world.hosts[0];

	send_ahead(&world, "connections 2");
	host_release(host);
	world_results(&world, 3);
	CU_ASSERT_EQUAL(host->mail_count, 3);
	CU_ASSERT_STRING_EQUAL(host->mails[2], "third\r\n");
	CU_ASSERT_STRING_EQUAL(world_result(&world, 3)->rows,
	    "0=delivered(250 2.0.0 250 2.0.0 ok)");
	CU_ASSERT_TRUE(world_logged(&world, "conn_use=3"));
	world_close(&world);
}

static void
what_is_ahead_on_a_lost_connection_is_sent_over_another(void)
{
	struct world world = { 0 };
	struct host *host = &world.hosts[0];

	send_ahead(&world, "connections 2");
	host_hang_up(host);
	world_results(&world, 3);
	CU_ASSERT_PTR_NOT_NULL(strstr(world_result(&world, 2)->rows,
	    "lost connection after end of data"));
	CU_ASSERT_STRING_EQUAL(world_result(&world, 3)->rows,
	    "0=delivered(250 2.0.0 250 2.0.0 ok)");
	CU_ASSERT_EQUAL(host->mail_count, 3);
	world_close(&world);
}

static bool
nobody_is_left(struct world *world)
{
	return world->deliverer.couriers == 0;
}

static void
without_a_scheduler_what_is_ahead_is_withdrawn(void)
{
	struct world world = { 0 };
	struct host *host = &world.hosts[0];

	send_ahead(&world, "connections 2");
	deliverer_orphaned(&world.deliverer);
	host_release(host);
	world_run(&world, nobody_is_left);
	CU_ASSERT_EQUAL(host->mail_count, 2);
	CU_ASSERT_EQUAL(world.result_count, 1);
	world_close(&world);
}

static void
what_is_ahead_at_a_drain_is_carried_to_its_end(void)
{
	struct world world = { 0 };
	struct host *host = &world.hosts[0];

	send_ahead(&world, "connections 2");
	deliverer_drain(&world.deliverer);
	host_release(host);
	world_run(&world, nobody_is_left);
	world_results(&world, 3);
	CU_ASSERT_EQUAL(host->mail_count, 3);
	CU_ASSERT_TRUE(host->quits > 0);
	world_close(&world);
}

static void
the_limit_of_messages_holds_for_what_goes_ahead(void)
{
	struct world world = { 0 };
	struct host *host = &world.hosts[0];

	world_open(&world, "connections 2; messages 2");
	world_site(&world, 0, 1);
	for (int i = 0; i < 9; i++)
		world_job(&world, CLASS_BULK, 1, "x\r\n");
	world_results(&world, 9);
	CU_ASSERT_EQUAL(host->mail_count, 9);
	CU_ASSERT_TRUE(host->accepted >= 5);
	world_close(&world);
}

static void
a_server_that_forgets_what_went_ahead_gets_one_after_the_other(void)
{
	struct world world = { 0 };
	struct host *host = &world.hosts[0];

	world_open(&world, "connections 2");
	host->forgetful = true;
	world_site(&world, 0, 1);
	world_job(&world, CLASS_BULK, 1, "first\r\n");
	world_results(&world, 1);
	for (int i = 0; i < 6; i++)
		world_job(&world, CLASS_BULK, 1, "x\r\n");
	world_results(&world, 7);
	CU_ASSERT_EQUAL(host->mail_count, 7);
	for (uint32_t job = 1; job <= 7; job++)
		CU_ASSERT_STRING_EQUAL(world_result(&world, job)->rows,
		    "0=delivered(250 2.0.0 250 2.0.0 ok)");
	CU_ASSERT_TRUE(world_logged(&world, "did not answer the commands "
	    "that followed a message"));
	world_close(&world);
}

/* A refusal that came out of order is tried again, and believed then. */
static void
put_off_in_doubt(struct world *world, uint32_t job)
{
	const char *result = world_result(world, job)->rows;

	CU_ASSERT_TRUE(strncmp(result, "0=deferred(0 4.5.0 ", 19) == 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(result, "550 5.7.1 not this one"));
}

/* Its "250" to MAIL is none to the message before. */
static void
a_server_that_answers_what_went_ahead_first_is_found_out(void)
{
	struct world world = { 0 };
	struct host *host = &world.hosts[0];

	host->hasty = true;
	send_ahead(&world, "connections 2");
	CU_ASSERT_EQUAL(world.result_count, 1);
	host->dot = "550 5.7.1 not this one";
	host_release(host);
	host->dot = NULL;
	world_results(&world, 3);
	put_off_in_doubt(&world, 2);
	CU_ASSERT_STRING_EQUAL(world_result(&world, 3)->rows,
	    "0=delivered(250 2.0.0 250 2.0.0 ok)");
	CU_ASSERT_EQUAL(host->mail_count, 3);
	CU_ASSERT_EQUAL(world_result(&world, 2)->signs & SIGN_CUT, 0);
	CU_ASSERT_TRUE(site_find(&world.deliverer, 1)->one_by_one);
	CU_ASSERT_TRUE(world_logged(&world, "or before that message"));
	world_close(&world);
}

/* Which of the replies was the one to the dot nobody knows. */
static void
what_is_put_off_in_doubt_goes_to_no_other_host_at_once(void)
{
	struct world world = { 0 };
	struct host *host = &world.hosts[0];

	host->hasty = true;
	world_open(&world, "connections 2");
	world_site(&world, 0, 2);
	send_three(&world);
	host->dot = "451 4.3.0 not now";
	host_release(host);
	host->dot = NULL;
	world_results(&world, 3);
	CU_ASSERT_TRUE(strncmp(world_result(&world, 2)->rows,
	    "0=deferred(451 4.3.0 451", 24) == 0);
	CU_ASSERT_EQUAL(world.hosts[1].accepted, 0);
	world_close(&world);
}

static void
one_message_proves_the_order_and_the_others_need_not(void)
{
	struct world world = { 0 };
	struct host *host = &world.hosts[0];
	struct site *site;

	send_ahead(&world, "connections 2");
	site = site_find(&world.deliverer, 1);
	CU_ASSERT_TRUE(site->targets.rows[0].proving);
	host_release(host);
	world_results(&world, 3);
	CU_ASSERT_FALSE(site->targets.rows[0].proving);
	CU_ASSERT_FALSE(site->one_by_one);
	CU_ASSERT_FALSE(world_logged(&world, "or before that message"));
	world_close(&world);
}

/* Behind the same address another server may answer the next connection: what
 * the one before has proved says nothing of it. */
static void
each_connection_proves_the_order_anew(void)
{
	struct world world = { 0 };
	struct host *host = &world.hosts[0];

	send_ahead(&world, "connections 2; messages 3");
	host_release(host);
	world_results(&world, 3);
	host->hasty = true;
	send_three(&world);
	CU_ASSERT_TRUE(host->accepted >= 2);
	CU_ASSERT_EQUAL(world.result_count, 4);
	host->dot = "550 5.7.1 not this one";
	host_release(host);
	host->dot = NULL;
	world_results(&world, 6);
	put_off_in_doubt(&world, 5);
	CU_ASSERT_STRING_EQUAL(world_result(&world, 6)->rows,
	    "0=delivered(250 2.0.0 250 2.0.0 ok)");
	CU_ASSERT_EQUAL(host->mail_count, 6);
	CU_ASSERT_TRUE(site_find(&world.deliverer, 1)->one_by_one);
	world_close(&world);
}

const struct unit_test ahead_tests[] = {
	UNIT(each_connection_proves_the_order_anew),
	UNIT(only_what_keeps_nobody_goes_ahead),
	UNIT(nothing_goes_ahead_of_urgent_mail_that_waits),
	UNIT(the_next_goes_over_the_same_connection_at_once),
	UNIT(what_is_ahead_on_a_lost_connection_is_sent_over_another),
	UNIT(without_a_scheduler_what_is_ahead_is_withdrawn),
	UNIT(what_is_ahead_at_a_drain_is_carried_to_its_end),
	UNIT(the_limit_of_messages_holds_for_what_goes_ahead),
	UNIT(a_server_that_forgets_what_went_ahead_gets_one_after_the_other),
	UNIT(a_server_that_answers_what_went_ahead_first_is_found_out),
	UNIT(what_is_put_off_in_doubt_goes_to_no_other_host_at_once),
	UNIT(one_message_proves_the_order_and_the_others_need_not),
	UNIT_END
};
