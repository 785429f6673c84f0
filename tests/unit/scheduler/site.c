/* SPDX-License-Identifier: ISC
 *
 * site.c - tests: one site's lines, limits and rests.
 */
#include "suites.h"

#include "core.h"

static struct queue queue;
static struct conf *conf;

static struct site *
set_up(unsigned connections)
{
	conf = core_conf();
	queue_init(&queue);
	return core_site(&queue, "a", connections);
}

static void
tear_down(void)
{
	queue_fini(&queue);
	conf_free(&conf);
}

static void
land(struct site *site, struct entry *entry, enum site_news news,
    msec_t sent, msec_t now)
{
	site_landed(&queue, site, entry, news, 1, sent, now, conf);
}

static unsigned
pick_all(msec_t now)
{
	unsigned count = 0;

	while (queue_pick(&queue, now) != NULL)
		count++;
	return count;
}

static void
the_most_pressing_class_goes_first(void)
{
	struct site *site = set_up(10);
	struct entry *bulk = core_entry(&queue, site, CLASS_BULK);
	struct entry *normal = core_entry(&queue, site, CLASS_NORMAL);
	struct entry *urgent = core_entry(&queue, site, CLASS_URGENT);

	CU_ASSERT_PTR_EQUAL(queue_pick(&queue, 0), urgent);
	CU_ASSERT_PTR_EQUAL(queue_pick(&queue, 0), normal);
	CU_ASSERT_PTR_EQUAL(queue_pick(&queue, 0), bulk);
	CU_ASSERT_PTR_NULL(queue_pick(&queue, 0));
	tear_down();
}

static void
inside_a_class_who_came_first_goes_first(void)
{
	struct site *site = set_up(10);
	struct entry *first = core_entry(&queue, site, CLASS_BULK);
	struct entry *second = core_entry(&queue, site, CLASS_BULK);

	CU_ASSERT_PTR_EQUAL(queue_pick(&queue, 0), first);
	CU_ASSERT_PTR_EQUAL(queue_pick(&queue, 0), second);
	tear_down();
}

static void
what_comes_back_untried_goes_to_the_front(void)
{
	struct site *site = set_up(10);
	struct entry *first = core_entry(&queue, site, CLASS_BULK);

	core_entry(&queue, site, CLASS_BULK);
	CU_ASSERT_PTR_EQUAL(queue_pick(&queue, 0), first);
	land(site, first, SITE_UNTRIED, 0, 1);
	queue_ready(&queue, first, true);
	CU_ASSERT_PTR_EQUAL(queue_pick(&queue, 1), first);
	CU_ASSERT_EQUAL(site->failures, 0);
	tear_down();
}

static void
a_quick_site_gets_two_jobs_a_connection(void)
{
	struct site *site = set_up(5);

	for (int i = 0; i < 30; i++)
		core_entry(&queue, site, CLASS_BULK);
	CU_ASSERT_EQUAL(pick_all(0), 10);
	CU_ASSERT_EQUAL(site->flying, 10);
	tear_down();
}

static void
a_slow_site_gets_one_job_a_connection(void)
{
	struct site *site = set_up(5);

	for (int i = 0; i < 30; i++)
		core_entry(&queue, site, CLASS_BULK);
	site->flow.took_ms = 400;
	CU_ASSERT_EQUAL(pick_all(0), 5);
	tear_down();
}

static void
a_site_learns_that_it_is_slow_from_its_transactions(void)
{
	struct site *site = set_up(5);

	for (int i = 0; i < 10; i++) {
		struct entry *entry = core_entry(&queue, site, CLASS_BULK);

		CU_ASSERT_PTR_EQUAL(queue_pick(&queue, i), entry);
		site_landed(&queue, site, entry, SITE_ANSWERED, 400, i,
		    i + 1, conf);
	}
	CU_ASSERT_TRUE(site->flow.took_ms > SITE_QUICK_MS);
	CU_ASSERT_EQUAL(site_credit(site, CLASS_BULK), 5);
	tear_down();
}

/* Of three connections large ones use two.  The two that wait at the deliverer
 * take none, so a small one may use the third. */
