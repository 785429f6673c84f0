/* SPDX-License-Identifier: ISC
 *
 * trouble.c - hosts that are not there, do not want, or break off.
 */
#include "unit/deliverer/tests.h"
#include "unit/deliverer/world.h"

#include "deliverer/site.h"

#include <stdio.h>
#include <sys/resource.h>

#define BODY "Subject: x\r\n\r\nhi\r\n"

static bool
starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* One job at a site of COUNT hosts; its rows. */
static const struct world_result *
one_job(struct world *world, size_t count)
{
	uint32_t job;

	world_site(world, 0, count);
	job = world_job(world, CLASS_NORMAL, 1, BODY);
	world_results(world, 1);
	return world_result(world, job);
}

static void
a_refused_connection_leads_to_the_next_host(void)
{
	struct world world = { 0 };

	world_open(&world, "");
	host_shut(&world.hosts[0]);
	CU_ASSERT_STRING_EQUAL(one_job(&world, 2)->rows,
	    "0=delivered(250 2.0.0 250 2.0.0 ok)");
	CU_ASSERT_STRING_EQUAL(world.results[0].mta, "mx1.test");
	world_close(&world);
}

static void
when_all_refuse_the_site_fails_with_the_last_reason(void)
{
	struct world world = { 0 };
	char text[200];

	world_open(&world, "");
	host_shut(&world.hosts[0]);
	host_shut(&world.hosts[1]);
	world_site(&world, 0, 2);
	world_job(&world, CLASS_NORMAL, 2, BODY);
	world_job(&world, CLASS_BULK, 1, BODY);
	world_results(&world, 2);
	snprintf(text, sizeof(text), "0=deferred(0 4.4.1 connect to "
	    "mx1.test[127.0.0.1]:%u: Connection refused)",
	    world.hosts[1].port);
	CU_ASSERT_TRUE(starts(world_result(&world, 1)->rows, text));
	CU_ASSERT_STRING_EQUAL(world_result(&world, 2)->rows, text);
	CU_ASSERT_EQUAL(world_result(&world, 1)->scope, SCOPE_SITE);
	CU_ASSERT_STRING_EQUAL(world_result(&world, 1)->mta, "");
	CU_ASSERT_TRUE(world_logged(&world, ", dsn=4.4.1, status=deferred "
	    "(connect to mx1.test[127.0.0.1]:"));
	world_close(&world);
}

static const struct {
	const char *greeting, *rows;
} greetings[] = {
	{ "421 4.3.2 closed", "0=deferred(421 4.3.2 421 4.3.2 closed" },
	{ "!421 4.3.2 closed", "0=deferred(421 4.3.2 421 4.3.2 closed" },
	{ "554 no service", "0=deferred(554 4.0.0 554 no service" },
	{ "521 no mail", "0=failed(521 5.3.2 521 no mail" },
	{ "!", "0=deferred(0 4.4.2 conversation with mx0.test[127.0.0.1]:" },
	{ "hello", "0=deferred(0 4.5.0 conversation with mx0.test" },
};

static void
a_greeting_may_turn_us_away(void)
{
	for (size_t i = 0; i < sizeof(greetings) / sizeof(greetings[0]); i++) {
		struct world world = { 0 };

		world_open(&world, "");
		world.hosts[0].greeting = greetings[i].greeting;
		CU_ASSERT_TRUE(starts(one_job(&world, 1)->rows,
		    greetings[i].rows));
		CU_ASSERT_EQUAL(world.results[0].scope, SCOPE_SITE);
		CU_ASSERT_EQUAL(world.hosts[0].transactions, 0);
		world_close(&world);
	}
}

static void
not_all_hosts_without_mail_service_is_for_later(void)
{
	struct world world = { 0 };

	world_open(&world, "");
	world.hosts[0].greeting = "521 no mail";
	host_shut(&world.hosts[1]);
	CU_ASSERT_TRUE(starts(one_job(&world, 2)->rows,
	    "0=deferred(0 4.4.1 connect to mx1.test"));
	world_close(&world);
}

