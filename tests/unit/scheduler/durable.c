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

/* ---- what the disk saw --------------------------------------------------------------- */

enum { NEVER = -1 };

/* The first CALL from FROM on about a file whose name begins with HEAD and
 * ends in TAIL that was FINE, or not. */
static int
find_call(enum disk_call call, const char *head, const char *tail, int from,
    bool fine)
{
	const struct disk_event *events;
	int count = (int)disk_events(&events);

	for (int i = from; i >= 0 && i < count; i++) {
		const char *name = events[i].name;
		size_t length = strlen(name);

		if (events[i].call == call && events[i].fine == fine &&
		    strncmp(name, head, strlen(head)) == 0 &&
		    length >= strlen(tail) &&
		    strcmp(name + length - strlen(tail), tail) == 0)
			return i;
	}
	return NEVER;
}

static int
find(enum disk_call call, const char *name, int from)
{
	return find_call(call, name, "", from, true);
}

static int
find_last(enum disk_call call, const char *name)
{
	int last = NEVER, at = find(call, name, 0);

	for (; at != NEVER; at = find(call, name, at + 1))
		last = at;
	return last;
}

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

/*
 * The last status records were written, then synced, then the journal's name
 * was; only then the messages went, then the directory was synced, and only
 * then the journal went.
 */
static void
check_removal(const struct files *files)
{
	int written = find_last(DISK_PWRITEV, files->status);
	int synced = find(DISK_FDATASYNC, files->status, written);
	int named = find(DISK_FSYNC, "normal", synced);
	int gone = find(DISK_UNLINKAT, files->messages, 0);
	int told = find(DISK_FSYNC, "normal", gone);
	int over = find(DISK_UNLINKAT, files->status, 0);

	CU_ASSERT_NOT_EQUAL(written, NEVER);
	CU_ASSERT_NOT_EQUAL(synced, NEVER);
	CU_ASSERT_NOT_EQUAL(named, NEVER);
	CU_ASSERT_NOT_EQUAL(gone, NEVER);
	CU_ASSERT_NOT_EQUAL(told, NEVER);
	CU_ASSERT_TRUE(named < gone);
	CU_ASSERT_TRUE(told < over);
}

/* ---- the sync thread ----------------------------------------------------------------- */

static const struct files *watched;

static bool
status_written(struct rig *rig, uint64_t number)
{
	(void)rig, (void)number;
	return find(DISK_PWRITEV, watched->status, 0) != NEVER;
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
	while (number-- > 0 && at != NEVER) {
		at = find(DISK_FDATASYNC, watched->status, at);
		at = at == NEVER ? at : at + 1;
	}
	return at != NEVER;
}

static void
what_is_written_during_a_sync_is_synced_by_the_next(void)
{
	struct rig *rig = rig_new(soon);
	struct files files;

	rig_start(rig);
	rig->answer = wait_for_me;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_send(rig, CLASS_NORMAL, "a@from.test", "c@to.test");
	rig_until(rig, rig_jobs, 2);
	files = files_of(rig);
	watched = &files;
	disk_reset();
	disk_hold(".status");
	rig_answer_job(rig, 0, &good);
	rig_until(rig, sync_waits, 1);
	rig_answer_job(rig, 1, &good);
	rig_until(rig, rig_empty, 0);
	rig_settle(rig);
	CU_ASSERT_EQUAL(find(DISK_FDATASYNC, files.status, 0), NEVER);
	disk_release();
	CU_ASSERT_TRUE(rig_until(rig, syncs, 2));
	rig_free(&rig);
}

static bool
synced_anew(struct rig *rig, uint64_t number)
{
	int failed = find_call(DISK_FDATASYNC, watched->status, "", 0, false);

	(void)rig, (void)number;
	return failed != NEVER && find(DISK_FDATASYNC, watched->status,
	    find(DISK_PWRITEV, watched->status, failed)) != NEVER;
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
	CU_ASSERT_EQUAL(find(DISK_FDATASYNC, files.status, 0), NEVER);
	rig_stop(rig);
	CU_ASSERT_NOT_EQUAL(find(DISK_FDATASYNC, files.status,
	    find_last(DISK_PWRITEV, files.status)), NEVER);
	CU_ASSERT_NOT_EQUAL(find(DISK_FSYNC, "normal", 0), NEVER);
	rig_free(&rig);
}

