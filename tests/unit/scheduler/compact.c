/* SPDX-License-Identifier: ISC
 *
 * compact.c - tests: what is done is given back to the file system.
 */
#include "suites.h"

#include "base/must.h"
#include "fakes/disk.h"
#include "rig.h"
#include "scheduler/walk.h"
#include "spool/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define QUICK "time-scale 0.0001\nroute * { to 127.0.0.1:9 }\n" \
    "class normal { retry 7d; lifetime 30d; warn never }\n"

static const struct rig_answer good = {
	.outcome = OUTCOME_DELIVERED, .code = 250, .status = "2.0.0",
	.text = "250 2.0.0 Ok", .mta = "mx.test"
};
static const struct rig_answer later = {
	.outcome = OUTCOME_DEFERRED, .scope = SCOPE_MESSAGE, .code = 450,
	.status = "4.2.0", .text = "450 4.2.0 later", .mta = "mx.test"
};

enum { MESSAGES = 300 };

/* A closed segment of many messages, of which the first, one in the middle
 * and the last wait. */
static struct rig *
with_a_closed_segment(const char *conf)
{
	struct rig *rig = rig_new(conf);
	unsigned percent = rig->conf->compact;
	uint64_t waiting = 0;

	disk_reset();
	rig->conf->compact = 0;		/* not before the test says so */
	rig_start(rig);
	for (int i = 0; i < MESSAGES; i++) {
		bool waits = i == 0 || i == MESSAGES / 2 || i == MESSAGES - 1;

		rig->answer = waits ? later : good;
		rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
		rig_until(rig, rig_jobs, (uint64_t)i + 1);
		waiting += waits;
		rig_until(rig, rig_waiting, waiting);
	}
	rig_new_receiver(rig);
	rig_settle(rig);
	rig->conf->compact = percent;
	return rig;
}

static struct stat
look_at(const struct rig *rig)
{
	char file[SEGMENT_FILE_SIZE];
	struct stat st;

	must(fstatat(rig->dirs.classes[CLASS_NORMAL], segment_file(
	    rig->where.segment, "messages", file), &st, 0) == 0);
	return st;
}

static bool
is_given_back(struct rig *rig, uint64_t number)
{
	rig->s->compact.seconds = 0;	/* look each second */
	return rig->row.metrics[METRIC_COMPACTED] >= number;
}

static bool
was_looked_at(struct rig *rig, uint64_t number)
{
	const struct segment *segment = segment_find(rig->s,
	    rig->where.segment);

	(void)number;
	rig->s->compact.seconds = 0;
	return segment != NULL && segment->tried > 0 &&
	    rig->s->compact.segment == NULL;
}

static bool
waits_for_a_sync(struct rig *rig, uint64_t number)
{
	(void)number;
	rig->s->compact.seconds = 0;
	return rig->s->compact.segment != NULL &&
	    rig->s->compact.step == COMPACT_WAITS;
}

static void
lose_index(struct rig *rig)
{
	char from[128], to[128];

	snprintf(from, sizeof from, "%s/spool/index", rig->path);
	snprintf(to, sizeof to, "%s/index-that-was", rig->path);
	CU_ASSERT_EQUAL(rename(from, to), 0);
}

static void
on_report(void *owner, enum spool_finding finding, const char *where,
    const char *text)
{
	(void)owner, (void)finding;
	fprintf(stderr, "%s: %s\n", where, text);
}

/* What `spool check` says: three messages wait, and all is well. */
static void
check(const struct rig *rig)
{
	struct spool_sum sum;
	struct err err;

	CU_ASSERT_TRUE(spool_check(rig->conf->spool, on_report, NULL, &sum,
	    &err));
	CU_ASSERT_EQUAL(sum.faults, 0);
	CU_ASSERT_EQUAL(sum.notes, 0);
	CU_ASSERT_EQUAL(sum.classes[CLASS_NORMAL].live, 3);
}

/* A block that holds a part of a record beside it is not written to. */
static void
edges_are_as_they_were(struct rig *rig)
{
	struct segment *segment = segment_find(rig->s, rig->where.segment);
	uint8_t head[RECORD_HEADER_BYTES];
	struct record_header header;
	struct err err;
	int fd = segment_fd(rig->s, segment, &err);

	CU_ASSERT_TRUE_FATAL(fd != -1 && segment->erased.count == 2);
	for (size_t i = 0; i < 2; i++) {
		CU_ASSERT_EQUAL(pread(fd, head, sizeof head,
		    (off_t)segment->erased.rows[i].from), sizeof head);
		CU_ASSERT_EQUAL(record_header_decode(head,
		    segment->erased.rows[i].from, &header), RECORD_OK);
	}
}

/* ---- that it happens --------------------------------------------------------------- */

