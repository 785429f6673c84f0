/* SPDX-License-Identifier: ISC
 *
 * fair.c - tests: a small sender beside a large one, in memory and in the
 * index.
 */
#include "suites.h"

#include "base/must.h"
#include "rig.h"

static const char slow_site[] = "queue { window 100 }\n"
    "route * { to 127.0.0.1:2600 }\nsite * { connections 1 }\n";

enum { LARGE = 400, OFFSETS_MOST = 64 };

static struct {
	uint64_t offsets[OFFSETS_MOST];	/* of the small sender's records */
	size_t count;
} small;

static void
send_large(struct rig *rig)
{
	rig->answer.wait = true;
	for (int i = 0; i < LARGE; i++)
		rig_send(rig, CLASS_BULK, "a@large.test", "b@to.test");
	CU_ASSERT_TRUE(index_count(rig->s->window.index) > LARGE / 2);
	small.count = 0;
}

static void
send_small(struct rig *rig)
{
	must(small.count < OFFSETS_MOST);
	rig_send(rig, CLASS_BULK, "a@small.test", "b@to.test");
	small.offsets[small.count++] = rig->where.offset;
}

static bool
is_small(const struct rig_job *job)
{
	for (size_t i = 0; i < small.count; i++)
		if (small.offsets[i] == job->job.offset)
			return true;
	return false;
}

/* Answer jobs in order, until COUNT of the small sender's were there; how
 * many jobs that took. */
static size_t
serve(struct rig *rig, size_t count)
{
	static const struct rig_answer good = {
		.outcome = OUTCOME_DELIVERED, .code = 250,
		.status = "2.0.0", .text = "250 2.0.0 Ok", .mta = "mx.test",
		.took = 1
	};
	size_t at = 0, seen = 0;

	while (seen < count && rig_until(rig, rig_jobs, at + 1)) {
		seen += is_small(&rig->jobs[at]);
		rig_answer_job(rig, at++, &good);
	}
	return at;
}

static void
one_message_does_not_wait_behind_the_rows_of_another_sender(void)
{
	struct rig *rig = rig_new(slow_site);

	rig_start(rig);
	send_large(rig);
	send_small(rig);
	CU_ASSERT_TRUE(serve(rig, 1) <= 5);
	rig_free(&rig);
}

/* More of them than always stay in memory: they come back by turns. */
static void
rows_of_a_small_sender_come_back_between_those_of_a_large_one(void)
{
	struct rig *rig = rig_new(slow_site);

	rig_start(rig);
	send_large(rig);
	for (int i = 0; i < 50; i++)
		send_small(rig);
	CU_ASSERT_TRUE(serve(rig, 50) < LARGE / 2 + 50);
	rig_free(&rig);
}

static void
a_restart_keeps_the_turns(void)
{
	struct rig *rig = rig_new(slow_site);

	rig_start(rig);
	send_large(rig);
	for (int i = 0; i < 5; i++)
		send_small(rig);
	rig_stop(rig);
	rig_new_receiver(rig);
	rig->job_count = 0;
	rig_start(rig);
	CU_ASSERT_TRUE(serve(rig, 5) < LARGE / 2);
	rig_free(&rig);
}

const struct unit_test fair_tests[] = {
	UNIT(one_message_does_not_wait_behind_the_rows_of_another_sender),
	UNIT(rows_of_a_small_sender_come_back_between_those_of_a_large_one),
	UNIT(a_restart_keeps_the_turns),
	UNIT_END
};