static void
large_jobs_that_wait_for_each_other_keep_no_small_one_back(void)
{
	struct site *site = set_up(3);
	struct message large = { .klass = CLASS_BULK, .sender = 1,
	    .size = 1001 };
	struct message small = { .klass = CLASS_BULK, .sender = 1,
	    .size = 1000 };
	struct entry *first;

	queue.large = 1000;
	site->flow.took_ms = 400;
	first = core_entry_of(&queue, site, &large);
	for (int i = 0; i < 3; i++)
		core_entry_of(&queue, site, &large);
	for (int i = 0; i < 9; i++)
		core_entry_of(&queue, site, &small);
	CU_ASSERT_EQUAL(pick_all(0), 5);
	CU_ASSERT_EQUAL(site->large_flying, 4);
	site_landed(&queue, site, first, SITE_ANSWERED, 400, 0, 1000, conf);
	CU_ASSERT_EQUAL(site->large_flying, 3);
	CU_ASSERT_EQUAL(pick_all(1000), 0);
	CU_ASSERT_EQUAL(site_credit(site, CLASS_BULK), 4);
	tear_down();
}

static void
a_site_has_credit_for_no_more_large_jobs_than_connections(void)
{
	struct site *site = set_up(3);
	struct message large = { .klass = CLASS_BULK, .size = 1001 };

	queue.large = 1000;
	site->flow.took_ms = 400;
	for (int i = 0; i < 20; i++)
		core_entry_of(&queue, site, &large);
	CU_ASSERT_EQUAL(pick_all(0), 6);
	tear_down();
}

static void
bulk_jobs_that_wait_at_the_deliverer_keep_no_normal_one_back(void)
{
	struct site *site = set_up(3);
	struct entry *normal;

	for (int i = 0; i < 30; i++)
		core_entry(&queue, site, CLASS_BULK);
	CU_ASSERT_EQUAL(pick_all(0), 6);
	for (int i = 0; i < 6; i++) {
		normal = core_entry(&queue, site, CLASS_NORMAL);
		CU_ASSERT_PTR_EQUAL(queue_pick(&queue, 0), normal);
	}
	normal = core_entry(&queue, site, CLASS_NORMAL);
	CU_ASSERT_PTR_NULL(queue_pick(&queue, 0));
	CU_ASSERT_EQUAL(site->bulk_flying, 6);
	CU_ASSERT_EQUAL(site->flying, 12);
	tear_down();
}

static const struct {
	enum mail_class large, small;
	unsigned large_jobs, small_jobs;
} crowds[] = {
	{ CLASS_URGENT, CLASS_URGENT, 9, 4 },
	{ CLASS_NORMAL, CLASS_NORMAL, 6, 1 },
	{ CLASS_BULK, CLASS_BULK, 6, 1 },
	{ CLASS_BULK, CLASS_NORMAL, 6, 6 },
};

/* Or the last connection, which no large one may have, would stand idle. */
static void
a_small_job_waits_for_no_large_ones_that_wait_for_each_other(void)
{
	for (size_t i = 0; i < sizeof crowds / sizeof crowds[0]; i++) {
		struct site *site = set_up(3);
		struct message large = { .klass = (uint8_t)crowds[i].large,
		    .sender = 1, .size = 1001 };
		struct message small = { .klass = (uint8_t)crowds[i].small,
		    .sender = 2, .size = 1000 };

		queue.large = 1000;
		site->flow.took_ms = 400;
		for (int n = 0; n < 20; n++)
			core_entry_of(&queue, site, &large);
		CU_ASSERT_EQUAL(pick_all(0), crowds[i].large_jobs);
		for (int n = 0; n < 20; n++)
			core_entry_of(&queue, site, &small);
		CU_ASSERT_EQUAL(pick_all(0), crowds[i].small_jobs);
		CU_ASSERT_EQUAL(site->large_flying, crowds[i].large_jobs);
		tear_down();
	}
}