/* ---- reports --------------------------------------------------------------------------- */

/* A segment of the scheduler's own was synced. */
static bool
report_synced(struct rig *rig, uint64_t number)
{
	(void)rig, (void)number;
	return find_call(DISK_FDATASYNC, "63-", ".messages", 0, true) !=
	    NEVER;
}

static void
a_report_is_on_the_disk_before_its_recipient_is_struck_off(void)
{
	struct rig *rig = rig_new(at_once);
	struct files files;

	rig_start(rig);
	files = send_and_close(rig);
	watched = &files;
	disk_reset();
	rig_answer_job(rig, 0, &unknown);
	rig_until(rig, status_written, 0);
	CU_ASSERT_TRUE(report_synced(rig, 0));
	CU_ASSERT_EQUAL(find(DISK_PWRITEV, files.status, 0) <
	    find_call(DISK_FDATASYNC, "63-", ".messages", 0, true), false);
	rig_until(rig, rig_jobs, 2);
	rig_answer_job(rig, 1, &good);
	rig_free(&rig);
}

static bool
report_failed(struct rig *rig, uint64_t number)
{
	(void)rig, (void)number;
	return find_call(DISK_FDATASYNC, "63", "", 0, false) != NEVER;
}

static void
a_report_that_cannot_be_kept_leaves_its_recipient_open(void)
{
	struct rig *rig = rig_new(seldom);
	struct record record;
	struct files files;

	rig_start(rig);
	files = send_and_close(rig);
	disk_reset();
	disk_fail(DISK_FDATASYNC, 1, ENOSPC, true);
	rig_answer_job(rig, 0, &unknown);
	CU_ASSERT_TRUE(rig_until(rig, report_failed, 0));
	rig_settle(rig);
	CU_ASSERT_EQUAL(find(DISK_PWRITEV, files.status, 0), NEVER);
	CU_ASSERT_FALSE(rig_empty(rig, 0));
	CU_ASSERT_EQUAL(rig_files(rig, "normal", ".messages"), 1);
	rig_stop(rig);
	CU_ASSERT_EQUAL(find(DISK_PWRITEV, files.status, 0), NEVER);
	disk_reset();
	rig_start(rig);
	rig_until(rig, rig_jobs, 2);
	rig_answer_job(rig, 1, &unknown);
	rig_until(rig, rig_jobs, 3);
	rig_read(rig, 2, &record);
	CU_ASSERT_STRING_EQUAL(record.envelope->rcpts[0].address,
	    "a@from.test");
	CU_ASSERT_TRUE(rig_body_has(&record, "5.1.1 No such user"));
	record_fini(&record);
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
	kept = find_call(DISK_FSYNC, "", ".message", 0, true);
	named = find(DISK_FSYNC, "corrupt", kept);
	CU_ASSERT_NOT_EQUAL(kept, NEVER);
	CU_ASSERT_NOT_EQUAL(named, NEVER);
	CU_ASSERT_TRUE(named < find(DISK_UNLINKAT, files.messages, 0));
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

const struct unit_test durable_tests[] = {
	UNIT(a_segment_goes_only_when_its_last_status_is_on_the_disk),
	UNIT(what_is_written_during_a_sync_is_synced_by_the_next),
	UNIT(a_journal_whose_sync_failed_is_written_and_synced_anew),
	UNIT(a_status_is_written_in_its_turn_and_synced_at_the_end_at_the_latest),
	UNIT(a_report_is_on_the_disk_before_its_recipient_is_struck_off),
	UNIT(a_report_that_cannot_be_kept_leaves_its_recipient_open),
	UNIT(what_is_damaged_is_on_the_disk_before_its_segment_goes),
	UNIT(what_a_receiver_writes_last_is_not_overlooked),
	UNIT_END
};