/* Some result says that the site takes ROOM connections. */
static bool
told_room(const struct world *world, unsigned room)
{
	for (size_t i = 0; i < world->result_count; i++)
		if (world->results[i].room == room)
			return true;
	return false;
}

static void
too_many_connections_are_no_failure_while_some_work(void)
{
	struct world world = { 0 };
	struct host *host = &world.hosts[0];

	world_open(&world, "connections 3");
	host->most = 1;
	world_site(&world, 0, 1);
	for (int i = 0; i < 12; i++)
		world_job(&world, CLASS_NORMAL, 1, BODY);
	world_results(&world, 12);
	CU_ASSERT_EQUAL(host->mail_count, 12);
	CU_ASSERT_TRUE(host->accepted <= 3 + 3);
	for (size_t i = 0; i < 12; i++)
		CU_ASSERT_TRUE(starts(world.results[i].rows, "0=delivered"));
	world_job(&world, CLASS_NORMAL, 1, BODY);
	world_results(&world, 13);
	CU_ASSERT_TRUE(told_room(&world, 1));
	world_close(&world);
}

/* Those that are refused first are not refused by a site that takes others. */
static void
a_site_that_fails_tells_of_no_room(void)
{
	struct world world = { 0 };

	world_open(&world, "connections 5; reserve 0");
	host_shut(&world.hosts[0]);
	world_site(&world, 0, 1);
	for (int i = 0; i < 5; i++)
		world_job(&world, CLASS_NORMAL, 1, BODY);
	world_results(&world, 5);
	for (size_t i = 0; i < 5; i++) {
		CU_ASSERT_EQUAL(world.results[i].scope, SCOPE_SITE);
		CU_ASSERT_EQUAL(world.results[i].room, 0);
	}
	world_close(&world);
}

static bool
all_but_one_left(struct world *world)
{
	return world->hosts[0].quits == 4;
}

static void
idle_connections_beyond_a_smaller_window_are_left(void)
{
	struct world world = { 0 };
	struct host *host = &world.hosts[0];

	world_open(&world, "connections 5; reserve 0");
	world_site(&world, 0, 1);
	host->hold = true;
	for (int i = 0; i < 5; i++)
		world_job(&world, CLASS_NORMAL, 1, BODY);
	world_held(&world, 5);
	host->hold = false;
	host_release(host);
	world_results(&world, 5);
	CU_ASSERT_EQUAL(host->accepted, 5);
	world.window = 1;
	world_job(&world, CLASS_NORMAL, 1, BODY);
	world_results(&world, 6);
	world_run(&world, all_but_one_left);
	CU_ASSERT_EQUAL(host->accepted, 5);
	world_close(&world);
}

static bool
one_holds(struct world *world)
{
	return world->hosts[0].holding == 1 && world->talks == 1;
}

static void
of_a_site_with_one_connection_it_is_told_when_a_host_talks(void)
{
	struct world world = { 0 };
	struct host *host = &world.hosts[0];
	uint32_t job;

	world_open(&world, "connections 5; reserve 0");
	world_site(&world, 0, 1);
	host->hold = true;
	world.window = 1;
	job = world_job(&world, CLASS_NORMAL, 1, BODY);
	world_run(&world, one_holds);
	CU_ASSERT_EQUAL(world.talks_job, job);
	CU_ASSERT_EQUAL(world.result_count, 0);
	host->hold = false;
	host_release(host);
	world.window = 5;
	for (int i = 0; i < 4; i++)
		world_job(&world, CLASS_NORMAL, 1, BODY);
	world_results(&world, 5);
	CU_ASSERT_EQUAL(world.talks, 1);
	world_close(&world);
}

