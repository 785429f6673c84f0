/* SPDX-License-Identifier: ISC
 *
 * reroute.c - tests: a new configuration, for domains that are known.
 */
#include "suites.h"

#include "base/mem.h"
#include "rig.h"
#include "scheduler/pauses.h"

#include <stdio.h>

static bool
asked(struct rig *rig, uint64_t number)
{
	return rig->questions >= number;
}

/* The configuration becomes TEXT. */
static void
reload(struct rig *rig, const char *text)
{
	struct conf *old = rig->conf;
	struct buf whole;
	struct err err;

	buf_init(&whole, 1 << 16);
	buf_printf(&whole, "hostname relay.test\nnode 1\nspool %s/spool\n"
	    "listen 127.0.0.1:2525\ntime-scale 0.01\n%s", rig->path, text);
	rig->conf = conf_parse(buf_peek(&whole), "new", &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(rig->conf);
	buf_fini(&whole);
	scheduler_reload(rig->s, rig->conf);
	conf_free(&old);
}

/* A message to b@DOMAIN becomes the job number COUNT. */
static const struct rig_job *
send_one(struct rig *rig, const char *domain, size_t count)
{
	char address[64];

	snprintf(address, sizeof address, "b@%s", domain);
	rig_send(rig, CLASS_NORMAL, "a@from.test", address);
	rig_until(rig, rig_jobs, count);
	return &rig->jobs[count - 1];
}

/* Even for the domain that made the site: the others keep their limits. */
static void
a_reload_parts_a_domain_from_its_site_and_leaves_the_others(void)
{
	struct rig *rig = rig_new("route * { to mx }\n"
	    "site * { connections 7 }\n");
	uint32_t site;

	rig_start(rig);
	site = send_one(rig, "d0.test", 1)->job.site;
	CU_ASSERT_EQUAL(send_one(rig, "d1.test", 2)->job.site, site);
	reload(rig, "route * { to mx }\nsite d0.test { connections 1 }\n");
	CU_ASSERT_NOT_EQUAL(send_one(rig, "d0.test", 3)->job.site, site);
	CU_ASSERT_EQUAL(send_one(rig, "d1.test", 4)->job.site, site);
	CU_ASSERT_STRING_EQUAL(rig->sites[rig->sites_told - 1].policy,
	    "d0.test");
	rig_free(&rig);
}

static void
a_site_is_fixed_as_long_as_a_route_names_its_hosts(void)
{
	struct rig *rig = rig_new("route d1.test { to mx.to.test:25 }\n"
	    "route * { to mx }\n");

	rig->mx[0] = "mx.to.test";
	rig_start(rig);
	send_one(rig, "d0.test", 1);
	CU_ASSERT_FALSE(rig->sites[rig->sites_told - 1].fixed);
	send_one(rig, "d1.test", 2);
	CU_ASSERT_EQUAL(rig->jobs[1].job.site, rig->jobs[0].job.site);
	CU_ASSERT_TRUE(rig->sites[rig->sites_told - 1].fixed);
	reload(rig, "route d1.test { to mx.to.test:25 }\n"
	    "route * { to mx }\nsite * { connections 9 }");
	send_one(rig, "d1.test", 3);
	CU_ASSERT_TRUE(rig->sites[rig->sites_told - 1].fixed);
	reload(rig, "route * { to mx }\n");
	send_one(rig, "d1.test", 4);
	CU_ASSERT_FALSE(rig->sites[rig->sites_told - 1].fixed);
	rig_free(&rig);
}

/* Also when no name server answers: what is known serves. */
static void
a_new_block_holds_for_the_first_message_without_a_question(void)
{
	struct rig *rig = rig_new("route * { to mx }\n"
	    "site * { connections 7 }\n");
	uint32_t site;

	rig_start(rig);
	site = send_one(rig, "d0.test", 1)->job.site;
	rig->mute = true;
	reload(rig, "route * { to mx }\nsite d0.test { connections 1 }\n");
	CU_ASSERT_EQUAL(rig->questions, 1);
	CU_ASSERT_NOT_EQUAL(send_one(rig, "d0.test", 2)->job.site, site);
	CU_ASSERT_EQUAL(rig->questions, 2);	/* it is asked anew */
	rig_free(&rig);
}

static void
a_reload_that_changes_nothing_for_a_domain_keeps_its_site(void)
{
	struct rig *rig = rig_new("route * { to mx }\n");
	uint32_t site;

	rig_start(rig);
	site = send_one(rig, "d0.test", 1)->job.site;
	rig->mute = true;
	reload(rig, "route other.test { to 127.0.0.9:9 }\n"
	    "route * { to mx }\nsite other.test { connections 3 }\n");
	CU_ASSERT_EQUAL(send_one(rig, "d0.test", 2)->job.site, site);
	CU_ASSERT_EQUAL(rig->sites_told, 1);
	rig_free(&rig);
}

static void
a_reload_moves_what_waits_to_the_new_route(void)
{
	struct rig *rig = rig_new("route * { to 127.0.0.1:9 }\n"
	    "site * { connections 1 }\n");

	rig->answer.wait = true;
	rig_start(rig);
	for (int i = 0; i < 10; i++)
		rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_until(rig, rig_jobs, 2);
	rig_settle(rig);
	reload(rig, "route * { to 127.0.0.7:9 }\n");
	rig_until(rig, rig_jobs, 10);
	for (size_t i = 2; i < 10; i++)
		CU_ASSERT_STRING_EQUAL(rig->jobs[i].site, "127.0.0.7:9");
	rig_free(&rig);
}

/* Not even while the new one's address is asked for. */
static void
after_a_reload_nothing_goes_by_the_old_route(void)
{
	struct rig *rig = rig_new("route * { to 127.0.0.1:9 }\n"
	    "site * { connections 1 }\n");

	rig->answer.wait = true;
	rig_start(rig);
	for (int i = 0; i < 10; i++)
		rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_until(rig, rig_jobs, 1);
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->job_count, 2);	/* the next is at hand */
	rig->answer.wait = false;
	rig->mute = true;
	reload(rig, "route * { to smart.test:2525 }\n");
	rig_answer_job(rig, 0, &rig->answer);
	rig_answer_job(rig, 1, &rig->answer);
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->job_count, 2);
	CU_ASSERT_EQUAL(rig->questions, 1);
	rig_answer_first(rig);
	rig_until(rig, rig_jobs, 11);
	for (size_t i = 2; i < 11; i++)
		CU_ASSERT_STRING_EQUAL(rig->jobs[i].site, "smart.test:2525");
	rig_until(rig, rig_empty, 0);
	rig_free(&rig);
}

