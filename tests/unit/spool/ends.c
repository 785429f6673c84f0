/* SPDX-License-Identifier: ISC
 *
 * ends.c - tests of what is remembered of segments that ended, and of what a
 * client hears when the disk fails.
 */
#include "room.h"

#include "base/mem.h"
#include "fakes/disk.h"
#include "office.h"
#include "spool/segment.h"

#include <errno.h>
#include <unistd.h>

/* A large message of its own segment, under way. */
static struct letter *
send_large(struct office *office, enum mail_class klass)
{
	struct letter *letter = office_letter(office);
	struct envelope *envelope = room_envelope(2);
	struct commit_stream *stream;
	struct dot seen;
	struct buf body;
	struct err err;

	buf_init(&body, 1 << 20);
	for (size_t i = 2; i < 100000; i++)
		buf_append_byte(&body, 'l');
	buf_append_text(&body, "\r\n");
	seen = dot_over(buf_peek(&body));
	stream = commit_stream_open(office->committer, klass, letter->id,
	    envelope, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
	CU_ASSERT_TRUE(commit_stream_write(stream, &body, &err));
	commit_stream_finish(&stream, envelope, &seen, office_told, letter);
	envelope_free(&envelope);
	buf_fini(&body);
	return letter;
}

/* What a new scheduler hears: one letter for each thing told of KLASS. */
static const char *
announced(struct office *office, enum mail_class klass)
{
	static char out[32];
	unsigned n = 0;

	office->news_count = 0;
	commit_announce(office->committer);
	for (unsigned i = 0; i < office->news_count && n < 31; i++)
		if (office->news[i].segment.klass == klass)
			out[n++] = "gcb"[office->news[i].news];
	out[n] = '\0';
	return out;
}

static void
an_announcement_knows_the_open_segment_beside_large_ones(void)
{
	struct office office;
	const struct letter *small;

	office_open(&office);
	office.forgetful = true;
	send_large(&office, CLASS_NORMAL);
	office_wait(&office);
	CU_ASSERT_STRING_EQUAL(announced(&office, CLASS_NORMAL), "c");
	small = office_send(&office, CLASS_NORMAL, 100);
	office_wait(&office);
	CU_ASSERT_STRING_EQUAL(announced(&office, CLASS_NORMAL), "cg");
	send_large(&office, CLASS_NORMAL);
	send_large(&office, CLASS_NORMAL);
	send_large(&office, CLASS_BULK);
	office_wait(&office);
	CU_ASSERT_STRING_EQUAL(announced(&office, CLASS_NORMAL), "cccg");
	CU_ASSERT_EQUAL(office.news[4].segment.sequence,
	    small->where.segment.sequence);
	CU_ASSERT_EQUAL(office.news[4].to,
	    small->where.offset + small->where.size);
	CU_ASSERT_STRING_EQUAL(announced(&office, CLASS_BULK), "c");
	CU_ASSERT_STRING_EQUAL(announced(&office, CLASS_URGENT), "");
	office_close(&office);
}

static void
an_end_is_told_until_it_is_kept(void)
{
	struct office office;
	const struct letter *large, *full;

	office_open(&office);
	office.forgetful = true;
	office_reopen(&office, 100);	/* each is full with one message */
	large = send_large(&office, CLASS_NORMAL);
	office_wait(&office);
	full = office_send(&office, CLASS_NORMAL, 100);
	office_wait(&office);
	office_send(&office, CLASS_NORMAL, 100);
	office_wait(&office);
	CU_ASSERT_STRING_EQUAL(announced(&office, CLASS_NORMAL), "ccg");
	CU_ASSERT_STRING_EQUAL(announced(&office, CLASS_NORMAL), "ccg");
	commit_kept(office.committer, large->where.segment);
	CU_ASSERT_STRING_EQUAL(announced(&office, CLASS_NORMAL), "cg");
	CU_ASSERT_EQUAL(office.news[0].segment.sequence,
	    full->where.segment.sequence);
	commit_kept(office.committer, full->where.segment);
	commit_kept(office.committer, full->where.segment);
	CU_ASSERT_STRING_EQUAL(announced(&office, CLASS_NORMAL), "g");
	office_close(&office);
}

/* ---- a disk that fails ------------------------------------------------- */

static bool
locked(struct office *office, struct segment_name name)
{
	struct err err;
	int fd = segment_open(&office->dirs, name, &err);
	bool in_use;

	CU_ASSERT_NOT_EQUAL_FATAL(fd, -1);
	in_use = segment_in_use(fd);
	close(fd);
	return in_use;
}

static void
turn_over(void *owner)
{
	loop_stop(((struct office *)owner)->loop);
}

/* Run the loop until NEWS things were told. */
static void
hear(struct office *office, unsigned news)
{
	struct timer *look = timer_new(office->loop, turn_over, office);

	while (office->news_count < news) {
		timer_set(look, 1);
		loop_run(office->loop);
	}
	timer_free(&look);
}

/* A message whose sync fails, behind one that is durable. */
static const struct letter *
break_one(struct office *office)
{
	const struct letter *letter;
	unsigned news = office->news_count;

	disk_reset();
	disk_fail(DISK_FDATASYNC, 1, EIO, false);
	letter = office_send(office, CLASS_NORMAL, 100);
	hear(office, news + 1);
	disk_reset();
	return letter;
}

static void
nobody_hears_no_before_the_end_is_kept(void)
{
	struct office office;
	const struct letter *first, *lost;

	office_open(&office);
	office.forgetful = true;
	first = office_send(&office, CLASS_NORMAL, 100);
	office_wait(&office);
	lost = break_one(&office);
	CU_ASSERT_FALSE(lost->told);
	CU_ASSERT_EQUAL(commit_pending(office.committer), 0);
	CU_ASSERT_TRUE(locked(&office, first->where.segment));
	CU_ASSERT_STRING_EQUAL(announced(&office, CLASS_NORMAL), "b");
	CU_ASSERT_EQUAL(office.news[0].to,
	    first->where.offset + first->where.size);
	CU_ASSERT_FALSE(lost->told);
	commit_kept(office.committer, first->where.segment);
	CU_ASSERT_TRUE(lost->told);
	CU_ASSERT_EQUAL(lost->end, COMMIT_REFUSED);
	CU_ASSERT_FALSE(locked(&office, first->where.segment));
	CU_ASSERT_STRING_EQUAL(announced(&office, CLASS_NORMAL), "");
	office_close(&office);
}

static void
a_client_hears_nothing_if_nobody_keeps_the_end(void)
{
	struct office office;
	const struct letter *first, *lost;

	office_open(&office);
	office.forgetful = true;
	office.patience = 20;
	office_reopen(&office, 64 << 20);
	first = office_send(&office, CLASS_NORMAL, 100);
	office_wait(&office);
	lost = break_one(&office);
	office_wait_for(&office, lost);
	CU_ASSERT_EQUAL(lost->end, COMMIT_UNSURE);
	hear(&office, 4);	/* and it is told again, and again */
	CU_ASSERT_EQUAL(office.news[3].news, COMMIT_BROKEN);
	CU_ASSERT_EQUAL(office.news[3].segment.sequence,
	    first->where.segment.sequence);
	commit_kept(office.committer, first->where.segment);
	CU_ASSERT_STRING_EQUAL(announced(&office, CLASS_NORMAL), "");
	office_close(&office);
}

static void
who_still_waits_at_the_end_hears_nothing(void)
{
	struct office office;
	const struct letter *lost;

	office_open(&office);
	office.forgetful = true;
	office_send(&office, CLASS_NORMAL, 100);
	office_wait(&office);
	lost = break_one(&office);
	office_reopen(&office, 64 << 20);
	CU_ASSERT_TRUE(lost->told);
	CU_ASSERT_EQUAL(lost->end, COMMIT_UNSURE);
	office_close(&office);
}

static void
nothing_is_taken_when_too_many_segments_broke(void)
{
	struct office office;
	struct envelope *envelope = room_envelope(2);
	struct segment_name last = { 0 };
	const struct letter *letter;
	unsigned broken = 0;
	struct err err;

	office_open(&office);
	office.forgetful = true;
	do {
		letter = office_send(&office, CLASS_NORMAL, 100);
		office_wait_for(&office, letter);
		if (letter->ok) {
			last = letter->where.segment;
			break_one(&office);
			broken++;
		}
	} while (letter->ok && broken < 100);
	CU_ASSERT_EQUAL(broken, 64);
	CU_ASSERT_EQUAL(letter->end, COMMIT_REFUSED);
	CU_ASSERT_PTR_NULL(commit_stream_open(office.committer, CLASS_URGENT,
	    letter->id, envelope, &err));
	commit_kept(office.committer, last);
	letter = office_send(&office, CLASS_NORMAL, 100);
	office_wait_for(&office, letter);
	CU_ASSERT_TRUE(letter->ok);
	envelope_free(&envelope);
	office_close(&office);
}

/* What a client hears when CALL fails while its message is stored, and with
 * it what would have made that good. */
static const struct {
	const char *what;
	bool large;		/* a large message, or a small one … */
	bool first;		/* … that is the first of its segment */
	enum disk_call call;
	unsigned nth;
	bool cut_fails, sync_fails, unlink_fails;
	enum commit_end end;
} failures[] = {
	{ "write", false, false, DISK_PWRITEV, 1, 0, 0, 0, COMMIT_REFUSED },
	{ "write, no cut", false, false, DISK_PWRITEV, 1, 1, 0, 0,
	    COMMIT_REFUSED },	/* the mark of a cut is synced */
	{ "write, no sync", false, false, DISK_PWRITEV, 1, 0, 1, 0,
	    COMMIT_UNSURE },
	{ "sync", false, false, DISK_FDATASYNC, 1, 0, 0, 0, COMMIT_UNSURE },
	{ "sync, no cut", false, false, DISK_FDATASYNC, 1, 1, 0, 0,
	    COMMIT_UNSURE },
	{ "sync of the first", false, true, DISK_FDATASYNC, 3, 0, 0, 0,
	    COMMIT_REFUSED },
	{ "sync of the first, no unlink", false, true, DISK_FDATASYNC, 3, 0,
	    0, 1, COMMIT_UNSURE },
	{ "large: sync", true, true, DISK_FDATASYNC, 2, 0, 0, 0,
	    COMMIT_REFUSED },
	{ "large: sync, no unlink", true, true, DISK_FDATASYNC, 2, 0, 0, 1,
	    COMMIT_UNSURE },
	{ "large: directory", true, true, DISK_FSYNC, 2, 0, 0, 0,
	    COMMIT_REFUSED },
	{ "large: directory for good", true, true, DISK_FSYNC, 2, 0, 1, 0,
	    COMMIT_UNSURE },
	{ "large: write", true, true, DISK_PWRITEV, 3, 0, 0, 0,
	    COMMIT_REFUSED },
};

static void
a_client_hears_no_only_when_it_is_sure(void)
{
	for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
		struct office office;
		const struct letter *letter;

		office_open(&office);
		office.forgetful = true;
		office.patience = 20;
		office_reopen(&office, 64 << 20);
		if (!failures[i].first)
			office_send(&office, CLASS_NORMAL, 100);
		office_wait(&office);
		disk_reset();
		disk_fail(failures[i].call, failures[i].nth, EIO,
		    failures[i].sync_fails && failures[i].call == DISK_FSYNC);
		if (failures[i].cut_fails)
			disk_fail(DISK_FTRUNCATE, 1, EIO, true);
		if (failures[i].sync_fails && failures[i].call != DISK_FSYNC)
			disk_fail(DISK_FSYNC, 1, EIO, true);
		if (failures[i].unlink_fails)
			disk_fail(DISK_UNLINKAT, 1, EIO, true);
		letter = failures[i].large ?
		    send_large(&office, CLASS_NORMAL) :
		    office_send(&office, CLASS_NORMAL, 100);
		office_wait_for(&office, letter);
		CU_ASSERT_EQUAL(letter->end, failures[i].end);
		if (letter->end != failures[i].end)
			printf("%s: %d\n", failures[i].what, letter->end);
		if (failures[i].end == COMMIT_UNSURE)
			CU_ASSERT_STRING_EQUAL(announced(&office,
			    CLASS_NORMAL), "b");
		disk_reset();
		office_close(&office);
	}
}

const struct unit_test ends_tests[] = {
	UNIT(an_announcement_knows_the_open_segment_beside_large_ones),
	UNIT(an_end_is_told_until_it_is_kept),
	UNIT(nobody_hears_no_before_the_end_is_kept),
	UNIT(a_client_hears_nothing_if_nobody_keeps_the_end),
	UNIT(who_still_waits_at_the_end_hears_nothing),
	UNIT(nothing_is_taken_when_too_many_segments_broke),
	UNIT(a_client_hears_no_only_when_it_is_sure),
	UNIT_END
};
