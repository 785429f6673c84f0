/* SPDX-License-Identifier: ISC
 *
 * results.c - tests: what follows from what a deliverer says.
 */
#include "suites.h"

#include "base/mem.h"
#include "rig.h"

/* A scale of 1/100: pauses of 100 ms, a life of 36 s. */
static const char quick[] = "route * { to 127.0.0.1:9 }\n"
    "time-scale 0.01\n"
    "class normal { retry 10s 20s; lifetime 1h; warn never }\n";

static const struct rig_answer good = {
	.outcome = OUTCOME_DELIVERED, .code = 250, .status = "2.0.0",
	.text = "250 2.0.0 Ok", .mta = "mx.test"
};
static const struct rig_answer later = {
	.outcome = OUTCOME_DEFERRED, .scope = SCOPE_MESSAGE, .code = 450,
	.status = "4.2.0", .text = "450 4.2.0 later", .mta = "mx.test"
};
static const struct rig_answer down = {
	.outcome = OUTCOME_DEFERRED, .scope = SCOPE_SITE,
	.status = "4.4.1", .text = "Connection refused"
};
static const struct rig_answer again = {
	.outcome = OUTCOME_AGAIN, .scope = SCOPE_MESSAGE,
	.status = "4.5.3", .text = "not tried"
};
static const struct rig_answer wait_for_me = { .wait = true };

static void
what_is_put_off_is_tried_again_when_due(void)
{
	struct rig *rig = rig_new(quick);
	msec_t start;

	rig_start(rig);
	rig->answer = later;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_until(rig, rig_waiting, 1);
	start = clock_mono();
	CU_ASSERT_EQUAL(rig->s->queue.entries, 0);
	CU_ASSERT_EQUAL(rig->s->queue.messages.count, 0);
	rig->answer = good;
	rig_until(rig, rig_jobs, 2);
	CU_ASSERT_TRUE(clock_mono() - start >= 60);
	CU_ASSERT_EQUAL(rig->jobs[1].job.attempt, 2);
	CU_ASSERT_EQUAL(rig->jobs[1].job.offset, rig->jobs[0].job.offset);
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_EQUAL(index_count(rig->s->window.index), 0);
	rig_free(&rig);
}

static void
what_was_not_tried_goes_again_at_once_and_does_not_count(void)
{
	struct rig *rig = rig_new(quick);

	rig_start(rig);
	rig->answer = wait_for_me;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_until(rig, rig_jobs, 1);
	rig->answer = good;
	rig_answer_job(rig, 0, &again);
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_EQUAL(rig->job_count, 2);
	CU_ASSERT_EQUAL(rig->jobs[1].job.attempt, 1);
	rig_free(&rig);
}

static void
each_recipient_has_its_own_outcome(void)
{
	static const char *const rcpts[] = { "a@to.test", "b@to.test",
	    "c@to.test", NULL };
	static const enum outcome each[] = { OUTCOME_DELIVERED,
	    OUTCOME_DEFERRED, OUTCOME_AGAIN };
	struct rig *rig = rig_new(quick);
	struct rig_answer mixed = later;

	rig_start(rig);
	rig->answer = wait_for_me;
	rig_commit(rig, CLASS_NORMAL, "x@from.test", rcpts);
	rig_until(rig, rig_jobs, 1);
	CU_ASSERT_EQUAL(rig->jobs[0].rcpt_count, 3);
	mixed.each = each;
	rig->answer = good;
	rig_answer_job(rig, 0, &mixed);
	rig_until(rig, rig_jobs, 3);
	CU_ASSERT_EQUAL(rig->jobs[1].rcpt_count, 1);
	CU_ASSERT_EQUAL(rig->jobs[1].rcpts[0], 2);
	CU_ASSERT_EQUAL(rig->jobs[2].rcpt_count, 1);
	CU_ASSERT_EQUAL(rig->jobs[2].rcpts[0], 1);
	CU_ASSERT_EQUAL(rig->jobs[2].job.attempt, 2);
	rig_until(rig, rig_empty, 0);
	rig_free(&rig);
}