static void
a_warm_connection_that_was_closed_costs_nothing(void)
{
	static const char *const replies[] = { "!", "!421 4.4.2 idle" };

	for (size_t i = 0; i < 2; i++) {
		struct world world = { 0 };
		struct host *host = &world.hosts[0];

		world_open(&world, "connections 1");
		world_site(&world, 0, 1);
		host->mail_from = 2;
		host->mail = replies[i];
		world_job(&world, CLASS_NORMAL, 1, BODY);
		world_job(&world, CLASS_NORMAL, 1, BODY);
		world_job(&world, CLASS_NORMAL, 1, BODY);
		world_results(&world, 3);
		for (uint32_t job = 1; job <= 3; job++)
			CU_ASSERT_STRING_EQUAL(world_result(&world, job)->rows,
			    "0=delivered(250 2.0.0 250 2.0.0 ok)");
		CU_ASSERT_EQUAL(host->accepted, 3);
		CU_ASSERT_EQUAL(host->mail_count, 3);
		world_close(&world);
	}
}

/* What a server does at a step, and what that means for a and b. */
static const struct {
	const char *mail, *rcpt, *data, *dot, *rows;
	unsigned mails;		/* bodies that arrived */
	bool certain;		/* it does not have it, and may take it later */
} steps[] = {
	{ .mail = "!", .certain = true,
	    .rows = "0=deferred(0 4.4.2 conversation with " },
	{ .mail = "!421 4.3.2 bye", .certain = true,
	    .rows = "0=deferred(421 4.3.2 421" },
	{ .mail = "451 4.3.0 no", .certain = true,
	    .rows = "0=deferred(451 4.3.0 451" },
	{ .mail = "550 5.7.1 no", .rows = "0=failed(550 5.7.1 550" },
	{ .rcpt = "!", .certain = true,
	    .rows = "0=deferred(0 4.4.2 conversation with " },
	{ .rcpt = "!421 4.3.2 bye", .certain = true,
	    .rows = "0=deferred(421 4.3.2 421" },
	{ .rcpt = "450 4.2.1 no", .certain = true,
	    .rows = "0=deferred(450 4.2.1 450" },
	{ .data = "!", .certain = true,
	    .rows = "0=deferred(0 4.4.2 conversation with " },
	{ .data = "451 4.3.0 no", .certain = true,
	    .rows = "0=deferred(451 4.3.0 451" },
	{ .data = "554 5.7.0 no", .rows = "0=failed(554 5.7.0 554" },
	{ .data = "250 what", .rows = "0=deferred(250 4.0.0 250 what" },
	{ .dot = "!", .mails = 1,
	    .rows = "0=deferred(0 4.4.2 conversation with " },
	{ .dot = "!25", .mails = 1, .rows = "0=deferred(0 4.5.0 " },
	{ .dot = "!421 4.3.2 bye", .mails = 1, .certain = true,
	    .rows = "0=deferred(421 4.3.2 421" },
	{ .dot = "451 4.3.0 no", .mails = 1, .certain = true,
	    .rows = "0=deferred(451 4.3.0 451" },
	{ .dot = "554 5.6.0 no", .mails = 1, .rows = "0=failed(554 5.6.0 554" },
};

static bool
is_cut(size_t step)
{
	const char *const said[] = { steps[step].mail, steps[step].rcpt,
	    steps[step].data, steps[step].dot };

	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
		if (said[i] != NULL && (said[i][0] == '!' ||
		    said[i][0] == '2'))
			return true;
	return false;
}