static void
what_is_done_is_given_back_and_what_waits_is_left_alone(void)
{
	struct rig *rig = with_a_closed_segment(QUICK
	    "queue { status-sync 0 }\n");
	struct stat before = look_at(rig), after;
	struct record record;

	rig_until(rig, is_given_back, 1);
	after = look_at(rig);
	CU_ASSERT_EQUAL(after.st_size, before.st_size);
	CU_ASSERT_EQUAL(after.st_ino, before.st_ino);
	CU_ASSERT_TRUE(after.st_blocks * 512 <= 4 * 4096);
	CU_ASSERT_TRUE(before.st_blocks * 512 >= after.st_size);
	CU_ASSERT_EQUAL(rig->row.metrics[METRIC_COMPACTED_BYTES],
	    (uint64_t)(before.st_blocks - after.st_blocks) * 512);
	CU_ASSERT_PTR_NULL(compact_why_not(rig->s));
	CU_ASSERT_EQUAL(rig_count(rig, COUNT_WAITING), 3);
	edges_are_as_they_were(rig);
	check(rig);
	rig_stop(rig);
	lose_index(rig);
	rig->answer = good;
	rig_start(rig);
	rig_until(rig, rig_jobs, MESSAGES + 3);
	rig_read(rig, MESSAGES + 1, &record);
	CU_ASSERT_TRUE(rig_body_has(&record, "Hello"));
	record_fini(&record);
	rig_until(rig, rig_no_segments, 0);
	CU_ASSERT_EQUAL(rig->job_count, MESSAGES + 3);
	CU_ASSERT_EQUAL(rig_files(rig, "corrupt", ""), 0);
	rig_free(&rig);
}

static void
a_hole_is_not_given_back_again(void)
{
	struct rig *rig = with_a_closed_segment(QUICK
	    "queue { status-sync 0 }\n");
	struct stat journal, same;
	char file[SEGMENT_FILE_SIZE];
	int dir = rig->dirs.classes[CLASS_NORMAL];

	segment_file(rig->where.segment, "status", file);
	rig_until(rig, is_given_back, 1);
	rig_stop(rig);
	must(fstatat(dir, file, &journal, 0) == 0);
	disk_reset();
	rig_start(rig);
	rig_until(rig, was_looked_at, 0);
	CU_ASSERT_EQUAL(disk_count(DISK_FALLOCATE), 0);
	must(fstatat(dir, file, &same, 0) == 0);
	CU_ASSERT_EQUAL(same.st_size, journal.st_size);
	rig_free(&rig);
}

/* ---- its order ------------------------------------------------------------------------ */

/* The place of the last fine event CALL before place END, and 1; 0: none. */
static size_t
last_of(enum disk_call call, size_t end)
{
	const struct disk_event *events;

	disk_events(&events);
	while (end > 0 && (events[end - 1].call != call ||
	    !events[end - 1].fine))
		end--;
	return end;
}

static void
nothing_is_freed_before_its_journal_is_durable(void)
{
	struct rig *rig = with_a_closed_segment(QUICK
	    "queue { status-sync 20ms }\n");
	struct stat before = look_at(rig);
	const struct disk_event *events;
	size_t count, first = 0;

	disk_reset();
	disk_fail(DISK_FDATASYNC, 1, EIO, true);
	rig_until(rig, waits_for_a_sync, 0);
	for (int i = 0; i < 5; i++)
		rig_settle(rig);
	CU_ASSERT_TRUE(disk_count(DISK_FDATASYNC) > 1);
	CU_ASSERT_EQUAL(disk_count(DISK_FALLOCATE), 0);
	CU_ASSERT_EQUAL(look_at(rig).st_blocks, before.st_blocks);
	CU_ASSERT_TRUE(waits_for_a_sync(rig, 0));
	disk_fail(DISK_FDATASYNC, 1 << 20, EIO, false);	/* all is well again */
	rig_until(rig, is_given_back, 1);
	count = disk_events(&events);
	while (first < count && events[first].call != DISK_FALLOCATE)
		first++;
	CU_ASSERT_TRUE(first < count);
	/* all of the journal that was written by then was synced by then */
	CU_ASSERT_TRUE(last_of(DISK_FDATASYNC, first) >
	    last_of(DISK_PWRITEV, first));
	CU_ASSERT_TRUE(last_of(DISK_PWRITEV, first) > 0);
	rig_free(&rig);
}

static void
what_a_death_left_is_given_back_by_the_next_life(void)
{
	struct rig *rig = with_a_closed_segment(QUICK
	    "queue { status-sync 0 }\n");
	struct stat before = look_at(rig);

	disk_fail(DISK_FALLOCATE, 1, EIO, true);
	rig_until(rig, was_looked_at, 0);
	CU_ASSERT_EQUAL(look_at(rig).st_blocks, before.st_blocks);
	CU_ASSERT_PTR_NULL(compact_why_not(rig->s));
	check(rig);	/* the range is passed over already */
	rig_stop(rig);
	disk_reset();
	rig_start(rig);
	rig_until(rig, is_given_back, 1);
	CU_ASSERT_TRUE(look_at(rig).st_blocks < before.st_blocks);
	CU_ASSERT_EQUAL(rig_count(rig, COUNT_WAITING), 3);
	check(rig);
	rig_free(&rig);
}

