/* SPDX-License-Identifier: ISC
 *
 * commit.c - tests of the moment a message becomes a promise.
 */
#include "room.h"

#include "base/mem.h"
#include "fakes/disk.h"
#include "office.h"
#include "spool/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void
a_promised_message_can_be_read_back(void)
{
	static const size_t sizes[] = { 0, 2, 7, 8, 4096, 70000, 3000000 };
	struct office office;

	office_open(&office);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		office_send(&office, (enum mail_class)(i % CLASS_COUNT),
		    sizes[i]);
	CU_ASSERT_EQUAL(commit_pending(office.committer), 7);
	CU_ASSERT_TRUE(commit_pending_bytes(office.committer) > 3074000);
	office_wait(&office);
	CU_ASSERT_EQUAL(commit_pending(office.committer), 0);
	CU_ASSERT_EQUAL(commit_pending_bytes(office.committer), 0);
	for (unsigned i = 0; i < office.letter_count; i++)
		CU_ASSERT_TRUE(office.letters[i].ok);
	office_check(&office);
	office_close(&office);
}

static void
the_scheduler_hears_before_the_client(void)
{
	struct office office;
	const struct letter *letter;

	office_open(&office);
	letter = office_send(&office, CLASS_URGENT, 100);
	office_wait(&office);
	CU_ASSERT_EQUAL_FATAL(office.news_count, 1);
	CU_ASSERT_EQUAL(office.news[0].news, COMMIT_GREW);
	CU_ASSERT_EQUAL(office.news[0].told_before, 0);
	CU_ASSERT_EQUAL(office.news[0].to,
	    letter->where.offset + letter->where.size);
	CU_ASSERT_EQUAL(office.news[0].segment.klass, CLASS_URGENT);
	CU_ASSERT_EQUAL(office.news[0].segment.slot, 3);
	office_close(&office);
}

/* The calls on the segment and its directory, in words. */
static void
what_happened(ino_t segment, char *out, size_t room)
{
	static const char *const words[] = {
		"make ", "write ", "sync ", "fsync ", "cut ", "unlink "
	};
	const struct disk_event *events;
	size_t count = disk_events(&events), used = 0;

	*out = '\0';
	for (size_t i = 0; i < count && used < room; i++)
		if (events[i].inode == segment ||
		    (events[i].directory && used > 0))
			used += (size_t)snprintf(out + used, room - used,
			    "%s%s", events[i].directory ? "dir-" : "",
			    words[events[i].call]);
}

static ino_t
inode_of(const struct office *office, const struct letter *letter)
{
	char file[SEGMENT_FILE_SIZE];
	struct stat st = { 0 };

	fstatat(office->dirs.classes[letter->where.segment.klass],
	    segment_file(letter->where.segment, "messages", file), &st, 0);
	return st.st_ino;
}

static void
the_order_of_operations_is_kept(void)
{
	struct office office;
	const struct letter *letter;
	char calls[256];

	office_open(&office);
	disk_reset();
	letter = office_send(&office, CLASS_NORMAL, 100);
	office_wait(&office);
	what_happened(inode_of(&office, letter), calls, sizeof calls);
	CU_ASSERT_STRING_EQUAL(calls,
	    "make write sync dir-fsync write sync ");
	office_send(&office, CLASS_NORMAL, 100);
	office_wait(&office);
	what_happened(inode_of(&office, letter), calls, sizeof calls);
	CU_ASSERT_STRING_EQUAL(calls,
	    "make write sync dir-fsync write sync write sync ");
	office_close(&office);
}

static void
messages_of_one_turn_share_one_write_and_one_sync(void)
{
	struct office office;

	office_open(&office);
	office_send(&office, CLASS_NORMAL, 10);
	office_wait(&office);
	disk_reset();
	for (unsigned i = 0; i < 100; i++)
		office_send(&office, CLASS_NORMAL, 4096);
	office_wait(&office);
	CU_ASSERT_EQUAL(disk_count(DISK_PWRITEV), 1);
	CU_ASSERT_EQUAL(disk_count(DISK_FDATASYNC), 1);
	office_check(&office);
	office_close(&office);
}

static void
a_batch_is_no_larger_than_its_class_may_write(void)
{
	struct office office;

	office_open(&office);
	office_send(&office, CLASS_BULK, 10);
	office_wait(&office);
	disk_reset();
	for (unsigned i = 0; i < 100; i++)	/* 256 KiB at once */
		office_send(&office, CLASS_BULK, 100000);
	office_wait(&office);
	CU_ASSERT_TRUE(disk_count(DISK_FDATASYNC) >= 33);
	office_check(&office);
	office_close(&office);
}

