/* SPDX-License-Identifier: ISC
 *
 * delivery.c - mail that arrives: jobs, warm connections, order.
 */
#include "unit/deliverer/tests.h"
#include "unit/deliverer/world.h"

#include "deliverer/courier.h"
#include "deliverer/site.h"

#include "base/mem.h"

#include <stdio.h>

enum { CROWD = 40 };

#define BODY "Subject: x\r\n\r\n..hi\r\n"

static bool
said(const struct host *host, const char *text)
{
	char *all = span_copy(buf_peek(&host->heard));
	bool found = strstr(all, text) != NULL;

	mem_free(all);
	return found;
}

static void
a_job_is_delivered_reported_and_logged(void)
{
	struct world world = { 0 };
	struct host *host = &world.hosts[0];
	uint32_t job;
	char relay[80];

	world_open(&world, "");
	host->refuse = "b@x";
	world_site(&world, 0, 1);
	job = world_job(&world, CLASS_URGENT, 3, BODY);
	world_results(&world, 1);
	CU_ASSERT_STRING_EQUAL(world_result(&world, job)->rows,
	    "0=delivered(250 2.0.0 250 2.0.0 ok) "
	    "1=failed(550 5.1.1 550 5.1.1 unknown) "
	    "2=delivered(250 2.0.0 250 2.0.0 ok)");
	CU_ASSERT_STRING_EQUAL(world_result(&world, job)->mta, "mx0.test");
	CU_ASSERT_EQUAL(world_result(&world, job)->scope, SCOPE_RECIPIENT);
	CU_ASSERT_TRUE(world_result(&world, job)->dsn_passed);
	CU_ASSERT_EQUAL_FATAL(host->mail_count, 1);
	CU_ASSERT_STRING_EQUAL(host->mails[0], BODY);
	CU_ASSERT_TRUE(said(host, "EHLO me.test\n"));
	snprintf(relay, sizeof(relay), "relay=mx0.test[127.0.0.1]:%u, delay=",
	    host->port);
	CU_ASSERT_TRUE(world_logged(&world, ": to=<a@x>, "));
	CU_ASSERT_TRUE(world_logged(&world, relay));
	CU_ASSERT_TRUE(world_logged(&world, ", dsn=2.0.0, status=sent "
	    "(250 2.0.0 ok), class=urgent, try=1\n"));
	CU_ASSERT_TRUE(world_logged(&world, "dsn=5.1.1, status=bounced "
	    "(host mx0.test[127.0.0.1]:"));
	CU_ASSERT_TRUE(world_logged(&world, " said: 550 5.1.1 unknown "
	    "(in reply to RCPT TO)), class=urgent, try=1\n"));
	world_close(&world);
}

static void
messages_follow_each_other_over_one_warm_connection(void)
{
	struct world world = { 0 };
	struct host *host = &world.hosts[0];

	world_open(&world, "connections 1");
	world_site(&world, 0, 1);
	for (int i = 0; i < 5; i++)
		world_job(&world, CLASS_NORMAL, 1, BODY);
	world_results(&world, 5);
	world_job(&world, CLASS_NORMAL, 1, BODY);
	world_results(&world, 6);
	CU_ASSERT_EQUAL(host->accepted, 1);
	CU_ASSERT_EQUAL(host->mail_count, 6);
	CU_ASSERT_TRUE(world_logged(&world, ", conn_use=6, delay="));
	world_close(&world);
}

static bool
quit_was_said(struct world *world)
{
	return world->hosts[0].quits > 0 &&
	    world->deliverer.couriers == 0;
}

static void
an_idle_connection_ends_with_quit_in_time(void)
{
	struct world world = { 0 };

	world_open(&world, "idle 2s");
	world_site(&world, 0, 1);
	world_job(&world, CLASS_NORMAL, 1, BODY);
	world_results(&world, 1);
	CU_ASSERT_EQUAL(world.hosts[0].open, 1);
	world_run(&world, quit_was_said);
	CU_ASSERT_EQUAL(world.board.metrics[METRIC_CONNECTIONS], 0);
	world_close(&world);
}

