/* SPDX-License-Identifier: ISC
 *
 * retry.c - tests: when to try again, and when to give up.
 */
#include "suites.h"

#include "base/rand.h"
#include "core.h"
#include "scheduler/retry.h"

#define SECONDS 1000000LL	/* of wall time */

/* A message of KLASS that arrived at ARRIVED, valid until the next call. */
static struct message *
born(enum mail_class klass, usec_t arrived)
{
	static struct message message;

	message = (struct message){ .klass = (uint8_t)klass,
	    .arrived = arrived, .released = arrived };
	return &message;
}

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
	CU_ASSERT_TRUE(retry_most(conf, CLASS_NORMAL, 1) > most);
	CU_ASSERT_TRUE(retry_most(conf, CLASS_NORMAL, 1) <= 12001);
	CU_ASSERT_TRUE(retry_most(conf, CLASS_NORMAL, 99) >= 72000);
	conf_free(&conf);
}

static void
time_scale_shrinks_pauses_and_lifetimes(void)
{
	struct conf *conf = core_conf();

	conf->time_scale = 0.001;
	CU_ASSERT_EQUAL(retry_pause(conf, CLASS_NORMAL, 1), 10);
	CU_ASSERT_EQUAL(retry_end(conf, born(CLASS_NORMAL, 0)), 3600 * 1000);
	CU_ASSERT_TRUE(retry_warns(conf, born(CLASS_NORMAL, 0), 600 * 1000));
	conf_free(&conf);
}

static void
the_last_try_is_just_before_the_end(void)
{
	struct conf *conf = core_conf();
	usec_t arrived = 100 * SECONDS;

	CU_ASSERT_EQUAL(retry_due(conf, born(CLASS_URGENT, arrived), 3,
	    arrived + 57 * SECONDS), arrived + 60 * SECONDS);
	CU_ASSERT_EQUAL(retry_due(conf, born(CLASS_URGENT, arrived), 3,
	    arrived + 30 * SECONDS), arrived + 36 * SECONDS);
	conf_free(&conf);
}

static void
each_class_has_its_own_lifetime(void)
{
	struct conf *conf = core_conf();

	CU_ASSERT_EQUAL(retry_end(conf, born(CLASS_URGENT, 0)), 60 * SECONDS);
	CU_ASSERT_EQUAL(retry_end(conf, born(CLASS_NORMAL, 0)), 3600 * SECONDS);
	CU_ASSERT_EQUAL(retry_end(conf, born(CLASS_BULK, 0)), 86400 * SECONDS);
	conf_free(&conf);
}

static void
a_warning_is_due_after_its_time_and_never_if_that_is_0(void)
{
	struct conf *conf = core_conf();

	CU_ASSERT_FALSE(retry_warns(conf, born(CLASS_NORMAL, 0), 599 * SECONDS));
	CU_ASSERT_TRUE(retry_warns(conf, born(CLASS_NORMAL, 0), 600 * SECONDS));
	CU_ASSERT_FALSE(retry_warns(conf, born(CLASS_BULK, 0), 86399 * SECONDS));
	conf_free(&conf);
}

/* Normal mail: pauses of 10 s, 20 s, 60 s, 60 s, … */
static const struct {
	uint8_t by;
	usec_t deadline, now, due;	/* seconds after it arrived */
	unsigned attempts;
} hurries[] = {
	{ BY_ASKED | BY_RETURN, 3000, 0, 10, 1 },	/* no need to */
	{ BY_ASKED | BY_RETURN, 3000, 100, 160, 3 },
	{ BY_ASKED | BY_RETURN, 16, 0, 8, 1 },		/* half of it … */
	{ BY_ASKED | BY_RETURN, 16, 8, 12, 2 },
	{ BY_ASKED | BY_RETURN, 16, 12, 14, 3 },	/* … the last call … */
	{ BY_ASKED | BY_RETURN, 16, 14, 16, 4 },	/* … the end */
	{ BY_ASKED, 16, 14, 16, 4 },			/* tell the sender */
	{ BY_ASKED, 16, 16, 76, 5 },			/* and go on */
	{ 0, 16, 0, 8, 1 },				/* its class's */
	{ 0, 16, 14, 74, 4 },				/* nothing ends */
	{ BY_ASKED | BY_RETURN, 3000, 2980, 2990, 3 },	/* 10 s before */
};

