/* SPDX-License-Identifier: ISC
 *
 * ends.c - tests: which segments there are, and where they end, is known
 * whatever was told to whom and died with it.
 */
#include "suites.h"

#include "fakes/disk.h"
#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIXED "route * { to 127.0.0.1:9 }\n" \
	"class normal { retry 1h; lifetime 2h; warn never }\n"

static const char soon[] = FIXED "queue { status-sync 50ms }\n";

static const struct rig_answer later = {
	.outcome = OUTCOME_DEFERRED, .code = 450, .status = "4.2.0",
	.text = "450 4.2.0 Not now", .mta = "mx.test"
};
static const struct rig_answer wait_for_me = { .wait = true };

/* ---- what writers wait for ------------------------------------------------------------ */

static bool
kept(struct rig *rig, uint64_t number)
{
	return rig->kept >= number;
}

static bool
refused(struct rig *rig, uint64_t number)
{
	return rig->failed >= number;
}

static bool
disk_waits(struct rig *rig, uint64_t number)
{
	(void)rig;
	return disk_waiting() >= number;
}

/* The second message is behind the first one, and its sync fails. */
static void
a_message_that_failed_is_refused_when_its_segments_end_is_on_the_disk(void)
{
	struct rig *rig = rig_new(soon);
	char status[SEGMENT_FILE_SIZE];

	rig_start(rig);
	rig_receiver_hears(rig);
	rig->answer = wait_for_me;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "one@to.test");
	rig_until(rig, rig_jobs, 1);
	segment_file(rig->where.segment, "status", status);
	disk_reset();
	disk_hold(".status");
	disk_fail(DISK_FDATASYNC, 1, EIO, false);
	rig_begin(rig, CLASS_NORMAL, "a@from.test", "two@to.test");
	CU_ASSERT_TRUE(rig_until(rig, disk_waits, 1));
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->kept, 0);
	CU_ASSERT_EQUAL(rig->failed, 0);
	disk_release();
	CU_ASSERT_TRUE(rig_until(rig, refused, 1));
	CU_ASSERT_EQUAL(rig->kept, 1);
	CU_ASSERT_NOT_EQUAL(disk_first(DISK_FDATASYNC, status, 0),
	    DISK_NEVER);
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	rig_free(&rig);
}

/* All of it is delivered when it breaks: it is removed, but not from under
 * its writer, who waits to hear that its end is kept. */
static void
a_segment_that_broke_when_it_was_empty_goes(void)
{
	struct rig *rig = rig_new(soon);

	rig_start(rig);
	rig_receiver_hears(rig);
	rig_send(rig, CLASS_NORMAL, "a@from.test", "one@to.test");
	rig_until(rig, rig_empty, 0);
	disk_reset();
	disk_fail(DISK_FDATASYNC, 1, EIO, false);
	rig_begin(rig, CLASS_NORMAL, "a@from.test", "two@to.test");
	CU_ASSERT_TRUE(rig_until(rig, refused, 1));
	CU_ASSERT_TRUE(rig_until(rig, rig_no_segments, 0));
	CU_ASSERT_EQUAL(rig_files(rig, "normal", ".messages"), 0);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	rig_free(&rig);
}

/* A receiver that tells again of a segment that is no more. */
static void
the_end_of_a_segment_that_is_gone_is_kept_already(void)
{
	struct rig *rig = rig_new(soon);
	struct segment_name name;

	rig_start(rig);
	rig_send(rig, CLASS_NORMAL, "a@from.test", "one@to.test");
	name = rig->where.segment;
	rig_new_receiver(rig);
	rig_until(rig, rig_no_segments, 0);
	rig->slot = name.slot;
	rig_receiver_hears(rig);
	for (unsigned broken = 0; broken < 2; broken++) {
		intake_closed(rig->s, name, 4096, broken == 1);
		CU_ASSERT_TRUE(rig_until(rig, kept, broken + 1));
		CU_ASSERT_EQUAL(rig->s->segments.by_name.count, 0);
	}
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig_files(rig, "normal", ".status"), 0);
	rig_free(&rig);
}

/* ---- segments that nobody told of ------------------------------------------------------ */

static void
what_a_writer_told_nobody_of_is_found_when_it_is_gone(void)
{
	struct rig *rig = rig_new(soon);

	rig_start(rig);
	rig->silent = true;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "one@to.test");
	discover_want(rig->s);
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->job_count, 0);	/* it is locked */
	rig_new_receiver(rig);
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->job_count, 0);
	discover_want(rig->s);
	CU_ASSERT_TRUE(rig_until(rig, rig_jobs, 1));
	rig_until(rig, rig_no_segments, 0);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	rig_free(&rig);
}

