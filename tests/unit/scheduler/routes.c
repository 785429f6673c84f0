/* SPDX-License-Identifier: ISC
 *
 * routes.c - tests: from a domain to its site.
 */
#include "suites.h"

#include "base/mem.h"
#include "rig.h"

#include <stdio.h>

static const char by_mx[] = "route * { to mx }\ntime-scale 0.01\n"
    "class normal { retry 10s; lifetime 1h; warn never }\n";

static void
the_mx_hosts_are_the_site(void)
{
	struct rig *rig = rig_new(by_mx);

	rig->mx[0] = "mx1.test";
	rig->mx[1] = "mx2.test";
	rig_start(rig);
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_until(rig, rig_jobs, 1);
	CU_ASSERT_STRING_EQUAL(rig->jobs[0].site, "mx1.test:25+1");
	CU_ASSERT_EQUAL(rig->questions, 1);
	rig_free(&rig);
}

static void
an_answer_is_kept_for_the_next_message(void)
{
	struct rig *rig = rig_new(by_mx);

	rig_start(rig);
	for (int i = 0; i < 10; i++)
		rig_send(rig, CLASS_NORMAL, "a@from.test", i % 2 == 0 ?
		    "b@to.test" : "c@TO.Test");
	rig_until(rig, rig_jobs, 10);
	CU_ASSERT_EQUAL(rig->questions, 1);
	rig_free(&rig);
}

static void
domains_with_the_same_hosts_are_one_site(void)
{
	static const char *const rcpts[] = { "a@one.test", "b@two.test",
	    NULL };
	struct rig *rig = rig_new(by_mx);

	rig_start(rig);
	rig_commit(rig, CLASS_NORMAL, "a@from.test", rcpts);
	rig_until(rig, rig_jobs, 2);
	CU_ASSERT_EQUAL(rig->jobs[0].job.site, rig->jobs[1].job.site);
	/* From now on they share a transaction, too. */
	rig_commit(rig, CLASS_NORMAL, "a@from.test", rcpts);
	rig_until(rig, rig_jobs, 3);
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->job_count, 3);
	CU_ASSERT_EQUAL(rig->jobs[2].rcpt_count, 2);
	rig_free(&rig);
}

static void
domains_with_different_policies_are_different_sites(void)
{
	struct rig *rig = rig_new("route * { to 127.0.0.1:9 }\n"
	    "site slow.test { connections 1 }\n");

	rig_start(rig);
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@slow.test");
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@quick.test");
	rig_until(rig, rig_jobs, 2);
	CU_ASSERT_NOT_EQUAL(rig->jobs[0].job.site, rig->jobs[1].job.site);
	rig_free(&rig);
}

/* How many sites JOBS jobs went to. */
static size_t
sites_of(const struct rig *rig, size_t jobs)
{
	size_t sites = 0;

	for (size_t i = 0; i < jobs; i++) {
		bool known = false;

		for (size_t j = 0; j < i; j++)
			known = known || rig->jobs[j].job.site ==
			    rig->jobs[i].job.site;
		sites += !known;
	}
	return sites;
}

static void
send_to_six(struct rig *rig, size_t so_far)
{
	char address[32];

	for (int i = 0; i < 6; i++) {
		snprintf(address, sizeof address, "b@d%d.test", i);
		rig_send(rig, CLASS_NORMAL, "a@from.test", address);
		rig_until(rig, rig_jobs, ++so_far);
	}
}

static void
the_order_of_equal_hosts_does_not_choose_the_block(void)
{
	struct rig *rig = rig_new("route * { to mx }\n"
	    "site mx2.test { connections 3 }\n"
	    "site mx1.test { connections 1 }\n");

	rig->mx[0] = "mx1.test";
	rig->mx[1] = "mx2.test";
	rig->shuffles = true;
	rig_start(rig);
	send_to_six(rig, 0);
	CU_ASSERT_EQUAL(sites_of(rig, 6), 1);
	CU_ASSERT_STRING_EQUAL(rig->jobs[0].site, "mx1.test:25+1");
	CU_ASSERT_STRING_EQUAL(rig->sites[0].policy, "mx2.test");
	CU_ASSERT_STRING_EQUAL(rig->sites[0].domain, "d0.test");
	/* Told again when it serves several, not for each order. */
	CU_ASSERT_EQUAL(rig->sites_told, 2);
	CU_ASSERT_STRING_EQUAL(rig->sites[1].domain, "");
	rig_free(&rig);
}

