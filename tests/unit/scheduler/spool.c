/* SPDX-License-Identifier: ISC
 *
 * spool.c - tests: what is on disk, and what becomes of it at the start.
 *
 * Every row of the table "on disk, meaning, at start" is here.
 */
#include "suites.h"

#include "base/mem.h"
#include "rig.h"
#include "spool/segment.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char fixed[] = "route * { to 127.0.0.1:9 }\n"
    "queue { status-sync 0 }\n"
    "class normal { retry 1h; lifetime 2h; warn never }\n";

static const struct rig_answer later = {
	.outcome = OUTCOME_DEFERRED, .scope = SCOPE_MESSAGE, .code = 450,
	.status = "4.2.0", .text = "450 4.2.0 later", .mta = "mx.test"
};

/* ---- the straight way ---------------------------------------------------------------- */

static void
a_message_is_delivered_and_its_segment_goes(void)
{
	struct rig *rig = rig_new(fixed);

	rig_start(rig);
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	CU_ASSERT_EQUAL(rig->jobs[0].rcpt_count, 1);
	CU_ASSERT_EQUAL(rig->jobs[0].job.attempt, 1);
	CU_ASSERT_EQUAL(rig->jobs[0].job.offset, rig->where.offset);
	CU_ASSERT_EQUAL(rig->jobs[0].job.size, rig->where.size);
	CU_ASSERT_EQUAL(rig->sites_told, 1);
	CU_ASSERT_EQUAL(rig->segments_told, 1);
	/* Its receiver lives: the segment stays, with its journal. */
	CU_ASSERT_EQUAL(rig_files(rig, "normal", ".messages"), 1);
	rig_new_receiver(rig);
	rig_until(rig, rig_no_segments, 0);
	CU_ASSERT_EQUAL(rig_files(rig, "normal", ".messages"), 0);
	CU_ASSERT_EQUAL(rig_files(rig, "normal", ".status"), 0);
	CU_ASSERT_EQUAL(rig->segments_gone, 1);
	rig_free(&rig);
}

/* Both clocks are read at different moments: a part of a ms is enough. */
static void
a_receiver_whose_clock_is_ahead_holds_nothing_back(void)
{
	struct rig *rig = rig_new("route * { to 127.0.0.1:2600 }\n");

	rig_start(rig);
	rig->ahead = 60 * 1000000;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	CU_ASSERT_TRUE(rig_until(rig, rig_jobs, 1));
	CU_ASSERT_TRUE(rig_until(rig, rig_empty, 0));
	rig_free(&rig);
}

static void
many_messages_need_one_site_and_one_segment(void)
{
	struct rig *rig = rig_new(fixed);

	rig_start(rig);
	for (int i = 0; i < 100; i++)
		rig_send(rig, CLASS_BULK, "a@from.test", "b@to.test");
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_EQUAL(rig->job_count, 100);
	CU_ASSERT_EQUAL(rig->sites_told, 1);
	CU_ASSERT_EQUAL(rig->segments_told, 1);
	CU_ASSERT_EQUAL(index_count(rig->s->window.index), 0);
	rig_free(&rig);
}

static void
recipients_of_one_site_share_a_transaction(void)
{
	static const char *const rcpts[] = { "a@one.test", "b@two.test",
	    "c@one.test", "d@three.test", NULL };
	struct rig *rig = rig_new(fixed);

	rig_start(rig);
	rig_commit(rig, CLASS_NORMAL, "a@from.test", rcpts);
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	CU_ASSERT_EQUAL(rig->jobs[0].rcpt_count, 4);
	rig_free(&rig);
}

static void
a_transaction_has_no_more_than_the_sites_limit(void)
{
	static const char *const rcpts[] = { "a@one.test", "b@one.test",
	    "c@one.test", "d@one.test", "e@one.test", NULL };
	struct rig *rig = rig_new("route * { to 127.0.0.1:9 }\n"
	    "site * { recipients 2 }\n");

	rig_start(rig);
	rig_commit(rig, CLASS_NORMAL, "a@from.test", rcpts);
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_EQUAL(rig->job_count, 3);
	CU_ASSERT_EQUAL(rig->jobs[0].rcpt_count, 2);
	CU_ASSERT_EQUAL(rig->jobs[2].rcpt_count, 1);
	rig_free(&rig);
}

/* ---- the start -------------------------------------------------------------------------- */

static void
a_record_without_a_status_is_taken_up(void)
{
	struct rig *rig = rig_new(fixed);

	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_new_receiver(rig);
	rig_start(rig);
	rig_until(rig, rig_no_segments, 0);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	rig_free(&rig);
}