static void
a_connection_carries_no_more_messages_than_it_may(void)
{
	struct world world = { 0 };
	struct host *host = &world.hosts[0];

	world_open(&world, "connections 1; messages 2");
	world_site(&world, 0, 1);
	for (int i = 0; i < 5; i++)
		world_job(&world, CLASS_NORMAL, 1, BODY);
	world_results(&world, 5);
	CU_ASSERT_EQUAL(host->mail_count, 5);
	CU_ASSERT_EQUAL(host->accepted, 3);
	CU_ASSERT_EQUAL(host->quits, 2);
	world_close(&world);
}

static bool
eight_wait(struct world *world)
{
	return pool_waiting(&site_find(&world->deliverer, 1)->pool) == 8;
}

static void
urgent_goes_first_by_deadline_then_normal_then_bulk(void)
{
	static const struct {
		enum mail_class klass;
		int64_t deadline;
		const char *body;
	} mails[] = {
		{ CLASS_BULK, 0, "bulk 1\r\n" },
		{ CLASS_BULK, 0, "bulk 2\r\n" },
		{ CLASS_NORMAL, 0, "normal 1\r\n" },
		{ CLASS_URGENT, 0, "urgent, any time\r\n" },
		{ CLASS_URGENT, 300, "urgent 300\r\n" },
		{ CLASS_URGENT, 200, "urgent 200\r\n" },
		{ CLASS_URGENT, 200, "urgent 200 again\r\n" },
		{ CLASS_NORMAL, 0, "normal 2\r\n" },
	};
	static const char *const order[] = {
		"first\r\n", "urgent 200\r\n", "urgent 200 again\r\n",
		"urgent 300\r\n", "urgent, any time\r\n", "normal 1\r\n",
		"normal 2\r\n", "bulk 1\r\n", "bulk 2\r\n",
	};
	struct world world = { 0 };
	struct host *host = &world.hosts[0];

	world_open(&world, "connections 1");
	world_site(&world, 0, 1);
	host->hold = true;
	world_job(&world, CLASS_BULK, 1, "first\r\n");
	world_held(&world, 1);
	for (size_t i = 0; i < sizeof(mails) / sizeof(mails[0]); i++)
		world_mail(&world, &(struct world_mail){
		    .klass = mails[i].klass, .rcpts = 1,
		    .body = span_of(mails[i].body),
		    .deadline = mails[i].deadline });
	host->hold = false;
	world_run(&world, eight_wait);
	host_release(host);
	world_results(&world, 9);
	for (size_t i = 0; i < 9; i++)
		CU_ASSERT_STRING_EQUAL(host->mails[i], order[i]);
	world_close(&world);
}

static bool
three_are_held_and_one_stands_by(struct world *world)
{
	return world->hosts[0].holding == 3 &&
	    world->hosts[0].accepted == 4;
}

static void
bulk_leaves_a_connection_for_urgent_mail(void)
{
	struct world world = { 0 };
	struct host *host = &world.hosts[0];

	world_open(&world, "connections 4");
	world_site(&world, 0, 1);
	host->hold = true;
	for (int i = 0; i < 10; i++)
		world_job(&world, CLASS_BULK, 1, "bulk\r\n");
	world_run(&world, three_are_held_and_one_stands_by);
	CU_ASSERT_EQUAL(host->mail_count, 3);
	world_job(&world, CLASS_URGENT, 1, "urgent\r\n");
	world_held(&world, 4);
	CU_ASSERT_STRING_EQUAL(host->mails[3], "urgent\r\n");
	CU_ASSERT_EQUAL(host->accepted, 4);
	host->hold = false;
	host_release(host);
	world_results(&world, 11);
	CU_ASSERT_EQUAL(host->accepted, 4);
	world_close(&world);
}

/* Lines that tell where they are, over several pieces. */
static struct buf *
large_body(void)
{
	struct buf *body = buf_new(16 << 20);

	for (int i = 0; buf_length(body) < 3 << 20; i++)
		buf_printf(body, "%d of a large message, somewhat long\r\n",
		    i);
	return body;
}

