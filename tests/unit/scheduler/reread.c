/* SPDX-License-Identifier: ISC
 *
 * reread.c - tests: segments that are read again at a start, slice by slice.
 */
#include "suites.h"

#include "base/mem.h"
#include "base/must.h"
#include "fakes/disk.h"
#include "rig.h"
#include "scheduler/change.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char fixed[] = "route * { to 127.0.0.1:9 }\n"
    "queue { status-sync 0 }\n"
    "class normal { retry 100ms; lifetime 2h; warn never }\n";

static const struct rig_answer good = {
	.outcome = OUTCOME_DELIVERED, .code = 250, .status = "2.0.0",
	.text = "250 2.0.0 Ok", .mta = "mx.test"
};
static const struct rig_answer later = {
	.outcome = OUTCOME_DEFERRED, .scope = SCOPE_MESSAGE, .code = 450,
	.status = "4.2.0", .text = "450 4.2.0 later", .mta = "mx.test"
};

static void
write_down(struct rig *rig, const struct committed *at, size_t count,
    uint32_t rcpt)
{
	struct journal journal;
	struct err err;

	journal_init(&journal, at[0].segment);
	for (size_t i = 0; i < count; i++) {
		struct status status = { .offset = at[i].offset,
		    .rcpt = rcpt, .action = STATUS_DELIVERED };

		journal_add(&journal, &status);
	}
	CU_ASSERT_TRUE(journal_flush(&journal, &rig->dirs, &err));
	journal_fini(&journal);
}

/* ---- a long segment -------------------------------------------------------------------- */

enum { LONG = 1500, SLOT = 40 };	/* records: more than some turns read */

static struct committed places[LONG];
static size_t placed;

static void
note_place(void *cookie, enum commit_end end,
    const struct committed *where, const struct err *err)
{
	(void)cookie, (void)err;
	must(end == COMMIT_DONE && placed < LONG);
	places[placed++] = *where;
}

static bool
all_placed(struct rig *rig, uint64_t number)
{
	(void)rig;
	return placed >= number;
}

static void
no_news(void *owner, enum commit_news news, struct segment_name segment,
    uint64_t to)
{
	(void)owner, (void)news, (void)segment, (void)to;
}

/* A segment that a receiver left behind; its last record is for LAST. */
static void
make_long(struct rig *rig, const char *last)
{
	struct commit_options options = { .slot = SLOT, .node = 1,
	    .segment_bytes = 64 << 20, .batch_bytes = { 1 << 20, 1 << 20,
	    1 << 20 }, .mode = 0640 };
	struct envelope *envelope = envelope_new();
	struct committer *committer;
	struct msgid_maker ids;
	struct dot seen;
	struct buf body;
	struct err err;

	envelope_set_reverse_path(envelope, span_of("a@from.test"));
	envelope_add_rcpt(envelope, span_of("b@to.test"), span_of(""), 0);
	envelope->arrived = clock_wall();
	envelope->client = mem_strdup("test[127.0.0.1]");
	envelope->sender = mem_strdup("from.test");
	msgid_maker_init(&ids, 1, SLOT);
	buf_init(&body, 1 << 20);
	committer = committer_new(rig->loop, &rig->dirs, &options, no_news,
	    NULL, &err);
	must(committer != NULL);
	placed = 0;
	for (size_t i = 0; i < LONG; i++) {
		if (i == LONG - 1) {
			mem_free(envelope->rcpts[0].address);
			envelope->rcpts[0].address = mem_strdup(last);
		}
		buf_append_text(&body, "Subject: test\r\n\r\nHello\r\n");
		envelope->body_size = buf_length(&body);
		seen = dot_over(buf_peek(&body));
		commit_message(committer, CLASS_NORMAL,
		    msgid_next(&ids, clock_wall()), envelope, &body, &seen,
		    note_place, NULL);
	}
	rig_until(rig, all_placed, LONG);
	committer_free(&committer);
	envelope_free(&envelope);
	buf_fini(&body);
}

static bool
time_passed(struct rig *rig, uint64_t until)
{
	(void)rig;
	return clock_mono() >= (msec_t)until;
}

/* The first of it is delivered long before the last is read, and that waits
 * for a name. */