/* Of COUNT hosts the first does what STEP says. */
static void
fail_at(size_t step, size_t count)
{
	struct world world = { 0 };
	struct host *host = &world.hosts[0];
	bool elsewhere = count > 1 && steps[step].certain;
	const char *want = elsewhere ? "0=delivered(250" : steps[step].rows;
	const char *rows;

	world_open(&world, "");
	host->mail = steps[step].mail;
	host->rcpt = steps[step].rcpt;
	host->data = steps[step].data;
	host->dot = steps[step].dot;
	rows = one_job(&world, count)->rows;
	if (!starts(rows, want))
		fprintf(stderr, "\n%s, not %s\n", rows, want);
	CU_ASSERT_TRUE(starts(rows, want));
	CU_ASSERT_EQUAL(world.results[0].signs, is_cut(step) && !elsewhere ?
	    SIGN_CUT : 0);
	if (host->mail_count != steps[step].mails)
		fprintf(stderr, "\n%s: %zu mails\n", rows, host->mail_count);
	CU_ASSERT_EQUAL(host->mail_count, steps[step].mails);
	CU_ASSERT_EQUAL(host->accepted, 1);
	/* What is in doubt or final goes to no other host. */
	CU_ASSERT_EQUAL(world.hosts[1].accepted, elsewhere);
	CU_ASSERT_EQUAL(world.hosts[1].mail_count, elsewhere);
	CU_ASSERT_EQUAL(world_logged(&world, "trying another host"),
	    elsewhere);
	CU_ASSERT_EQUAL(world.result_count, 1);
	CU_ASSERT_NOT_EQUAL(world.results[0].scope, SCOPE_SITE);
	world_close(&world);
}

static void
a_server_may_fail_at_any_step(void)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		fail_at(i, 1);
		fail_at(i, 2);
	}
}

static void
a_reply_lost_after_the_end_of_data_says_so(void)
{
	struct world world = { 0 };

	world_open(&world, "");
	world.hosts[0].dot = "!";
	CU_ASSERT_PTR_NOT_NULL(strstr(one_job(&world, 1)->rows,
	    "lost connection after end of data"));
	world_close(&world);
}

/* Silence at each step ends when its time is over. */
static const struct {
	const char *greeting, *mail, *rcpt, *data, *dot, *text;
} silences[] = {
	{ .greeting = "", .text = "timed out (at greeting)" },
	{ .mail = "", .text = "timed out while waiting for the reply to "
	    "MAIL FROM" },
	{ .rcpt = "", .text = "timed out while waiting for the reply to "
	    "RCPT TO" },
	{ .data = "", .text = "timed out while waiting for the reply to "
	    "DATA" },
	{ .dot = "", .text = "timed out after end of data" },
};

static void
silence_ends_when_its_time_is_over(void)
{
	for (size_t i = 0; i < sizeof(silences) / sizeof(silences[0]); i++) {
		struct world world = { 0 };
		struct host *host = &world.hosts[0];

		world_open(&world, "timeout-greeting 3s; timeout-mail 3s; "
		    "timeout-rcpt 3s; timeout-data 3s; timeout-dot 3s");
		host->greeting = silences[i].greeting;
		host->mail = silences[i].mail;
		host->rcpt = silences[i].rcpt;
		host->data = silences[i].data;
		host->dot = silences[i].dot;
		CU_ASSERT_PTR_NOT_NULL(strstr(one_job(&world, 1)->rows,
		    silences[i].text));
		world_close(&world);
	}
}

static void
a_damaged_message_is_not_sent(void)
{
	static const size_t sizes[] = { 100, 3 << 20 };

	for (size_t i = 0; i < 2; i++) {
		struct world world = { 0 };
		struct buf *body = buf_new(4 << 20);
		uint32_t job;

		world_open(&world, "connections 1");
		world_site(&world, 0, 1);
		while (buf_length(body) < sizes[i])
			buf_append_text(body, "some text that may spoil\r\n");
		job = world_mail(&world, &(struct world_mail){
		    .klass = CLASS_NORMAL, .rcpts = 2,
		    .body = buf_peek(body), .damaged = true });
		world_job(&world, CLASS_NORMAL, 1, BODY);
		world_results(&world, 2);
		CU_ASSERT_STRING_EQUAL(world_result(&world, job)->rows,
		    "0=deferred(0 4.3.0 damaged in the spool) "
		    "1=deferred(0 4.3.0 damaged in the spool)");
		CU_ASSERT_EQUAL(world_result(&world, job)->scope,
		    SCOPE_SPOOL);
		/* The connection is none the worse for it. */
		CU_ASSERT_EQUAL(world.hosts[0].transactions, 1);
		CU_ASSERT_EQUAL(world.hosts[0].mail_count, 1);
		CU_ASSERT_EQUAL(world.hosts[0].accepted, 1);
		CU_ASSERT_TRUE(world_logged(&world, "damaged in the spool:"));
		world_close(&world);
		buf_free(&body);
	}
}

