/* SPDX-License-Identifier: ISC
 *
 * late.c - tests: jobs whose time runs out while the deliverer has them.
 */
#include "unit/deliverer/tests.h"
#include "unit/deliverer/world.h"

#include "deliverer/site.h"

static uint32_t
job_with(struct world *world, int64_t left, const char *body, bool returns)
{
	return world_mail(world, &(struct world_mail){
	    .klass = CLASS_NORMAL, .rcpts = 1, .body = span_of(body),
	    .deadline = clock_mono_usec() + left, .returns = returns });
}

static void
a_job_that_waits_for_a_connection_goes_back_untried(void)
{
	struct world world = { 0 };

	world_open(&world, "timeout-greeting 1h");
	world.hosts[0].greeting = "";
	world_site(&world, 0, 1);
	job_with(&world, 200 * 1000, "hi\r\n", true);
	world_results(&world, 1);
	CU_ASSERT_EQUAL(strncmp(world.results[0].rows, "0=again", 7), 0);
	CU_ASSERT_EQUAL(heap_first(&world.deliverer.late.jobs), NULL);
	world_close(&world);
}

/* It is not the server that cut it off, and nobody else tries it. */
static void
a_transaction_before_its_body_ends_with_its_connection(void)
{
	static const struct { const char *mail, *rcpt, *data; } silences[] = {
		{ .mail = "" }, { .rcpt = "" }, { .data = "" },
	};

	for (size_t i = 0; i < sizeof(silences) / sizeof(silences[0]); i++) {
		struct world world = { 0 };
		struct host *host = &world.hosts[0];

		world_open(&world, "timeout-mail 1h; timeout-rcpt 1h; "
		    "timeout-data 1h");
		world_site(&world, 0, 1);
		world_job(&world, CLASS_NORMAL, 1, "first\r\n");
		world_results(&world, 1);
		host->mail = silences[i].mail;
		host->rcpt = silences[i].rcpt;
		host->data = silences[i].data;
		job_with(&world, 200 * 1000, "late\r\n", true);
		world_results(&world, 2);
		CU_ASSERT_PTR_NOT_NULL(strstr(world.results[1].rows,
		    "0=deferred(0 4.4.2"));
		CU_ASSERT_PTR_NOT_NULL(strstr(world.results[1].rows,
		    "no time left while waiting for the reply to "));
		CU_ASSERT_EQUAL(world.results[1].signs, 0);
		CU_ASSERT_EQUAL(host->accepted, 1);
		world_close(&world);
	}
}

static bool
one_is_held(struct world *world)
{
	return world->hosts[0].holding == 1 &&
	    pool_waiting(&site_find(&world->deliverer, 1)->pool) == 1;
}

static void
only_what_is_to_be_returned_goes_back_and_no_body_is_cut_short(void)
{
	struct world world = { 0 };
	struct host *host = &world.hosts[0];

	world_open(&world, "connections 1");
	world_site(&world, 0, 1);
	host->hold = true;
	job_with(&world, 200 * 1000, "under way\r\n", true);
	world_held(&world, 1);
	job_with(&world, 100 * 1000, "a goal\r\n", false);
	job_with(&world, 300 * 1000, "late\r\n", true);
	world_results(&world, 1);
	CU_ASSERT_EQUAL(world.results[0].job, 3);
	CU_ASSERT_TRUE(one_is_held(&world));
	host->hold = false;
	host_release(host);
	world_results(&world, 3);
	CU_ASSERT_EQUAL(host->mail_count, 2);
	CU_ASSERT_STRING_EQUAL(host->mails[0], "under way\r\n");
	CU_ASSERT_STRING_EQUAL(host->mails[1], "a goal\r\n");
	world_close(&world);
}

const struct unit_test late_tests[] = {
	UNIT(a_job_that_waits_for_a_connection_goes_back_untried),
	UNIT(a_transaction_before_its_body_ends_with_its_connection),
	UNIT(only_what_is_to_be_returned_goes_back_and_no_body_is_cut_short),
	UNIT_END
};
