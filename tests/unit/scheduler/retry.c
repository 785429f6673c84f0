/* SPDX-License-Identifier: ISC
 *
 * retry.c - tests: when to try again, and when to give up.
 */
#include "suites.h"

#include "base/rand.h"
#include "core.h"
#include "scheduler/retry.h"

#define SECONDS 1000000LL	/* of wall time */

static void
pauses_follow_the_schedule_and_the_last_repeats(void)
{
	static const msec_t pauses[] = { 10000, 20000, 60000, 60000, 60000 };
	struct conf *conf = core_conf();

	for (unsigned i = 0; i < 5; i++)
		CU_ASSERT_EQUAL(retry_pause(conf, CLASS_NORMAL, i + 1),
		    pauses[i]);
	CU_ASSERT_EQUAL(retry_pause(conf, CLASS_URGENT, 1), 1000);
	conf_free(&conf);
}

static void
jitter_stays_inside_its_percent_and_is_not_always_the_same(void)
{
	struct conf *conf = core_conf();
	msec_t least = INT64_MAX, most = 0;

	conf->retry_jitter = 20;
	rand_seed(1);
	for (int i = 0; i < 1000; i++) {
		msec_t pause = retry_pause(conf, CLASS_NORMAL, 1);

		least = pause < least ? pause : least;
		most = pause > most ? pause : most;
	}
	CU_ASSERT_TRUE(least >= 8000 && least < 8500);
	CU_ASSERT_TRUE(most <= 12000 && most > 11500);
	CU_ASSERT_TRUE(retry_longest(conf, CLASS_NORMAL) >= 72000);
	conf_free(&conf);
}

static void
time_scale_shrinks_pauses_and_lifetimes(void)
{
	struct conf *conf = core_conf();

	conf->time_scale = 0.001;
	CU_ASSERT_EQUAL(retry_pause(conf, CLASS_NORMAL, 1), 10);
	CU_ASSERT_EQUAL(retry_end(conf, CLASS_NORMAL, 0), 3600 * 1000);
	CU_ASSERT_TRUE(retry_warns(conf, CLASS_NORMAL, 0, 600 * 1000));
	conf_free(&conf);
}

static void
the_last_try_is_just_before_the_end(void)
{
	struct conf *conf = core_conf();
	usec_t arrived = 100 * SECONDS;

	CU_ASSERT_EQUAL(retry_due(conf, CLASS_URGENT, 3, arrived,
	    arrived + 57 * SECONDS), arrived + 60 * SECONDS);
	CU_ASSERT_EQUAL(retry_due(conf, CLASS_URGENT, 3, arrived,
	    arrived + 30 * SECONDS), arrived + 36 * SECONDS);
	conf_free(&conf);
}

static void
each_class_has_its_own_lifetime(void)
{
	struct conf *conf = core_conf();

	CU_ASSERT_EQUAL(retry_end(conf, CLASS_URGENT, 0), 60 * SECONDS);
	CU_ASSERT_EQUAL(retry_end(conf, CLASS_NORMAL, 0), 3600 * SECONDS);
	CU_ASSERT_EQUAL(retry_end(conf, CLASS_BULK, 0), 86400 * SECONDS);
	conf_free(&conf);
}

static void
a_warning_is_due_after_its_time_and_never_if_that_is_0(void)
{
	struct conf *conf = core_conf();

	CU_ASSERT_FALSE(retry_warns(conf, CLASS_NORMAL, 0, 599 * SECONDS));
	CU_ASSERT_TRUE(retry_warns(conf, CLASS_NORMAL, 0, 600 * SECONDS));
	CU_ASSERT_FALSE(retry_warns(conf, CLASS_BULK, 0, 86399 * SECONDS));
	conf_free(&conf);
}

const struct unit_test retry_tests[] = {
	UNIT(pauses_follow_the_schedule_and_the_last_repeats),
	UNIT(jitter_stays_inside_its_percent_and_is_not_always_the_same),
	UNIT(time_scale_shrinks_pauses_and_lifetimes),
	UNIT(the_last_try_is_just_before_the_end),
	UNIT(each_class_has_its_own_lifetime),
	UNIT(a_warning_is_due_after_its_time_and_never_if_that_is_0),
	UNIT_END
};