static void
a_recipient_that_the_answer_forgets_is_put_off(void)
{
	static const char *const rcpts[] = { "a@to.test", "b@to.test", NULL };
	struct rig *rig = rig_new(quick);
	struct rig_job *job;

	rig_start(rig);
	rig->answer = wait_for_me;
	rig_commit(rig, CLASS_NORMAL, "x@from.test", rcpts);
	rig_until(rig, rig_jobs, 1);
	job = &rig->jobs[0];
	job->rcpt_count = 1;
	rig->answer = good;
	rig_answer_job(rig, 0, &good);
	rig_until(rig, rig_jobs, 2);
	CU_ASSERT_EQUAL(rig->jobs[1].rcpts[0], 1);
	rig_until(rig, rig_empty, 0);
	rig_free(&rig);
}

static void
a_dead_site_is_probed_by_one_and_then_all_goes(void)
{
	struct rig *rig = rig_new(quick);
	struct site *site;
	size_t at = 0, tried;

	rig_start(rig);
	rig->answer = down;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_until(rig, rig_jobs, 1);
	rig_settle(rig);
	for (int i = 0; i < 10; i++)
		rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	site = map_each(&rig->s->queue.sites, &at);
	CU_ASSERT_TRUE(site_is_down(site));
	CU_ASSERT_STRING_EQUAL(site->reason, "Connection refused");
	CU_ASSERT_EQUAL(site->entries, 11);
	rig->answer = wait_for_me;
	tried = rig->job_count;
	rig_until(rig, rig_jobs, tried + 1);
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->job_count, tried + 1);
	rig->answer = good;
	rig_answer_job(rig, tried, &down);
	rig_until(rig, rig_empty, 0);
	/* Those that only waited were tried once. */
	CU_ASSERT_EQUAL(rig->jobs[rig->job_count - 1].job.attempt, 1);
	rig_free(&rig);
}

static void
a_dead_site_keeps_few_entries_in_memory(void)
{
	struct rig *rig = rig_new(quick);

	rig_start(rig);
	rig->answer = down;
	for (int i = 0; i < 200; i++)
		rig_send(rig, CLASS_BULK, "a@from.test", "b@to.test");
	rig_settle(rig);
	CU_ASSERT_TRUE(rig->s->queue.entries <= 40);
	CU_ASSERT_EQUAL(rig_count(rig, COUNT_READY) +
	    rig_count(rig, COUNT_FLYING), 200);
	rig->answer = good;
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_EQUAL(index_count(rig->s->window.index), 0);
	rig_free(&rig);
}

static void
one_dead_site_does_not_stop_another(void)
{
	struct rig *rig = rig_new("route dead.test { to 127.0.0.1:9 }\n"
	    "route * { to 127.0.0.2:9 }\n");

	rig_start(rig);
	rig->answer = down;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@dead.test");
	rig_until(rig, rig_jobs, 1);
	rig_settle(rig);
	rig->answer = good;
	rig_send(rig, CLASS_BULK, "a@from.test", "b@live.test");
	rig_until(rig, rig_jobs, 2);
	CU_ASSERT_STRING_EQUAL(rig->jobs[1].site, "127.0.0.2:9");
	rig_free(&rig);
}

static void
a_deliverer_need_not_know_a_site_that_rests(void)
{
	struct rig *rig = rig_new(quick);

	rig_start(rig);
	rig->answer = wait_for_me;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_send(rig, CLASS_NORMAL, "a@from.test", "c@to.test");
	rig_until(rig, rig_jobs, 2);
	CU_ASSERT_EQUAL(rig->sites_told, 1);
	CU_ASSERT_EQUAL(rig->sites_gone, 0);
	rig->answer = good;
	rig_answer_job(rig, 0, &down);
	rig_answer_job(rig, 1, &down);
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_TRUE(rig->sites_gone >= 1);
	CU_ASSERT_EQUAL(rig->sites_told, 2);
	CU_ASSERT_EQUAL(rig->sites[0].number, rig->sites[1].number);
	CU_ASSERT_STRING_EQUAL(rig->sites[0].name, rig->sites[1].name);
	rig_free(&rig);
}

static void
the_jobs_of_a_dead_deliverer_go_to_the_next(void)
{
	struct rig *rig = rig_new(quick);

	rig_start(rig);
	rig->answer = wait_for_me;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_until(rig, rig_jobs, 1);
	rig_deliverer_dies(rig);
	CU_ASSERT_EQUAL(rig_count(rig, COUNT_FLYING), 0);
	CU_ASSERT_EQUAL(rig_count(rig, COUNT_READY), 1);
	rig->answer = good;
	rig_deliverer(rig);
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_EQUAL(rig->job_count, 2);
	CU_ASSERT_EQUAL(rig->jobs[1].job.attempt, 1);
	CU_ASSERT_EQUAL(rig->sites_told, 1);
	CU_ASSERT_EQUAL(rig->segments_told, 2);
	rig_free(&rig);
}