static void
a_file_system_that_cannot_keeps_all_and_status_says_so(void)
{
	struct rig *rig = with_a_closed_segment(QUICK
	    "queue { status-sync 0 }\n");
	struct stat before = look_at(rig);

	disk_fail(DISK_FALLOCATE, 1, EOPNOTSUPP, true);
	rig_until(rig, was_looked_at, 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(compact_why_not(rig->s));
	CU_ASSERT_PTR_NOT_NULL(strstr(compact_why_not(rig->s),
	    "not supported"));
	CU_ASSERT_EQUAL(look_at(rig).st_blocks, before.st_blocks);
	CU_ASSERT_EQUAL(rig->row.metrics[METRIC_COMPACTED], 0);
	CU_ASSERT_EQUAL(rig_count(rig, COUNT_WAITING), 3);
	disk_reset();
	segment_find(rig->s, rig->where.segment)->tried = 0;
	for (int i = 0; i < 5; i++) {
		CU_ASSERT_TRUE(rig->s->compact.segment == NULL);
		rig->s->compact.seconds = 0;
		compact_care(rig->s);
	}
	CU_ASSERT_EQUAL(disk_count(DISK_FALLOCATE), 0);
	rig_free(&rig);
}

/* ---- what it keeps away ------------------------------------------------------------------ */

static void
a_row_of_what_was_given_back_is_none(void)
{
	struct rig *rig = with_a_closed_segment(QUICK
	    "queue { status-sync 0 }\n");
	struct index_row row = { .segment = rig->where.segment,
	    .offset = rig->where.offset };
	struct segment *segment;

	rig_until(rig, is_given_back, 1);
	segment = segment_find(rig->s, rig->where.segment);
	CU_ASSERT_PTR_EQUAL(window_segment(rig->s, &row), segment);
	CU_ASSERT_EQUAL_FATAL(segment->erased.count, 2);
	row.offset = segment->erased.rows[0].from;
	CU_ASSERT_PTR_NULL(window_segment(rig->s, &row));
	rig_free(&rig);
}

static void
a_segment_is_gone_through_by_its_live_share(void)
{
	struct segment s = { .closed = true, .open = 3, .durable = 10000,
	    .live = 2000, .since = 1000 };

	CU_ASSERT_TRUE(compact_wants(&s, 25, 5000, 4000));
	CU_ASSERT_FALSE(compact_wants(&s, 25, 4999, 4000));
	CU_ASSERT_FALSE(compact_wants(&s, 20, 5000, 4000));
	CU_ASSERT_FALSE(compact_wants(&s, 0, 5000, 4000));
	s.pins = 1;
	CU_ASSERT_FALSE(compact_wants(&s, 25, 5000, 4000));
	s.pins = 0;
	s.closed = false;
	CU_ASSERT_FALSE(compact_wants(&s, 25, 5000, 4000));
	s.closed = true;
	s.old = true;
	CU_ASSERT_FALSE(compact_wants(&s, 25, 5000, 4000));
	s.old = false;
	s.tried = 2600;		/* not before a quarter of that is done */
	CU_ASSERT_FALSE(compact_wants(&s, 25, 5000, 4000));
	s.tried = 2800;
	CU_ASSERT_TRUE(compact_wants(&s, 25, 5000, 4000));
	s.live = 0;
	CU_ASSERT_FALSE(compact_wants(&s, 25, 5000, 4000));
}

static void
what_is_live_is_counted_as_it_comes_and_goes(void)
{
	struct rig *rig = with_a_closed_segment(QUICK "queue { compact 0 }\n");
	struct segment *segment = segment_find(rig->s, rig->where.segment);

	CU_ASSERT_EQUAL(segment->live, 3 * rig->where.size);
	rig_stop(rig);
	rig_start(rig);
	rig_until(rig, rig_waiting, 3);
	segment = segment_find(rig->s, rig->where.segment);
	CU_ASSERT_EQUAL(segment->live, 3 * rig->where.size);
	CU_ASSERT_EQUAL(segment->tried, 0);
	rig_free(&rig);
}

const struct unit_test compact_tests[] = {
	UNIT(what_is_done_is_given_back_and_what_waits_is_left_alone),
	UNIT(a_hole_is_not_given_back_again),
	UNIT(nothing_is_freed_before_its_journal_is_durable),
	UNIT(what_a_death_left_is_given_back_by_the_next_life),
	UNIT(a_file_system_that_cannot_keeps_all_and_status_says_so),
	UNIT(a_row_of_what_was_given_back_is_none),
	UNIT(a_segment_is_gone_through_by_its_live_share),
	UNIT(what_is_live_is_counted_as_it_comes_and_goes),
	UNIT_END
};