static void
a_domain_without_mail_goes_by_the_new_route_when_mail_comes(void)
{
	struct rig *rig = rig_new("route * { to mx }\n");

	rig_start(rig);
	send_one(rig, "d0.test", 1);
	reload(rig, "route d0.test { to smart.test:2525 }\n"
	    "route * { to mx }\n");
	CU_ASSERT_STRING_EQUAL(send_one(rig, "d0.test", 2)->site,
	    "smart.test:2525");
	rig_free(&rig);
}

static void
the_answer_for_a_route_that_is_gone_does_not_count(void)
{
	struct rig *rig = rig_new("route * { to mx }\n");

	rig->mute = true;
	rig_start(rig);
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_until(rig, asked, 1);
	rig->mute = false;
	reload(rig, "route * { to smart.test:2525 }\n");
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->job_count, 0);
	CU_ASSERT_EQUAL(rig->questions, 1);
	rig_answer_first(rig);
	rig_until(rig, rig_jobs, 1);
	CU_ASSERT_STRING_EQUAL(rig->jobs[0].site, "smart.test:2525");
	CU_ASSERT_EQUAL(rig->questions, 2);
	rig_free(&rig);
}

/* The old route may be gone for a reason. */
static void
a_new_route_whose_host_is_not_found_puts_off(void)
{
	struct rig *rig = rig_new("route * { to 127.0.0.1:9 }\n");

	rig_start(rig);
	send_one(rig, "d0.test", 1);
	rig->dns = ANSWER_TEMPORARY;
	reload(rig, "route * { to smart.test:2525 }\n"
	    "class normal { retry 10s; lifetime 1h; warn never }\n");
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@d0.test");
	rig_until(rig, rig_waiting, 1);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	rig->dns = ANSWER_OK;
	rig_until(rig, rig_jobs, 2);
	CU_ASSERT_STRING_EQUAL(rig->jobs[1].site, "smart.test:2525");
	rig_free(&rig);
}

/* ---- what waits when a domain is led elsewhere -------------------------------------- */

static const struct rig_answer delivered = {
	.outcome = OUTCOME_DELIVERED, .code = 250, .status = "2.0.0",
	.text = "250 2.0.0 Ok", .mta = "mx.test"
};

/* What was given out stays at the old site; the others keep their order at the
 * new one. */
static void
mail_that_moves_keeps_its_order(void)
{
	enum { MAIL = 12 };
	struct rig *rig = rig_new("route * { to 127.0.0.1:9 }\n"
	    "site * { connections 1 }\n");
	uint64_t before = 0;
	unsigned moved = 0;
	uint32_t old;

	rig_start(rig);
	rig->answer.wait = true;
	for (int i = 0; i < MAIL; i++)
		rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_until(rig, rig_jobs, 1);
	rig_settle(rig);
	old = rig->jobs[0].job.site;
	reload(rig, "route * { to 127.0.0.1:9 }\n"
	    "site to.test { connections 1 }\n");
	for (size_t job = 0; job < MAIL - 1; job++) {
		size_t at = job;

		while (at < rig->job_count && rig->jobs[at].answered)
			at++;
		rig_answer_job(rig, at, &delivered);
		rig_until(rig, rig_jobs, job + 2);
	}
	for (size_t job = 0; job < rig->job_count; job++) {
		if (rig->jobs[job].job.site == old)
			continue;
		moved++;
		CU_ASSERT_TRUE(rig->jobs[job].job.offset > before);
		before = rig->jobs[job].job.offset;
	}
	CU_ASSERT_TRUE(moved > MAIL / 2);
	rig_free(&rig);
}