static void
a_large_message_arrives_byte_for_byte(void)
{
	struct world world = { 0 };
	struct host *host = &world.hosts[0];
	struct buf *body = large_body();
	uint32_t job;

	world_open(&world, "");
	world_site(&world, 0, 1);
	job = world_mail(&world, &(struct world_mail){ .klass = CLASS_BULK,
	    .rcpts = 1, .body = buf_peek(body) });
	world_results(&world, 1);
	CU_ASSERT_STRING_EQUAL(world_result(&world, job)->rows,
	    "0=delivered(250 2.0.0 250 2.0.0 ok)");
	CU_ASSERT_TRUE(span_is(buf_peek(body), host->mails[0]));
	world_close(&world);
	buf_free(&body);
}

static void
an_empty_message_is_a_lone_dot(void)
{
	struct world world = { 0 };
	uint32_t job;

	world_open(&world, "");
	world_site(&world, 0, 1);
	job = world_job(&world, CLASS_NORMAL, 1, "");
	world_results(&world, 1);
	CU_ASSERT_STRING_EQUAL(world_result(&world, job)->rows,
	    "0=delivered(250 2.0.0 250 2.0.0 ok)");
	CU_ASSERT_STRING_EQUAL(world.hosts[0].mails[0], "");
	world_close(&world);
}

static void
tls_is_used_where_it_is_offered(void)
{
	struct world world = { 0 };
	struct host *host = &world.hosts[0];
	struct buf *body = large_body();

	world_open(&world, "connections 1");
	host->tls = test_certificate();
	world_site(&world, 0, 1);
	world_job(&world, CLASS_NORMAL, 1, BODY);
	world_mail(&world, &(struct world_mail){ .klass = CLASS_BULK,
	    .rcpts = 1, .body = buf_peek(body) });
	world_results(&world, 2);
	CU_ASSERT_EQUAL(host->secured, 1);
	CU_ASSERT_EQUAL(host->accepted, 1);
	CU_ASSERT_STRING_EQUAL(host->mails[0], BODY);
	CU_ASSERT_TRUE(span_is(buf_peek(body), host->mails[1]));
	CU_ASSERT_TRUE(said(host, "STARTTLS\nEHLO me.test\nMAIL"));
	world_close(&world);
	buf_free(&body);
}

static bool
one_waits(struct world *world)
{
	return pool_waiting(&site_find(&world->deliverer, 1)->pool) == 1;
}

static bool
is_drained(struct world *world)
{
	return world->drained;
}

static void
a_drain_ends_what_runs_and_returns_what_waits(void)
{
	struct world world = { 0 };
	struct host *host = &world.hosts[0];

	world_open(&world, "connections 1");
	world_site(&world, 0, 1);
	host->hold = true;
	world_job(&world, CLASS_NORMAL, 1, BODY);
	world_held(&world, 1);
	world_job(&world, CLASS_URGENT, 2, BODY);
	world_run(&world, one_waits);
	deliverer_drain(&world.deliverer);
	CU_ASSERT_FALSE(world.drained);
	host_release(host);
	world_run(&world, is_drained);
	world_results(&world, 2);
	CU_ASSERT_EQUAL(host->mail_count, 1);
	CU_ASSERT_EQUAL(host->quits, 1);
	CU_ASSERT_STRING_EQUAL(world_result(&world, 2)->rows,
	    "0=again(0 4.3.2 not tried yet) 1=again(0 4.3.2 not tried yet)");
	/* A latecomer is answered too. */
	world_job(&world, CLASS_NORMAL, 1, BODY);
	world_results(&world, 3);
	CU_ASSERT_STRING_EQUAL(world_result(&world, 3)->rows,
	    "0=again(0 4.3.2 not tried yet)");
	world_close(&world);
}

static void
what_has_not_begun_comes_back_when_it_is_recalled(void)
{
	struct world world = { 0 };
	struct host *host = &world.hosts[0];
	struct frame recall = { .kind = FRAME_RECALL, .fd = -1,
	    .recall = { 1 } };

	world_open(&world, "connections 1");
	world_site(&world, 0, 1);
	host->hold = true;
	world_job(&world, CLASS_NORMAL, 1, BODY);
	world_held(&world, 1);
	world_job(&world, CLASS_URGENT, 1, BODY);
	channel_send(world.far, &recall);
	world_results(&world, 1);
	CU_ASSERT_STRING_EQUAL(world_result(&world, 2)->rows,
	    "0=again(0 4.3.2 not tried yet)");
	host->hold = false;
	host_release(host);
	world_results(&world, 2);
	world_job(&world, CLASS_NORMAL, 1, BODY);
	world_results(&world, 3);
	CU_ASSERT_EQUAL(host->mail_count, 2);
	CU_ASSERT_EQUAL(host->accepted, 1);
	world_close(&world);
}