static void
a_recipient_with_a_final_status_is_never_tried_again(void)
{
	struct rig *rig = rig_new(fixed);

	rig_start(rig);
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_until(rig, rig_empty, 0);
	rig_stop(rig);
	rig_new_receiver(rig);
	rig_start(rig);
	rig_until(rig, rig_no_segments, 0);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	CU_ASSERT_EQUAL(rig_files(rig, "normal", ".messages"), 0);
	rig_free(&rig);
}

static void
only_the_recipients_that_are_left_are_tried(void)
{
	static const char *const rcpts[] = { "a@one.test", "b@one.test",
	    "c@one.test", NULL };
	struct rig *rig = rig_new(fixed);
	struct journal journal;
	struct status status = { .rcpt = 1, .action = STATUS_DELIVERED,
	    .code = 250, .enhanced = { 2, 0, 0 } };
	struct err err;

	rig_commit(rig, CLASS_NORMAL, "a@from.test", rcpts);
	rig_new_receiver(rig);
	journal_init(&journal, rig->where.segment);
	status.offset = rig->where.offset;
	journal_add(&journal, &status);
	CU_ASSERT_TRUE(journal_flush(&journal, &rig->dirs, &err));
	journal_fini(&journal);
	rig_start(rig);
	rig_until(rig, rig_no_segments, 0);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	CU_ASSERT_EQUAL(rig->jobs[0].rcpt_count, 2);
	CU_ASSERT_EQUAL(rig->jobs[0].rcpts[0], 0);
	CU_ASSERT_EQUAL(rig->jobs[0].rcpts[1], 2);
	rig_free(&rig);
}

static void
a_row_of_the_index_waits_for_its_time_over_a_restart(void)
{
	struct rig *rig = rig_new(fixed);

	rig_start(rig);
	rig->answer = later;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_until(rig, rig_waiting, 1);
	CU_ASSERT_EQUAL(index_count(rig->s->window.index), 1);
	CU_ASSERT_EQUAL(rig->s->queue.entries, 0);
	rig_stop(rig);
	rig_new_receiver(rig);
	rig_start(rig);
	rig_until(rig, rig_waiting, 1);
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	CU_ASSERT_EQUAL(index_count(rig->s->window.index), 1);
	CU_ASSERT_EQUAL(rig_count(rig, COUNT_READY), 0);
	rig_free(&rig);
}

static void
a_lost_index_loses_no_message_and_repeats_none(void)
{
	struct rig *rig = rig_new(fixed);
	char from[128], to[128];

	rig_start(rig);
	rig_send(rig, CLASS_NORMAL, "a@from.test", "done@to.test");
	rig_until(rig, rig_empty, 0);
	rig->answer = later;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "late@to.test");
	rig_until(rig, rig_waiting, 1);
	rig_stop(rig);
	rig_new_receiver(rig);
	snprintf(from, sizeof from, "%s/spool/index", rig->path);
	snprintf(to, sizeof to, "%s/index-that-was", rig->path);
	CU_ASSERT_EQUAL(rename(from, to), 0);
	rig->answer = (struct rig_answer){ .outcome = OUTCOME_DELIVERED,
	    .code = 250, .status = "2.0.0", .text = "250 2.0.0 Ok" };
	rig_start(rig);
	rig_until(rig, rig_no_segments, 0);
	CU_ASSERT_EQUAL(rig->job_count, 3);
	rig_free(&rig);
}

/* Append BYTES to the only segment of class normal. */
static void
append(struct rig *rig, const void *bytes, size_t length)
{
	char file[SEGMENT_FILE_SIZE], path[192];
	int fd;

	snprintf(path, sizeof path, "%s/spool/normal/%s", rig->path,
	    segment_file(rig->where.segment, "messages", file));
	fd = open(path, O_WRONLY | O_APPEND);
	CU_ASSERT_NOT_EQUAL_FATAL(fd, -1);
	CU_ASSERT_EQUAL(write(fd, bytes, length), (ssize_t)length);
	close(fd);
}

/* Overwrite LENGTH bytes at OFFSET of it. */
static void
damage(struct rig *rig, uint64_t offset, size_t length)
{
	char file[SEGMENT_FILE_SIZE], path[192];
	uint8_t garbage[64];
	int fd;

	memset(garbage, 0xa5, sizeof garbage);
	snprintf(path, sizeof path, "%s/spool/normal/%s", rig->path,
	    segment_file(rig->where.segment, "messages", file));
	fd = open(path, O_WRONLY);
	CU_ASSERT_NOT_EQUAL_FATAL(fd, -1);
	CU_ASSERT_EQUAL(pwrite(fd, garbage, length, (off_t)offset),
	    (ssize_t)length);
	close(fd);
}

