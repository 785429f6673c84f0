/* SPDX-License-Identifier: ISC
 *
 * kept.c - tests: what is on the disk before something else is given up for
 * it: reports, damaged mail, the last words of a receiver.
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

static const char seldom[] = FIXED "queue { status-sync 1m }\n";
static const char at_once[] = FIXED "queue { status-sync 0 }\n";

static const struct rig_answer good = {
	.outcome = OUTCOME_DELIVERED, .code = 250, .status = "2.0.0",
	.text = "250 2.0.0 Ok", .mta = "mx.test"
};
static const struct rig_answer unknown = {
	.outcome = OUTCOME_FAILED, .scope = SCOPE_RECIPIENT, .code = 550,
	.status = "5.1.1", .text = "550 5.1.1 No such user", .mta = "mx.test"
};
static const struct rig_answer wait_for_me = { .wait = true };

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

static const struct files *watched;

static bool
status_written(struct rig *rig, uint64_t number)
{
	(void)rig, (void)number;
	return disk_first(DISK_PWRITEV, watched->status, 0) != DISK_NEVER;
}

/* A message whose job waits for an answer.  Its segment is not closed, which
 * would be written down too. */
static struct files
send_one(struct rig *rig)
{
	rig->answer = wait_for_me;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_until(rig, rig_jobs, 1);
	return files_of(rig);
}

/* ---- reports --------------------------------------------------------------------------- */

/* A segment of the scheduler's own was synced. */
static bool
report_synced(struct rig *rig, uint64_t number)
{
	(void)rig, (void)number;
	return disk_find(DISK_FDATASYNC, "63-", ".messages", 0, true) !=
	    DISK_NEVER;
}

static void
a_report_is_on_the_disk_before_its_recipient_is_struck_off(void)
{
	struct rig *rig = rig_new(at_once);
	struct files files;

	rig_start(rig);
	files = send_one(rig);
	watched = &files;
	disk_reset();
	rig_answer_job(rig, 0, &unknown);
	rig_until(rig, status_written, 0);
	CU_ASSERT_TRUE(report_synced(rig, 0));
	CU_ASSERT_EQUAL(disk_first(DISK_PWRITEV, files.status, 0) <
	    disk_find(DISK_FDATASYNC, "63-", ".messages", 0, true), false);
	rig_until(rig, rig_jobs, 2);
	rig_answer_job(rig, 1, &good);
	rig_free(&rig);
}

static enum disk_call failing;

static bool
call_failed(struct rig *rig, uint64_t number)
{
	(void)rig;
	return disk_count(failing) >= number;
}

static void
check_report(struct rig *rig, size_t at)
{
	struct record record;

	rig_read(rig, at, &record);
	CU_ASSERT_STRING_EQUAL(record.envelope->rcpts[0].address,
	    "a@from.test");
	CU_ASSERT_TRUE(rig_body_has(&record, "5.1.1 No such user"));
	record_fini(&record);
}

/* The report of a failure cannot be made, or kept, because CALL fails; in the
 * next life it can. */
static void
check_untold(enum disk_call call)
{
	struct rig *rig = rig_new(seldom);
	struct files files;

	rig_start(rig);
	files = send_one(rig);
	failing = call;
	disk_reset();
	disk_fail(call, 1, EIO, true);
	rig_answer_job(rig, 0, &unknown);
	CU_ASSERT_TRUE(rig_until(rig, call_failed, 1));
	rig_settle(rig);
	CU_ASSERT_TRUE(!rig_empty(rig, 0) ||
	    !list_empty(&rig->s->ward.segments));
	CU_ASSERT_EQUAL(rig_files(rig, "normal", ".messages"), 1);
	disk_fail(call, 0, 0, false);
	rig_stop(rig);
	CU_ASSERT_EQUAL(disk_first(DISK_PWRITEV, files.status, 0),
	    DISK_NEVER);
	rig_start(rig);
	rig_until(rig, rig_jobs, 2);
	rig_answer_job(rig, 1, &unknown);
	rig_until(rig, rig_jobs, 3);
	check_report(rig, 2);
	rig_free(&rig);
}