static bool
result_is_logged(struct world *world)
{
	return world_logged(world, "status=sent");
}

static void
without_a_scheduler_only_what_is_past_recall_goes_on(void)
{
	struct world world = { 0 };
	struct host *host = &world.hosts[0];

	world_open(&world, "connections 1");
	world_site(&world, 0, 1);
	host->hold = true;
	world_job(&world, CLASS_NORMAL, 1, BODY);
	world_job(&world, CLASS_NORMAL, 1, BODY);
	world_held(&world, 1);
	deliverer_orphaned(&world.deliverer);
	host_release(host);
	world_run(&world, result_is_logged);
	world_run(&world, quit_was_said);
	CU_ASSERT_EQUAL(host->mail_count, 1);
	CU_ASSERT_EQUAL(world.result_count, 0);
	world_close(&world);
}

static void
a_segment_may_go_while_a_job_needs_it(void)
{
	struct world world = { 0 };
	struct frame gone = { .kind = FRAME_SEGMENT_GONE, .fd = -1,
	    .segment_gone = { 7 } };

	world_open(&world, "");
	world_site(&world, 0, 1);
	world_job(&world, CLASS_NORMAL, 1, BODY);
	channel_send(world.far, &gone);
	world_results(&world, 1);
	CU_ASSERT_EQUAL(world.hosts[0].mail_count, 1);
	/* For the next job it is unknown. */
	world_job(&world, CLASS_NORMAL, 1, BODY);
	world_results(&world, 2);
	CU_ASSERT_STRING_EQUAL(world_result(&world, 2)->rows,
	    "0=deferred(0 4.3.5 unknown segment)");
	world_close(&world);
}

static bool
all_gone(struct world *world)
{
	return world->deliverer.couriers == 0;
}

static void
a_site_that_is_gone_says_quit(void)
{
	struct world world = { 0 };
	struct frame gone = { .kind = FRAME_SITE_GONE, .fd = -1,
	    .site_gone = { 1 } };

	world_open(&world, "");
	world_site(&world, 0, 1);
	world_job(&world, CLASS_NORMAL, 1, BODY);
	world_results(&world, 1);
	channel_send(world.far, &gone);
	world_run(&world, all_gone);
	CU_ASSERT_EQUAL(world.hosts[0].quits, 1);
	world_job(&world, CLASS_NORMAL, 1, BODY);
	world_results(&world, 2);
	CU_ASSERT_STRING_EQUAL(world_result(&world, 2)->rows,
	    "0=deferred(0 4.3.5 unknown site)");
	world_close(&world);
}

static usec_t
dialed(struct world *world, uint32_t number)
{
	struct site *site = site_find(&world->deliverer, number);

	CU_ASSERT_EQUAL_FATAL(site->couriers.count, 1);
	return list_item(list_first(&site->couriers), struct courier,
	    all)->dialed;
}

/* What came last, for a site that nobody has called yet, is called first. */
static void
an_urgent_job_does_not_wait_for_a_crowd_of_sites(void)
{
	struct world world = { 0 };

	world_open(&world, "idle 60s");
	for (world.other = 0; world.other <= CROWD; world.other++) {
		world_site(&world, 0, 1);
		world_job(&world, world.other < CROWD ? CLASS_BULK :
		    CLASS_URGENT, 1, BODY);
	}
	world_results(&world, CROWD + 1);
	for (uint32_t i = 0; i < CROWD; i++)
		CU_ASSERT_TRUE(dialed(&world, 1 + i) >
		    dialed(&world, 1 + CROWD));
	world_close(&world);
}

static bool
one_connects(struct world *world)
{
	return world->deliverer.couriers == 1;
}

static bool
the_site_leaves(struct world *world)
{
	return !list_empty(&world->deliverer.leaving);
}