static void
short_writes_are_taken_up_again(void)
{
	struct office office;

	office_open(&office);
	disk_reset();
	disk_short_writes(1000);
	for (unsigned i = 0; i < 5; i++)
		office_send(&office, CLASS_NORMAL, 4096);
	office_wait(&office);
	disk_reset();
	for (unsigned i = 0; i < 5; i++)
		CU_ASSERT_TRUE(office.letters[i].ok);
	office_check(&office);
	office_close(&office);
}

static void
urgent_mail_waits_for_no_bulk(void)
{
	struct office office;
	const struct letter *bulk, *urgent;

	office_open(&office);
	disk_hold("/bulk/");
	bulk = office_send(&office, CLASS_BULK, 100000);
	urgent = office_send(&office, CLASS_URGENT, 100);
	office_wait_for(&office, urgent);
	CU_ASSERT_TRUE(urgent->ok);
	CU_ASSERT_FALSE(bulk->told);
	disk_release();
	office_wait(&office);
	CU_ASSERT_TRUE(bulk->ok);
	office_check(&office);
	office_close(&office);
}

static void
a_full_segment_is_closed_and_another_begun(void)
{
	struct office office;
	unsigned closed = 0;

	office_open(&office);
	office_reopen(&office, 10000);
	for (unsigned i = 0; i < 9; i++) {
		office_send(&office, CLASS_NORMAL, 4000);
		office_wait(&office);
	}
	for (unsigned i = 0; i < office.news_count; i++)
		if (office.news[i].news == COMMIT_CLOSED) {
			closed++;
			CU_ASSERT_TRUE(office.news[i].to >= 10000);
			CU_ASSERT_TRUE(office.news[i].to < 15000);
		}
	CU_ASSERT_EQUAL(closed, 2);
	office_check(&office);
	office_close(&office);
}

static void
the_end_closes_what_is_open_and_refuses_what_waits(void)
{
	struct office office;
	const struct letter *waits;

	office_open(&office);
	office_send(&office, CLASS_NORMAL, 100);
	office_wait(&office);
	waits = office_send(&office, CLASS_NORMAL, 100);
	committer_free(&office.committer);
	CU_ASSERT_TRUE(waits->told);
	CU_ASSERT_FALSE(waits->ok);
	CU_ASSERT_EQUAL(office.news[office.news_count - 1].news,
	    COMMIT_CLOSED);
	office_check(&office);
	office_close(&office);
}

static void
an_envelope_that_cannot_be_kept_is_refused(void)
{
	struct office office;
	struct letter *letter;
	struct envelope *envelope = envelope_new();
	struct buf body;
	struct dot seen;

	office_open(&office);
	letter = office_letter(&office);
	buf_init(&body, 100);
	buf_append_text(&body, "x\r\n");
	seen = dot_over(buf_peek(&body));
	commit_message(office.committer, CLASS_BULK, letter->id, envelope,
	    &body, &seen, office_told, letter);
	CU_ASSERT_FALSE(letter->told);
	office_wait(&office);
	CU_ASSERT_FALSE(letter->ok);
	buf_fini(&body);
	envelope_free(&envelope);
	office_close(&office);
}

/* One row a way in which a body can be what no client could have sent. */
static void
a_body_that_the_dot_reader_does_not_take_is_refused(void)
{
	static const struct { const char *body; size_t length; } rows[] = {
		{ "a\r\n.\r\nb\r\n", 9 }, { ".\r\n", 3 },
		{ "a\r\n.\r\n", 6 }, { "a\r\n.", 4 }, { "a\r\n.\r", 5 },
		{ "a", 1 }, { "a\r", 2 }, { "a\n", 2 }, { "\r\r\n", 3 },
		{ "a\rb\r\n", 5 }, { "a\nb\r\n", 5 }, { "\0\r\n", 3 }
	};
	struct office office;

	office_open(&office);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct letter *letter = office_letter(&office);
		struct envelope *envelope = room_envelope(2);
		struct dot seen = dot_over(span_make(rows[i].body,
		    rows[i].length));
		struct buf body;

		buf_init(&body, 100);
		buf_append(&body, rows[i].body, rows[i].length);
		commit_message(office.committer, CLASS_BULK, letter->id,
		    envelope, &body, &seen, office_told, letter);
		office_wait(&office);
		CU_ASSERT_FALSE(letter->ok);
		buf_fini(&body);
		envelope_free(&envelope);
	}
	CU_ASSERT_EQUAL(office.news_count, 0);
	office_check(&office);
	office_close(&office);
}

