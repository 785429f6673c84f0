/* SPDX-License-Identifier: ISC
 *
 * deaths.c - tests: deliverers that die with mail in hand.
 */
#include "suites.h"

#include "base/mem.h"
#include "rig.h"
#include "spool/record.h"

#include <stdio.h>

#define TO_A "route a.test { to 192.0.2.1 }\n"
static const char text[] = "time-scale 0.01\nqueue { jitter 0 }\n"
    "class normal { retry 1s }\n"
    "route b.test { to 192.0.2.2 }\nroute c.test { to 192.0.2.3 }\n"
    "route from.test { to 192.0.2.9 }\n"
    "site * { recipients 20; connections 20 }\n";

static struct rig *
set_up(void)
{
	char all[1024];
	struct rig *rig;

	snprintf(all, sizeof all, "%s%s", TO_A, text);
	rig = rig_new(all);

	rig->answer.wait = true;
	rig_start(rig);
	return rig;
}

static void
next_deliverer(struct rig *rig)
{
	rig_deliverer_dies(rig);
	rig_deliverer(rig);
}

static void
next_apart(struct rig *rig)
{
	rig_apart_dies(rig);
	rig_apart(rig);
}

static void
send_to(struct rig *rig, const char *rcpt)
{
	rig_send(rig, CLASS_NORMAL, "a@from.test", rcpt);
}

/* All jobs from FROM on, that wait, are answered as the rig does by now. */
static void
answer_from(struct rig *rig, size_t from)
{
	for (size_t i = from; i < rig->job_count; i++)
		if (!rig->jobs[i].answered)
			rig_answer_job(rig, i, &rig->answer);
}

static size_t
corrupt(const struct rig *rig)
{
	return rig_files(rig, "corrupt", "");
}

static const struct rig_answer delivered = { .outcome = OUTCOME_DELIVERED,
    .code = 250, .status = "2.0.0", .text = "Ok", .mta = "mx.test" };

/* Ten transactions of one message at three sites were in one hand. */
static void
a_death_counts_once_however_much_of_a_message_was_in_hand(void)
{
	static char names[200][16];
	const char *rcpts[201] = { NULL };
	struct rig *rig = set_up();

	for (int i = 0; i < 200; i++) {
		snprintf(names[i], sizeof names[i], "u%d@%c.test", i,
		    "abc"[i % 3]);
		rcpts[i] = names[i];
	}
	rig_commit(rig, CLASS_NORMAL, "a@from.test", rcpts);
	rig_until(rig, rig_jobs, 12);
	next_deliverer(rig);
	rig_until(rig, rig_jobs, 24);
	CU_ASSERT_EQUAL(corrupt(rig), 0);
	CU_ASSERT_EQUAL(rig_count(rig, COUNT_FLYING), 12);
	CU_ASSERT_EQUAL(rig->s->queue.suspects.count, 0);
	CU_ASSERT_FALSE(rig->s->deaths.wanted);
	rig->answer = delivered;
	answer_from(rig, 12);
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_EQUAL(rig->job_count, 24);
	rig_free(&rig);
}

static void
who_was_in_hand_at_two_deaths_goes_apart_and_others_do_not(void)
{
	struct rig *rig = set_up();

	send_to(rig, "u@a.test");
	send_to(rig, "u@b.test");
	rig_until(rig, rig_jobs, 2);
	next_deliverer(rig);
	rig_until(rig, rig_jobs, 4);
	next_deliverer(rig);
	CU_ASSERT_TRUE(rig->s->deaths.wanted);
	CU_ASSERT_EQUAL(rig->s->queue.suspects.count, 2);
	send_to(rig, "v@a.test");
	rig_until(rig, rig_jobs, 5);
	CU_ASSERT_FALSE(rig->jobs[4].apart);
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->job_count, 5);
	rig_apart(rig);
	rig_until(rig, rig_jobs, 7);
	CU_ASSERT_TRUE(rig->jobs[5].apart && rig->jobs[6].apart);
	CU_ASSERT_EQUAL(rig->jobs[5].job.window, 5);
	rig->answer = delivered;
	answer_from(rig, 4);
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_EQUAL(corrupt(rig), 0);
	CU_ASSERT_EQUAL(rig->job_count, 7);
	rig_free(&rig);
}

