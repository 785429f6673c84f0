/* SPDX-License-Identifier: ISC
 *
 * detour.c - tests: mail that one host puts off goes to another.
 */
#include "unit/deliverer/tests.h"
#include "unit/deliverer/world.h"

#include "deliverer/courier.h"

#define BODY "Subject: x\r\n\r\nhi\r\n"
#define DELIVERED "0=delivered(250 2.0.0 250 2.0.0 ok)"

static const struct world_result *
one_job(struct world *world, enum mail_class klass)
{
	uint32_t job = world_job(world, klass, 1, BODY);

	world_results(world, world->result_count + 1);
	return world_result(world, job);
}

static bool
starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* ---- the hosts to avoid -------------------------------------------------- */

static void
four_hosts_are_remembered_and_no_more(void)
{
	avoid_t avoid = 0;

	CU_ASSERT_FALSE(avoid_has(avoid, 7));
	for (uint16_t tag = 1; tag <= 4; tag++) {
		CU_ASSERT_FALSE(avoid_is_full(avoid));
		avoid = avoid_add(avoid, tag);
		CU_ASSERT_TRUE(avoid_has(avoid, 1));
		CU_ASSERT_TRUE(avoid_has(avoid, tag));
		CU_ASSERT_FALSE(avoid_has(avoid, (uint16_t)(tag + 1)));
	}
	CU_ASSERT_TRUE(avoid_is_full(avoid));
}

/* ---- in the pool --------------------------------------------------------- */

static void
jobs_that_avoid_a_host_are_not_given_to_it(void)
{
	static const struct taker here = { 5, false }, there = { 6, false },
	    errand = { 6, true };
	struct job shy = { .number = 1, .klass = CLASS_URGENT,
	    .avoid = avoid_add(0, 5) };
	struct job plain = { .number = 2, .klass = CLASS_BULK };
	struct pool pool;

	pool_init(&pool, 2);
	pool_put(&pool, &shy);
	pool_put(&pool, &plain);
	CU_ASSERT_PTR_EQUAL(pool_shy(&pool), &shy);
	CU_ASSERT_FALSE(pool_needs(&pool, &here));
	CU_ASSERT_TRUE(pool_needs(&pool, &there));
	/* One connection is opened for the other; what is shy has its own. */
	CU_ASSERT_EQUAL(pool_wants(&pool, 0), 1);
	CU_ASSERT_PTR_EQUAL(pool_take_for(&pool, &here), &plain);
	CU_ASSERT_PTR_NULL(pool_take_for(&pool, &here));
	CU_ASSERT_EQUAL(pool_wants(&pool, 0), 0);
	pool_put(&pool, &plain);
	CU_ASSERT_PTR_EQUAL(pool_take_for(&pool, &errand), &shy);
	CU_ASSERT_PTR_NULL(pool_take_for(&pool, &errand));
	CU_ASSERT_PTR_NULL(pool_shy(&pool));
	CU_ASSERT_FALSE(pool_needs(&pool, &there));
	CU_ASSERT_PTR_EQUAL(pool_take_for(&pool, &there), &plain);
}

/* ---- on the wire --------------------------------------------------------- */

static void
the_other_host_has_only_what_the_first_one_puts_off(void)
{
	struct world world = { 0 };

	world_open(&world, "connections 1");
	world.hosts[0].mail_from = 2;
	world.hosts[0].mail = "451 4.3.0 no";
	world_site(&world, 0, 2);
	CU_ASSERT_STRING_EQUAL(one_job(&world, CLASS_BULK)->mta, "mx0.test");
	CU_ASSERT_STRING_EQUAL(one_job(&world, CLASS_BULK)->mta, "mx1.test");
	world.hosts[0].mail = NULL;
	CU_ASSERT_STRING_EQUAL(one_job(&world, CLASS_BULK)->mta, "mx0.test");
	CU_ASSERT_EQUAL(world.hosts[0].accepted, 1);
	CU_ASSERT_EQUAL(world.hosts[1].accepted, 1);
	CU_ASSERT_EQUAL(world.hosts[1].quits, 1);
	for (uint32_t job = 1; job <= 3; job++)
		CU_ASSERT_STRING_EQUAL(world_result(&world, job)->rows,
		    DELIVERED);
	world_close(&world);
}