static void
a_torn_tail_was_never_promised(void)
{
	struct rig *rig = rig_new(fixed);

	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_new_receiver(rig);
	append(rig, "half of a record that was being written", 39);
	rig_start(rig);
	rig_until(rig, rig_no_segments, 0);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	CU_ASSERT_EQUAL(rig_files(rig, "corrupt", ""), 0);
	rig_free(&rig);
}

static void
a_record_broken_in_the_middle_is_kept_and_the_rest_goes_on(void)
{
	struct rig *rig = rig_new(fixed);
	struct committed first;

	rig_send(rig, CLASS_NORMAL, "a@from.test", "one@to.test");
	rig_send(rig, CLASS_NORMAL, "a@from.test", "two@to.test");
	first = rig->where;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "three@to.test");
	rig_new_receiver(rig);
	damage(rig, first.offset + RECORD_HEADER_BYTES + 8, 16);
	rig_start(rig);
	rig_until(rig, rig_no_segments, 0);
	CU_ASSERT_EQUAL(rig->job_count, 2);
	CU_ASSERT_EQUAL(rig_files(rig, "corrupt", ""), 1);
	rig_free(&rig);
}

static void
a_damaged_header_hides_only_its_own_record(void)
{
	struct rig *rig = rig_new(fixed);
	struct committed first;

	rig_send(rig, CLASS_NORMAL, "a@from.test", "one@to.test");
	first = rig->where;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "two@to.test");
	rig_new_receiver(rig);
	damage(rig, first.offset, 32);
	rig_start(rig);
	rig_until(rig, rig_no_segments, 0);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	CU_ASSERT_EQUAL(rig->jobs[0].job.offset, rig->where.offset);
	CU_ASSERT_EQUAL(rig_files(rig, "corrupt", ".bytes"), 1);
	rig_free(&rig);
}

/* Its row must not be taken for something to deliver, or to settle. */
static void
what_waited_in_the_index_goes_with_its_damaged_record(void)
{
	struct rig *rig = rig_new("route * { to 127.0.0.1:9 }\n"
	    "queue { status-sync 0 }\n"
	    "class normal { retry 100ms; lifetime 2h; warn never }\n");
	struct committed first;

	rig_start(rig);
	rig->answer = later;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "one@to.test");
	first = rig->where;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "two@to.test");
	rig_until(rig, rig_waiting, 2);
	rig_stop(rig);
	rig_new_receiver(rig);
	damage(rig, first.offset + RECORD_HEADER_BYTES + 8, 16);
	rig->job_count = 0;
	rig->answer = (struct rig_answer){ .outcome = OUTCOME_DELIVERED,
	    .code = 250, .status = "2.0.0", .text = "250 2.0.0 Ok" };
	rig_start(rig);
	rig_until(rig, rig_no_segments, 0);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	CU_ASSERT_EQUAL(rig->jobs[0].job.offset, rig->where.offset);
	CU_ASSERT_EQUAL(rig_files(rig, "corrupt", ""), 1);
	rig_settle(rig);
	rig_free(&rig);
}

static void
what_a_deliverer_finds_damaged_is_kept_and_not_tried_again(void)
{
	struct rig *rig = rig_new(fixed);
	struct rig_answer found;

	rig_start(rig);
	rig->answer.wait = true;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "one@to.test");
	rig_until(rig, rig_jobs, 1);
	damage(rig, rig->where.offset + RECORD_HEADER_BYTES +
	    rig->where.size / 2, 4);
	found = later;
	found.scope = SCOPE_SPOOL;
	rig->answer.wait = false;
	rig_answer_job(rig, 0, &found);
	rig_until(rig, rig_corrupt, 1);
	rig_new_receiver(rig);
	rig_until(rig, rig_no_segments, 0);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	CU_ASSERT_EQUAL(rig_files(rig, "corrupt", ".message"), 1);
	rig_free(&rig);
}

static void
a_journal_without_messages_goes(void)
{
	struct rig *rig = rig_new(fixed);
	struct segment_name name = { CLASS_NORMAL, 3, 77 };
	struct status status = { .offset = 64, .action = STATUS_DELIVERED };
	struct journal journal;
	struct err err;

	journal_init(&journal, name);
	journal_add(&journal, &status);
	CU_ASSERT_TRUE(journal_flush(&journal, &rig->dirs, &err));
	journal_fini(&journal);
	CU_ASSERT_EQUAL(rig_files(rig, "normal", ".status"), 1);
	rig_start(rig);
	CU_ASSERT_EQUAL(rig_files(rig, "normal", ".status"), 0);
	rig_free(&rig);
}