/* A stale block of the disk may hold one that is whole. */
static void
another_message_in_its_place_is_not_sent(void)
{
	static const size_t sizes[] = { 100, 3 << 20 };

	for (size_t i = 0; i < 2; i++) {
		struct world world = { 0 };
		struct buf *body = buf_new(4 << 20);
		uint32_t job;

		world_open(&world, "connections 1");
		world_site(&world, 0, 1);
		while (buf_length(body) < sizes[i])
			buf_append_text(body, "for somebody else\r\n");
		job = world_mail(&world, &(struct world_mail){
		    .klass = CLASS_NORMAL, .rcpts = 1,
		    .body = buf_peek(body), .other = true });
		world_results(&world, 1);
		CU_ASSERT_EQUAL(world_result(&world, job)->scope,
		    SCOPE_SPOOL);
		CU_ASSERT_EQUAL(world.hosts[0].mail_count, 0);
		CU_ASSERT_TRUE(world_logged(&world, "another message"));
		world_close(&world);
		buf_free(&body);
	}
}

static void
a_message_over_the_hosts_size_fails_unsent(void)
{
	struct world world = { 0 };
	uint32_t job;

	world_open(&world, "");
	world.hosts[0].ehlo = "250-x\r\n250 SIZE 1000";
	world_site(&world, 0, 1);
	job = world_mail(&world, &(struct world_mail){ .rcpts = 1,
	    .body = span_of(BODY), .size = 1001 });
	world_results(&world, 1);
	CU_ASSERT_STRING_EQUAL(world_result(&world, job)->rows,
	    "0=failed(0 5.3.4 message size 1001 exceeds the limit 1000 of "
	    "host mx0.test)");
	CU_ASSERT_EQUAL(world.hosts[0].transactions, 0);
	world_close(&world);
}

static void
a_failed_handshake_is_followed_by_clear(void)
{
	struct world world = { 0 };
	struct host *host = &world.hosts[0];

	world_open(&world, "timeout-helo 30s");
	host->ehlo = "250-x\r\n250 STARTTLS";
	host->starttls = "!220 go";
	CU_ASSERT_STRING_EQUAL(one_job(&world, 1)->rows,
	    "0=delivered(250 2.0.0 250 2.0.0 ok)");
	CU_ASSERT_EQUAL(host->accepted, 2);
	CU_ASSERT_TRUE(world_logged(&world, "TLS with mx0.test[127.0.0.1]:"));
	world_close(&world);
}

