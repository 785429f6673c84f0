/* SPDX-License-Identifier: ISC
 *
 * move.c - tests: messages that come to live in another segment.
 *
 * Every row of the table of spool/origin.h is here, for an original of class
 * normal and its copy of class urgent.
 */
#include "suites.h"

#include "base/mem.h"
#include "base/must.h"
#include "fakes/disk.h"
#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static const char fixed[] = "route * { to 127.0.0.1:9 }\n"
    "queue { status-sync 0 }\n"
    "class urgent { retry 1h; lifetime 2h; warn never }\n"
    "class normal { retry 1h; lifetime 2h; warn never }\n";

static const struct rig_answer good = {
	.outcome = OUTCOME_DELIVERED, .code = 250, .status = "2.0.0",
	.text = "250 2.0.0 Ok", .mta = "mx.test"
};
static const struct rig_answer later = {
	.outcome = OUTCOME_DEFERRED, .scope = SCOPE_MESSAGE, .code = 450,
	.status = "4.2.0", .text = "450 4.2.0 later", .mta = "mx.test"
};
static const struct rig_answer wait_for_me = { .wait = true };

static const char *const two[] = { "a@one.test", "b@one.test", NULL };

/* ---- what a move leaves on disk --------------------------------------------------------- */

static struct committed copied;
static bool copy_done;

static void
copy_committed(void *cookie, enum commit_end end,
    const struct committed *where, const struct err *err)
{
	(void)cookie, (void)err;
	must(end == COMMIT_DONE);
	copied = *where;
	copy_done = true;
}

static bool
copy_is_done(struct rig *rig, uint64_t number)
{
	(void)rig, (void)number;
	return copy_done;
}

static void
no_news(void *owner, enum commit_news news, struct segment_name segment,
    uint64_t to)
{
	(void)owner, (void)news, (void)segment, (void)to;
}

/* A copy of the message committed last, as a former life of the scheduler
 * made it; SETTLED: the first of its recipients was final then. */
static void
make_copy(struct rig *rig, bool settled)
{
	struct commit_options options = { .slot = SCHEDULER_SLOT, .node = 1,
	    .segment_bytes = 1 << 20, .batch_bytes = { 1 << 20, 1 << 20,
	    1 << 20 }, .mode = 0640 };
	struct committer *committer;
	struct record record;
	struct buf body;
	struct dot seen;
	struct err err;
	int fd = segment_open(&rig->dirs, rig->where.segment, &err);

	must(fd != -1 && record_read(fd, rig->where.offset, NULL, rig->where.size,
	    &record, &err));
	record.envelope->copied = true;
	record.envelope->origin.segment = rig->where.segment;
	record.envelope->origin.offset = rig->where.offset;
	record.envelope->rcpts[0].settled = settled;
	buf_init(&body, 1 << 20);
	buf_append_span(&body, record.body);
	committer = committer_new(rig->loop, &rig->dirs, &options, no_news,
	    NULL, &err);
	must(committer != NULL);
	copy_done = false;
	seen = dot_over(record.body);
	commit_message(committer, CLASS_URGENT, record.header.id,
	    record.envelope, &body, &seen, copy_committed, NULL);
	rig_until(rig, copy_is_done, 0);
	committer_free(&committer);
	buf_fini(&body);
	record_fini(&record);
	close(fd);
}

static void
write_down(struct rig *rig, struct committed at, uint32_t rcpt,
    enum status_action action, struct segment_name to)
{
	struct status status = { .offset = at.offset, .rcpt = rcpt,
	    .action = (uint8_t)action, .to = to };
	struct journal journal;
	struct err err;

	journal_init(&journal, at.segment);
	journal_add(&journal, &status);
	CU_ASSERT_TRUE(journal_flush(&journal, &rig->dirs, &err));
	journal_fini(&journal);
}

static void
damage_original(struct rig *rig)
{
	char file[SEGMENT_FILE_SIZE];
	int fd = openat(rig->dirs.classes[rig->where.segment.klass],
	    segment_file(rig->where.segment, "messages", file), O_WRONLY);

	must(fd != -1 && pwrite(fd, "\xa5\xa5\xa5\xa5", 4,
	    (off_t)(rig->where.offset + rig->where.size - 16)) == 4);
	close(fd);
}

static void
remove_original(struct rig *rig)
{
	struct err err;
	bool removed;

	CU_ASSERT_TRUE(segment_remove(&rig->dirs, rig->where.segment,
	    &removed, &err) && removed);
}

/* ---- the table ----------------------------------------------------------------------------- */

enum original_was {
	OPEN, HERE, ELSEWHERE, DONE, HALF, GONE, DAMAGED, DAMAGED_HALF,
	DAMAGED_DONE
};
enum { NOBODY = 9 };