static void
a_look_at_the_directories_repeats_nothing(void)
{
	struct rig *rig = rig_new(soon);

	rig->answer = later;
	rig_start(rig);
	for (unsigned i = 0; i < 5; i++) {
		rig_send(rig, CLASS_NORMAL, "a@from.test", "one@to.test");
		rig_new_receiver(rig);
	}
	rig_until(rig, rig_waiting, 5);
	for (unsigned i = 0; i < 3; i++) {
		discover_want(rig->s);
		rig_settle(rig);
	}
	CU_ASSERT_EQUAL(rig->job_count, 5);
	CU_ASSERT_EQUAL(rig->s->segments.by_name.count, 5);
	CU_ASSERT_FALSE(rig->s->discover.running);
	rig_free(&rig);
}

/* ---- directories that cannot be read ---------------------------------------------------- */

/* One delivered, one deferred, in a segment with a journal. */
static struct rig *
one_of_two(void)
{
	struct rig *rig = rig_new(soon);

	rig_start(rig);
	rig_send(rig, CLASS_NORMAL, "a@from.test", "done@to.test");
	rig_until(rig, rig_empty, 0);
	rig->answer = later;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "waits@to.test");
	rig_until(rig, rig_waiting, 1);
	rig_new_receiver(rig);
	rig_stop(rig);
	CU_ASSERT_EQUAL(rig_files(rig, "normal", ".status"), 1);
	return rig;
}

static void
a_directory_that_cannot_be_read_ends_the_start_and_costs_nothing(void)
{
	struct rig *rig = one_of_two();
	unsigned failed = 0, n = 0;
	struct err err;
	bool missed;

	do {
		disk_reset();
		disk_fail(DISK_READDIR, ++n, EIO, false);
		rig->s = scheduler_new(rig->loop, rig->conf, rig->dirs.root,
		    &rig->row, NULL, &err);
		missed = disk_count(DISK_READDIR) < n;
		if (rig->s == NULL) {
			failed++;
			CU_ASSERT_PTR_NOT_NULL(strstr(err.text,
			    "Input/output error"));
		} else {
			scheduler_free(&rig->s);
		}
		CU_ASSERT_EQUAL(rig_files(rig, "normal", ".status"), 1);
	} while (!missed && n < 200);
	/* each of three directories twice, at each of its names */
	CU_ASSERT_TRUE(failed > 6);
	disk_reset();
	rig_start(rig);
	rig_until(rig, rig_waiting, 1);
	rig_settle(rig);
	/* what was delivered would wait beside it now */
	CU_ASSERT_EQUAL(rig_count(rig, COUNT_WAITING), 1);
	rig_free(&rig);
}

static void
a_later_look_that_fails_is_made_again(void)
{
	struct rig *rig = rig_new(soon);

	rig_start(rig);
	rig->silent = true;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "one@to.test");
	rig_new_receiver(rig);
	disk_reset();
	disk_fail(DISK_READDIR, 1, EIO, true);
	discover_want(rig->s);
	rig_settle(rig);
	CU_ASSERT_FALSE(rig->s->discover.running);
	CU_ASSERT_EQUAL(rig->job_count, 0);
	disk_reset();
	discover_want(rig->s);
	CU_ASSERT_TRUE(rig_until(rig, rig_jobs, 1));
	rig_free(&rig);
}

static void
leave_a_journal(struct rig *rig)
{
	int fd = openat(rig->dirs.classes[CLASS_NORMAL], "09-000000ff.status",
	    O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	CU_ASSERT_NOT_EQUAL_FATAL(fd, -1);
	close(fd);
}

static void
a_journal_without_messages_goes_when_these_cannot_come_back(void)
{
	struct rig *rig = one_of_two();
	struct err err;

	leave_a_journal(rig);
	disk_reset();
	disk_fail(DISK_FSYNC, 1, EIO, true);
	rig->s = scheduler_new(rig->loop, rig->conf, rig->dirs.root,
	    &rig->row, NULL, &err);
	CU_ASSERT_PTR_NULL(rig->s);
	CU_ASSERT_EQUAL(rig_files(rig, "normal", ".status"), 2);
	disk_reset();
	rig_start(rig);
	CU_ASSERT_EQUAL(rig_files(rig, "normal", ".status"), 1);
	CU_ASSERT_TRUE(disk_first(DISK_FSYNC, "normal", 0) <
	    disk_first(DISK_UNLINKAT, "09-000000ff.status", 0));
	CU_ASSERT_NOT_EQUAL(disk_first(DISK_FSYNC, "normal", 0), DISK_NEVER);
	rig_free(&rig);
}

const struct unit_test end_tests[] = {
	UNIT(a_message_that_failed_is_refused_when_its_segments_end_is_on_the_disk),
	UNIT(a_segment_that_broke_when_it_was_empty_goes),
	UNIT(the_end_of_a_segment_that_is_gone_is_kept_already),
	UNIT(what_a_writer_told_nobody_of_is_found_when_it_is_gone),
	UNIT(a_look_at_the_directories_repeats_nothing),
	UNIT(a_directory_that_cannot_be_read_ends_the_start_and_costs_nothing),
	UNIT(a_later_look_that_fails_is_made_again),
	UNIT(a_journal_without_messages_goes_when_these_cannot_come_back),
	UNIT_END
};