static const char shared[] = "route * { to mx }\n"
    "site d0.test { connections 1 }\n";

static void
a_block_for_a_domain_makes_it_a_site_of_its_own(void)
{
	struct rig *rig = rig_new(shared);

	rig->mx[1] = "mx2.test";
	rig->shuffles = true;
	rig_start(rig);
	send_to_six(rig, 0);
	CU_ASSERT_EQUAL(sites_of(rig, 6), 2);
	CU_ASSERT_STRING_EQUAL(rig->sites[0].policy, "d0.test");
	CU_ASSERT_STRING_EQUAL(rig->sites[1].policy, "*");
	rig_free(&rig);
}

static const struct {
	enum answer_status answer;
	const char *status;
} failures[] = {
	{ ANSWER_NONE, "Status: 5.1.2" },
	{ ANSWER_NULL_MX, "Status: 5.1.10" },
	{ ANSWER_NO_ADDRESS, "Status: 5.4.4" },
};

static void
a_domain_that_takes_no_mail_sends_it_back(void)
{
	for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
		struct rig *rig = rig_new("route from.test "
		    "{ to 127.0.0.1:9 }\nroute * { to mx }\n");
		struct record record;

		rig->dns = failures[i].answer;
		rig->answer.wait = true;
		rig_start(rig);
		rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
		rig_until(rig, rig_jobs, 1);
		rig_read(rig, 0, &record);
		CU_ASSERT_STRING_EQUAL(record.envelope->rcpts[0].address,
		    "a@from.test");
		CU_ASSERT_TRUE(rig_body_has(&record, failures[i].status));
		record_fini(&record);
		rig_free(&rig);
	}
}

static void
mail_that_would_loop_comes_back(void)
{
	struct rig *rig = rig_new("route from.test { to 127.0.0.1:9 }\n"
	    "route * { to mx }\n");
	struct record record;

	rig->mx[0] = "relay.test";
	rig->mx[1] = "mx2.test";
	rig->answer.wait = true;
	rig_start(rig);
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_until(rig, rig_jobs, 1);
	rig_read(rig, 0, &record);
	CU_ASSERT_TRUE(rig_body_has(&record, "Status: 5.4.6"));
	record_fini(&record);
	rig_free(&rig);
}

static bool
asked(struct rig *rig, uint64_t number)
{
	return rig->questions >= number;
}

static void
a_dns_that_fails_puts_off_and_is_asked_again(void)
{
	struct rig *rig = rig_new(by_mx);

	rig->dns = ANSWER_TEMPORARY;
	rig_start(rig);
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_until(rig, rig_waiting, 1);
	CU_ASSERT_EQUAL(rig->job_count, 0);
	rig->dns = ANSWER_OK;
	rig_until(rig, rig_jobs, 1);
	CU_ASSERT_TRUE(rig->job_count == 1 && rig->questions >= 2);
	CU_ASSERT_TRUE(rig->jobs[0].job.attempt >= 2);
	rig_free(&rig);
}

static void
a_new_resolver_is_asked_what_the_old_one_did_not_answer(void)
{
	struct rig *rig = rig_new(by_mx);

	rig_start(rig);
	routes_resolver(rig->s, NULL);
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->questions, 0);
	routes_resolver(rig->s, rig->near_dns);
	rig_until(rig, rig_jobs, 1);
	CU_ASSERT_EQUAL(rig->questions, 1);
	rig_free(&rig);
}

static void
an_address_literal_needs_no_question(void)
{
	struct rig *rig = rig_new(by_mx);

	rig_start(rig);
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@[192.0.2.9]");
	rig_until(rig, rig_jobs, 1);
	CU_ASSERT_EQUAL(rig->questions, 0);
	CU_ASSERT_STRING_EQUAL(rig->jobs[0].site, "[192.0.2.9]:25");
	rig_free(&rig);
}

