/* SPDX-License-Identifier: ISC
 *
 * spent.c - tests: what was used of rates, in this life and the next.
 */
#include "suites.h"

#include "core.h"
#include "rig.h"
#include "scheduler/rates_file.h"

#include <unistd.h>

static void
of_very_many_that_are_gone_those_with_the_next_tokens_are_forgotten(void)
{
	int64_t step, next;
	struct spent spent;

	spent_init(&spent);
	for (int64_t i = 0; i < SPENT_MOST + 10; i++)
		spent_keep(&spent, (uint64_t)i, 1, i * 1000000);
	spent_keep(&spent, SPENT_MOST, 1, 7);
	CU_ASSERT_EQUAL(spent.rows.count, SPENT_MOST);
	CU_ASSERT_FALSE(spent_take(&spent, 9, &step, &next));
	CU_ASSERT_TRUE(spent_take(&spent, 10, &step, &next));
	CU_ASSERT_EQUAL(next, 10000000);
	CU_ASSERT_TRUE(spent_take(&spent, SPENT_MOST, &step, &next));
	CU_ASSERT_EQUAL(next, 7);
	CU_ASSERT_FALSE(spent_take(&spent, SPENT_MOST, &step, &next));
	spent_fini(&spent);
}

/* Of the site's rate and that of bulk, 100/s and 1/h, a token was used a
 * second ago. */
static void
use_tokens(struct buf *out)
{
	char pattern[] = "*";
	struct conf_site policy = { .rate = { 100000, 1 }, .connections = 1,
	    .recipients = 1, .pattern = pattern };
	struct queue queue;

	policy.class_rate[CLASS_BULK] = (struct conf_rate){ 1000, 3600 };
	queue_init(&queue);
	site_apply(&queue, core_site(&queue, "a", 1), &policy);
	core_entry(&queue, site_find(&queue, "a"), CLASS_BULK);
	CU_ASSERT_PTR_NOT_NULL(queue_pick(&queue, 1000));
	CU_ASSERT_TRUE(queue.spent.changed);
	rates_put(&queue, 2000, 5000000000, out);
	queue_fini(&queue);
}

static void
what_was_used_is_written_and_read_for_the_next_life(void)
{
	static const struct {
		usec_t passed;	/* on the wall, in ms, until it is read */
		msec_t next;	/* then, at 500, the next one comes at; 0: now */
	} lives[] = {
		{ 0, 500 + 3599000 }, { 1000000, 500 + 2599000 },
		{ 3600000, 0 }, { -86400000, 500 + 3599000 },
	};

	for (size_t i = 0; i < sizeof lives / sizeof lives[0]; i++) {
		struct spent spent;
		struct buf text;

		buf_init(&text, 1 << 16);
		use_tokens(&text);
		spent_init(&spent);
		CU_ASSERT_TRUE(rates_parse(&spent, buf_peek(&text), 500,
		    5000000000 + lives[i].passed * 1000));
		CU_ASSERT_EQUAL(spent.rows.count, lives[i].next > 0);
		if (lives[i].next > 0)
			CU_ASSERT_EQUAL(heap_first(&spent.dues)->key,
			    lives[i].next);
		spent_fini(&spent);
		buf_fini(&text);
	}
}

static void
what_makes_no_sense_is_told_and_the_rest_is_taken(void)
{
	static const struct { const char *text; bool ok; size_t count; }
	    texts[] = {
		{ "", false, 0 },
		{ "postrider rates 2\n1\n5 5000000000 2000000000\n", false, 0 },
		{ "postrider rates 1\n", false, 0 },
		{ "postrider rates 1\n1\n", true, 0 },
		{ "postrider rates 1\n1\n5 5000000000 2000000000\n", true, 1 },
		{ "postrider rates 1\n1\n5 50\n6 5000000000 4000000000\n",
		    false, 1 },
		{ "postrider rates 1\n1\n5 5000000000 9000000000\n", false, 0 },
		{ "postrider rates 1\n1\n5 -5 -6\n", false, 0 },
	};

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct spent spent;

		spent_init(&spent);
		CU_ASSERT_EQUAL(rates_parse(&spent,
		    span_of(texts[i].text), 0, 1), texts[i].ok);
		CU_ASSERT_EQUAL(spent.rows.count, texts[i].count);
		spent_fini(&spent);
	}
}

/* How long mail for "to.test" waits in the next life; REMOVED: that does not
 * find what this one has written. */
static msec_t
wait_after_a_restart(struct rig *rig, bool removed)
{
	rig_start(rig);
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	CU_ASSERT_TRUE(rig_until(rig, rig_empty, 0));
	rig_stop(rig);
	if (removed)
		CU_ASSERT_EQUAL(unlinkat(rig->dirs.root, "rates", 0), 0);
	rig->job_count = 0;
	rig_start(rig);
	rig_send(rig, CLASS_URGENT, "a@from.test", "b@to.test");
	rig_settle(rig);
	if (rig->job_count > 0)
		return 0;
	return queue_next_wake(&rig->s->queue) - loop_now(rig->loop);
}

static void
a_rate_goes_on_after_a_restart(void)
{
	static const char *const confs[] = {
		"route * { to mx }\nsite * { rate 1/h }\n",
		"route * { to mx }\nsite * { rate-urgent 1/h; rate 1/h }\n",
		"route * { to mx }\nsender * { rate 1/h }\n",
	};

	for (size_t i = 0; i < sizeof confs / sizeof confs[0]; i++) {
		struct rig *rig = rig_new(confs[i]);
		msec_t wait = wait_after_a_restart(rig, false);

		CU_ASSERT_TRUE(wait > 3500000 && wait <= 3600000);
		rig_free(&rig);
		rig = rig_new(confs[i]);
		CU_ASSERT_EQUAL(wait_after_a_restart(rig, true), 0);
		rig_free(&rig);
	}
}

const struct unit_test spent_tests[] = {
	UNIT(of_very_many_that_are_gone_those_with_the_next_tokens_are_forgotten),
	UNIT(what_was_used_is_written_and_read_for_the_next_life),
	UNIT(what_makes_no_sense_is_told_and_the_rest_is_taken),
	UNIT(a_rate_goes_on_after_a_restart),
	UNIT_END
};