static const struct {
	const char *what;
	enum original_was original;
	bool copy_final, settled;
	unsigned from;		/* class whose record is sent, or NOBODY */
	uint32_t rcpts;
} table[] = {
	{ "killed before the original was written off", OPEN, false, false,
	    CLASS_NORMAL, 2 },
	{ "killed after that", HERE, false, false, CLASS_URGENT, 2 },
	{ "the same, and one was final before", HERE, false, true,
	    CLASS_URGENT, 1 },
	{ "a copy of a former attempt", ELSEWHERE, false, false, NOBODY, 0 },
	{ "the original was delivered", DONE, false, false, NOBODY, 0 },
	{ "a half of it was", HALF, false, false, CLASS_NORMAL, 1 },
	{ "its segment went after the move", GONE, false, false,
	    CLASS_URGENT, 2 },
	{ "the same, and one was final before", GONE, false, true,
	    CLASS_URGENT, 1 },
	{ "the original is damaged", DAMAGED, false, false, CLASS_URGENT,
	    2 },
	{ "a half of it was delivered", DAMAGED_HALF, false, false,
	    CLASS_URGENT, 1 },
	{ "all of it was delivered", DAMAGED_DONE, false, false, NOBODY, 0 },
	{ "the copy was written off", OPEN, true, false, CLASS_NORMAL, 2 },
	{ "the copy was delivered", HERE, true, false, NOBODY, 0 },
	{ "the same, and the original's segment went", GONE, true, false,
	    NOBODY, 0 },
	{ "both are done", DONE, true, false, NOBODY, 0 },
};

static void
set_original(struct rig *rig, enum original_was was)
{
	static const struct segment_name other = { CLASS_BULK, 63, 7 };
	bool half = was == HALF || was == DAMAGED_HALF;

	if (was == HERE)
		write_down(rig, rig->where, STATUS_ALL_RCPTS, STATUS_MOVED,
		    copied.segment);
	else if (was == ELSEWHERE)
		write_down(rig, rig->where, STATUS_ALL_RCPTS, STATUS_MOVED,
		    other);
	else if (was == DONE || was == DAMAGED_DONE)
		write_down(rig, rig->where, STATUS_ALL_RCPTS,
		    STATUS_DELIVERED, other);
	else if (half)
		write_down(rig, rig->where, 0, STATUS_DELIVERED, other);
	if (was == DAMAGED || was == DAMAGED_HALF || was == DAMAGED_DONE)
		damage_original(rig);
	if (was == GONE)
		remove_original(rig);
}

/* Another message behind the damaged one, lest that be taken for a tail. */
static void
check_row(size_t i)
{
	struct rig *rig = rig_new(fixed);
	unsigned jobs = table[i].from == NOBODY ? 0 : 1;

	rig->answer = wait_for_me;
	rig_commit(rig, CLASS_NORMAL, "a@from.test", two);
	rig_new_receiver(rig);
	make_copy(rig, table[i].settled);
	if (table[i].copy_final)
		write_down(rig, copied, STATUS_ALL_RCPTS, STATUS_MOVED,
		    rig->where.segment);
	set_original(rig, table[i].original);
	rig_start(rig);
	rig_settle(rig);
	if (rig->job_count != jobs || (jobs > 0 &&
	    (rig->jobs[0].job.klass != table[i].from ||
	    rig->jobs[0].rcpt_count != table[i].rcpts))) {
		fprintf(stderr, "%s: %zu jobs, class %u, %u recipients\n",
		    table[i].what, rig->job_count, rig->jobs[0].job.klass,
		    rig->jobs[0].rcpt_count);
		CU_FAIL("table");
	}
	for (size_t job = 0; job < rig->job_count; job++)
		rig_answer_job(rig, job, &good);
	rig_until(rig, rig_no_segments, 0);
	CU_ASSERT_EQUAL(rig_files(rig, "normal", ".messages"), 0);
	CU_ASSERT_EQUAL(rig_files(rig, "urgent", ".messages"), 0);
	rig_free(&rig);
}

static void
at_the_start_one_record_of_two_counts(void)
{
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		check_row(i);
}

/* ---- a move ---------------------------------------------------------------------------------- */

static enum move_end ended;
static bool end_told;

static void
on_end(void *cookie, enum move_end end, const struct err *err)
{
	(void)cookie, (void)err;
	ended = end;
	end_told = true;
}

static bool
move_over(struct rig *rig, uint64_t number)
{
	(void)rig, (void)number;
	return end_told;
}