static void
a_segment_cannot_be_removed_while_it_grows(void)
{
	struct office office;
	const struct letter *letter;
	struct err err;
	bool removed;
	int fd;

	office_open(&office);
	letter = office_send(&office, CLASS_NORMAL, 100);
	office_wait(&office);
	fd = segment_open(&office.dirs, letter->where.segment, &err);
	CU_ASSERT_NOT_EQUAL_FATAL(fd, -1);
	CU_ASSERT_TRUE(segment_in_use(fd));
	CU_ASSERT_TRUE(segment_remove(&office.dirs, letter->where.segment,
	    &removed, &err));
	CU_ASSERT_FALSE(removed);
	committer_free(&office.committer);
	CU_ASSERT_FALSE(segment_in_use(fd));
	CU_ASSERT_TRUE(segment_remove(&office.dirs, letter->where.segment,
	    &removed, &err));
	CU_ASSERT_TRUE(removed);
	close(fd);
	office_close(&office);
}

/* The scheduler may remove everything: the name is still never used again,
 * and neither is one whose journal is left. */
static void
names_are_never_used_again(void)
{
	struct office office;
	struct segment_name last = { 0 };

	office_open(&office);
	for (unsigned i = 0; i < 4; i++) {
		const struct letter *letter;
		struct segment_name ahead;
		char file[SEGMENT_FILE_SIZE];
		struct err err;
		bool removed;

		letter = office_send(&office, CLASS_NORMAL, 100);
		office_wait(&office);
		CU_ASSERT_TRUE_FATAL(letter->ok);
		CU_ASSERT_TRUE(letter->where.segment.sequence >
		    last.sequence + (i == 2));
		last = letter->where.segment;
		office_reopen(&office, i == 1 ? 100 : 64 << 20);
		CU_ASSERT_TRUE(segment_remove(&office.dirs, last, &removed,
		    &err));
		ahead = last;
		ahead.sequence += 256 - last.sequence % 256;
		room_write(office.dirs.classes[CLASS_NORMAL],
		    segment_file(ahead, "status", file), span_of(""));
	}
	office_close(&office);
}

static void
an_announcement_tells_what_is_open(void)
{
	struct office office;
	unsigned before;

	office_open(&office);
	commit_announce(office.committer);
	CU_ASSERT_EQUAL(office.news_count, 0);
	office_send(&office, CLASS_NORMAL, 100);
	office_send(&office, CLASS_BULK, 100);
	office_wait(&office);
	before = office.news_count;
	commit_announce(office.committer);
	CU_ASSERT_EQUAL(office.news_count, before + 2);
	CU_ASSERT_EQUAL(office.news[before].segment.klass, CLASS_NORMAL);
	CU_ASSERT_TRUE(office.news[before].to > SEGMENT_HEADER_BYTES);
	office_close(&office);
}

static void
the_delay_is_that_of_the_disk(void)
{
	struct office office;
	const struct letter *urgent;

	office_open(&office);
	CU_ASSERT_EQUAL(commit_delay(office.committer, CLASS_BULK), 0);
	disk_hold("/bulk/");
	office_send(&office, CLASS_BULK, 100);
	do {	/* what hangs is seen before it is told */
		urgent = office_send(&office, CLASS_URGENT, 100);
		office_wait_for(&office, urgent);
		usleep(1000);	/* a quick disk takes hundreds meanwhile */
	} while (commit_delay(office.committer, CLASS_BULK) < 10);
	disk_release();
	office_wait(&office);
	office_close(&office);
}

/* ---- a disk that fails ------------------------------------------------ */

/* No file is synced again once a sync of it failed; nor once a write did,
 * unless what was written was cut off in between. */
static void
check_no_second_belief(void)
{
	const struct disk_event *events;
	size_t count = disk_events(&events);

	for (size_t i = 0; i < count; i++) {
		bool cut = false;

		if (events[i].fine || events[i].directory ||
		    (events[i].call != DISK_PWRITEV &&
		    events[i].call != DISK_FDATASYNC))
			continue;
		for (size_t j = i + 1; j < count; j++) {
			if (events[j].inode != events[i].inode)
				continue;
			if (events[j].call == DISK_OPENAT)
				break;	/* the number of a file removed */
			cut |= (events[j].call == DISK_FTRUNCATE ||
			    events[j].call == DISK_PWRITEV) &&
			    events[j].fine;
			CU_ASSERT_FALSE(events[j].call == DISK_FDATASYNC ||
			    (events[j].call == DISK_FSYNC &&
			    (!cut || events[i].call == DISK_FDATASYNC)));
		}
	}
}

static const enum disk_call may_fail[] = {
	DISK_OPENAT, DISK_PWRITEV, DISK_FDATASYNC, DISK_FSYNC
};