static void
a_report_that_cannot_be_made_or_kept_leaves_its_recipient_open(void)
{
	check_untold(DISK_FDATASYNC);
	check_untold(DISK_PREAD);
}

static bool
sync_waits(struct rig *rig, uint64_t number)
{
	(void)rig;
	return disk_waiting() >= number;
}

static bool
time_passed(struct rig *rig, uint64_t until)
{
	(void)rig;
	return clock_mono() >= (msec_t)until;
}

/* What nothing is to happen in: several times the pause before removals. */
static void
let_time_pass(struct rig *rig)
{
	rig_until(rig, time_passed, (uint64_t)clock_mono() + 500);
}

static void
a_segment_stays_while_a_report_about_it_is_on_its_way(void)
{
	struct rig *rig = rig_new(at_once);

	rig_start(rig);
	rig->answer = wait_for_me;
	rig_send_notify(rig, "a@from.test", "b@to.test", NOTIFY_SUCCESS);
	rig_new_receiver(rig);
	rig_until(rig, rig_jobs, 1);
	disk_reset();
	disk_hold("/63-");
	rig_answer_job(rig, 0, &good);
	rig_until(rig, sync_waits, 1);
	let_time_pass(rig);
	CU_ASSERT_EQUAL(disk_find(DISK_UNLINKAT, "01-", ".messages", 0,
	    true), DISK_NEVER);
	disk_release();
	rig_until(rig, rig_jobs, 2);
	rig_answer_job(rig, 1, &good);
	rig_until(rig, rig_empty, 0);
	rig_free(&rig);
}

static bool
index_is_back(struct rig *rig, uint64_t number)
{
	(void)number;
	return rig->s->window.index != NULL && rig->s->intake.complete;
}

/* All segments are read once more when the index was lost. */
static void
who_is_in_a_report_on_its_way_is_not_tried_again(void)
{
	struct rig *rig = rig_new(at_once);
	struct err err = { .text = "by the test" };

	rig_start(rig);
	(void)send_one(rig);
	disk_reset();
	disk_hold("/63-");
	rig_answer_job(rig, 0, &unknown);
	rig_until(rig, sync_waits, 1);
	window_fail(rig->s, &err);
	rig_until(rig, index_is_back, 0);
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	disk_release();
	rig_until(rig, rig_jobs, 2);
	check_report(rig, 1);
	rig_free(&rig);
}

/* ---- damage ------------------------------------------------------------------------------ */

