/* SPDX-License-Identifier: ISC
 *
 * ward.c - tests: what is damaged is kept and told of, what cannot be read is
 * tried again, and what is neither is mail.
 */
#include "suites.h"

#include "fakes/disk.h"
#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* An hour is 360 ms. */
#define QUICK "route * { to 127.0.0.1:9 }\ntime-scale 0.0001\n" \
	"queue { status-sync 0 }\n"
static const char fixed[] = QUICK
    "class normal { retry 7d; lifetime 30d; warn never }\n";
static const char mortal[] = QUICK
    "class normal { retry 7d; lifetime 3h; warn never }\n";
static const char with_postmaster[] = QUICK
    "class normal { retry 7d; lifetime 30d; warn never }\n"
    "bounce { postmaster master@post.test }\n";

static const struct rig_answer good = {
	.outcome = OUTCOME_DELIVERED, .code = 250, .status = "2.0.0",
	.text = "250 2.0.0 Ok", .mta = "mx.test"
};

/* What a deliverer says of a damaged record. */
static const struct rig_answer damaged = {
	.outcome = OUTCOME_DEFERRED, .scope = SCOPE_SPOOL,
	.status = "4.3.0", .text = "damaged"
};

/* ---- what befalls it ----------------------------------------------------------------- */

static int
open_segment(const struct rig *rig)
{
	char file[SEGMENT_FILE_SIZE], path[192];
	int fd;

	snprintf(path, sizeof path, "%s/spool/normal/%s", rig->path,
	    segment_file(rig->where.segment, "messages", file));
	fd = open(path, O_RDWR | O_CLOEXEC);
	CU_ASSERT_NOT_EQUAL_FATAL(fd, -1);
	return fd;
}

static void
flip(const struct rig *rig, uint64_t offset)
{
	int fd = open_segment(rig);
	uint8_t byte;

	CU_ASSERT_EQUAL(pread(fd, &byte, 1, (off_t)offset), 1);
	byte ^= 1;
	CU_ASSERT_EQUAL(pwrite(fd, &byte, 1, (off_t)offset), 1);
	close(fd);
}

/* A byte of the content of the last message. */
static uint64_t
in_body(const struct rig *rig)
{
	return rig->where.offset + rig->where.size - 12;
}

/* Messages that were accepted and not seen by any scheduler: one from FROM,
 * which is the last, and one before it. */
static struct rig *
with_mail(const char *conf, const char *from)
{
	struct rig *rig = rig_new(conf);

	rig_send(rig, CLASS_NORMAL, "first@from.test", "b@to.test");
	rig_send(rig, CLASS_NORMAL, from, "c@to.test");
	rig_new_receiver(rig);
	rig->answer = good;
	return rig;
}

/* ---- what follows ---------------------------------------------------------------------- */

/* The record of job AT, if it is whole. */
static bool
read_whole(struct rig *rig, size_t at, struct record *out)
{
	const struct frame_job *job = &rig->jobs[at].job;
	struct err err;

	for (size_t i = 0; i < rig->segments_told; i++)
		if (rig->segments[i].number == job->segment)
			return record_read(rig->segments[i].fd, job->offset,
			    NULL, job->size, out, &err);
	return false;
}

/* Whether a report that has TEXT in it goes to TO. */
static bool
find_report(struct rig *rig, const char *to, const char *text)
{
	bool found = false;

	for (size_t i = 0; i < rig->job_count && !found; i++) {
		struct record record;

		if (!read_whole(rig, i, &record))
			continue;
		found = (record.envelope->flags & ENVELOPE_REPORT) != 0 &&
		    strcmp(record.envelope->rcpts[0].address, to) == 0 &&
		    rig_body_has(&record, text);
		record_fini(&record);
	}
	return found;
}

static void
count_broken(void *owner, const struct status *status)
{
	*(unsigned *)owner += status->action == STATUS_BROKEN;
}

/* The recipients of the last message's segment that are BROKEN. */
static unsigned
broken(const struct rig *rig)
{
	unsigned count = 0;
	struct err err;

	CU_ASSERT_TRUE(journal_read(&rig->dirs, rig->where.segment, false,
	    count_broken, &count, &err));
	return count;
}

/* Nothing waits, and the segment of the last message is gone. */
static bool
is_over(struct rig *rig, uint64_t number)
{
	(void)number;
	return rig_empty(rig, 0) &&
	    segment_find(rig->s, rig->where.segment) == NULL;
}

static bool
is_unreadable(struct rig *rig, uint64_t number)
{
	return ward_sum(rig->s)->unreadable == number &&
	    rig->s->ward.segment == NULL && rig->s->intake.complete;
}