static void
where_encryption_is_demanded_nothing_goes_in_clear(void)
{
	static const struct {
		const char *ehlo, *starttls, *text;
	} rows[] = {
		{ "250 x", NULL, "TLS is required here and not offered" },
		{ "250-x\r\n250 STARTTLS", "454 4.7.0 no",
		    "454 4.7.0 no (in reply to STARTTLS)" },
		{ "250-x\r\n250 STARTTLS", "!220 go", "(at TLS handshake)" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world world = { 0 };
		struct host *host = &world.hosts[0];

		world_open(&world, "tls encrypt");
		host->ehlo = rows[i].ehlo;
		host->starttls = rows[i].starttls;
		CU_ASSERT_PTR_NOT_NULL(strstr(one_job(&world, 1)->rows,
		    rows[i].text));
		CU_ASSERT_EQUAL(host->transactions, 0);
		CU_ASSERT_EQUAL(host->accepted, 1);
		world_close(&world);
	}
}

static void
mail_that_the_dns_leads_to_our_own_port_fails(void)
{
	for (int fixed = 0; fixed < 2; fixed++) {
		struct world world = { .fixed = fixed };
		uint16_t port;
		char text[200];

		world_open(&world, "");
		port = world.hosts[WORLD_HOSTS - 1].port;
		/* the one we listen at */
		world_site(&world, WORLD_HOSTS - 1, 1);
		world_job(&world, CLASS_NORMAL, 1, BODY);
		world_results(&world, 1);
		snprintf(text, sizeof(text), "0=%s mail loops back to "
		    "mx%d.test[127.0.0.1]:%u: this is our own port)",
		    fixed ? "deferred(0 4.4.6" : "failed(0 5.4.6",
		    WORLD_HOSTS - 1, port);
		CU_ASSERT_STRING_EQUAL(world_result(&world, 1)->rows, text);
		CU_ASSERT_EQUAL(world.hosts[WORLD_HOSTS - 1].accepted, 0);
		CU_ASSERT_EQUAL(world.attentions, fixed);
		world_close(&world);
	}
}

static void
a_site_without_addresses_is_for_later(void)
{
	struct world world = { 0 };

	world_open(&world, "");
	CU_ASSERT_STRING_EQUAL(one_job(&world, 0)->rows,
	    "0=deferred(0 4.4.4 there is no address to connect to)");
	world_close(&world);
}

static struct rlimit usual;

/* Also gives the descriptors back. */
static bool
has_rested_twice(struct world *world)
{
	struct site *site = site_find(&world->deliverer, 1);

	return site->rests >= 2 && setrlimit(RLIMIT_NOFILE, &usual) == 0;
}

static bool
site_is_known(struct world *world)
{
	return site_find(&world->deliverer, 1) != NULL;
}

static void
want_of_descriptors_is_waited_out(void)
{
	struct world world = { 0 };
	struct rlimit none;

	world_open(&world, "");
	world_site(&world, 0, 1);
	world_run(&world, site_is_known);
	getrlimit(RLIMIT_NOFILE, &usual);
	none = usual;
	none.rlim_cur = 3;
	world_job(&world, CLASS_NORMAL, 1, BODY);
	CU_ASSERT_EQUAL(setrlimit(RLIMIT_NOFILE, &none), 0);
	world_run(&world, has_rested_twice);
	CU_ASSERT_EQUAL(world.result_count, 0);
	world_results(&world, 1);
	CU_ASSERT_EQUAL(world.hosts[0].mail_count, 1);
	world_close(&world);
}

const struct unit_test trouble_tests[] = {
	UNIT(a_refused_connection_leads_to_the_next_host),
	UNIT(when_all_refuse_the_site_fails_with_the_last_reason),
	UNIT(a_greeting_may_turn_us_away),
	UNIT(not_all_hosts_without_mail_service_is_for_later),
	UNIT(too_many_connections_are_no_failure_while_some_work),
	UNIT(a_site_that_fails_tells_of_no_room),
	UNIT(of_a_site_with_one_connection_it_is_told_when_a_host_talks),
	UNIT(idle_connections_beyond_a_smaller_window_are_left),
	UNIT(a_warm_connection_that_was_closed_costs_nothing),
	UNIT(a_server_may_fail_at_any_step),
	UNIT(a_reply_lost_after_the_end_of_data_says_so),
	UNIT(silence_ends_when_its_time_is_over),
	UNIT(a_damaged_message_is_not_sent),
	UNIT(another_message_in_its_place_is_not_sent),
	UNIT(a_message_over_the_hosts_size_fails_unsent),
	UNIT(a_failed_handshake_is_followed_by_clear),
	UNIT(where_encryption_is_demanded_nothing_goes_in_clear),
	UNIT(mail_that_the_dns_leads_to_our_own_port_fails),
	UNIT(a_site_without_addresses_is_for_later),
	UNIT(want_of_descriptors_is_waited_out),
	UNIT_END
};