/* It is asked for a message now and then, and not for each. */
static void
a_host_that_puts_off_all_mail_is_left_alone(void)
{
	struct world world = { 0 };

	world_open(&world, "connections 1");
	world.hosts[0].mail = "451 4.3.0 no";
	world_site(&world, 0, 2);
	for (int i = 0; i < 20; i++)
		CU_ASSERT_STRING_EQUAL(one_job(&world, CLASS_NORMAL)->mta,
		    "mx1.test");
	CU_ASSERT_TRUE(world.hosts[0].transactions <= 6);
	CU_ASSERT_EQUAL(world.told, 1);
	CU_ASSERT_STRING_EQUAL(world.told_why, "451 4.3.0 no");
	CU_ASSERT_TRUE(world_logged(&world, "is left alone for"));
	world_close(&world);
}

static void
what_all_put_off_is_put_off_with_the_last_words(void)
{
	struct world world = { 0 };

	world_open(&world, "");
	world.hosts[0].mail = "451 4.3.0 no";
	world.hosts[1].mail = "!421 4.3.2 bye";
	world_site(&world, 0, 2);
	CU_ASSERT_TRUE(starts(one_job(&world, CLASS_NORMAL)->rows,
	    "0=deferred(421 4.3.2 421 4.3.2 bye"));
	CU_ASSERT_EQUAL(world_result(&world, 1)->signs, SIGN_CUT);
	CU_ASSERT_EQUAL(world_result(&world, 1)->scope, SCOPE_MESSAGE);
	CU_ASSERT_EQUAL(world.hosts[0].accepted, 1);
	CU_ASSERT_EQUAL(world.hosts[1].accepted, 1);
	world_close(&world);
}

static void
where_no_other_host_can_be_reached_mail_is_put_off(void)
{
	struct world world = { 0 };

	world_open(&world, "connections 1");
	world.hosts[0].mail = "451 4.3.0 no";
	host_shut(&world.hosts[1]);
	world_site(&world, 0, 2);
	CU_ASSERT_PTR_NOT_NULL(strstr(one_job(&world, CLASS_NORMAL)->rows,
	    "Connection refused"));
	CU_ASSERT_EQUAL(world_result(&world, 1)->scope, SCOPE_MESSAGE);
	/* Known now: the second has the words of the first host. */
	CU_ASSERT_TRUE(starts(one_job(&world, CLASS_NORMAL)->rows,
	    "0=deferred(451"));
	world_close(&world);
}

static void
mail_does_not_wait_for_another_host_that_hangs(void)
{
	struct world world = { 0 };

	world_open(&world, "timeout-greeting 60s");
	world.hosts[0].mail = "451 4.3.0 no";
	world.hosts[1].greeting = "";
	world_site(&world, 0, 2);
	CU_ASSERT_PTR_NOT_NULL(strstr(one_job(&world, CLASS_URGENT)->rows,
	    "no answer yet"));
	CU_ASSERT_EQUAL(world.hosts[1].open, 1);
	CU_ASSERT_TRUE(starts(one_job(&world, CLASS_URGENT)->rows,
	    "0=deferred(451"));
	CU_ASSERT_EQUAL(world.hosts[1].accepted, 1);
	world_close(&world);
}

static void
a_rule_keeps_mail_from_the_other_host(void)
{
	static const char *const rules[] = { "slow", "pause 10m",
	    "temporary" };

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct world world = { 0 };
		char text[200];

		snprintf(text, sizeof(text), "connections 1 }\nreply \"no\" "
		    "{ %s }\nclass bulk { warn never", rules[i]);
		world_open(&world, text);
		world.hosts[0].mail = "451 4.3.0 no";
		world_site(&world, 0, 2);
		CU_ASSERT_TRUE(starts(one_job(&world, CLASS_NORMAL)->rows,
		    "0=deferred(451"));
		CU_ASSERT_EQUAL(world.hosts[1].accepted, 0);
		world_close(&world);
	}
}