static bool
is_unkept(struct rig *rig, uint64_t number)
{
	return ward_sum(rig->s)->unkept == number &&
	    rig->s->ward.full_until > 0;
}

/* ---- tests --------------------------------------------------------------------------------- */

static void
the_sender_of_a_damaged_message_is_told(void)
{
	struct rig *rig = with_mail(fixed, "hurt@from.test");

	flip(rig, in_body(rig));
	rig_start(rig);
	rig_until(rig, rig_jobs, 2);
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_TRUE(find_report(rig, "hurt@from.test", "5.3.0"));
	CU_ASSERT_TRUE(find_report(rig, "hurt@from.test", "c@to.test"));
	CU_ASSERT_TRUE(find_report(rig, "hurt@from.test", "damaged"));
	CU_ASSERT_FALSE(find_report(rig, "hurt@from.test", "Hello"));
	CU_ASSERT_FALSE(find_report(rig, "first@from.test", ""));
	CU_ASSERT_EQUAL(rig_files(rig, "corrupt", ".message"), 1);
	CU_ASSERT_EQUAL(rig_files(rig, "corrupt", ".new"), 0);
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->job_count, 2);
	rig_free(&rig);
}

/* It has one envelope, and wants to hear nothing. */
static void
who_asked_for_no_report_gets_none(void)
{
	struct rig *rig = rig_new(fixed);

	rig_send_notify(rig, "hurt@from.test", "c@to.test", NOTIFY_NEVER);
	rig_new_receiver(rig);
	rig->answer = good;
	flip(rig, in_body(rig));
	rig_start(rig);
	rig_until(rig, is_over, 0);
	CU_ASSERT_EQUAL(rig->job_count, 0);
	CU_ASSERT_EQUAL(rig_files(rig, "corrupt", ".message"), 1);
	rig_free(&rig);
}

/* What was delivered before is not said to have failed. */
static void
who_had_it_already_is_not_in_the_report(void)
{
	static const char *const rcpts[] = { "had@to.test", "not@to.test",
	    NULL };
	static const enum outcome each[] = { OUTCOME_DELIVERED,
	    OUTCOME_DEFERRED };
	struct rig_answer answer = { .each = each, .code = 250,
	    .scope = SCOPE_SPOOL, .status = "4.3.0", .text = "damaged" };
	struct rig *rig = rig_new(fixed);

	rig_start(rig);
	rig->answer.wait = true;
	rig_commit(rig, CLASS_NORMAL, "hurt@from.test", rcpts);
	rig_until(rig, rig_jobs, 1);
	flip(rig, in_body(rig));
	rig->answer = good;
	rig_answer_job(rig, 0, &answer);
	rig_until(rig, rig_jobs, 2);
	CU_ASSERT_TRUE(find_report(rig, "hurt@from.test", "not@to.test"));
	CU_ASSERT_FALSE(find_report(rig, "hurt@from.test", "had@to.test"));
	rig_until(rig, rig_empty, 0);
	rig_free(&rig);
}

static bool
report_failed(struct rig *rig, uint64_t number)
{
	return rig->s->ward.segments.count == 0 &&
	    rig_corrupt(rig, 1) && disk_count(DISK_FDATASYNC) >= number;
}

static void
a_report_of_damage_that_cannot_be_kept_leaves_all_open(void)
{
	struct rig *rig = with_mail(fixed, "hurt@from.test");

	flip(rig, in_body(rig));
	disk_reset();
	disk_fail(DISK_FDATASYNC, 1, ENOSPC, true);
	rig_start(rig);
	rig_until(rig, report_failed, 2);
	rig_settle(rig);
	CU_ASSERT_EQUAL(broken(rig), 0);
	CU_ASSERT_FALSE(find_report(rig, "hurt@from.test", ""));
	rig_stop(rig);
	CU_ASSERT_EQUAL(broken(rig), 0);
	disk_reset();
	rig->answer.wait = true;
	rig_start(rig);
	rig_until(rig, rig_jobs, 2);
	rig->answer = good;
	rig_answer_job(rig, 1, &damaged);
	rig_until(rig, is_over, 0);
	CU_ASSERT_TRUE(find_report(rig, "hurt@from.test", "damaged"));
	CU_ASSERT_EQUAL(rig_files(rig, "corrupt", ""), 1);
	rig_free(&rig);
}

