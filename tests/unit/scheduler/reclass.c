/* SPDX-License-Identifier: ISC
 *
 * reclass.c - tests: messages that come to be of another class.
 */
#include "suites.h"

#include "base/must.h"
#include "rig.h"
#include "scheduler/change.h"
#include "scheduler/reclass.h"

#include <stdio.h>

static const char fixed[] = "route * { to 127.0.0.1:9 }\n"
    "queue { status-sync 0 }\n"
    "class urgent { retry 1h; lifetime 2h; warn never }\n"
    "class normal { retry 1h; lifetime 2h; warn never }\n";

static const struct rig_answer good = {
	.outcome = OUTCOME_DELIVERED, .code = 250, .status = "2.0.0",
	.text = "250 2.0.0 Ok", .mta = "mx.test"
};
static const struct rig_answer later = {
	.outcome = OUTCOME_DEFERRED, .scope = SCOPE_MESSAGE, .code = 450,
	.status = "4.2.0", .text = "450 4.2.0 later", .mta = "mx.test"
};
static const struct rig_answer wait_for_me = { .wait = true };

static const char *const two[] = { "a@one.test", "b@one.test", NULL };

/* The message sent last changes its class. */
static bool
move(struct rig *rig, enum mail_class klass)
{
	struct item item;
	bool done;

	CU_ASSERT_TRUE_FATAL(walk_find(rig->s, rig->id, &item));
	done = reclass(rig->s, &item, klass);
	item_fini(&item);
	return done;
}

static uint64_t
count(const struct rig *rig, enum mail_class klass, enum count state)
{
	return rig->s->queue.counts[klass][state];
}

static void
lose_index(struct rig *rig)
{
	char from[128], to[128];

	snprintf(from, sizeof from, "%s/spool/index", rig->path);
	snprintf(to, sizeof to, "%s/index-that-was", rig->path);
	CU_ASSERT_EQUAL(rename(from, to), 0);
}

static struct rig *
with_a_deferred_message(const char *conf, const char *const *rcpts)
{
	struct rig *rig = rig_new(conf);

	rig_start(rig);
	rig->answer = later;
	rig_commit(rig, CLASS_NORMAL, "a@from.test", rcpts);
	rig_until(rig, rig_waiting, 1);
	return rig;
}

/* ---- while it waits ------------------------------------------------------------ */

static void
what_is_moved_to_urgent_is_tried_at_once_and_once(void)
{
	struct rig *rig = with_a_deferred_message(fixed, two);

	rig->answer = good;
	CU_ASSERT_TRUE(move(rig, CLASS_URGENT));
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_EQUAL(rig->job_count, 2);
	CU_ASSERT_EQUAL(rig->jobs[1].job.klass, CLASS_URGENT);
	CU_ASSERT_EQUAL(rig->jobs[1].job.attempt, 2);
	CU_ASSERT_EQUAL(rig->jobs[1].rcpt_count, 2);
	rig_stop(rig);
	rig_new_receiver(rig);
	rig_start(rig);
	rig_until(rig, rig_no_segments, 0);
	CU_ASSERT_EQUAL(rig->job_count, 2);
	rig_free(&rig);
}

static void
its_record_stays_where_it_is(void)
{
	struct rig *rig = with_a_deferred_message(fixed, two);
	struct item item;

	CU_ASSERT_TRUE(move(rig, CLASS_BULK));
	rig_settle(rig);
	CU_ASSERT_TRUE_FATAL(walk_find(rig->s, rig->id, &item));
	CU_ASSERT_EQUAL(item.klass, CLASS_BULK);
	CU_ASSERT_EQUAL(item.segment->name.klass, CLASS_NORMAL);
	CU_ASSERT_EQUAL(item.offset, rig->where.offset);
	item_fini(&item);
	CU_ASSERT_EQUAL(rig_files(rig, "bulk", ".messages"), 0);
	CU_ASSERT_EQUAL(rig_files(rig, "normal", ".messages"), 1);
	rig_free(&rig);
}

