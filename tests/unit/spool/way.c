/* SPDX-License-Identifier: ISC
 *
 * way.c - tests: who leaves the disk to urgent mail, and when.
 */
#include "room.h"

#include "base/clock.h"
#include "office.h"
#include "spool/lane.h"

/* How often the lane of KLASS gave way so far. */
static unsigned
ways_of(struct office *office, enum mail_class klass)
{
	struct lane *lane = &office->committer->lanes[klass];
	unsigned ways;

	pthread_mutex_lock(&lane->lock);
	ways = lane->ways;
	pthread_mutex_unlock(&lane->lock);
	return ways;
}

/* Urgent mail has just come, however slow this machine is. */
static void
urgent_came(struct office *office)
{
	*office->committer->options.urgent = clock_mono_usec() +
	    3600 * 1000000LL;
}

/* COUNT messages, each after the answer to the one before. */
static void
send_each(struct office *office, enum mail_class klass, int count)
{
	for (int i = 0; i < count; i++)
		office_wait_for(office, office_send(office, klass, 100));
}

static void
bulk_gives_way_to_urgent_mail_after_each_batch(void)
{
	struct office office;
	usec_t begun;

	office_open(&office);
	send_each(&office, CLASS_URGENT, 1);
	CU_ASSERT_TRUE(clock_mono_usec() -
	    *office.committer->options.urgent < 60 * 1000000LL);
	urgent_came(&office);
	begun = clock_mono_usec();
	send_each(&office, CLASS_BULK, 6);
	/* the fifth pause was over before the sixth message was written */
	CU_ASSERT_TRUE(clock_mono_usec() - begun >= 5 * 2000);
	CU_ASSERT_TRUE(ways_of(&office, CLASS_BULK) >= 5);
	CU_ASSERT_TRUE(ways_of(&office, CLASS_BULK) <= 6);
	send_each(&office, CLASS_URGENT, 5);
	CU_ASSERT_EQUAL(ways_of(&office, CLASS_URGENT), 0);
	office_check(&office);
	office_close(&office);
}

static void
nobody_gives_way_where_no_urgent_mail_is(void)
{
	struct office office;

	office_open(&office);
	send_each(&office, CLASS_BULK, 5);
	send_each(&office, CLASS_NORMAL, 5);
	*office.committer->options.urgent = clock_mono_usec() - 1000001;
	send_each(&office, CLASS_BULK, 5);
	CU_ASSERT_EQUAL(ways_of(&office, CLASS_BULK), 0);
	CU_ASSERT_EQUAL(ways_of(&office, CLASS_NORMAL), 0);
	office_close(&office);
}

static void
urgent_mail_of_another_process_counts(void)
{
	_Atomic usec_t shared = INT64_MIN / 2;
	struct office office;

	office_open(&office);
	office.committer->options.urgent = &shared;
	send_each(&office, CLASS_BULK, 2);
	CU_ASSERT_EQUAL(ways_of(&office, CLASS_BULK), 0);
	urgent_came(&office);
	CU_ASSERT_TRUE(shared > 0);
	send_each(&office, CLASS_BULK, 3);
	CU_ASSERT_TRUE(ways_of(&office, CLASS_BULK) >= 2);
	shared = INT64_MIN / 2;
	send_each(&office, CLASS_URGENT, 1);
	CU_ASSERT_TRUE(shared > 0);
	office_close(&office);
}

/* It waits for each answer, and would be three times as slow. */
static void
one_client_of_normal_mail_alone_is_not_held_up(void)
{
	struct office office;
	unsigned ways;

	office_open(&office);
	urgent_came(&office);
	send_each(&office, CLASS_NORMAL, 5);
	CU_ASSERT_EQUAL(ways_of(&office, CLASS_NORMAL), 0);
	for (int i = 0; i < 3; i++)
		office_send(&office, CLASS_NORMAL, 100);
	office_wait(&office);
	send_each(&office, CLASS_NORMAL, 1);
	ways = ways_of(&office, CLASS_NORMAL);
	CU_ASSERT_EQUAL(ways, 1);
	office_close(&office);
}

const struct unit_test way_tests[] = {
	UNIT(bulk_gives_way_to_urgent_mail_after_each_batch),
	UNIT(nobody_gives_way_where_no_urgent_mail_is),
	UNIT(urgent_mail_of_another_process_counts),
	UNIT(one_client_of_normal_mail_alone_is_not_held_up),
	UNIT_END
};