/* The next try is an hour later. */
static void
what_cannot_be_kept_waits_and_is_kept_later(void)
{
	struct rig *rig = with_mail(fixed, "hurt@from.test");

	flip(rig, in_body(rig));
	disk_reset();
	disk_fail(DISK_FSYNC, 1, ENOSPC, true);
	rig_start(rig);
	rig_until(rig, is_unkept, 1);
	CU_ASSERT_EQUAL(rig_files(rig, "corrupt", ""), 0);
	CU_ASSERT_EQUAL(broken(rig), 0);
	CU_ASSERT_EQUAL(rig_count(rig, COUNT_HELD), 0);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	disk_reset();
	rig_until(rig, is_over, 0);
	CU_ASSERT_EQUAL(rig_files(rig, "corrupt", ".message"), 1);
	CU_ASSERT_TRUE(find_report(rig, "hurt@from.test", "damaged"));
	rig_free(&rig);
}

static void
where_no_envelope_can_be_read_the_postmaster_is_told_once(void)
{
	struct rig *rig = with_mail(with_postmaster, "hurt@from.test");
	uint64_t first = SEGMENT_HEADER_BYTES;

	flip(rig, first + RECORD_HEADER_BYTES + 8);
	flip(rig, rig->where.offset + 9);
	rig_start(rig);
	rig_until(rig, is_over, 0);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	CU_ASSERT_TRUE(find_report(rig, "master@post.test", "corrupt/"));
	CU_ASSERT_EQUAL(rig_files(rig, "corrupt", ".message"), 1);
	CU_ASSERT_EQUAL(rig_files(rig, "corrupt", ".bytes"), 1);
	rig_free(&rig);
}

/* Nobody knows how many recipients it had: that one is done says nothing of
 * the others. */
static void
a_damaged_header_is_kept_though_some_had_the_message(void)
{
	static const char *const rcpts[] = { "had@to.test", "not@to.test",
	    NULL };
	static const enum outcome each[] = { OUTCOME_DELIVERED,
	    OUTCOME_DEFERRED };
	struct rig *rig = rig_new(fixed);

	rig_start(rig);
	rig->answer = (struct rig_answer){ .each = each, .code = 250,
	    .scope = SCOPE_MESSAGE, .status = "4.2.0", .text = "later" };
	rig_commit(rig, CLASS_NORMAL, "hurt@from.test", rcpts);
	rig_until(rig, rig_waiting, 1);
	rig_stop(rig);
	rig_new_receiver(rig);
	flip(rig, rig->where.offset + 9);
	rig->answer = good;
	rig_start(rig);
	rig_until(rig, rig_corrupt, 1);
	rig_until(rig, is_over, 0);
	CU_ASSERT_EQUAL(rig_files(rig, "corrupt", ".bytes"), 1);
	rig_free(&rig);
}

/* Large enough that other messages are on other pages. */
static void
send_large(struct rig *rig, const char *from)
{
	static char text[(40 << 10) + 1];

	for (size_t i = 0; i < sizeof text - 1; i += 64)
		snprintf(text + i, sizeof text - i, "%-62s\r\n",
		    i == 0 ? "Subject: large" : "text");
	rig->text = text;
	rig_send(rig, CLASS_NORMAL, from, "c@to.test");
	rig->text = NULL;
}

static struct rig *
with_an_unreadable_page(const char *conf)
{
	struct rig *rig = rig_new(conf);

	rig_send(rig, CLASS_NORMAL, "first@from.test", "b@to.test");
	send_large(rig, "lost@from.test");
	rig_new_receiver(rig);
	rig->answer = good;
	disk_reset();
	disk_lose("/01-", (off_t)(rig->where.offset + 20480),
	    (off_t)(rig->where.offset + 24576));
	return rig;
}

static void
what_becomes_readable_is_delivered(void)
{
	struct rig *rig = with_an_unreadable_page(fixed);

	rig_start(rig);
	rig_until(rig, is_unreadable, 1);
	rig_until(rig, rig_jobs, 1);
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	CU_ASSERT_EQUAL(ward_sum(rig->s)->unreadable_bytes, rig->where.size);
	CU_ASSERT_EQUAL(rig_files(rig, "normal", ".messages"), 1);
	disk_reset();
	rig_until(rig, is_over, 0);
	CU_ASSERT_EQUAL(rig->job_count, 2);
	CU_ASSERT_EQUAL(rig->jobs[1].job.offset, rig->where.offset);
	CU_ASSERT_EQUAL(rig_files(rig, "corrupt", ""), 0);
	CU_ASSERT_EQUAL(ward_sum(rig->s)->unreadable, 0);
	rig_free(&rig);
}

static void
after_its_lifetime_what_cannot_be_read_is_kept_and_told(void)
{
	struct rig *rig = with_an_unreadable_page(mortal);

	rig_start(rig);
	rig_until(rig, rig_corrupt, 1);
	rig_until(rig, is_over, 0);
	CU_ASSERT_TRUE(find_report(rig, "lost@from.test", "5.3.0"));
	CU_ASSERT_FALSE(find_report(rig, "lost@from.test", "Subject: large"));
	CU_ASSERT_EQUAL(rig->job_count, 2);
	rig_free(&rig);
	disk_reset();
}