/* The operator hears of it all the same. */
static void
what_wants_a_login_goes_to_a_host_that_wants_none(void)
{
	struct world world = { .fixed = true };

	world_open(&world, "");
	world.hosts[0].mail = "530 5.7.0 Log in";
	world_site(&world, 0, 2);
	CU_ASSERT_STRING_EQUAL(one_job(&world, CLASS_NORMAL)->mta,
	    "mx1.test");
	CU_ASSERT_EQUAL(world.attentions, 1);
	world_close(&world);
}

/* ---- connections that take no mail --------------------------------------- */

static void
a_connection_that_refuses_a_few_is_closed(void)
{
	struct world world = { 0 };

	world_open(&world, "connections 1");
	world.hosts[0].mail = "451 4.3.0 no";
	world_site(&world, 0, 1);
	for (int i = 0; i < 7; i++)
		CU_ASSERT_TRUE(starts(one_job(&world, CLASS_NORMAL)->rows,
		    "0=deferred(451"));
	CU_ASSERT_EQUAL(world.hosts[0].accepted, 3);
	CU_ASSERT_EQUAL(world.hosts[0].transactions, 7);
	world_close(&world);
}

/* Of recipients alone it may refuse as many as it likes. */
static void
a_connection_that_refuses_recipients_stays(void)
{
	struct world world = { 0 };

	world_open(&world, "connections 1");
	world.hosts[0].rcpt = "450 4.2.0 greylisted";
	world_site(&world, 0, 1);
	for (int i = 0; i < 7; i++)
		CU_ASSERT_TRUE(starts(one_job(&world, CLASS_NORMAL)->rows,
		    "0=deferred(450"));
	CU_ASSERT_EQUAL(world.hosts[0].accepted, 1);
	world_close(&world);
}

static struct site *
site_of(struct world *world)
{
	return site_find(&world->deliverer, 1);
}

static bool
is_there(struct world *world)
{
	return site_of(world) != NULL;
}

/* Until then nobody is called. */
static bool
has_rested(struct world *world)
{
	if (!timer_is_set(site_of(world)->rest))
		return true;
	CU_ASSERT_TRUE(list_empty(&site_of(world)->couriers));
	return false;
}

static void
connections_in_vain_are_made_ever_more_slowly(void)
{
	struct world world = { 0 };
	struct site *site;

	world_open(&world, "");
	world_site(&world, 0, 1);
	world_run(&world, is_there);
	site = site_of(&world);
	for (int i = 0; i < 3; i++) {
		site_in_vain(site);
		CU_ASSERT_FALSE(timer_is_set(site->rest));
	}
	site_in_vain(site);
	CU_ASSERT_TRUE(timer_is_set(site->rest));
	world_job(&world, CLASS_URGENT, 1, BODY);
	world_run(&world, has_rested);
	world_results(&world, 1);
	CU_ASSERT_EQUAL(world.hosts[0].accepted, 1);
	CU_ASSERT_EQUAL(site->vain, 0);
	CU_ASSERT_TRUE(world_logged(&world, "took none, though some waits"));
	world_close(&world);
}

const struct unit_test detour_tests[] = {
	UNIT(four_hosts_are_remembered_and_no_more),
	UNIT(jobs_that_avoid_a_host_are_not_given_to_it),
	UNIT(the_other_host_has_only_what_the_first_one_puts_off),
	UNIT(a_host_that_puts_off_all_mail_is_left_alone),
	UNIT(what_all_put_off_is_put_off_with_the_last_words),
	UNIT(where_no_other_host_can_be_reached_mail_is_put_off),
	UNIT(mail_does_not_wait_for_another_host_that_hangs),
	UNIT(a_rule_keeps_mail_from_the_other_host),
	UNIT(what_wants_a_login_goes_to_a_host_that_wants_none),
	UNIT(a_connection_that_refuses_a_few_is_closed),
	UNIT(a_connection_that_refuses_recipients_stays),
	UNIT(connections_in_vain_are_made_ever_more_slowly),
	UNIT_END
};
