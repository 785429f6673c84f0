/* SPDX-License-Identifier: ISC
 *
 * durable.c - tests: in which order things reach the disk.
 *
 * The order is written in src/scheduler/segments.c.  No crash on a file system
 * that keeps the order of its own shows what these calls are for, so the
 * calls themselves are looked at.
 */
#include "suites.h"

#include "fakes/disk.h"
#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define FIXED "route * { to 127.0.0.1:9 }\n" \
	"class normal { retry 1h; lifetime 2h; warn never }\n"

static const char soon[] = FIXED "queue { status-sync 50ms }\n";
static const char seldom[] = FIXED "queue { status-sync 1m }\n";

static const struct rig_answer good = {
	.outcome = OUTCOME_DELIVERED, .code = 250, .status = "2.0.0",
	.text = "250 2.0.0 Ok", .mta = "mx.test"
};
static const struct rig_answer wait_for_me = { .wait = true };

/* ---- what the disk saw --------------------------------------------------------------- */

/* The names of the files of a segment. */
struct files {
	char messages[SEGMENT_FILE_SIZE], status[SEGMENT_FILE_SIZE];
};

static struct files
files_of(const struct rig *rig)
{
	struct files files;

	segment_file(rig->where.segment, "messages", files.messages);
	segment_file(rig->where.segment, "status", files.status);
	return files;
}

/* The last status records were written, then synced; only then the messages
 * went, then the directory was synced, and only then the journal went. */
static void
check_removal(const struct files *files)
{
	int written = disk_last(DISK_PWRITEV, files->status);
	int synced = disk_first(DISK_FDATASYNC, files->status, written);
	int gone = disk_first(DISK_UNLINKAT, files->messages, 0);
	int told = disk_first(DISK_FSYNC, "normal", gone);
	int over = disk_first(DISK_UNLINKAT, files->status, 0);

	CU_ASSERT_NOT_EQUAL(written, DISK_NEVER);
	CU_ASSERT_NOT_EQUAL(synced, DISK_NEVER);
	CU_ASSERT_NOT_EQUAL(gone, DISK_NEVER);
	CU_ASSERT_NOT_EQUAL(told, DISK_NEVER);
	CU_ASSERT_TRUE(synced < gone);
	CU_ASSERT_TRUE(told < over);
}

/* ---- the sync thread ----------------------------------------------------------------- */

static const struct files *watched;

static bool
status_written(struct rig *rig, uint64_t number)
{
	(void)rig, (void)number;
	return disk_first(DISK_PWRITEV, watched->status, 0) != DISK_NEVER;
}

/* A message in a segment of its own, whose job waits for an answer. */
static struct files
send_and_close(struct rig *rig)
{
	size_t jobs = rig->job_count;

	rig->answer = wait_for_me;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_new_receiver(rig);
	rig_until(rig, rig_jobs, jobs + 1);
	return files_of(rig);
}

/* The other's result comes in the very turn in which the first's journal is
 * due: that one may not be left out of the sync, and lose its segment. */
static void
a_segment_goes_only_when_its_last_status_is_on_the_disk(void)
{
	struct rig *rig = rig_new(soon);
	struct files first, other;
	msec_t due;

	rig_start(rig);
	first = send_and_close(rig);
	other = send_and_close(rig);
	disk_reset();
	rig_answer_job(rig, 0, &good);
	watched = &first;
	rig_until(rig, status_written, 0);
	due = clock_mono() + rig->conf->status_sync;
	rig_answer_job(rig, 1, &good);
	channel_flush(rig->far);
	while (clock_mono() <= due)
		usleep(1000);
	rig_until(rig, rig_no_segments, 0);
	check_removal(&first);
	check_removal(&other);
	CU_ASSERT_EQUAL(rig_files(rig, "normal", ".messages"), 0);
	CU_ASSERT_EQUAL(rig_files(rig, "normal", ".status"), 0);
	rig_free(&rig);
}

static bool
name_synced(struct rig *rig, uint64_t number)
{
	(void)rig, (void)number;
	return disk_first(DISK_FSYNC, "normal", disk_first(DISK_FDATASYNC,
	    watched->status, 0)) != DISK_NEVER;
}

static void
the_name_of_a_journal_is_synced_with_it(void)
{
	struct rig *rig = rig_new(soon);
	struct files files;

	rig_start(rig);
	rig->answer = wait_for_me;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_until(rig, rig_jobs, 1);
	files = files_of(rig);
	watched = &files;
	CU_ASSERT_EQUAL(rig_files(rig, "normal", ".status"), 0);
	disk_reset();
	rig_answer_job(rig, 0, &good);
	CU_ASSERT_TRUE(rig_until(rig, name_synced, 0));
	rig_free(&rig);
}