static void
a_deadline_shortens_the_pauses_so_that_some_fit(void)
{
	struct conf *conf = core_conf();
	usec_t arrived = 100 * SECONDS;

	for (size_t i = 0; i < sizeof hurries / sizeof hurries[0]; i++) {
		struct message *message = born(CLASS_NORMAL, arrived);

		message->by = hurries[i].by;
		message->deadline = arrived + hurries[i].deadline * SECONDS;
		CU_ASSERT_EQUAL(retry_due(conf, message, hurries[i].attempts,
		    arrived + hurries[i].now * SECONDS), arrived +
		    hurries[i].due * SECONDS);
	}
	conf_free(&conf);
}

static void
any_deadline_sees_a_second_try_and_few_in_all(void)
{
	struct conf *conf = core_conf();

	for (usec_t left = 3 * SECONDS; left < 3600 * SECONDS; left *= 3) {
		struct message *message = born(CLASS_NORMAL, SECONDS);
		usec_t now = SECONDS;
		unsigned tries = 1;

		message->by = BY_ASKED | BY_RETURN;
		message->deadline = now + left;
		for (; now < message->deadline; tries++) {
			usec_t due = retry_due(conf, message, tries, now);

			CU_ASSERT_TRUE(due > now && due <= message->deadline);
			now = due;
		}
		CU_ASSERT_TRUE(tries >= 3 && tries < 80);
	}
	conf_free(&conf);
}

static void
return_ends_a_life_at_its_deadline_and_notify_does_not(void)
{
	struct conf *conf = core_conf();
	struct message *message = born(CLASS_NORMAL, 0);

	message->deadline = 30 * SECONDS;
	message->by = BY_ASKED | BY_RETURN;
	CU_ASSERT_EQUAL(retry_end(conf, message), 30 * SECONDS);
	message->by = BY_ASKED;
	CU_ASSERT_EQUAL(retry_end(conf, message), 3600 * SECONDS);
	CU_ASSERT_FALSE(retry_warns(conf, message, 30 * SECONDS - 1));
	CU_ASSERT_TRUE(retry_warns(conf, message, 30 * SECONDS));
	message->by = BY_ASKED | BY_RETURN;	/* as ever: after 10 m */
	message->deadline = 1800 * SECONDS;
	CU_ASSERT_FALSE(retry_warns(conf, message, 599 * SECONDS));
	CU_ASSERT_TRUE(retry_warns(conf, message, 600 * SECONDS));
	conf_free(&conf);
}

static void
a_life_counts_from_its_release(void)
{
	struct conf *conf = core_conf();
	struct message *message = born(CLASS_URGENT, 0);

	message->released = 1000 * SECONDS;
	CU_ASSERT_EQUAL(retry_end(conf, message), 1060 * SECONDS);
	message->klass = CLASS_NORMAL;
	CU_ASSERT_FALSE(retry_warns(conf, message, 1599 * SECONDS));
	CU_ASSERT_TRUE(retry_warns(conf, message, 1600 * SECONDS));
	conf_free(&conf);
}

const struct unit_test retry_tests[] = {
	UNIT(a_deadline_shortens_the_pauses_so_that_some_fit),
	UNIT(any_deadline_sees_a_second_try_and_few_in_all),
	UNIT(return_ends_a_life_at_its_deadline_and_notify_does_not),
	UNIT(a_life_counts_from_its_release),
	UNIT(pauses_follow_the_schedule_and_the_last_repeats),
	UNIT(jitter_stays_inside_its_percent_and_is_not_always_the_same),
	UNIT(time_scale_shrinks_pauses_and_lifetimes),
	UNIT(the_last_try_is_just_before_the_end),
	UNIT(each_class_has_its_own_lifetime),
	UNIT(a_warning_is_due_after_its_time_and_never_if_that_is_0),
	UNIT_END
};