/* Fail the Nth of a call while messages are committed two by two. */
static void
fail_once(enum disk_call call, unsigned n, bool cut_fails)
{
	struct office office;
	unsigned failed = 0;

	office_open(&office);
	disk_reset();
	disk_fail(call, n, EIO, false);
	if (cut_fails)
		disk_fail(DISK_FTRUNCATE, 1, EIO, true);
	for (unsigned i = 0; i < 8; i++) {
		office_send(&office, CLASS_NORMAL, 3000);
		office_send(&office, CLASS_NORMAL, 50);
		office_wait(&office);
	}
	for (unsigned i = 0; i < 16; i++)
		failed += !office.letters[i].ok;
	CU_ASSERT_EQUAL(failed, disk_count(call) >= n ? 2 : 0);
	check_no_second_belief();
	office_check(&office);
	disk_reset();
	office_close(&office);
}

static void
a_failed_call_promises_nothing_and_loses_nothing(void)
{
	for (size_t c = 0; c < sizeof may_fail / sizeof *may_fail; c++)
		for (unsigned n = 1; n < 12; n++) {
			/* the mark of the numbers is outside the segment */
			if (may_fail[c] == DISK_OPENAT && n > 2)
				break;
			fail_once(may_fail[c], n, false);
			fail_once(may_fail[c], n, true);
		}
}

static void
a_disk_that_fails_for_ever_promises_nothing(void)
{
	for (size_t c = 0; c < sizeof may_fail / sizeof *may_fail; c++) {
		struct office office;
		unsigned names;

		office_open(&office);
		disk_reset();
		disk_fail(may_fail[c], 1, ENOSPC, true);
		for (unsigned i = 0; i < 20; i++) {
			office_send(&office, CLASS_NORMAL, 100);
			office_wait(&office);
			CU_ASSERT_FALSE(office.letters[i].ok);
		}
		office_check(&office);
		names = room_count(office.dirs.classes[CLASS_NORMAL]);
		CU_ASSERT_TRUE(names <= 1);	/* 03.sequence */
		CU_ASSERT_EQUAL(office.news_count, 0);
		disk_reset();
		office_send(&office, CLASS_NORMAL, 100);
		office_wait(&office);
		CU_ASSERT_TRUE(office.letters[20].ok);
		office_check(&office);
		office_close(&office);
	}
}

/* What a broken segment held before is still promised, and where it ends is
 * told even when the file cannot be cut. */
static void
a_broken_segment_ends_where_it_was_durable(void)
{
	for (unsigned cut_fails = 0; cut_fails < 2; cut_fails++) {
		struct office office;
		const struct letter *first;
		char file[SEGMENT_FILE_SIZE];

		office_open(&office);
		first = office_send(&office, CLASS_NORMAL, 100);
		office_wait(&office);
		disk_reset();
		disk_fail(DISK_FDATASYNC, 1, EIO, false);
		if (cut_fails)
			disk_fail(DISK_FTRUNCATE, 1, EIO, true);
		for (unsigned i = 0; i < 3; i++)
			office_send(&office, CLASS_NORMAL, 5000);
		office_wait(&office);
		CU_ASSERT_EQUAL_FATAL(office.news_count, 2);
		CU_ASSERT_EQUAL(office.news[1].news, COMMIT_BROKEN);
		CU_ASSERT_EQUAL(office.news[1].to,
		    first->where.offset + first->where.size);
		if (!cut_fails)
			CU_ASSERT_EQUAL(room_size(
			    office.dirs.classes[CLASS_NORMAL],
			    segment_file(first->where.segment, "messages",
			    file)), (long)office.news[1].to);
		disk_reset();
		/* a scheduler that did not hear of it sees no more either */
		office.news_count = 0;
		office_check(&office);
		office_close(&office);
	}
}

const struct unit_test commit_tests[] = {
	UNIT(a_promised_message_can_be_read_back),
	UNIT(the_scheduler_hears_before_the_client),
	UNIT(the_order_of_operations_is_kept),
	UNIT(messages_of_one_turn_share_one_write_and_one_sync),
	UNIT(a_batch_is_no_larger_than_its_class_may_write),
	UNIT(short_writes_are_taken_up_again),
	UNIT(urgent_mail_waits_for_no_bulk),
	UNIT(a_full_segment_is_closed_and_another_begun),
	UNIT(the_end_closes_what_is_open_and_refuses_what_waits),
	UNIT(an_envelope_that_cannot_be_kept_is_refused),
	UNIT(a_body_that_the_dot_reader_does_not_take_is_refused),
	UNIT(a_segment_cannot_be_removed_while_it_grows),
	UNIT(names_are_never_used_again),
	UNIT(an_announcement_tells_what_is_open),
	UNIT(the_delay_is_that_of_the_disk),
	UNIT(a_failed_call_promises_nothing_and_loses_nothing),
	UNIT(a_disk_that_fails_for_ever_promises_nothing),
	UNIT(a_broken_segment_ends_where_it_was_durable),
	UNIT_END
};