/* Begin to move the message sent last. */
static enum move_end
begin(struct rig *rig, enum mail_class klass)
{
	struct item item;
	enum move_end end;
	struct err err;

	CU_ASSERT_TRUE_FATAL(walk_find(rig->s, rig->id, &item));
	end_told = false;
	end = move_begin(rig->s, &item, klass, on_end, NULL, &err);
	item_fini(&item);
	return end;
}

static void
move(struct rig *rig, enum mail_class klass)
{
	CU_ASSERT_EQUAL_FATAL(begin(rig, klass), MOVE_DONE);
	rig_until(rig, move_over, 0);
	CU_ASSERT_EQUAL(ended, MOVE_DONE);
}

static void
lose_index(struct rig *rig)
{
	char from[128], to[128];

	snprintf(from, sizeof from, "%s/spool/index", rig->path);
	snprintf(to, sizeof to, "%s/index-that-was", rig->path);
	CU_ASSERT_EQUAL(rename(from, to), 0);
}

static struct rig *
with_a_deferred_message(const char *conf, const char *const *rcpts)
{
	struct rig *rig = rig_new(conf);

	rig_start(rig);
	rig->answer = later;
	rig_commit(rig, CLASS_NORMAL, "a@from.test", rcpts);
	rig_until(rig, rig_waiting, 1);
	return rig;
}

static void
who_had_it_before_the_move_never_gets_it_again(void)
{
	static const enum outcome each[] = { OUTCOME_DELIVERED,
	    OUTCOME_DEFERRED };
	struct rig *rig = rig_new(fixed);

	rig_start(rig);
	rig->answer = later;
	rig->answer.each = each;
	rig_commit(rig, CLASS_NORMAL, "a@from.test", two);
	rig_until(rig, rig_waiting, 1);
	rig->answer = wait_for_me;
	move(rig, CLASS_URGENT);
	rig_until(rig, rig_jobs, 2);
	CU_ASSERT_EQUAL(rig->jobs[1].rcpt_count, 1);
	CU_ASSERT_EQUAL(rig->jobs[1].rcpts[0], 1);
	rig_stop(rig);
	lose_index(rig);
	rig_new_receiver(rig);
	rig->answer = good;
	rig_start(rig);
	rig_until(rig, rig_no_segments, 0);
	CU_ASSERT_EQUAL(rig->job_count, 3);
	CU_ASSERT_EQUAL(rig->jobs[2].rcpt_count, 1);
	CU_ASSERT_EQUAL(rig->jobs[2].rcpts[0], 1);
	rig_free(&rig);
}

static void
what_flies_is_not_moved(void)
{
	struct rig *rig = rig_new(fixed);

	rig_start(rig);
	rig->answer = wait_for_me;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_until(rig, rig_jobs, 1);
	CU_ASSERT_EQUAL(begin(rig, CLASS_URGENT), MOVE_SKIPPED);
	rig_answer_job(rig, 0, &good);
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_EQUAL(rig_files(rig, "urgent", ".messages"), 0);
	rig_free(&rig);
}

/* Nothing freezes it: what was begun is given up when it was faster. */
static void
what_flies_before_its_copy_is_durable_stays_where_it_is(void)
{
	struct rig *rig = with_a_deferred_message(fixed, two);
	struct item item;

	rig->answer = wait_for_me;
	CU_ASSERT_EQUAL_FATAL(begin(rig, CLASS_URGENT), MOVE_DONE);
	CU_ASSERT_TRUE_FATAL(walk_find(rig->s, rig->id, &item));
	window_load(rig->s, &item.rows[0], PLACE_LOADED);
	item_fini(&item);
	dispatch_work(rig->s);
	rig_until(rig, move_over, 0);
	CU_ASSERT_EQUAL(ended, MOVE_SKIPPED);
	rig_until(rig, rig_jobs, 2);
	rig_answer_job(rig, 1, &good);
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_EQUAL(rig->jobs[1].job.klass, CLASS_NORMAL);
	rig_stop(rig);
	rig_new_receiver(rig);
	rig_start(rig);
	rig_until(rig, rig_no_segments, 0);
	CU_ASSERT_EQUAL(rig->job_count, 2);
	rig_free(&rig);
}

static void
a_copy_that_cannot_be_written_moves_nothing(void)
{
	struct rig *rig = with_a_deferred_message(fixed, two);
	struct item item;

	disk_reset();
	disk_fail(DISK_FDATASYNC, 1, EIO, false);
	CU_ASSERT_EQUAL_FATAL(begin(rig, CLASS_URGENT), MOVE_DONE);
	rig_until(rig, move_over, 0);
	CU_ASSERT_EQUAL(ended, MOVE_FAILED);
	CU_ASSERT_TRUE_FATAL(walk_find(rig->s, rig->id, &item));
	CU_ASSERT_TRUE(segment_name_is(item.segment->name,
	    rig->where.segment));
	CU_ASSERT_EQUAL(item.offset, rig->where.offset);
	item_fini(&item);
	rig_free(&rig);
}

