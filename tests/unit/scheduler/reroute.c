/* SPDX-License-Identifier: ISC
 *
 * reroute.c - tests: a new configuration, for domains that are known.
 */
#include "suites.h"

#include "base/mem.h"
#include "rig.h"

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

const struct unit_test reroute_tests[] = {
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