static void
the_segment_of_a_living_receiver_is_never_removed(void)
{
	struct rig *rig = rig_new(fixed);

	rig_send(rig, CLASS_NORMAL, "a@from.test", "one@to.test");
	rig_start(rig);
	rig_until(rig, rig_jobs, 1);
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig_files(rig, "normal", ".messages"), 1);
	rig_send(rig, CLASS_NORMAL, "a@from.test", "two@to.test");
	rig_until(rig, rig_jobs, 2);
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_EQUAL(rig_files(rig, "normal", ".messages"), 1);
	rig_free(&rig);
}

static void
a_wake_up_that_was_lost_is_made_good_by_the_next(void)
{
	struct rig *rig = rig_new(fixed);

	rig_start(rig);
	rig->silent = true;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "one@to.test");
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->job_count, 0);
	rig->silent = false;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "two@to.test");
	rig_until(rig, rig_jobs, 2);
	rig_free(&rig);
}

static void
what_a_dead_receiver_did_not_tell_is_found(void)
{
	struct rig *rig = rig_new(fixed);

	rig_start(rig);
	rig_send(rig, CLASS_NORMAL, "a@from.test", "one@to.test");
	rig_until(rig, rig_jobs, 1);
	rig->silent = true;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "two@to.test");
	rig_new_receiver(rig);
	rig_until(rig, rig_no_segments, 0);
	CU_ASSERT_EQUAL(rig->job_count, 2);
	rig_free(&rig);
}

static void
what_is_beyond_the_end_of_a_broken_segment_is_never_used(void)
{
	struct rig *rig = rig_new(fixed);
	struct committed first;

	rig_start(rig);
	rig_send(rig, CLASS_NORMAL, "a@from.test", "one@to.test");
	first = rig->where;
	rig_until(rig, rig_empty, 0);
	rig->silent = true;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "ghost@to.test");
	intake_closed(rig->s, first.segment, first.offset + first.size,
	    true);
	rig_settle(rig);
	rig_stop(rig);
	rig_new_receiver(rig);
	rig_start(rig);
	rig_until(rig, rig_no_segments, 0);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	rig_free(&rig);
}

static void
old_urgent_mail_goes_first(void)
{
	struct rig *rig = rig_new("route * { to 127.0.0.1:9 }\n"
	    "site * { connections 1 }\n");

	rig_send(rig, CLASS_BULK, "a@from.test", "bulk@to.test");
	rig_send(rig, CLASS_NORMAL, "a@from.test", "normal@to.test");
	rig_send(rig, CLASS_URGENT, "a@from.test", "urgent@to.test");
	rig_new_receiver(rig);
	rig->answer.wait = true;
	rig_start(rig);
	rig_until(rig, rig_jobs, 2);
	CU_ASSERT_EQUAL(rig->jobs[0].job.klass, CLASS_URGENT);
	CU_ASSERT_EQUAL(rig->jobs[1].job.klass, CLASS_NORMAL);
	rig_free(&rig);
}

const struct unit_test spool_tests[] = {
	UNIT(a_message_is_delivered_and_its_segment_goes),
	UNIT(a_receiver_whose_clock_is_ahead_holds_nothing_back),
	UNIT(many_messages_need_one_site_and_one_segment),
	UNIT(recipients_of_one_site_share_a_transaction),
	UNIT(a_transaction_has_no_more_than_the_sites_limit),
	UNIT(a_record_without_a_status_is_taken_up),
	UNIT(a_recipient_with_a_final_status_is_never_tried_again),
	UNIT(only_the_recipients_that_are_left_are_tried),
	UNIT(a_row_of_the_index_waits_for_its_time_over_a_restart),
	UNIT(a_lost_index_loses_no_message_and_repeats_none),
	UNIT(a_torn_tail_was_never_promised),
	UNIT(a_record_broken_in_the_middle_is_kept_and_the_rest_goes_on),
	UNIT(a_damaged_header_hides_only_its_own_record),
	UNIT(what_waited_in_the_index_goes_with_its_damaged_record),
	UNIT(what_a_deliverer_finds_damaged_is_kept_and_not_tried_again),
	UNIT(a_journal_without_messages_goes),
	UNIT(the_segment_of_a_living_receiver_is_never_removed),
	UNIT(a_wake_up_that_was_lost_is_made_good_by_the_next),
	UNIT(what_a_dead_receiver_did_not_tell_is_found),
	UNIT(what_is_beyond_the_end_of_a_broken_segment_is_never_used),
	UNIT(old_urgent_mail_goes_first),
	UNIT_END
};