static void
what_is_moved_down_keeps_its_time(void)
{
	struct rig *rig = with_a_deferred_message(fixed, two);

	CU_ASSERT_TRUE(move(rig, CLASS_BULK));
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	CU_ASSERT_EQUAL(count(rig, CLASS_NORMAL, COUNT_WAITING), 0);
	CU_ASSERT_EQUAL(count(rig, CLASS_BULK, COUNT_WAITING), 1);
	rig_free(&rig);
}

static void
the_class_it_has_is_no_change(void)
{
	struct rig *rig = with_a_deferred_message(fixed, two);

	CU_ASSERT_FALSE(move(rig, CLASS_NORMAL));
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig_files(rig, "normal", ".status"), 0);
	CU_ASSERT_EQUAL(count(rig, CLASS_NORMAL, COUNT_WAITING), 1);
	rig_free(&rig);
}

static void
a_line_in_memory_is_left_for_that_of_the_new_class(void)
{
	struct rig *rig = rig_new("route * { to 127.0.0.1:9 }\n"
	    "site * { connections 1 }\n");
	size_t sent;

	rig_start(rig);
	rig->answer = wait_for_me;
	for (int i = 0; i < 5; i++)
		rig_send(rig, CLASS_BULK, "a@from.test", "b@to.test");
	rig_until(rig, rig_jobs, 1);
	rig_settle(rig);
	sent = rig->job_count;
	CU_ASSERT_TRUE(move(rig, CLASS_URGENT));
	CU_ASSERT_EQUAL(count(rig, CLASS_BULK, COUNT_READY) +
	    count(rig, CLASS_BULK, COUNT_FLYING), 4);
	for (size_t i = 0; i < 5; i++) {
		rig_until(rig, rig_jobs, i + 1);
		rig_answer_job(rig, i, &good);
	}
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_EQUAL(rig->job_count, 5);
	CU_ASSERT_EQUAL(rig->jobs[sent].job.klass, CLASS_URGENT);
	rig_free(&rig);
}

static void
a_hold_stays_with_the_message(void)
{
	struct rig *rig = with_a_deferred_message(fixed, two);
	struct filter all = { .all = true };
	struct walk *walk = walk_new(rig->s, &all, false);

	while (walk_on(walk, 16, change_hold, NULL))
		;
	walk_free(&walk);
	CU_ASSERT_TRUE(move(rig, CLASS_URGENT));
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	CU_ASSERT_EQUAL(count(rig, CLASS_URGENT, COUNT_HELD), 1);
	rig_stop(rig);
	lose_index(rig);
	rig_new_receiver(rig);
	rig_start(rig);
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	CU_ASSERT_EQUAL(count(rig, CLASS_URGENT, COUNT_HELD), 1);
	CU_ASSERT_EQUAL(count(rig, CLASS_NORMAL, COUNT_HELD), 0);
	rig_free(&rig);
}

/* ---- while it flies ------------------------------------------------------------- */

static void
what_flies_is_counted_as_it_took_off_until_it_is_back(void)
{
	struct rig *rig = rig_new(fixed);
	const struct site *site;
	size_t at = 0;

	rig_start(rig);
	rig->answer = wait_for_me;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_until(rig, rig_jobs, 1);
	CU_ASSERT_TRUE(move(rig, CLASS_URGENT));
	site = map_each(&rig->s->queue.sites, &at);
	CU_ASSERT_PTR_NOT_NULL_FATAL(site);
	CU_ASSERT_EQUAL(site->flying, 1);
	CU_ASSERT_EQUAL(site->urgent_flying, 0);
	CU_ASSERT_EQUAL(count(rig, CLASS_NORMAL, COUNT_FLYING), 1);
	CU_ASSERT_EQUAL(count(rig, CLASS_URGENT, COUNT_FLYING), 0);
	rig_answer_job(rig, 0, &later);
	rig_until(rig, rig_waiting, 1);
	CU_ASSERT_EQUAL(count(rig, CLASS_NORMAL, COUNT_FLYING), 0);
	CU_ASSERT_EQUAL(count(rig, CLASS_URGENT, COUNT_WAITING), 1);
	CU_ASSERT_EQUAL(site->urgent_flying, 0);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	rig_free(&rig);
}