static void
count_moved(void *owner, const struct status *status)
{
	*(unsigned *)owner += status->action == STATUS_MOVED;
}

static void
what_was_moved_is_written_off_where_it_was(void)
{
	struct rig *rig = with_a_deferred_message(fixed, two);
	unsigned moved = 0;
	struct err err;

	rig->answer = wait_for_me;
	move(rig, CLASS_URGENT);
	rig_stop(rig);
	CU_ASSERT_TRUE(journal_read(&rig->dirs, rig->where.segment, false,
	    count_moved, &moved, &err));
	CU_ASSERT_EQUAL(moved, 1);
	rig_free(&rig);
}

static void
a_damaged_record_is_kept_and_not_copied(void)
{
	struct rig *rig = with_a_deferred_message(fixed, two);

	damage_original(rig);
	CU_ASSERT_EQUAL(begin(rig, CLASS_URGENT), MOVE_FAILED);
	rig_until(rig, rig_empty, 0);
	rig_until(rig, rig_corrupt, 1);
	CU_ASSERT_EQUAL(rig_files(rig, "urgent", ".messages"), 0);
	rig_free(&rig);
}

/* ---- large messages ----------------------------------------------------------------------------- */

enum { MANY = 60 };
static const char large[] = "route * { to 127.0.0.1:9 }\n"
    "queue { status-sync 0; large-message 1k }\n"
    "class normal { retry 1h; lifetime 2h; warn never }\n";
static const char *many[MANY + 1];

static void
fill_many(void)
{
	for (int i = 0; i < MANY; i++)
		many[i] = "a.recipient.with.a.long.name@one.test";
}

static void
a_large_message_is_copied_in_pieces(void)
{
	struct rig *rig;
	struct record record;

	fill_many();
	rig = with_a_deferred_message(large, many);
	rig->answer = good;
	move(rig, CLASS_URGENT);
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_EQUAL(rig->job_count, 2);
	CU_ASSERT_EQUAL(rig->jobs[1].rcpt_count, MANY);
	rig_read(rig, 1, &record);
	CU_ASSERT_TRUE(rig_body_has(&record, "Hello"));
	record_fini(&record);
	rig_new_receiver(rig);
	rig_until(rig, rig_no_segments, 0);
	rig_free(&rig);
}

static void
a_large_one_that_is_damaged_is_kept_and_not_copied(void)
{
	struct rig *rig;

	fill_many();
	rig = with_a_deferred_message(large, many);
	damage_original(rig);
	CU_ASSERT_EQUAL(begin(rig, CLASS_URGENT), MOVE_DONE);
	rig_until(rig, move_over, 0);
	CU_ASSERT_EQUAL(ended, MOVE_FAILED);
	rig_until(rig, rig_empty, 0);
	rig_until(rig, rig_corrupt, 1);
	CU_ASSERT_EQUAL(rig_files(rig, "urgent", ".messages"), 0);
	rig_free(&rig);
}

static void
a_large_move_that_an_end_cuts_short_changes_nothing(void)
{
	struct rig *rig;

	fill_many();
	rig = with_a_deferred_message(large, many);
	CU_ASSERT_EQUAL(begin(rig, CLASS_URGENT), MOVE_DONE);
	rig_stop(rig);
	CU_ASSERT_TRUE(end_told);
	CU_ASSERT_EQUAL(ended, MOVE_FAILED);
	rig_new_receiver(rig);
	rig_start(rig);
	rig_until(rig, rig_waiting, 1);
	CU_ASSERT_EQUAL(rig->s->queue.counts[CLASS_NORMAL][COUNT_WAITING],
	    1);
	rig_free(&rig);
}

const struct unit_test move_tests[] = {
	UNIT(at_the_start_one_record_of_two_counts),
	UNIT(who_had_it_before_the_move_never_gets_it_again),
	UNIT(what_flies_is_not_moved),
	UNIT(what_flies_before_its_copy_is_durable_stays_where_it_is),
	UNIT(a_copy_that_cannot_be_written_moves_nothing),
	UNIT(what_was_moved_is_written_off_where_it_was),
	UNIT(a_damaged_record_is_kept_and_not_copied),
	UNIT(a_large_message_is_copied_in_pieces),
	UNIT(a_large_one_that_is_damaged_is_kept_and_not_copied),
	UNIT(a_large_move_that_an_end_cuts_short_changes_nothing),
	UNIT_END
};