static void
a_reload_changes_limits_and_leaves_nobody_behind(void)
{
	struct world world = { 0 };
	struct host *host = &world.hosts[0];
	struct frame gone = { .kind = FRAME_SITE_GONE, .fd = -1,
	    .site_gone = { 1 } };

	world_open(&world, "connections 1");
	world_site(&world, 0, 1);
	host->hold = true;
	for (int i = 0; i < 3; i++)
		world_job(&world, CLASS_NORMAL, 1, BODY);
	world_run(&world, one_connects);
	world_reload(&world, "connections 3; reserve 0");
	world_held(&world, 3);
	CU_ASSERT_EQUAL(host->accepted, 3);
	/* Of a site that is gone, what runs uses the new one too. */
	channel_send(world.far, &gone);
	world_run(&world, the_site_leaves);
	world_reload(&world, "connections 2");
	host->hold = false;
	host_release(host);
	world_results(&world, 3);
	world_run(&world, all_gone);
	CU_ASSERT_EQUAL(host->quits, 3);
	world_close(&world);
}

/* The connection that is warm is in clear. */
static void
what_the_operator_demands_holds_for_connections_that_are_open(void)
{
	struct world world = { 0 };
	struct host *host = &world.hosts[0];

	world_open(&world, "tls opportunistic; connections 1; idle 1h");
	world_site(&world, 0, 1);
	world_job(&world, CLASS_NORMAL, 1, BODY);
	world_results(&world, 1);
	CU_ASSERT_EQUAL(host->accepted, 1);
	world_reload(&world, "tls encrypt; connections 1; idle 1h");
	world_job(&world, CLASS_NORMAL, 1, BODY);
	world_results(&world, 2);
	CU_ASSERT_PTR_NOT_NULL(strstr(world_result(&world, 2)->rows,
	    "4.7.4"));
	CU_ASSERT_EQUAL(host->accepted, 2);
	CU_ASSERT_EQUAL(host->transactions, 1);
	world_close(&world);
}

static msec_t missed_at;

/* What counts as gone after ten seconds is so by now: time is scaled. */
static bool
a_while_has_passed(struct world *world)
{
	(void)world;
	return clock_mono() - missed_at > 120;
}

/* Its site has another host now; the first job after that may still go. */
static void
a_connection_to_an_address_that_is_gone_ends_after_a_while(void)
{
	struct world world = { 0 };

	world_open(&world, "connections 1; idle 1h");
	world_site(&world, 0, 1);
	world_job(&world, CLASS_NORMAL, 1, BODY);
	world_results(&world, 1);
	world_site(&world, 1, 1);
	world_job(&world, CLASS_NORMAL, 1, BODY);
	world_results(&world, 2);
	missed_at = clock_mono();
	world_run(&world, a_while_has_passed);
	world_job(&world, CLASS_NORMAL, 1, BODY);
	world_results(&world, 3);
	CU_ASSERT_EQUAL(world.hosts[1].accepted, 1);
	CU_ASSERT_EQUAL(world.hosts[1].transactions, 1);
	CU_ASSERT_EQUAL(world.hosts[0].accepted, 1);
	world_close(&world);
}

const struct unit_test delivery_tests[] = {
	UNIT(a_job_is_delivered_reported_and_logged),
	UNIT(messages_follow_each_other_over_one_warm_connection),
	UNIT(an_idle_connection_ends_with_quit_in_time),
	UNIT(a_connection_carries_no_more_messages_than_it_may),
	UNIT(urgent_goes_first_by_deadline_then_normal_then_bulk),
	UNIT(bulk_leaves_a_connection_for_urgent_mail),
	UNIT(a_large_message_arrives_byte_for_byte),
	UNIT(an_empty_message_is_a_lone_dot),
	UNIT(tls_is_used_where_it_is_offered),
	UNIT(a_drain_ends_what_runs_and_returns_what_waits),
	UNIT(what_has_not_begun_comes_back_when_it_is_recalled),
	UNIT(without_a_scheduler_only_what_is_past_recall_goes_on),
	UNIT(a_segment_may_go_while_a_job_needs_it),
	UNIT(a_site_that_is_gone_says_quit),
	UNIT(an_urgent_job_does_not_wait_for_a_crowd_of_sites),
	UNIT(a_reload_changes_limits_and_leaves_nobody_behind),
	UNIT(what_the_operator_demands_holds_for_connections_that_are_open),
	UNIT(a_connection_to_an_address_that_is_gone_ends_after_a_while),
	UNIT_END
};