static void
what_flies_comes_back_to_the_line_of_its_new_class(void)
{
	static const struct rig_answer cut = {
		.outcome = OUTCOME_DEFERRED, .scope = SCOPE_SITE,
		.code = 421, .status = "4.3.2", .text = "421 4.3.2 closing",
		.mta = "mx.test"
	};
	struct rig *rig = rig_new("time-scale 0.0001\n"
	    "route * { to 127.0.0.1:9 }\n"
	    "class bulk { retry 1h; lifetime 30d; warn never }\n"
	    "class urgent { retry 1h; lifetime 30d; warn never }\n");

	rig_start(rig);
	rig->answer = wait_for_me;
	rig_send(rig, CLASS_BULK, "a@from.test", "b@to.test");
	rig_until(rig, rig_jobs, 1);
	CU_ASSERT_TRUE(move(rig, CLASS_URGENT));
	rig_answer_job(rig, 0, &cut);
	rig_until(rig, rig_jobs, 2);
	CU_ASSERT_EQUAL(rig->jobs[0].job.klass, CLASS_BULK);
	CU_ASSERT_EQUAL(rig->jobs[1].job.klass, CLASS_URGENT);
	CU_ASSERT_EQUAL(count(rig, CLASS_URGENT, COUNT_FLYING), 1);
	CU_ASSERT_EQUAL(count(rig, CLASS_BULK, COUNT_FLYING), 0);
	rig_answer_job(rig, 1, &good);
	rig_until(rig, rig_empty, 0);
	rig_free(&rig);
}

static void
what_is_about_to_be_deleted_is_left_alone(void)
{
	struct rig *rig = rig_new(fixed);
	struct filter all = { .all = true };
	struct walk *walk;

	rig_start(rig);
	rig->answer = wait_for_me;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_until(rig, rig_jobs, 1);
	walk = walk_new(rig->s, &all, 0);
	while (walk_on(walk, 16, change_delete, NULL))
		;
	walk_free(&walk);
	CU_ASSERT_FALSE(move(rig, CLASS_URGENT));
	rig_answer_job(rig, 0, &later);
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	rig_free(&rig);
}

/* ---- after the next start ------------------------------------------------------- */

static void
a_new_class_survives_the_loss_of_all_but_the_spool(void)
{
	struct rig *rig = with_a_deferred_message(fixed, two);

	CU_ASSERT_TRUE(move(rig, CLASS_URGENT));
	rig_until(rig, rig_jobs, 2);
	rig_until(rig, rig_waiting, 1);
	CU_ASSERT_TRUE(move(rig, CLASS_BULK));
	rig_stop(rig);
	lose_index(rig);
	rig_new_receiver(rig);
	rig->answer = good;
	rig_start(rig);
	rig_until(rig, rig_no_segments, 0);
	CU_ASSERT_EQUAL(rig->job_count, 3);
	CU_ASSERT_EQUAL(rig->jobs[2].job.klass, CLASS_BULK);
	CU_ASSERT_EQUAL(rig->jobs[2].rcpt_count, 2);
	rig_free(&rig);
}

/* The process died when the journal was written and the index was not. */
static void
a_row_of_the_old_class_is_put_right_by_the_journal(void)
{
	struct rig *rig = with_a_deferred_message(fixed, two);
	struct status status = { .offset = rig->where.offset,
	    .rcpt = STATUS_ALL_RCPTS, .action = STATUS_CLASS,
	    .klass = CLASS_BULK };
	struct journal journal;
	struct item item;
	struct err err;

	rig_stop(rig);
	journal_init(&journal, rig->where.segment);
	journal_add(&journal, &status);
	CU_ASSERT_TRUE(journal_flush(&journal, &rig->dirs, &err));
	journal_fini(&journal);
	rig_new_receiver(rig);
	rig_start(rig);
	rig_until(rig, rig_waiting, 1);
	CU_ASSERT_EQUAL(count(rig, CLASS_BULK, COUNT_WAITING), 1);
	CU_ASSERT_EQUAL(count(rig, CLASS_NORMAL, COUNT_WAITING), 0);
	CU_ASSERT_TRUE_FATAL(walk_find(rig->s, rig->id, &item));
	CU_ASSERT_PTR_NULL(item.message);
	CU_ASSERT_EQUAL(item.klass, CLASS_BULK);
	item_fini(&item);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	rig_free(&rig);
}