static void
an_answer_to_no_job_changes_nothing(void)
{
	struct rig *rig = rig_new(quick);
	struct frame_result result = { .job = 12345 };

	rig_start(rig);
	rig->answer = wait_for_me;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_until(rig, rig_jobs, 1);
	dispatch_result(rig->s, 0, &result);
	result.job = rig->jobs[0].job.job;
	dispatch_result(rig->s, 1, &result);
	CU_ASSERT_EQUAL(rig_count(rig, COUNT_FLYING), 1);
	rig_free(&rig);
}

static bool
thousand_in_all(struct rig *rig, uint64_t number)
{
	return rig_count(rig, COUNT_READY) + rig_count(rig, COUNT_FLYING) ==
	    number;
}

static void
what_does_not_fit_in_memory_waits_in_the_index_in_its_order(void)
{
	struct rig *rig = rig_new("route * { to 127.0.0.1:9 }\n"
	    "queue { window 200 }\nsite * { connections 2 }\n");

	rig_start(rig);
	rig->answer = wait_for_me;
	for (int i = 0; i < 1000; i++)
		rig_send(rig, CLASS_BULK, "a@from.test", "b@to.test");
	rig_until(rig, thousand_in_all, 1000);
	CU_ASSERT_TRUE(rig->s->queue.entries <= 200);
	CU_ASSERT_TRUE(index_count(rig->s->window.index) >= 800);
	rig->answer = good;
	for (size_t i = 0; i < rig->job_count; i++)
		if (!rig->jobs[i].answered)
			rig_answer_job(rig, i, &good);
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_EQUAL_FATAL(rig->job_count, 1000);
	for (size_t i = 1; i < rig->job_count; i++)
		CU_ASSERT_TRUE(rig->jobs[i].job.offset >
		    rig->jobs[i - 1].job.offset);
	CU_ASSERT_EQUAL(index_count(rig->s->window.index), 0);
	rig_free(&rig);
}

static void
urgent_mail_passes_a_line_that_waits_in_the_index(void)
{
	struct rig *rig = rig_new("route * { to 127.0.0.1:9 }\n"
	    "queue { window 100 }\nsite * { connections 2 }\n");
	size_t before;

	rig_start(rig);
	rig->answer = wait_for_me;
	for (int i = 0; i < 500; i++)
		rig_send(rig, CLASS_BULK, "a@from.test", "b@to.test");
	rig_until(rig, thousand_in_all, 500);
	before = rig->job_count;
	rig_send(rig, CLASS_URGENT, "a@from.test", "b@to.test");
	rig_until(rig, rig_jobs, before + 1);
	CU_ASSERT_EQUAL(rig->jobs[before].job.klass, CLASS_URGENT);
	rig_free(&rig);
}

static void
a_line_in_the_index_goes_on_after_a_restart(void)
{
	struct rig *rig = rig_new("route * { to 127.0.0.1:9 }\n"
	    "queue { window 100; status-sync 0 }\n"
	    "site * { connections 2 }\n");

	rig_start(rig);
	rig->answer = wait_for_me;
	for (int i = 0; i < 500; i++)
		rig_send(rig, CLASS_BULK, "a@from.test", "b@to.test");
	rig_until(rig, thousand_in_all, 500);
	rig_deliverer_dies(rig);
	rig_stop(rig);
	rig_new_receiver(rig);
	rig->job_count = 0;
	rig->answer = good;
	rig_start(rig);
	rig_until(rig, rig_empty, 0);
	rig_until(rig, rig_no_segments, 0);
	CU_ASSERT_EQUAL(rig->job_count, 500);
	CU_ASSERT_EQUAL(index_count(rig->s->window.index), 0);
	rig_free(&rig);
}

static bool
index_is_back(struct rig *rig, uint64_t number)
{
	(void)number;
	return rig->s->window.index != NULL && rig->s->intake.complete;
}