static bool
sync_waits(struct rig *rig, uint64_t number)
{
	(void)rig;
	return disk_waiting() >= number;
}

static bool
syncs(struct rig *rig, uint64_t number)
{
	int at = 0;

	(void)rig;
	while (number-- > 0 && at != DISK_NEVER) {
		at = disk_first(DISK_FDATASYNC, watched->status, at);
		at = at == DISK_NEVER ? at : at + 1;
	}
	return at != DISK_NEVER;
}

static bool
synced_anew(struct rig *rig, uint64_t number)
{
	int failed = disk_find(DISK_FDATASYNC, watched->status, "", 0, false);

	(void)rig, (void)number;
	return failed != DISK_NEVER && disk_first(DISK_FDATASYNC, watched->status,
	    disk_first(DISK_PWRITEV, watched->status, failed)) != DISK_NEVER;
}

/* Two messages of a segment are delivered, the second while the sync of what
 * was written about the first waits for the disk. */
static void
deliver_during_a_sync(struct rig *rig, struct files *files)
{
	rig_start(rig);
	rig->answer = wait_for_me;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_send(rig, CLASS_NORMAL, "a@from.test", "c@to.test");
	rig_until(rig, rig_jobs, 2);
	*files = files_of(rig);
	watched = files;
	disk_reset();
	disk_hold(".status");
	rig_answer_job(rig, 0, &good);
	rig_until(rig, sync_waits, 1);
	rig_answer_job(rig, 1, &good);
	rig_until(rig, rig_empty, 0);
	rig_settle(rig);
	CU_ASSERT_EQUAL(disk_first(DISK_FDATASYNC, files->status, 0), DISK_NEVER);
}

static void
what_is_written_during_a_sync_is_synced_by_the_next(void)
{
	struct rig *rig = rig_new(soon);
	struct files files;

	deliver_during_a_sync(rig, &files);
	disk_release();
	CU_ASSERT_TRUE(rig_until(rig, syncs, 2));
	rig_free(&rig);
}

static void
what_is_written_during_a_sync_is_kept_until_its_own_is_good(void)
{
	struct rig *rig = rig_new(soon);
	struct files files;

	deliver_during_a_sync(rig, &files);
	disk_fail(DISK_FDATASYNC, 2, EIO, false);
	disk_release();
	CU_ASSERT_TRUE(rig_until(rig, synced_anew, 0));
	rig_free(&rig);
}

/* What the kernel holds of it cannot be trusted any more: all that was not
 * synced before is written once more, through another descriptor. */
static void
a_journal_whose_sync_failed_is_written_and_synced_anew(void)
{
	struct rig *rig = rig_new(soon);
	struct files files;

	rig_start(rig);
	rig->answer = wait_for_me;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	files = files_of(rig);
	watched = &files;
	rig_until(rig, rig_jobs, 1);
	disk_reset();
	disk_fail(DISK_FDATASYNC, 1, EIO, false);
	rig_answer_job(rig, 0, &good);
	CU_ASSERT_TRUE(rig_until(rig, synced_anew, 0));
	rig_new_receiver(rig);
	rig_until(rig, rig_no_segments, 0);
	check_removal(&files);
	rig_free(&rig);
}

/* Its last status records may be lost with a power cut, and it must not be
 * all that comes back. */
static void
a_segment_stays_while_the_sync_of_its_journal_fails(void)
{
	struct rig *rig = rig_new(soon);
	struct files files;
	int failed;

	rig_start(rig);
	files = send_and_close(rig);
	watched = &files;
	disk_reset();
	disk_fail(DISK_FDATASYNC, 1, EIO, false);
	rig_answer_job(rig, 0, &good);
	CU_ASSERT_TRUE(rig_until(rig, synced_anew, 0));
	rig_until(rig, rig_no_segments, 0);
	failed = disk_find(DISK_FDATASYNC, files.status, "", 0, false);
	CU_ASSERT_TRUE(disk_first(DISK_FDATASYNC, files.status, failed) <
	    disk_first(DISK_UNLINKAT, files.messages, 0));
	check_removal(&files);
	rig_free(&rig);
}