static void
a_segment_stays_until_its_end_was_read(void)
{
	struct rig *rig = rig_new("route to.test { to 127.0.0.1:9 }\n"
	    "route * { to mx }\nqueue { status-sync 0 }\n");

	make_long(rig, "last@slow.test");
	write_down(rig, places + 1, LONG - 2, STATUS_ALL_RCPTS);
	rig->mute = true;
	rig_start(rig);
	rig_until(rig, rig_jobs, 1);
	CU_ASSERT_EQUAL(rig->jobs[0].job.offset, places[0].offset);
	/* several times the pause before removals */
	rig_until(rig, time_passed, (uint64_t)clock_mono() + 500);
	CU_ASSERT_EQUAL(rig_files(rig, "normal", ".messages"), 1);
	CU_ASSERT_EQUAL(rig->questions, 1);
	rig_answer_first(rig);
	rig_until(rig, rig_no_segments, 0);
	CU_ASSERT_EQUAL(rig->job_count, 2);
	CU_ASSERT_EQUAL(rig->jobs[1].job.offset, places[LONG - 1].offset);
	CU_ASSERT_EQUAL(rig_files(rig, "normal", ".messages"), 0);
	rig_free(&rig);
}

/* That of the first is claimed, and calls for the line of its site to be
 * filled from the index, long before the last is read. */
static void
a_row_waits_until_its_record_was_read(void)
{
	struct rig *rig = rig_new(fixed);

	make_long(rig, "last@to.test");
	write_down(rig, places + 1, LONG - 2, STATUS_ALL_RCPTS);
	rig->answer = later;
	rig_start(rig);
	rig_until(rig, rig_waiting, 2);
	rig->answer.wait = true;
	rig_until(rig, rig_jobs, 4);
	rig_deliverer_dies(rig);
	rig_stop(rig);
	rig->job_count = 0;
	rig->answer = good;
	rig_start(rig);
	rig_until(rig, rig_no_segments, 0);
	CU_ASSERT_EQUAL(rig->job_count, 2);
	CU_ASSERT_EQUAL(rig->jobs[0].job.offset, places[0].offset);
	CU_ASSERT_EQUAL(rig->jobs[1].job.offset, places[LONG - 1].offset);
	CU_ASSERT_TRUE(rig->jobs[0].job.attempt > 1);
	CU_ASSERT_TRUE(rig->jobs[1].job.attempt > 1);
	rig_free(&rig);
}

/* ---- rows ---------------------------------------------------------------------------------- */

/* A kill may leave the index behind the journal. */
static void
the_journal_has_the_word_about_who_is_left_in_a_row(void)
{
	static const char *const rcpts[] = { "a@one.test", "b@one.test",
	    "c@one.test", NULL };
	struct rig *rig = rig_new(fixed);

	rig->answer = later;
	rig_commit(rig, CLASS_NORMAL, "a@from.test", rcpts);
	rig_new_receiver(rig);
	rig_start(rig);
	rig_until(rig, rig_waiting, 1);
	rig_stop(rig);
	write_down(rig, &rig->where, 1, 1);
	rig->job_count = 0;
	rig->answer = good;
	rig_start(rig);
	rig_until(rig, rig_no_segments, 0);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	CU_ASSERT_EQUAL(rig->jobs[0].rcpt_count, 2);
	CU_ASSERT_EQUAL(rig->jobs[0].rcpts[0], 0);
	CU_ASSERT_EQUAL(rig->jobs[0].rcpts[1], 2);
	rig_free(&rig);
}

/* ---- what an operator removed ------------------------------------------------------------------ */

static void
remove_all(struct rig *rig)
{
	struct filter all = { .all = true };
	struct walk *walk = walk_new(rig->s, &all, 0);

	while (walk_on(walk, 16, change_delete, NULL))
		;
	walk_free(&walk);
}

/* The message is in the index, or with a deliverer that cannot get rid of it,
 * when it is removed. */