/* Between two deaths it was tried, so the first one was not its doing. */
static void
who_was_tried_in_between_is_no_suspect(void)
{
	struct rig_answer later = { .outcome = OUTCOME_DEFERRED, .code = 451,
	    .status = "4.0.0", .text = "later", .mta = "mx.test",
	    .scope = SCOPE_RECIPIENT };
	struct rig *rig = set_up();

	send_to(rig, "u@a.test");
	rig_until(rig, rig_jobs, 1);
	next_deliverer(rig);
	rig_until(rig, rig_jobs, 2);
	rig_answer_job(rig, 1, &later);
	rig_until(rig, rig_jobs, 3);
	next_deliverer(rig);
	rig_until(rig, rig_jobs, 4);
	CU_ASSERT_FALSE(rig->jobs[3].apart);
	CU_ASSERT_EQUAL(rig->s->queue.suspects.count, 0);
	rig->answer = delivered;
	answer_from(rig, 3);
	rig_until(rig, rig_empty, 0);
	rig_free(&rig);
}

/* The master kills them one after the other, for what no message did. */
static void
deaths_with_several_in_hand_break_none(void)
{
	struct rig *rig = set_up();
	char rcpt[16];

	for (int i = 0; i < 12; i++) {
		snprintf(rcpt, sizeof rcpt, "u%d@a.test", i);
		send_to(rig, rcpt);
	}
	rig_until(rig, rig_jobs, 12);
	next_deliverer(rig);
	rig_until(rig, rig_jobs, 24);
	next_deliverer(rig);
	rig_apart(rig);
	for (int i = 0; i < 2; i++) {
		rig_until(rig, rig_jobs, rig->job_count + 2);
		rig_settle(rig);
		next_apart(rig);
	}
	CU_ASSERT_EQUAL(corrupt(rig), 0);
	rig->answer = delivered;
	rig_settle(rig);
	answer_from(rig, rig->job_count - 1);
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_EQUAL(corrupt(rig), 0);
	CU_ASSERT_EQUAL(rig_files(rig, "normal", ".messages"), 1);
	rig_free(&rig);
}

/* ---- one that kills ----------------------------------------------------------- */

/* u@a.test has been in hand at two deaths, and is alone. */
static struct rig *
with_poison(void)
{
	struct rig *rig = set_up();

	send_to(rig, "u@a.test");
	rig_until(rig, rig_jobs, 1);
	next_deliverer(rig);
	rig_until(rig, rig_jobs, 2);
	next_deliverer(rig);
	rig_apart(rig);
	rig_until(rig, rig_jobs, 3);
	return rig;
}

static void
who_is_alone_at_three_deaths_is_returned_and_kept(void)
{
	struct rig *rig = with_poison();
	struct record record;

	for (size_t jobs = 4; jobs < 6; jobs++) {
		next_apart(rig);
		CU_ASSERT_EQUAL(rig_count(rig, COUNT_WAITING), 1);
		CU_ASSERT_EQUAL(corrupt(rig), 0);
		rig_until(rig, rig_jobs, jobs);
		CU_ASSERT_TRUE(rig->jobs[jobs - 1].apart);
		CU_ASSERT_EQUAL(rig->jobs[jobs - 1].job.attempt, jobs - 2);
	}
	rig_apart_dies(rig);
	CU_ASSERT_EQUAL(corrupt(rig), 1);
	CU_ASSERT_EQUAL(message_find(&rig->s->queue, rig->id)->open, 1);
	rig_until(rig, rig_jobs, 6);
	CU_ASSERT_PTR_NULL(message_find(&rig->s->queue, rig->id));
	rig_read(rig, 5, &record);
	CU_ASSERT_STRING_EQUAL(record.envelope->rcpts[0].address,
	    "a@from.test");
	CU_ASSERT_TRUE(rig_body_has(&record, "Status: 5.3.0"));
	CU_ASSERT_TRUE(rig_body_has(&record, "u@a.test"));
	record_fini(&record);
	CU_ASSERT_FALSE(rig->jobs[5].apart);
	rig_free(&rig);
}

static void
who_survives_in_the_end_is_delivered(void)
{
	struct rig *rig = with_poison();

	for (size_t jobs = 4; jobs < 6; jobs++) {
		next_apart(rig);
		rig_until(rig, rig_jobs, jobs);
	}
	rig->answer = delivered;
	answer_from(rig, 4);
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_EQUAL(corrupt(rig), 0);
	CU_ASSERT_EQUAL(rig->job_count, 5);
	rig_free(&rig);
}