static void
while_many_jobs_are_out_a_site_that_did_not_answer_gets_few(void)
{
	struct site *site = set_up(5);
	struct entry *first;

	for (int i = 0; i < 30; i++)
		core_entry(&queue, site, CLASS_BULK);
	queue.tight = true;
	first = queue_pick(&queue, 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(first);
	CU_ASSERT_EQUAL(pick_all(0), SITE_UNPROVEN - 1);
	site_landed(&queue, site, first, SITE_ANSWERED, 5, 0, 1, conf);
	CU_ASSERT_EQUAL(pick_all(1), 10 - (SITE_UNPROVEN - 1));
	tear_down();
}

/* However much waits for sites that may be dead, others go on. */
static void
sites_that_did_not_answer_do_not_have_all_jobs(void)
{
	struct site *site = set_up(5), *dead[4];
	struct entry *entry;
	char name[16];

	site->proven = true;
	queue.fresh_most[CLASS_BULK] = 6;
	queue.fresh_most[CLASS_URGENT] = 8;
	for (int i = 0; i < 4; i++) {
		snprintf(name, sizeof name, "dead%d", i);
		dead[i] = site_new(&queue, name, name, name);
		site_limit(&queue, dead[i], 5, 100);
		for (int n = 0; n < 20; n++)
			core_entry(&queue, dead[i], n < 10 ? CLASS_URGENT :
			    CLASS_BULK);
	}
	CU_ASSERT_EQUAL(pick_all(0), 8);
	CU_ASSERT_EQUAL(queue.fresh_flying, 8);
	entry = core_entry(&queue, site, CLASS_BULK);
	CU_ASSERT_PTR_EQUAL(queue_pick(&queue, 0), entry);
	entry = core_entry(&queue, site, CLASS_URGENT);
	CU_ASSERT_PTR_EQUAL(queue_pick(&queue, 0), entry);
	CU_ASSERT_PTR_NULL(queue_pick(&queue, 0));
	CU_ASSERT_EQUAL(queue.fresh_flying, 8);
	tear_down();
}

static void
urgent_jobs_may_go_beyond_a_full_site(void)
{
	struct site *site = set_up(5);
	struct entry *urgent;

	for (int i = 0; i < 30; i++)
		core_entry(&queue, site, CLASS_BULK);
	pick_all(0);
	urgent = core_entry(&queue, site, CLASS_URGENT);
	CU_ASSERT_PTR_EQUAL(queue_pick(&queue, 0), urgent);
	CU_ASSERT_PTR_NULL(queue_pick(&queue, 0));
	tear_down();
}

/* Bulk jobs were sent while it was quick; now it is slow. */
static void
jobs_sent_in_advance_keep_no_urgent_one_back(void)
{
	struct site *site = set_up(5);

	for (int i = 0; i < 30; i++)
		core_entry(&queue, site, CLASS_BULK);
	CU_ASSERT_EQUAL(pick_all(0), 10);
	site->flow.took_ms = 400;
	for (int i = 0; i < 30; i++)
		core_entry(&queue, site, CLASS_URGENT);
	CU_ASSERT_EQUAL(pick_all(0), 10);
	CU_ASSERT_EQUAL(site->urgent_flying, 10);
	tear_down();
}

static void
urgent_jobs_have_a_limit_too(void)
{
	struct site *site = set_up(5);

	for (int i = 0; i < 100; i++)
		core_entry(&queue, site, CLASS_URGENT);
	CU_ASSERT_EQUAL(pick_all(0), 15);
	tear_down();
}

/* One bulk entry, and urgent ones without end, of which each lands before
 * the next is picked: when does the bulk one go? */
static int
urgent_picks_before_bulk(struct site *site, struct entry *bulk,
    msec_t step)
{
	for (int i = 0; i < 1000; i++) {
		struct entry *entry;

		core_entry(&queue, site, CLASS_URGENT);
		entry = queue_pick(&queue, i * step);
		if (entry == bulk)
			return i;
		land(site, entry, SITE_ANSWERED, i * step, i * step);
	}
	return -1;
}

static void
starved_bulk_gets_its_trickle(void)
{
	struct site *site = set_up(1);
	struct entry *bulk = core_entry(&queue, site, CLASS_BULK);

	CU_ASSERT_EQUAL(urgent_picks_before_bulk(site, bulk, 100),
	    TRICKLE_PICKS);
	tear_down();
}

static void
the_trickle_waits_until_bulk_is_starved(void)
{
	struct site *site = set_up(1);
	struct entry *bulk = core_entry(&queue, site, CLASS_BULK);

	CU_ASSERT_EQUAL(urgent_picks_before_bulk(site, bulk, 10),
	    TRICKLE_MS / 10);
	tear_down();
}

static void
a_failed_site_rests_as_its_most_pressing_entry_may(void)
{
	struct site *site = set_up(5);
	struct entry *bulk = core_entry(&queue, site, CLASS_BULK);

	queue_pick(&queue, 1000);
	core_entry(&queue, site, CLASS_URGENT);
	land(site, bulk, SITE_FAILED, 1000, 1500);
	CU_ASSERT_EQUAL(queue_next_wake(&queue), 1500 + 1000);
	CU_ASSERT_PTR_NULL(queue_pick(&queue, 2000));
	tear_down();
}

static void
a_rested_site_is_probed_by_one_job_and_its_most_urgent(void)
{
	struct site *site = set_up(5);
	struct entry *bulk = core_entry(&queue, site, CLASS_BULK), *urgent;

	core_entry(&queue, site, CLASS_BULK);
	queue_pick(&queue, 1000);
	land(site, bulk, SITE_FAILED, 1000, 1500);
	queue_ready(&queue, bulk, true);
	urgent = core_entry(&queue, site, CLASS_URGENT);
	queue_wake(&queue, 1500 + 100000 - 1);
	CU_ASSERT_PTR_NULL(queue_pick(&queue, 101499));
	queue_wake(&queue, 1500 + 100000);
	CU_ASSERT_PTR_EQUAL(queue_pick(&queue, 101500), urgent);
	CU_ASSERT_PTR_NULL(queue_pick(&queue, 101500));
	tear_down();
}

static void
rests_grow_by_the_schedule(void)
{
	static const msec_t pauses[] = { 10000, 20000, 60000, 60000 };
	struct site *site = set_up(5);
	struct entry *entry = core_entry(&queue, site, CLASS_NORMAL);
	msec_t now = 1000;

	for (size_t i = 0; i < sizeof pauses / sizeof pauses[0]; i++) {
		CU_ASSERT_PTR_EQUAL_FATAL(queue_pick(&queue, now), entry);
		land(site, entry, SITE_FAILED, now, now + 5);
		queue_ready(&queue, entry, true);
		CU_ASSERT_EQUAL(queue_next_wake(&queue),
		    now + 5 + pauses[i]);
		now = queue_next_wake(&queue);
		queue_wake(&queue, now);
	}
	tear_down();
}

static void
failures_of_one_moment_count_once(void)
{
	struct site *site = set_up(5);
	struct entry *a = core_entry(&queue, site, CLASS_NORMAL);
	struct entry *b = core_entry(&queue, site, CLASS_NORMAL);

	CU_ASSERT_EQUAL(pick_all(1000), 2);
	land(site, a, SITE_FAILED, 1000, 1100);
	queue_wake(&queue, 1100 + 10000);
	land(site, b, SITE_FAILED, 1000, 1100 + 10000);
	CU_ASSERT_EQUAL(site->failures, 1);
	CU_ASSERT_EQUAL(queue_next_wake(&queue), MSEC_NEVER);
	tear_down();
}

static void
a_site_that_answers_again_opens_step_by_step(void)
{
	struct site *site = set_up(10);
	struct entry *entry = core_entry(&queue, site, CLASS_NORMAL);

	queue_pick(&queue, 1000);
	land(site, entry, SITE_FAILED, 1000, 1001);
	queue_ready(&queue, entry, true);
	for (int i = 0; i < 40; i++)
		core_entry(&queue, site, CLASS_NORMAL);
	queue_wake(&queue, 20000);
	entry = queue_pick(&queue, 20000);
	CU_ASSERT_PTR_NULL(queue_pick(&queue, 20000));
	land(site, entry, SITE_ANSWERED, 20000, 20001);
	CU_ASSERT_FALSE(site_is_down(site));
	CU_ASSERT_EQUAL(pick_all(20001), 2);
	CU_ASSERT_EQUAL(site_credit(site, CLASS_NORMAL), 2);
	tear_down();
}

static void
what_the_site_says_of_a_message_is_no_failure_of_the_site(void)
{
	struct site *site = set_up(5);
	struct entry *entry = core_entry(&queue, site, CLASS_NORMAL);

	queue_pick(&queue, 1000);
	land(site, entry, SITE_ANSWERED, 1000, 1001);
	CU_ASSERT_EQUAL(site->failures, 0);
	CU_ASSERT_EQUAL(queue_next_wake(&queue), MSEC_NEVER);
	tear_down();
}

static void
an_operator_ends_a_rest(void)
{
	struct site *site = set_up(5);
	struct entry *entry = core_entry(&queue, site, CLASS_NORMAL);

	queue_pick(&queue, 1000);
	land(site, entry, SITE_FAILED, 1000, 1001);
	queue_ready(&queue, entry, true);
	CU_ASSERT_PTR_NULL(queue_pick(&queue, 1002));
	site_rouse(&queue, site);
	CU_ASSERT_PTR_EQUAL(queue_pick(&queue, 1002), entry);
	tear_down();
}

static void
a_new_limit_counts_at_once(void)
{
	struct site *site = set_up(1);

	for (int i = 0; i < 30; i++)
		core_entry(&queue, site, CLASS_NORMAL);
	CU_ASSERT_EQUAL(pick_all(0), 2);
	site_limit(&queue, site, 4, 100);
	CU_ASSERT_EQUAL(pick_all(0), 6);
	tear_down();
}

static void
a_paused_site_offers_nothing_and_keeps_its_line(void)
{
	struct site *site = set_up(10);
	struct entry *entry = core_entry(&queue, site, CLASS_URGENT);

	site_pause(&queue, site, "because");
	CU_ASSERT_TRUE(site_is_down(site));
	CU_ASSERT_STRING_EQUAL(site_why(site), "because");
	CU_ASSERT_PTR_NULL(queue_pick(&queue, 0));
	core_entry(&queue, site, CLASS_BULK);
	CU_ASSERT_PTR_NULL(queue_pick(&queue, 0));
	site_pause(&queue, site, NULL);
	CU_ASSERT_FALSE(site_is_down(site));
	CU_ASSERT_PTR_EQUAL(queue_pick(&queue, 0), entry);
	tear_down();
}

static void
a_reset_site_forgets_that_it_failed(void)
{
	struct site *site = set_up(10);

	core_entry(&queue, site, CLASS_NORMAL);
	core_entry(&queue, site, CLASS_NORMAL);
	core_entry(&queue, site, CLASS_NORMAL);
	land(site, queue_pick(&queue, 1), SITE_FAILED, 1, 2);
	CU_ASSERT_PTR_NULL(queue_pick(&queue, 3));
	site_reset(&queue, site);
	CU_ASSERT_FALSE(site_is_down(site));
	CU_ASSERT_PTR_NULL(site_why(site));
	CU_ASSERT_EQUAL(pick_all(3), 2);
	tear_down();
}

const struct unit_test site_tests[] = {
	UNIT(the_most_pressing_class_goes_first),
	UNIT(inside_a_class_who_came_first_goes_first),
	UNIT(what_comes_back_untried_goes_to_the_front),
	UNIT(a_quick_site_gets_two_jobs_a_connection),
	UNIT(a_slow_site_gets_one_job_a_connection),
	UNIT(a_site_learns_that_it_is_slow_from_its_transactions),
	UNIT(large_jobs_that_wait_for_each_other_keep_no_small_one_back),
	UNIT(a_site_has_credit_for_no_more_large_jobs_than_connections),
	UNIT(bulk_jobs_that_wait_at_the_deliverer_keep_no_normal_one_back),
	UNIT(a_small_job_waits_for_no_large_ones_that_wait_for_each_other),
	UNIT(while_many_jobs_are_out_a_site_that_did_not_answer_gets_few),
	UNIT(sites_that_did_not_answer_do_not_have_all_jobs),
	UNIT(urgent_jobs_may_go_beyond_a_full_site),
	UNIT(jobs_sent_in_advance_keep_no_urgent_one_back),
	UNIT(urgent_jobs_have_a_limit_too),
	UNIT(starved_bulk_gets_its_trickle),
	UNIT(the_trickle_waits_until_bulk_is_starved),
	UNIT(a_failed_site_rests_as_its_most_pressing_entry_may),
	UNIT(a_rested_site_is_probed_by_one_job_and_its_most_urgent),
	UNIT(rests_grow_by_the_schedule),
	UNIT(failures_of_one_moment_count_once),
	UNIT(a_site_that_answers_again_opens_step_by_step),
	UNIT(what_the_site_says_of_a_message_is_no_failure_of_the_site),
	UNIT(an_operator_ends_a_rest),
	UNIT(a_new_limit_counts_at_once),
	UNIT(a_paused_site_offers_nothing_and_keeps_its_line),
	UNIT(a_reset_site_forgets_that_it_failed),
	UNIT_END
};