/* A deliverer is not believed: the record is looked at. */
static void
what_a_deliverer_only_says_to_be_damaged_is_tried_again(void)
{
	struct rig *rig = rig_new(QUICK
	    "class normal { retry 1h; lifetime 30d; warn never }\n");

	rig_start(rig);
	rig->answer = damaged;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_until(rig, rig_jobs, 1);
	rig->answer = good;
	rig_until(rig, rig_jobs, 2);
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_EQUAL(rig_files(rig, "corrupt", ""), 0);
	rig_new_receiver(rig);
	rig_until(rig, is_over, 0);
	rig_free(&rig);
}

/* Some of it waits in the index; no count may be left behind. */
static void
what_waits_of_a_message_that_is_found_damaged_is_told_of_too(void)
{
	static const char *const rcpts[] = { "one@one.test", "two@two.test",
	    NULL };
	struct rig *rig = rig_new("route one.test { to 127.0.0.1:9 }\n"
	    "route two.test { to 127.0.0.2:9 }\ntime-scale 0.0001\n"
	    "queue { status-sync 0 }\n"
	    "class normal { retry 7d; lifetime 30d; warn never }\n");
	const struct rig_answer later = { .outcome = OUTCOME_DEFERRED,
	    .scope = SCOPE_MESSAGE, .status = "4.2.0", .text = "later" };

	rig_start(rig);
	rig->answer.wait = true;
	rig_commit(rig, CLASS_NORMAL, "hurt@from.test", rcpts);
	rig_until(rig, rig_jobs, 2);
	rig_answer_job(rig, 0, &later);
	rig_until(rig, rig_waiting, 1);
	flip(rig, in_body(rig));
	rig->answer = good;
	rig_answer_job(rig, 1, &damaged);
	rig_until(rig, rig_jobs, 3);
	CU_ASSERT_TRUE(find_report(rig, "hurt@from.test", "one@one.test"));
	CU_ASSERT_TRUE(find_report(rig, "hurt@from.test", "two@two.test"));
	rig_new_receiver(rig);
	rig_until(rig, is_over, 0);
	for (int c = COUNT_READY; c < COUNT_STATES; c++)
		CU_ASSERT_EQUAL(rig_count(rig, (enum count)c), 0);
	CU_ASSERT_EQUAL(rig_files(rig, "corrupt", ".message"), 1);
	rig_free(&rig);
}

/* A bad disk is slow enough as it is. */
static void
a_disk_full_of_damage_makes_no_storm_of_reports(void)
{
	enum { MANY = 60 };
	struct rig *rig = rig_new(fixed);
	uint64_t offsets[MANY];

	for (int i = 0; i < MANY; i++) {
		rig_send(rig, CLASS_NORMAL, "hurt@from.test", "c@to.test");
		offsets[i] = in_body(rig);
	}
	rig_new_receiver(rig);
	for (int i = 0; i < MANY; i++)
		flip(rig, offsets[i]);
	rig->answer = good;
	rig_start(rig);
	rig_until(rig, rig_corrupt, 20);
	CU_ASSERT_TRUE(rig->job_count <= 20);
	rig_send(rig, CLASS_URGENT, "a@from.test", "quick@to.test");
	rig_until(rig, rig_corrupt, MANY);
	rig_until(rig, rig_jobs, MANY + 1);
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_EQUAL(broken(rig), 0);
	rig_free(&rig);
}

const struct unit_test ward_tests[] = {
	UNIT(the_sender_of_a_damaged_message_is_told),
	UNIT(who_asked_for_no_report_gets_none),
	UNIT(who_had_it_already_is_not_in_the_report),
	UNIT(a_report_of_damage_that_cannot_be_kept_leaves_all_open),
	UNIT(what_cannot_be_kept_waits_and_is_kept_later),
	UNIT(where_no_envelope_can_be_read_the_postmaster_is_told_once),
	UNIT(a_damaged_header_is_kept_though_some_had_the_message),
	UNIT(what_becomes_readable_is_delivered),
	UNIT(after_its_lifetime_what_cannot_be_read_is_kept_and_told),
	UNIT(what_a_deliverer_only_says_to_be_damaged_is_tried_again),
	UNIT(what_waits_of_a_message_that_is_found_damaged_is_told_of_too),
	UNIT(a_disk_full_of_damage_makes_no_storm_of_reports),
	UNIT_END
};
