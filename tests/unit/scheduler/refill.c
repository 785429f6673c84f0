/* SPDX-License-Identifier: ISC
 *
 * refill.c - tests: how much comes back to memory out of the index.
 */
#include "suites.h"

#include "base/buf.h"
#include "base/mem.h"
#include "rig.h"

#include <stdio.h>

#define SECONDS 1000000LL	/* of wall time */

enum { SITES = 40, EACH = 30, WINDOW = 100, BATCH = 128, DEAD = 12 };

/* A rig that routes each of SITES domains to a host of its own. */
static struct rig *
rig_of_sites(unsigned window)
{
	char line[96];
	struct buf text;
	struct rig *rig;

	buf_init(&text, 8 << 10);
	snprintf(line, sizeof line, "queue { window %u }\n"
	    "site * { connections 1 }\n", window);
	buf_append_span(&text, span_of(line));
	for (int i = 0; i < SITES; i++) {
		snprintf(line, sizeof line,
		    "route d%d.test { to 127.0.0.1:%d }\n", i, 2600 + i);
		buf_append_span(&text, span_of(line));
	}
	buf_append(&text, "", 1);
	rig = rig_new((const char *)buf_peek(&text).data);
	buf_fini(&text);
	return rig;
}

static bool
none_is_in_the_index(struct rig *rig, uint64_t number)
{
	(void)number;
	return index_count(rig->s->window.index) == 0;
}

static void
lines_of_many_sites_do_not_fill_memory_when_they_are_refilled(void)
{
	struct rig *rig = rig_of_sites(WINDOW);
	char rcpt[32];

	rig_start(rig);
	rig->answer.wait = true;
	for (int i = 0; i < SITES * EACH; i++) {
		snprintf(rcpt, sizeof rcpt, "b@d%d.test", i % SITES);
		rig_send(rig, CLASS_BULK, "a@large.test", rcpt);
	}
	rig_settle(rig);
	CU_ASSERT_TRUE(rig->s->queue.entries <= 2 * WINDOW + BATCH);
	CU_ASSERT_TRUE(index_count(rig->s->window.index) > 0);
	rig->answer.wait = false;
	for (size_t at = 0; at < SITES * EACH &&
	    rig_until(rig, rig_jobs, at + 1); at++)
		if (!rig->jobs[at].answered)
			rig_answer_job(rig, at, &rig->answer);
	CU_ASSERT_TRUE(rig_until(rig, none_is_in_the_index, 0));
	CU_ASSERT_TRUE(rig_until(rig, rig_empty, 0));
	rig_free(&rig);
}

static void
a_row_of_a_clock_that_was_ahead_waits_from_now_on_as_it_was_to(void)
{
	static const struct {
		usec_t arrived, due, arrived_then, due_then;
	} rows[] = {	/* at 1000 seconds */
		{ 1000, 1004, 1000, 1004 }, { 900, 5000, 900, 5000 },
		{ 1030, 1040, 1030, 1040 }, { 1060, 1064, 1000, 1004 },
		{ 9000, 9600, 1000, 1600 }, { 9000, 0, 1000, 0 },
		{ 100000000, 100000004, 1000, 1004 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct index_row row = { .arrived = rows[i].arrived * SECONDS,
		    .due = rows[i].due * SECONDS };

		CU_ASSERT_EQUAL(row_set_right(&row, 1000 * SECONDS),
		    rows[i].arrived != rows[i].arrived_then);
		CU_ASSERT_EQUAL(row.arrived, rows[i].arrived_then * SECONDS);
		CU_ASSERT_EQUAL(row.due, rows[i].due_then * SECONDS);
	}
}

static void
one_with_a_deadline_keeps_no_other_mail_for_a_dead_site_in_memory(void)
{
	static const struct rig_answer down = { .outcome = OUTCOME_DEFERRED,
	    .scope = SCOPE_SITE, .status = "4.4.1",
	    .text = "Connection refused" };
	struct rig *rig = rig_new("site * { connections 1 }\n"
	    "class normal { retry 1h }\nroute * { to 127.0.0.1:2600 }\n");

	rig_start(rig);
	rig->answer.wait = true;
	for (int i = 0; i < 200; i++)
		rig_send(rig, CLASS_NORMAL, "a@one.test", "b@one.test");
	rig->time = 3600 * SECONDS;
	rig_send(rig, CLASS_NORMAL, "a@one.test", "b@one.test");
	CU_ASSERT_TRUE(rig_until(rig, rig_jobs, 1));
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->s->queue.entries, 201);
	rig->answer = down;
	for (size_t at = 0; at < rig->job_count; at++)
		rig_answer_job(rig, at, &down);
	rig_settle(rig);
	CU_ASSERT_TRUE(rig->s->queue.entries <= 16 + 1);
	CU_ASSERT_EQUAL(rig->s->queue.entries +
	    index_count(rig->s->window.index), 201);
	rig_free(&rig);
}