static void
a_routes_host_is_looked_up_by_name(void)
{
	struct rig *rig = rig_new("route * { to smart.test:2525 }\n");

	rig->mx[0] = "smart.test";
	rig_start(rig);
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_until(rig, rig_jobs, 1);
	CU_ASSERT_EQUAL(rig->questions, 1);
	CU_ASSERT_STRING_EQUAL(rig->jobs[0].site, "smart.test:2525");
	rig_free(&rig);
}

static void
a_routes_host_without_an_address_never_bounces(void)
{
	struct rig *rig = rig_new("route * { to smart.test }\n");

	rig->dns = ANSWER_NONE;
	rig_start(rig);
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_until(rig, asked, 1);
	rig_until(rig, rig_waiting, 1);
	CU_ASSERT_EQUAL(rig->job_count, 0);
	rig_free(&rig);
}

static void
of_very_many_domains_some_are_asked_for_and_urgent_ones_next(void)
{
	struct rig *rig = rig_new(by_mx);
	char address[32];

	rig->mute = true;
	rig_start(rig);
	for (int i = 0; i < 600; i++) {
		snprintf(address, sizeof address, "b@d%d.test", i);
		rig_send(rig, CLASS_NORMAL, "a@from.test", address);
	}
	rig_until(rig, asked, 512);
	rig_send(rig, CLASS_URGENT, "a@from.test", "b@urgent.test");
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->questions, 512);
	rig_answer_first(rig);
	rig_until(rig, asked, 513);
	CU_ASSERT_STRING_EQUAL(rig->asked, "urgent.test");
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->questions, 513);
	rig_free(&rig);
}

static void
make_stale(struct rig *rig)
{
	struct domain *domain;
	size_t at = 0;

	while ((domain = map_each(&rig->s->routes.domains, &at)) != NULL)
		domain->expires = 0;
}

static void
a_host_whose_address_is_not_known_for_now_makes_no_other_site(void)
{
	struct rig *rig = rig_new(by_mx);

	rig->mx[0] = "mx1.test";
	rig->mx[1] = "mx2.test";
	rig->nowhere_from = 1;
	rig_start(rig);
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_until(rig, rig_jobs, 1);
	CU_ASSERT_STRING_EQUAL(rig->jobs[0].site, "mx1.test:25+1");
	rig->nowhere_from = 2;
	make_stale(rig);
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_until(rig, rig_jobs, 2);
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_until(rig, rig_jobs, 3);
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->questions, 2);
	CU_ASSERT_EQUAL(sites_of(rig, 3), 1);
	CU_ASSERT_EQUAL(rig->sites_told, 2);	/* now with its address */
	rig_free(&rig);
}

static void
if_only_worse_hosts_than_we_are_have_addresses_mail_waits(void)
{
	struct rig *rig = rig_new(by_mx);

	rig->mx[0] = "mx1.test";
	rig->mx[1] = "relay.test";
	rig->mx[2] = "mx2.test";
	rig->nowhere_from = 0;
	rig_start(rig);
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	CU_ASSERT_TRUE(rig_until(rig, rig_waiting, 1));
	CU_ASSERT_EQUAL(rig->job_count, 0);
	rig_free(&rig);
}

/* However fast they come: there is no time for a sweep. */
static void
what_is_known_of_idle_domains_is_bounded(void)
{
	struct rig *rig = rig_new("route * { to 127.0.0.1:9 }\n");
	char name[32];

	rig_start(rig);
	rig->answer.wait = true;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@busy.test");
	rig_until(rig, rig_jobs, 1);
	for (int i = 0; i < 30000; i++) {
		snprintf(name, sizeof name, "d%d.test", i);
		routes_domain(rig->s, span_of(name));
	}
	CU_ASSERT_TRUE(rig->s->routes.domains.count <= 20001);
	CU_ASSERT_PTR_NOT_NULL(map_find(&rig->s->routes.domains,
	    span_of("d29999.test")));
	CU_ASSERT_PTR_NOT_NULL(map_find(&rig->s->routes.domains,
	    span_of("busy.test")));
	CU_ASSERT_PTR_NULL(map_find(&rig->s->routes.domains,
	    span_of("d1.test")));
	rig_free(&rig);
}