static void
who_had_it_before_the_change_never_gets_it_again(void)
{
	static const enum outcome each[] = { OUTCOME_DELIVERED,
	    OUTCOME_DEFERRED };
	struct rig *rig = rig_new(fixed);

	rig_start(rig);
	rig->answer = later;
	rig->answer.each = each;
	rig_commit(rig, CLASS_NORMAL, "a@from.test", two);
	rig_until(rig, rig_waiting, 1);
	rig->answer = wait_for_me;
	CU_ASSERT_TRUE(move(rig, CLASS_URGENT));
	rig_until(rig, rig_jobs, 2);
	CU_ASSERT_EQUAL(rig->jobs[1].rcpt_count, 1);
	CU_ASSERT_EQUAL(rig->jobs[1].rcpts[0], 1);
	rig_stop(rig);
	lose_index(rig);
	rig_new_receiver(rig);
	rig->answer = good;
	rig_start(rig);
	rig_until(rig, rig_no_segments, 0);
	CU_ASSERT_EQUAL(rig->job_count, 3);
	CU_ASSERT_EQUAL(rig->jobs[2].job.klass, CLASS_URGENT);
	CU_ASSERT_EQUAL(rig->jobs[2].rcpt_count, 1);
	CU_ASSERT_EQUAL(rig->jobs[2].rcpts[0], 1);
	rig_free(&rig);
}

/* ---- the size of it all --------------------------------------------------------- */

static void
a_large_message_is_no_other_case(void)
{
	enum { MANY = 60 };
	const char *many[MANY + 1] = { NULL };
	struct rig *rig;

	for (int i = 0; i < MANY; i++)
		many[i] = "a.recipient.with.a.long.name@one.test";
	rig = with_a_deferred_message("route * { to 127.0.0.1:9 }\n"
	    "queue { status-sync 0; large-message 1k }\n"
	    "class normal { retry 1h; lifetime 2h; warn never }\n", many);
	rig->answer = good;
	CU_ASSERT_TRUE(move(rig, CLASS_URGENT));
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_EQUAL(rig->job_count, 2);
	CU_ASSERT_EQUAL(rig->jobs[1].job.klass, CLASS_URGENT);
	CU_ASSERT_EQUAL(rig->jobs[1].rcpt_count, MANY);
	CU_ASSERT_EQUAL(rig_files(rig, "urgent", ".messages"), 0);
	rig_new_receiver(rig);
	rig_until(rig, rig_no_segments, 0);
	rig_free(&rig);
}

const struct unit_test reclass_tests[] = {
	UNIT(what_is_moved_to_urgent_is_tried_at_once_and_once),
	UNIT(its_record_stays_where_it_is),
	UNIT(what_is_moved_down_keeps_its_time),
	UNIT(the_class_it_has_is_no_change),
	UNIT(a_line_in_memory_is_left_for_that_of_the_new_class),
	UNIT(a_hold_stays_with_the_message),
	UNIT(what_flies_is_counted_as_it_took_off_until_it_is_back),
	UNIT(what_flies_comes_back_to_the_line_of_its_new_class),
	UNIT(what_is_about_to_be_deleted_is_left_alone),
	UNIT(a_new_class_survives_the_loss_of_all_but_the_spool),
	UNIT(a_row_of_the_old_class_is_put_right_by_the_journal),
	UNIT(who_had_it_before_the_change_never_gets_it_again),
	UNIT(a_large_message_is_no_other_case),
	UNIT_END
};