static void
mail_with_deadlines_for_a_dead_site_does_not_fill_memory(void)
{
	char text[160];
	struct rig *rig;

	snprintf(text, sizeof text, "queue { window %d }\n"
	    "class normal { retry 1h }\nroute * { to 127.0.0.1:2600 }\n",
	    WINDOW);
	rig = rig_new(text);
	rig->time = 3600 * SECONDS;
	rig->answer = (struct rig_answer){ .outcome = OUTCOME_DEFERRED,
	    .scope = SCOPE_SITE, .status = "4.4.1",
	    .text = "Connection refused" };
	rig_start(rig);
	for (int i = 0; i < 4 * WINDOW; i++)
		rig_send(rig, CLASS_NORMAL, "a@one.test", "b@one.test");
	rig_settle(rig);
	for (int i = 0; i < 8; i++) {	/* as each second */
		window_care(rig->s);
		CU_ASSERT_TRUE(rig->s->queue.entries <= WINDOW * 5 / 4 + 1);
	}
	CU_ASSERT_TRUE(rig->s->queue.entries >= WINDOW);
	CU_ASSERT_EQUAL(rig->s->queue.entries +
	    index_count(rig->s->window.index), 4 * WINDOW);
	rig_free(&rig);
}

static bool
make_due(void *owner, const struct index_row *row)
{
	struct index_row due = *row;
	struct err err;

	due.due = 1;
	CU_ASSERT_TRUE(index_put(owner, &due, &err));
	return true;
}

static void
what_is_due_at_once_comes_back_by_class(void)
{
	struct rig *rig = rig_new("site * { connections 1 }\n"
	    "class bulk { retry 1h }\nclass urgent { retry 1h }\n"
	    "route * { to 127.0.0.1:2600 }\n");
	struct index *index;
	struct err err;
	size_t before;

	rig->answer = (struct rig_answer){ .outcome = OUTCOME_DEFERRED,
	    .scope = SCOPE_MESSAGE, .code = 450, .status = "4.2.0",
	    .text = "450 4.2.0 later", .mta = "mx.test" };
	rig_start(rig);
	for (int i = 0; i < 3 * BATCH; i++)
		rig_send(rig, CLASS_BULK, "a@large.test", "b@one.test");
	rig_send(rig, CLASS_URGENT, "a@small.test", "b@one.test");
	CU_ASSERT_TRUE(rig_until(rig, rig_waiting, 3 * BATCH + 1));
	before = rig->job_count;
	rig->answer.wait = true;
	index = rig->s->window.index;
	CU_ASSERT_TRUE(index_each(index, (struct msgid){ { 0 } }, make_due,
	    index, &err));
	rig->s->window.next_due = 0;
	scheduler_ask(rig->s);
	CU_ASSERT_TRUE_FATAL(rig_until(rig, rig_jobs, before + 1));
	CU_ASSERT_EQUAL(rig->jobs[before].job.klass, CLASS_URGENT);
	rig_free(&rig);
}

static const struct rig_answer dead = {
	.outcome = OUTCOME_DEFERRED, .scope = SCOPE_SITE, .status = "4.4.1",
	.text = "Connection refused",
}, wait_for_me = { .wait = true };

/* Each site that is dead keeps in memory what it is probed with: with twice as
 * many of them as memory is for, nothing came back from the index for others. */
static void
dead_sites_that_fill_memory_keep_no_mail_from_one_that_answers(void)
{
	static const enum mail_class classes[] = { CLASS_BULK, CLASS_NORMAL,
	    CLASS_URGENT };
	struct rig *rig = rig_of_sites(4);
	char rcpt[32];

	rig_start(rig);
	rig->answer = dead;
	for (int i = 1; i <= DEAD; i++) {
		snprintf(rcpt, sizeof rcpt, "b@d%d.test", i);
		rig_send(rig, CLASS_BULK, "a@large.test", rcpt);
		rig_until(rig, rig_jobs, (uint64_t)i);
	}
	rig_settle(rig);
	CU_ASSERT_TRUE(rig->s->queue.entries >= 2 * 4);
	rig->answer = wait_for_me;
	for (size_t i = 0; i < 3; i++) {
		rig_send(rig, classes[i], "a@small.test", "b@d0.test");
		CU_ASSERT_TRUE(rig_until(rig, rig_jobs, DEAD + i + 1));
		CU_ASSERT_EQUAL(rig->jobs[DEAD + i].job.klass, classes[i]);
	}
	CU_ASSERT_EQUAL(rig->job_count, DEAD + 3);
	CU_ASSERT_EQUAL(rig_count(rig, COUNT_READY), DEAD);
	rig_free(&rig);
}

const struct unit_test refill_tests[] = {
	UNIT(dead_sites_that_fill_memory_keep_no_mail_from_one_that_answers),
	UNIT(lines_of_many_sites_do_not_fill_memory_when_they_are_refilled),
	UNIT(a_row_of_a_clock_that_was_ahead_waits_from_now_on_as_it_was_to),
	UNIT(one_with_a_deadline_keeps_no_other_mail_for_a_dead_site_in_memory),
	UNIT(mail_with_deadlines_for_a_dead_site_does_not_fill_memory),
	UNIT(what_is_due_at_once_comes_back_by_class),
	UNIT_END
};