/* What is known of all domains is stale, and nobody uses them. */
static void
forget_domains(struct rig *rig)
{
	make_stale(rig);
	routes_sweep(rig->s);
	CU_ASSERT_EQUAL(rig->s->routes.domains.count, 0);
	CU_ASSERT_EQUAL(rig->s->queue.sites.count, 0);
}

static void
a_site_that_is_forgotten_has_used_its_rate_all_the_same(void)
{
	struct rig *rig = rig_new("route * { to mx }\n"
	    "site * { rate 1/h }\n");
	msec_t wait;

	rig_start(rig);
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	CU_ASSERT_TRUE(rig_until(rig, rig_empty, 0));
	forget_domains(rig);
	rig_send(rig, CLASS_URGENT, "a@from.test", "b@to.test");
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	CU_ASSERT_EQUAL(rig_count(rig, COUNT_READY), 1);
	wait = queue_next_wake(&rig->s->queue) - loop_now(rig->loop);
	CU_ASSERT_TRUE(wait > 3500000 && wait <= 3600000);
	rig_free(&rig);
}

/* Its mail waits in the index, or there is none: nothing leads there. */
static void
a_site_that_rests_is_not_forgotten(void)
{
	struct rig *rig = rig_new("route * { to mx }\n");
	struct queue *queue;
	struct site *site;
	size_t at = 0;

	rig_start(rig);
	queue = &rig->s->queue;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	CU_ASSERT_TRUE(rig_until(rig, rig_empty, 0));
	site = map_each(&queue->sites, &at);
	CU_ASSERT_PTR_NOT_NULL_FATAL(site);
	site_hold(queue, site, CLASS_NORMAL, loop_now(rig->loop) + 3600000,
	    loop_now(rig->loop));
	make_stale(rig);
	routes_sweep(rig->s);
	CU_ASSERT_EQUAL(rig->s->routes.domains.count, 0);
	CU_ASSERT_EQUAL(queue->sites.count, 1);
	rig_send(rig, CLASS_URGENT, "a@from.test", "b@to.test");
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	CU_ASSERT_EQUAL(queue->sites.count, 1);
	site_reset(queue, site);
	scheduler_ask(rig->s);
	CU_ASSERT_TRUE(rig_until(rig, rig_empty, 0));
	CU_ASSERT_EQUAL(rig->job_count, 2);
	forget_domains(rig);	/* and the site with them */
	rig_free(&rig);
}

const struct unit_test routes_tests[] = {
	UNIT(the_mx_hosts_are_the_site),
	UNIT(an_answer_is_kept_for_the_next_message),
	UNIT(domains_with_the_same_hosts_are_one_site),
	UNIT(domains_with_different_policies_are_different_sites),
	UNIT(a_domain_that_takes_no_mail_sends_it_back),
	UNIT(mail_that_would_loop_comes_back),
	UNIT(a_dns_that_fails_puts_off_and_is_asked_again),
	UNIT(a_new_resolver_is_asked_what_the_old_one_did_not_answer),
	UNIT(an_address_literal_needs_no_question),
	UNIT(a_routes_host_is_looked_up_by_name),
	UNIT(a_routes_host_without_an_address_never_bounces),
	UNIT(the_order_of_equal_hosts_does_not_choose_the_block),
	UNIT(a_block_for_a_domain_makes_it_a_site_of_its_own),
	UNIT(of_very_many_domains_some_are_asked_for_and_urgent_ones_next),
	UNIT(a_host_whose_address_is_not_known_for_now_makes_no_other_site),
	UNIT(if_only_worse_hosts_than_we_are_have_addresses_mail_waits),
	UNIT(a_site_that_is_forgotten_has_used_its_rate_all_the_same),
	UNIT(a_site_that_rests_is_not_forgotten),
	UNIT(what_is_known_of_idle_domains_is_bounded),
	UNIT_END
};