/* Its bytes cannot be kept: then it goes on waiting. */
static void
who_cannot_be_kept_is_not_given_up(void)
{
	struct rig *rig = with_poison();
	int kept = rig->s->dirs.corrupt;

	for (size_t jobs = 4; jobs < 6; jobs++) {
		next_apart(rig);
		rig_until(rig, rig_jobs, jobs);
	}
	rig->s->dirs.corrupt = -1;
	next_apart(rig);
	rig_until(rig, rig_jobs, 6);
	CU_ASSERT_PTR_NOT_NULL(message_find(&rig->s->queue, rig->id));
	CU_ASSERT_EQUAL(rig->jobs[5].job.offset, rig->jobs[0].job.offset);
	rig->s->dirs.corrupt = kept;
	rig->answer = delivered;
	answer_from(rig, 5);
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_EQUAL(corrupt(rig), 0);
	rig_free(&rig);
}

/* What waits for b.test, which rests, was in no hand so far. */
static void
the_rest_of_a_message_that_killed_goes_apart_as_well(void)
{
	static const char *const rcpts[] = { "u@a.test", "u@b.test", NULL };
	struct rig *rig = set_up();
	msec_t now = scheduler_now(rig->s);
	struct site *b;
	size_t at = 0;

	send_to(rig, "first@b.test");
	rig_until(rig, rig_jobs, 1);
	b = map_each(&rig->s->queue.sites, &at);
	rig_answer_job(rig, 0, &delivered);
	rig_until(rig, rig_empty, 0);
	site_hold(&rig->s->queue, b, CLASS_NORMAL, now + MSEC_HOUR, now);
	rig_commit(rig, CLASS_NORMAL, "a@from.test", rcpts);
	for (size_t jobs = 2; jobs < 4; jobs++) {
		rig_until(rig, rig_jobs, jobs);
		next_deliverer(rig);
	}
	rig_apart(rig);
	rig_until(rig, rig_jobs, 4);
	CU_ASSERT_EQUAL(rig->s->queue.suspects.count, 1);
	CU_ASSERT_EQUAL(site_waiting(b, CLASS_NORMAL), 1);
	CU_ASSERT_EQUAL(b->ready[CLASS_NORMAL].count, 1);
	rig_apart_dies(rig);
	CU_ASSERT_EQUAL(b->ready[CLASS_NORMAL].count, 0);
	CU_ASSERT_EQUAL(site_waiting(b, CLASS_NORMAL), 1);
	site_rouse(&rig->s->queue, b);
	rig_apart(rig);
	rig_until(rig, rig_jobs, 5);
	CU_ASSERT_TRUE(rig->jobs[4].apart);
	rig_free(&rig);
}

/* ---- a reload while they wait ------------------------------------------------- */

static void
reload(struct rig *rig, const char *route)
{
	struct conf *old = rig->conf;
	struct buf whole;
	struct err err;

	buf_init(&whole, 1 << 16);
	buf_printf(&whole, "hostname relay.test\nnode 1\nspool %s/spool\n"
	    "listen 127.0.0.1:2525\n%s\n%s", rig->path, route, text);
	rig->conf = conf_parse(buf_peek(&whole), "new", &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(rig->conf);
	buf_fini(&whole);
	scheduler_reload(rig->s, rig->conf);
	conf_free(&old);
}

static void
suspects_follow_their_route_and_their_site_may_go(void)
{
	struct rig *rig = set_up();

	send_to(rig, "u@a.test");
	rig_until(rig, rig_jobs, 1);
	next_deliverer(rig);
	rig_until(rig, rig_jobs, 2);
	next_deliverer(rig);
	CU_ASSERT_EQUAL(rig->s->queue.suspects.count, 1);
	reload(rig, "route a.test { to 192.0.2.7 }");
	CU_ASSERT_EQUAL(rig->s->queue.suspects.count, 1);
	rig_apart(rig);
	rig_until(rig, rig_jobs, 3);
	CU_ASSERT_EQUAL(rig->s->queue.sites.count, 1);
	CU_ASSERT_TRUE(rig->jobs[2].apart);
	CU_ASSERT_PTR_NOT_NULL(strstr(rig->jobs[2].site, "192.0.2.7"));
	rig->answer = delivered;
	answer_from(rig, 2);
	rig_until(rig, rig_empty, 0);
	rig_free(&rig);
}

const struct unit_test death_tests[] = {
	UNIT(a_death_counts_once_however_much_of_a_message_was_in_hand),
	UNIT(who_was_in_hand_at_two_deaths_goes_apart_and_others_do_not),
	UNIT(who_was_tried_in_between_is_no_suspect),
	UNIT(deaths_with_several_in_hand_break_none),
	UNIT(who_is_alone_at_three_deaths_is_returned_and_kept),
	UNIT(who_survives_in_the_end_is_delivered),
	UNIT(who_cannot_be_kept_is_not_given_up),
	UNIT(the_rest_of_a_message_that_killed_goes_apart_as_well),
	UNIT(suspects_follow_their_route_and_their_site_may_go),
	UNIT_END
};