static void
a_failing_index_is_opened_anew_and_mail_goes_on(void)
{
	struct rig *rig = rig_new("route * { to 127.0.0.1:9 }\n"
	    "class normal { retry 1h; lifetime 2h; warn never }\n");
	struct err err = { .text = "by the test" };

	rig_start(rig);
	rig->answer = later;
	for (int i = 0; i < 20; i++)
		rig_send(rig, CLASS_NORMAL, "a@from.test", "late@to.test");
	rig_until(rig, rig_waiting, 20);
	rig->answer = wait_for_me;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "flying@to.test");
	rig_until(rig, rig_jobs, 21);
	window_fail(rig->s, &err);
	CU_ASSERT_PTR_NULL(rig->s->window.index);
	rig_until(rig, index_is_back, 0);
	CU_ASSERT_EQUAL(rig_count(rig, COUNT_WAITING), 20);
	CU_ASSERT_EQUAL(rig_count(rig, COUNT_FLYING), 1);
	rig_answer_job(rig, 20, &good);
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->job_count, 21);
	CU_ASSERT_EQUAL(rig_count(rig, COUNT_FLYING), 0);
	CU_ASSERT_EQUAL(rig->s->queue.messages.count, 0);
	rig_free(&rig);
}

static void
without_an_index_entries_wait_in_memory(void)
{
	struct rig *rig = rig_new(quick);
	struct err err = { .text = "by the test" };

	rig_start(rig);
	rig->answer = wait_for_me;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_until(rig, rig_jobs, 1);
	window_fail(rig->s, &err);
	rig->s->window.tried = scheduler_now(rig->s);
	rig->answer = good;
	rig_answer_job(rig, 0, &later);
	rig_until(rig, rig_waiting, 1);
	CU_ASSERT_PTR_NULL(rig->s->window.index);
	rig_until(rig, rig_jobs, 2);
	CU_ASSERT_EQUAL(rig->jobs[1].job.attempt, 2);
	rig_free(&rig);
}

static void
set_true(void *owner)
{
	*(bool *)owner = true;
}

static void
a_drain_waits_for_what_flies_and_gives_out_nothing(void)
{
	struct rig *rig = rig_new("route * { to 127.0.0.1:9 }\n"
	    "site * { connections 1 }\n");
	bool over = false;

	rig_start(rig);
	rig->answer = wait_for_me;
	for (int i = 0; i < 10; i++)
		rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_until(rig, rig_jobs, 2);
	rig_settle(rig);
	scheduler_drain(rig->s, set_true, &over);
	rig_settle(rig);
	CU_ASSERT_FALSE(over);
	rig_answer_job(rig, 0, &good);
	rig_answer_job(rig, 1, &good);
	rig_settle(rig);
	CU_ASSERT_TRUE(over);
	CU_ASSERT_EQUAL(rig->job_count, 2);
	rig_free(&rig);
}

/* 100 ms ahead: as after a turn of the loop that took so long. */
static void
of_mail_without_any_time_left_its_sender_hears_at_once(void)
{
	struct rig *rig = rig_new(quick);

	rig_start(rig);
	rig->answer = good;
	rig->answer.by_passed = true;
	rig->ahead = 100000;
	rig->no_time = true;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_until(rig, rig_jobs, 2);
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_EQUAL(rig->job_count, 2);
	rig_free(&rig);
}

const struct unit_test results_tests[] = {
	UNIT(of_mail_without_any_time_left_its_sender_hears_at_once),
	UNIT(what_is_put_off_is_tried_again_when_due),
	UNIT(what_was_not_tried_goes_again_at_once_and_does_not_count),
	UNIT(each_recipient_has_its_own_outcome),
	UNIT(a_recipient_that_the_answer_forgets_is_put_off),
	UNIT(a_dead_site_is_probed_by_one_and_then_all_goes),
	UNIT(a_dead_site_keeps_few_entries_in_memory),
	UNIT(one_dead_site_does_not_stop_another),
	UNIT(a_deliverer_need_not_know_a_site_that_rests),
	UNIT(the_jobs_of_a_dead_deliverer_go_to_the_next),
	UNIT(an_answer_to_no_job_changes_nothing),
	UNIT(what_does_not_fit_in_memory_waits_in_the_index_in_its_order),
	UNIT(urgent_mail_passes_a_line_that_waits_in_the_index),
	UNIT(a_line_in_the_index_goes_on_after_a_restart),
	UNIT(a_failing_index_is_opened_anew_and_mail_goes_on),
	UNIT(without_an_index_entries_wait_in_memory),
	UNIT(a_drain_waits_for_what_flies_and_gives_out_nothing),
	UNIT_END
};