static void
a_status_is_written_in_its_turn_and_synced_at_the_end_at_the_latest(void)
{
	struct rig *rig = rig_new(seldom);
	struct files files;

	rig_start(rig);
	rig->answer = wait_for_me;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	files = files_of(rig);
	watched = &files;
	rig_until(rig, rig_jobs, 1);
	disk_reset();
	rig_answer_job(rig, 0, &good);
	CU_ASSERT_TRUE(rig_until(rig, status_written, 0));
	CU_ASSERT_EQUAL(disk_first(DISK_FDATASYNC, files.status, 0), DISK_NEVER);
	rig_stop(rig);
	CU_ASSERT_NOT_EQUAL(disk_first(DISK_FDATASYNC, files.status,
	    disk_last(DISK_PWRITEV, files.status)), DISK_NEVER);
	CU_ASSERT_NOT_EQUAL(disk_first(DISK_FSYNC, "normal", 0), DISK_NEVER);
	rig_free(&rig);
}

enum { MANY = 200, RCPTS = 64 };	/* more than may wait to be written */

static void
send_to_many(struct rig *rig)
{
	static char names[RCPTS][16];
	static const char *rcpts[RCPTS + 1];

	for (int i = 0; i < RCPTS; i++) {
		snprintf(names[i], sizeof names[i], "r%d@to.test", i);
		rcpts[i] = names[i];
	}
	for (int i = 0; i < MANY; i++)
		rig_commit(rig, CLASS_NORMAL, "a@from.test", rcpts);
}

static void
nothing_is_given_out_while_nothing_can_be_written_down(void)
{
	struct rig *rig = rig_new(seldom);
	size_t jobs;

	send_to_many(rig);
	rig->answer = wait_for_me;
	rig_start(rig);
	rig_until(rig, rig_jobs, 1);
	rig_settle(rig);
	disk_reset();
	disk_fail(DISK_PWRITEV, 1, ENOSPC, true);
	rig->answer = good;
	for (jobs = rig->job_count; jobs > 0; jobs--)
		rig_answer_job(rig, jobs - 1, &good);
	rig_settle(rig);
	jobs = rig->job_count;
	CU_ASSERT_TRUE(jobs < MANY);
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->job_count, jobs);
	disk_reset();
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_EQUAL(rig->job_count, MANY);
	rig_free(&rig);
}

/* Written by one that died before its sync: believed, and so made durable,
 * before anything is removed by it. */
static void
what_a_former_life_wrote_is_synced_by_the_next(void)
{
	struct rig *rig = rig_new(soon);
	struct journal journal;
	struct status status = { .rcpt = STATUS_ALL_RCPTS,
	    .action = STATUS_DELIVERED, .code = 250,
	    .enhanced = { 2, 0, 0 } };
	struct files files;
	struct err err;
	int synced, named;

	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	files = files_of(rig);
	rig_new_receiver(rig);
	journal_init(&journal, rig->where.segment);
	status.offset = rig->where.offset;
	journal_add(&journal, &status);
	CU_ASSERT_TRUE(journal_flush(&journal, &rig->dirs, &err));
	journal_fini(&journal);
	disk_reset();
	rig_start(rig);
	rig_until(rig, rig_no_segments, 0);
	CU_ASSERT_EQUAL(rig->job_count, 0);
	synced = disk_first(DISK_FDATASYNC, files.status, 0);
	named = disk_first(DISK_FSYNC, "normal", synced);
	CU_ASSERT_NOT_EQUAL(synced, DISK_NEVER);
	CU_ASSERT_NOT_EQUAL(named, DISK_NEVER);
	CU_ASSERT_TRUE(named < disk_first(DISK_UNLINKAT, files.messages, 0));
	rig_free(&rig);
}

const struct unit_test durable_tests[] = {
	UNIT(a_segment_goes_only_when_its_last_status_is_on_the_disk),
	UNIT(the_name_of_a_journal_is_synced_with_it),
	UNIT(what_is_written_during_a_sync_is_synced_by_the_next),
	UNIT(what_is_written_during_a_sync_is_kept_until_its_own_is_good),
	UNIT(a_journal_whose_sync_failed_is_written_and_synced_anew),
	UNIT(a_segment_stays_while_the_sync_of_its_journal_fails),
	UNIT(a_status_is_written_in_its_turn_and_synced_at_the_end_at_the_latest),
	UNIT(nothing_is_given_out_while_nothing_can_be_written_down),
	UNIT(what_a_former_life_wrote_is_synced_by_the_next),
	UNIT_END
};