static void
damage(const struct rig *rig, const char *file, uint64_t at)
{
	char path[192];
	int fd;

	snprintf(path, sizeof path, "%s/spool/normal/%s", rig->path, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	CU_ASSERT_NOT_EQUAL_FATAL(fd, -1);
	CU_ASSERT_EQUAL(pwrite(fd, "garbage", 7, (off_t)at), 7);
	close(fd);
}

static void
what_is_damaged_is_on_the_disk_before_its_segment_goes(void)
{
	struct rig *rig = rig_new(at_once);
	struct files files;
	int kept, named;

	rig_send(rig, CLASS_NORMAL, "a@from.test", "one@to.test");
	files = files_of(rig);
	damage(rig, files.messages, rig->where.offset + RECORD_HEADER_BYTES);
	rig_send(rig, CLASS_NORMAL, "a@from.test", "two@to.test");
	rig_new_receiver(rig);
	disk_reset();
	rig_start(rig);
	rig_until(rig, rig_no_segments, 0);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	CU_ASSERT_EQUAL(rig_files(rig, "corrupt", ""), 1);
	kept = disk_find(DISK_FSYNC, "", ".message.new", 0, true);
	named = disk_first(DISK_FSYNC, "corrupt", kept);
	CU_ASSERT_NOT_EQUAL(kept, DISK_NEVER);
	CU_ASSERT_NOT_EQUAL(named, DISK_NEVER);
	CU_ASSERT_TRUE(named < disk_first(DISK_UNLINKAT, files.messages, 0));
	rig_free(&rig);
}

static void
what_is_damaged_and_cannot_be_kept_stays_in_its_segment(void)
{
	struct rig *rig = rig_new(at_once);
	struct files files;

	rig_send(rig, CLASS_NORMAL, "a@from.test", "one@to.test");
	files = files_of(rig);
	damage(rig, files.messages, rig->where.offset + RECORD_HEADER_BYTES);
	rig_send(rig, CLASS_NORMAL, "a@from.test", "two@to.test");
	rig_new_receiver(rig);
	disk_reset();
	disk_fail(DISK_FSYNC, 1, ENOSPC, true);
	rig_start(rig);
	rig_until(rig, rig_empty, 0);
	let_time_pass(rig);
	CU_ASSERT_EQUAL(rig_files(rig, "corrupt", ""), 0);
	rig_stop(rig);
	CU_ASSERT_EQUAL(rig_files(rig, "normal", ".messages"), 1);
	disk_reset();
	rig_start(rig);
	rig_until(rig, rig_no_segments, 0);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	CU_ASSERT_EQUAL(rig_files(rig, "corrupt", ""), 1);
	rig_free(&rig);
}

/* ---- the start ---------------------------------------------------------------------------- */

/* What a receiver wrote last, while the scheduler was about to look. */
struct last_words {
	const struct rig *rig;
	uint8_t bytes[4096];
	size_t length;
};

static int
open_messages(const struct rig *rig)
{
	char path[192];
	int fd;

	snprintf(path, sizeof path, "%s/spool/normal/%s", rig->path,
	    files_of(rig).messages);
	fd = open(path, O_RDWR | O_CLOEXEC);
	CU_ASSERT_NOT_EQUAL_FATAL(fd, -1);
	return fd;
}

static void
write_last_words(void *owner)
{
	const struct last_words *last = owner;
	int fd = open_messages(last->rig);

	CU_ASSERT_EQUAL(pwrite(fd, last->bytes, last->length,
	    (off_t)last->rig->where.offset), (ssize_t)last->length);
	close(fd);
}

static void
take_last_words(struct last_words *last)
{
	const struct committed *where = &last->rig->where;
	int fd = open_messages(last->rig);

	last->length = where->size;
	CU_ASSERT_TRUE_FATAL(last->length <= sizeof last->bytes);
	CU_ASSERT_EQUAL(pread(fd, last->bytes, last->length,
	    (off_t)where->offset), (ssize_t)last->length);
	CU_ASSERT_EQUAL(ftruncate(fd, (off_t)where->offset), 0);
	close(fd);
}

static void
what_a_receiver_writes_last_is_not_overlooked(void)
{
	struct rig *rig = rig_new(at_once);
	struct last_words last = { .rig = rig };

	rig_send(rig, CLASS_NORMAL, "a@from.test", "one@to.test");
	rig_send(rig, CLASS_NORMAL, "a@from.test", "two@to.test");
	rig_new_receiver(rig);
	take_last_words(&last);
	disk_reset();
	disk_meanwhile(DISK_FLOCK, write_last_words, &last);
	rig_start(rig);
	rig_until(rig, rig_no_segments, 0);
	CU_ASSERT_EQUAL(rig->job_count, 2);
	rig_free(&rig);
}

const struct unit_test kept_tests[] = {
	UNIT(a_report_is_on_the_disk_before_its_recipient_is_struck_off),
	UNIT(a_report_that_cannot_be_made_or_kept_leaves_its_recipient_open),
	UNIT(a_segment_stays_while_a_report_about_it_is_on_its_way),
	UNIT(who_is_in_a_report_on_its_way_is_not_tried_again),
	UNIT(what_is_damaged_is_on_the_disk_before_its_segment_goes),
	UNIT(what_is_damaged_and_cannot_be_kept_stays_in_its_segment),
	UNIT(what_a_receiver_writes_last_is_not_overlooked),
	UNIT_END
};