/* One entry of two domains at one host, until one of them moves. */
static void
recipients_of_one_entry_part_when_their_domains_do(void)
{
	static const char *const rcpts[] = { "x@a.test", "y@b.test", NULL };
	struct rig *rig = rig_new("route * { to 127.0.0.1:9 }\n"
	    "site * { connections 1 }\n");
	unsigned there = 0;

	rig_start(rig);
	rig->answer.wait = true;
	for (int i = 0; i < 4; i++)
		rig_send(rig, CLASS_NORMAL, "a@from.test", "first@a.test");
	rig_commit(rig, CLASS_NORMAL, "a@from.test", rcpts);
	rig_settle(rig);
	reload(rig, "route b.test { to 127.0.0.1:10 }\n"
	    "route * { to 127.0.0.1:9 }\nsite * { connections 1 }\n");
	for (size_t job = 0; job < 6; job++) {
		rig_until(rig, rig_jobs, job + 1);
		rig_answer_job(rig, job, &delivered);
	}
	for (size_t job = 0; job < 6; job++) {
		bool moved = strstr(rig->jobs[job].site, ":10") != NULL;

		there += moved;
		CU_ASSERT_EQUAL(rig->jobs[job].rcpt_count, 1);
		CU_ASSERT_EQUAL(rig->jobs[job].rcpts[0], moved ? 1 : 0);
	}
	CU_ASSERT_EQUAL(there, 1);
	rig_free(&rig);
}

/* Of a domain that was led to the same host, and is not any more. */
static void
a_pause_ends_with_what_it_was_for(void)
{
	struct rig *rig = rig_new("route * { to 127.0.0.1:9 }\n");
	struct site *site;
	struct err err;

	rig_start(rig);
	send_one(rig, "b.test", 1);
	send_one(rig, "a.test", 2);
	CU_ASSERT_TRUE(pauses_add(rig->s, "a.test", "maintenance", INT64_MAX,
	    &err));
	site = routes_domain(rig->s, span_of("b.test"))->site;
	CU_ASSERT_PTR_NOT_NULL(site->paused);
	reload(rig, "route a.test { to 127.0.0.1:10 }\n"
	    "route * { to 127.0.0.1:9 }\n");
	send_one(rig, "b.test", 3);
	CU_ASSERT_PTR_NOT_NULL(routes_domain(rig->s,
	    span_of("a.test"))->site->paused);
	rig_free(&rig);
}

/* Each of them leaves the site of all. */
static void
a_new_route_for_many_domains_costs_each_message_once(void)
{
	enum { DOMAINS = 3000 };
	struct rig *rig = rig_new("route * { to 127.0.0.1:9 }\n"
	    "site * { connections 1 }\n");
	char address[64];
	struct site *old;
	size_t before;

	rig_start(rig);
	rig->answer.wait = true;
	for (int i = 0; i < DOMAINS; i++) {
		snprintf(address, sizeof address, "x@d%d.test", i);
		rig_send(rig, CLASS_BULK, "a@from.test", address);
	}
	rig_until(rig, rig_jobs, 1);
	rig_settle(rig);
	old = routes_domain(rig->s, span_of("d7.test"))->site;
	CU_ASSERT_TRUE(old->entries > DOMAINS / 2);
	before = rig->job_count;
	reload(rig, "route * { to 127.0.0.1:10 }\nsite * { connections 1 }\n");
	/* nothing of it is moved by the reload itself … */
	CU_ASSERT_TRUE(link_on_list(&old->astray));
	CU_ASSERT_TRUE(old->entries > DOMAINS / 2);
	/* … and yet nothing goes there any more */
	rig_send(rig, CLASS_URGENT, "a@from.test", "x@d9.test");
	rig_until(rig, rig_jobs, before + 2);
	for (size_t job = before; job < rig->job_count; job++)
		CU_ASSERT_PTR_NOT_NULL(strstr(rig->jobs[job].site, ":10"));
	rig_settle(rig);
	CU_ASSERT_FALSE(link_on_list(&old->astray));
	rig_free(&rig);
}

const struct unit_test reroute_tests[] = {
	UNIT(mail_that_moves_keeps_its_order),
	UNIT(recipients_of_one_entry_part_when_their_domains_do),
	UNIT(a_pause_ends_with_what_it_was_for),
	UNIT(a_new_route_for_many_domains_costs_each_message_once),
	UNIT(a_reload_parts_a_domain_from_its_site_and_leaves_the_others),
	UNIT(a_site_is_fixed_as_long_as_a_route_names_its_hosts),
	UNIT(a_new_block_holds_for_the_first_message_without_a_question),
	UNIT(a_reload_that_changes_nothing_for_a_domain_keeps_its_site),
	UNIT(a_reload_moves_what_waits_to_the_new_route),
	UNIT(after_a_reload_nothing_goes_by_the_old_route),
	UNIT(a_domain_without_mail_goes_by_the_new_route_when_mail_comes),
	UNIT(the_answer_for_a_route_that_is_gone_does_not_count),
	UNIT(a_new_route_whose_host_is_not_found_puts_off),
	UNIT_END
};
