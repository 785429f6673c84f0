/* SPDX-License-Identifier: ISC
 *
 * past.c - tests: what a journal says.
 */
#include "suites.h"

#include "scheduler/past.h"

static struct past past;

static void
row(uint64_t offset, uint32_t rcpt, enum status_action action)
{
	struct status status = {
		.offset = offset, .rcpt = rcpt, .action = (uint8_t)action
	};

	past_note(&past, &status);
}

static struct fate
fate_of(uint64_t offset, uint32_t total, struct rcpt_set *set)
{
	rcpt_set_init(set, total);
	return past_of(&past, offset, set);
}

static void
begin(void)
{
	past = (struct past){ .end = UINT64_MAX };
}

static void
end(void)
{
	mem_free(past.rows);
}

static void
only_final_records_end_a_wait(void)
{
	struct rcpt_set set;

	begin();
	row(64, 0, STATUS_DELIVERED);
	row(64, 2, STATUS_WARNED);
	row(64, 3, STATUS_BROKEN);
	CU_ASSERT_TRUE(fate_of(64, 4, &set).warned);
	CU_ASSERT_EQUAL(set.count, 2);
	CU_ASSERT_TRUE(rcpt_set_has(&set, 0));
	CU_ASSERT_FALSE(rcpt_set_has(&set, 2));
	CU_ASSERT_TRUE(rcpt_set_has(&set, 3));
	end();
}

static void
a_record_for_all_ends_all(void)
{
	struct rcpt_set set;

	begin();
	row(64, STATUS_ALL_RCPTS, STATUS_DELETED);
	fate_of(64, 200, &set);
	CU_ASSERT_EQUAL(set.count, 200);
	rcpt_set_fini(&set);
	end();
}

static void
records_of_other_messages_do_not_count(void)
{
	struct rcpt_set set;

	begin();
	row(64, 0, STATUS_DELIVERED);
	row(256, 0, STATUS_DELIVERED);
	fate_of(128, 1, &set);
	CU_ASSERT_EQUAL(set.count, 0);
	fate_of(256, 1, &set);
	CU_ASSERT_EQUAL(set.count, 1);
	end();
}

static void
the_last_of_held_and_released_counts(void)
{
	struct rcpt_set set;

	begin();
	row(64, STATUS_ALL_RCPTS, STATUS_HELD);
	row(128, STATUS_ALL_RCPTS, STATUS_HELD);
	row(64, STATUS_ALL_RCPTS, STATUS_RELEASED);
	CU_ASSERT_FALSE(fate_of(64, 1, &set).held);
	CU_ASSERT_TRUE(fate_of(128, 1, &set).held);
	end();
}

static void
row_class(uint64_t offset, enum mail_class klass)
{
	struct status status = { .offset = offset, .rcpt = STATUS_ALL_RCPTS,
	    .action = STATUS_CLASS, .klass = (uint8_t)klass };

	past_note(&past, &status);
}

static void
the_last_class_counts(void)
{
	struct rcpt_set set;

	begin();
	row(64, STATUS_ALL_RCPTS, STATUS_HELD);
	row_class(128, CLASS_URGENT);
	row_class(128, CLASS_NORMAL);
	CU_ASSERT_EQUAL(fate_of(64, 1, &set).klass, CLASS_COUNT);
	CU_ASSERT_EQUAL(fate_of(128, 1, &set).klass, CLASS_NORMAL);
	CU_ASSERT_EQUAL(set.count, 0);
	end();
}

static void
what_is_written_meanwhile_is_seen(void)
{
	struct rcpt_set set;

	begin();
	row(64, 0, STATUS_DELIVERED);
	row(512, 0, STATUS_DELIVERED);
	fate_of(64, 1, &set);
	row(256, 0, STATUS_DELIVERED);
	fate_of(256, 1, &set);
	CU_ASSERT_EQUAL(set.count, 1);
	fate_of(512, 1, &set);
	CU_ASSERT_EQUAL(set.count, 1);
	end();
}

static void
a_recipient_that_a_message_does_not_have_is_ignored(void)
{
	struct rcpt_set set;

	begin();
	row(64, 70, STATUS_DELIVERED);
	fate_of(64, 70, &set);
	CU_ASSERT_EQUAL(set.count, 0);
	rcpt_set_fini(&set);
	end();
}

static void
the_end_of_a_broken_segment_is_kept(void)
{
	begin();
	row(4096, STATUS_ALL_RCPTS, STATUS_END);
	CU_ASSERT_EQUAL(past.end, 4096);
	CU_ASSERT_EQUAL(past.count, 0);
	end();
}

static void
a_set_holds_any_number(void)
{
	struct rcpt_set set;

	rcpt_set_init(&set, 1000);
	for (uint32_t i = 0; i < 1000; i += 3)
		rcpt_set_add(&set, i);
	rcpt_set_add(&set, 999);
	CU_ASSERT_EQUAL(set.count, 334);
	for (uint32_t i = 0; i < 1000; i++)
		CU_ASSERT_EQUAL(rcpt_set_has(&set, i), i % 3 == 0);
	rcpt_set_fini(&set);
}

const struct unit_test past_tests[] = {
	UNIT(only_final_records_end_a_wait),
	UNIT(a_record_for_all_ends_all),
	UNIT(records_of_other_messages_do_not_count),
	UNIT(the_last_of_held_and_released_counts),
	UNIT(the_last_class_counts),
	UNIT(what_is_written_meanwhile_is_seen),
	UNIT(a_recipient_that_a_message_does_not_have_is_ignored),
	UNIT(the_end_of_a_broken_segment_is_kept),
	UNIT(a_set_holds_any_number),
	UNIT_END
};