static void
check_removed(bool flying)
{
	struct rig *rig = rig_new("route * { to 127.0.0.1:9 }\n"
	    "class normal { retry 1h; lifetime 2h; warn never }\n");

	rig_start(rig);
	rig->answer = later;
	rig->answer.wait = flying;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_until(rig, rig_jobs, 1);
	if (!flying)
		rig_until(rig, rig_waiting, 1);
	remove_all(rig);
	if (flying)
		rig_answer_job(rig, 0, &later);
	rig_until(rig, rig_empty, 0);
	rig_stop(rig);
	rig_new_receiver(rig);
	rig->answer = good;
	rig_start(rig);
	rig_until(rig, rig_empty, 0);
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	rig_free(&rig);
}

static void
what_was_removed_does_not_come_back(void)
{
	check_removed(false);
	check_removed(true);
}

/* ---- files that hold nothing, or cannot be read --------------------------------------------- */

static void
a_file_that_was_just_made_is_left_to_its_maker(void)
{
	static const struct segment_name young = { CLASS_NORMAL, 5, 70 },
	    old = { CLASS_NORMAL, 5, 71 };
	static const struct timespec long_ago[2] = { { .tv_sec = 1000 },
	    { .tv_sec = 1000 } };
	struct rig *rig = rig_new(fixed);
	int dir = rig->dirs.classes[CLASS_NORMAL];
	char file[SEGMENT_FILE_SIZE];

	close(openat(dir, segment_file(young, "messages", file),
	    O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	close(openat(dir, segment_file(old, "messages", file),
	    O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	CU_ASSERT_EQUAL(utimensat(dir, file, long_ago, 0), 0);
	rig_start(rig);
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig_files(rig, "normal", ".messages"), 1);
	CU_ASSERT_EQUAL(faccessat(dir, segment_file(young, "messages", file),
	    F_OK, 0), 0);
	rig_free(&rig);
}

/* Somebody did that; nobody but him knows what for. */
static void
a_segment_under_a_wrong_name_is_left_alone(void)
{
	static const struct segment_name wrong = { CLASS_NORMAL, 5, 70 };
	struct rig *rig = rig_new(fixed);
	int dir = rig->dirs.classes[CLASS_NORMAL];
	char right_file[SEGMENT_FILE_SIZE], wrong_file[SEGMENT_FILE_SIZE];

	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_new_receiver(rig);
	segment_file(rig->where.segment, "messages", right_file);
	segment_file(wrong, "messages", wrong_file);
	CU_ASSERT_EQUAL(renameat(dir, right_file, dir, wrong_file), 0);
	rig_start(rig);
	rig_until(rig, time_passed, (uint64_t)clock_mono() + 500);
	CU_ASSERT_EQUAL(rig->job_count, 0);
	CU_ASSERT_EQUAL(rig_files(rig, "normal", ".messages"), 1);
	rig_stop(rig);
	CU_ASSERT_EQUAL(renameat(dir, wrong_file, dir, right_file), 0);
	rig_start(rig);
	rig_until(rig, rig_no_segments, 0);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	rig_free(&rig);
}

/* The disk fails at the Nth read after the start, and is well again later. */
static void
check_unreadable(unsigned n)
{
	struct rig *rig = rig_new(fixed);

	rig_send(rig, CLASS_NORMAL, "a@from.test", "one@to.test");
	rig_new_receiver(rig);
	disk_reset();
	disk_fail(DISK_PREAD, n, EIO, true);
	rig_start(rig);
	rig_settle(rig);
	if (rig->job_count == 0)
		CU_ASSERT_EQUAL(rig_files(rig, "normal", ".messages"), 1);
	disk_reset();
	rig_stop(rig);
	rig_start(rig);
	rig_until(rig, rig_no_segments, 0);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	rig_free(&rig);
}

static void
what_cannot_be_read_stays_until_it_can(void)
{
	for (unsigned n = 1; n <= 12; n++)
		check_unreadable(n);
}

const struct unit_test reread_tests[] = {
	UNIT(a_segment_stays_until_its_end_was_read),
	UNIT(a_row_waits_until_its_record_was_read),
	UNIT(the_journal_has_the_word_about_who_is_left_in_a_row),
	UNIT(what_was_removed_does_not_come_back),
	UNIT(a_file_that_was_just_made_is_left_to_its_maker),
	UNIT(a_segment_under_a_wrong_name_is_left_alone),
	UNIT(what_cannot_be_read_stays_until_it_can),
	UNIT_END
};
