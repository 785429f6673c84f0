/* SPDX-License-Identifier: ISC
 *
 * first_edition.c - tests: copies that a former version made are settled.
 *
 * Every row of the table of spool/first_edition.h is here, for an original of
 * class normal and its copy of class urgent.  Copies are made here byte by
 * byte: nothing in src writes them any more.
 */
#include "suites.h"

#include "base/crc32c.h"
#include "base/mem.h"
#include "base/must.h"
#include "fakes/disk.h"
#include "rig.h"
#include "spool/bytes.h"
#include "spool/edition.h"
#include "spool/first_edition.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char fixed[] = "route * { to 127.0.0.1:9 }\n"
    "queue { status-sync 0 }\n"
    "class urgent { retry 1h; lifetime 2h; warn never }\n"
    "class normal { retry 1h; lifetime 2h; warn never }\n";

static const struct rig_answer good = {
	.outcome = OUTCOME_DELIVERED, .code = 250, .status = "2.0.0",
	.text = "250 2.0.0 Ok", .mta = "mx.test"
};
static const struct rig_answer wait_for_me = { .wait = true };

static const char *const two[] = { "a@one.test", "b@one.test", NULL };

/* ---- what a former version left on disk ------------------------------------------ */

enum { HELD = 1, WARNED = 2, SETTLED = 0x80, FIXED = 46, STRINGS = 4 };

struct copy {
	struct committed where;	/* out */
	struct segment_name of;	/* the original … */
	uint64_t offset;	/* … and its place there */
	uint8_t flags;		/* HELD, WARNED */
	bool settled;		/* the first recipient was final then */
};

static struct copy copied;

/* The envelope IN of version 1 as one of version 2. */
static void
put_envelope(const struct copy *copy, struct span in, struct buf *out)
{
	uint8_t origin[16] = { copy->of.klass, copy->flags };
	size_t at = FIXED, rcpt;

	must(in.length > FIXED && in.data[0] == 1);
	put_le(origin + 2, copy->of.slot, 2);
	put_le(origin + 4, copy->of.sequence, 4);
	put_le(origin + 8, copy->offset, 8);
	for (int i = 0; i < STRINGS; i++) {
		uint64_t length = get_le(in.data + at, 2);

		at += 2 + (length == 0xffff ? 0 : length);
	}
	rcpt = at + sizeof origin;
	buf_append_span(out, span_first(in, FIXED));
	buf_append(out, origin, sizeof origin);
	buf_append_span(out, span_skip(in, FIXED));
	out->data[0] = 2;
	if (copy->settled)
		out->data[rcpt] |= SETTLED;
}

static void
put_record(const struct copy *copy, enum mail_class klass,
    const struct record *from, struct buf *out)
{
	struct record_header header = from->header;
	uint8_t head[RECORD_HEADER_BYTES];
	struct buf envelope;

	buf_init(&envelope, 1 << 20);
	put_envelope(copy, span_make(from->raw.data + RECORD_HEADER_BYTES,
	    header.envelope_bytes), &envelope);
	header.edition = EDITION_FIRST;
	header.salt = 0;
	header.envelope_crc = 0;
	header.klass = (uint8_t)klass;
	header.envelope_bytes = (uint32_t)buf_length(&envelope);
	header.content_crc = crc32c(crc32c(0, buf_peek(&envelope).data,
	    buf_length(&envelope)), from->body.data, from->body.length);
	record_header_encode(&header, buf_length(out), head);
	buf_append(out, head, sizeof head);
	buf_append_span(out, buf_peek(&envelope));
	buf_append_span(out, from->body);
	while (buf_length(out) % RECORD_ALIGN != 0)
		buf_append_byte(out, 0);
	buf_fini(&envelope);
}

static void
write_file(const struct rig *rig, struct segment_name name, struct span bytes)
{
	char file[SEGMENT_FILE_SIZE];
	int fd = openat(rig->dirs.classes[name.klass], segment_file(name,
	    "messages", file), O_WRONLY | O_CREAT | O_EXCL, 0600);

	must(fd != -1);
	must(write(fd, bytes.data, bytes.length) == (ssize_t)bytes.length);
	close(fd);
}

/* A copy of the message committed last, in a segment NUMBER of KLASS. */
static void
make_copy(struct rig *rig, enum mail_class klass, uint32_t number,
    struct copy *copy)
{
	struct segment_header header = { .edition = EDITION_FIRST,
	    .klass = (uint8_t)klass, .slot = SCHEDULER_SLOT,
	    .sequence = number };
	uint8_t head[SEGMENT_HEADER_BYTES];
	struct record record;
	struct buf bytes;
	struct err err;
	int fd = segment_open(&rig->dirs, rig->where.segment, &err);

	must(fd != -1 && record_read(fd, rig->where.offset, NULL,
	    rig->where.size, &record, &err));
	buf_init(&bytes, 1 << 20);
	segment_header_encode(&header, head);
	buf_append(&bytes, head, sizeof head);
	copy->where = (struct committed){ .segment = { (uint8_t)klass,
	    SCHEDULER_SLOT, number }, .offset = sizeof head };
	put_record(copy, klass, &record, &bytes);
	copy->where.size = buf_length(&bytes) - sizeof head;
	write_file(rig, copy->where.segment, buf_peek(&bytes));
	buf_fini(&bytes);
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

static bool
settle(struct rig *rig)
{
	uint64_t copies;
	struct err err;

	return first_edition_settle(&rig->dirs, SCHEDULER_SLOT, 1 << 20,
	    &copies, &err);
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
		    copied.where.segment);
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

/* Whose settling fails at its Nth sync, and is done again (0: it does not). */
static void
check_row(size_t i, unsigned n)
{
	struct rig *rig = rig_new(fixed);
	unsigned jobs = table[i].from == NOBODY ? 0 : 1;

	disk_reset();
	rig->answer = wait_for_me;
	rig_commit(rig, CLASS_NORMAL, "a@from.test", two);
	rig_new_receiver(rig);
	copied = (struct copy){ .of = rig->where.segment,
	    .offset = rig->where.offset, .settled = table[i].settled };
	make_copy(rig, CLASS_URGENT, 7, &copied);
	if (table[i].copy_final)
		write_down(rig, copied.where, STATUS_ALL_RCPTS, STATUS_MOVED,
		    rig->where.segment);
	set_original(rig, table[i].original);
	if (n > 0) {
		disk_fail(DISK_FDATASYNC, n, EIO, false);
		(void)settle(rig);
		disk_reset();
	}
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
		check_row(i, 0);
}

static void
whoever_settles_again_comes_to_the_same(void)
{
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		for (unsigned n = 1; n <= 2; n++)
			check_row(i, n);
}

/* ---- beside the table -------------------------------------------------------------- */

static long
journal_bytes(const struct rig *rig, struct segment_name name)
{
	char file[SEGMENT_FILE_SIZE];
	struct stat st;

	return fstatat(rig->dirs.classes[name.klass], segment_file(name,
	    "status", file), &st, 0) == -1 ? 0 : (long)st.st_size;
}

static void
what_is_settled_is_not_said_again(void)
{
	struct rig *rig = rig_new(fixed);
	struct copy copy = { .flags = HELD | WARNED, .settled = true };
	long bytes;

	rig_commit(rig, CLASS_NORMAL, "a@from.test", two);
	copy.of = rig->where.segment;
	copy.offset = rig->where.offset;
	make_copy(rig, CLASS_URGENT, 7, &copy);
	write_down(rig, rig->where, STATUS_ALL_RCPTS, STATUS_MOVED,
	    copy.where.segment);
	CU_ASSERT_TRUE(settle(rig));
	bytes = journal_bytes(rig, copy.where.segment);
	CU_ASSERT_EQUAL(bytes, 3 * STATUS_RECORD_BYTES);
	CU_ASSERT_TRUE(settle(rig));
	CU_ASSERT_EQUAL(journal_bytes(rig, copy.where.segment), bytes);
	CU_ASSERT_EQUAL(journal_bytes(rig, rig->where.segment),
	    STATUS_RECORD_BYTES);
	rig_free(&rig);
}

static void
a_hold_goes_with_the_copy(void)
{
	struct rig *rig = rig_new(fixed);
	struct copy copy = { .flags = HELD, .settled = true };

	rig->answer = wait_for_me;
	rig_commit(rig, CLASS_NORMAL, "a@from.test", two);
	rig_new_receiver(rig);
	copy.of = rig->where.segment;
	copy.offset = rig->where.offset;
	make_copy(rig, CLASS_URGENT, 7, &copy);
	remove_original(rig);
	rig_start(rig);
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->job_count, 0);
	CU_ASSERT_EQUAL(rig->s->queue.counts[CLASS_URGENT][COUNT_HELD], 1);
	rig_free(&rig);
}

/* The journal of the middle one was kept by a power cut, that of the first was
 * not: the last one counts, and shows that the first was moved. */
static void
of_a_copy_of_a_copy_the_last_counts(void)
{
	struct rig *rig = rig_new(fixed);
	struct copy middle = { 0 }, last = { 0 };

	rig->answer = wait_for_me;
	rig_commit(rig, CLASS_NORMAL, "a@from.test", two);
	rig_new_receiver(rig);
	middle.of = rig->where.segment;
	middle.offset = rig->where.offset;
	make_copy(rig, CLASS_URGENT, 7, &middle);
	last.of = middle.where.segment;
	last.offset = middle.where.offset;
	make_copy(rig, CLASS_BULK, 8, &last);
	write_down(rig, middle.where, STATUS_ALL_RCPTS, STATUS_MOVED,
	    last.where.segment);
	rig_start(rig);
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	CU_ASSERT_EQUAL(rig->jobs[0].job.klass, CLASS_BULK);
	CU_ASSERT_EQUAL(rig->jobs[0].rcpt_count, 2);
	rig_answer_job(rig, 0, &good);
	rig_until(rig, rig_no_segments, 0);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	rig_free(&rig);
}

static void
an_original_is_written_off_when_its_copy_is_durable(void)
{
	struct rig *rig = rig_new(fixed);
	struct copy copy = { .settled = true };
	char original[SEGMENT_FILE_SIZE], mine[SEGMENT_FILE_SIZE];
	int said, synced;

	rig_commit(rig, CLASS_NORMAL, "a@from.test", two);
	copy.of = rig->where.segment;
	copy.offset = rig->where.offset;
	make_copy(rig, CLASS_URGENT, 7, &copy);
	damage_original(rig);
	disk_reset();
	CU_ASSERT_TRUE(settle(rig));
	segment_file(rig->where.segment, "status", original);
	segment_file(copy.where.segment, "status", mine);
	synced = disk_last(DISK_FDATASYNC, mine);
	said = disk_first(DISK_PWRITEV, original, 0);
	CU_ASSERT_NOT_EQUAL(synced, DISK_NEVER);
	CU_ASSERT_NOT_EQUAL(said, DISK_NEVER);
	CU_ASSERT_TRUE(synced < said);
	CU_ASSERT_NOT_EQUAL(disk_first(DISK_FDATASYNC, original, said),
	    DISK_NEVER);
	rig_free(&rig);
}

/* ---- the edition of a spool ---------------------------------------------------------- */

static void
a_spool_is_marked_when_it_is_settled_and_not_before(void)
{
	struct rig *rig = rig_new(fixed);
	unsigned edition = 0;
	struct err err;

	CU_ASSERT_TRUE(edition_read(rig->dirs.root, &edition, &err));
	CU_ASSERT_EQUAL(edition, 1);
	rig_start(rig);
	CU_ASSERT_TRUE(edition_read(rig->dirs.root, &edition, &err));
	CU_ASSERT_EQUAL(edition, SPOOL_EDITION);
	rig_free(&rig);
}

static void
a_spool_that_cannot_be_settled_is_not_marked(void)
{
	struct rig *rig = rig_new(fixed);
	struct copy copy = { 0 };
	unsigned edition = 0;
	struct err err;

	rig_commit(rig, CLASS_NORMAL, "a@from.test", two);
	copy.of = rig->where.segment;
	copy.offset = rig->where.offset;
	make_copy(rig, CLASS_URGENT, 7, &copy);
	disk_reset();
	disk_fail(DISK_FDATASYNC, 1, EIO, true);
	rig->s = scheduler_new(rig->loop, rig->conf, rig->dirs.root,
	    &rig->row, NULL, &err);
	disk_reset();
	CU_ASSERT_PTR_NULL_FATAL(rig->s);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "cannot be settled"));
	CU_ASSERT_TRUE(edition_read(rig->dirs.root, &edition, &err));
	CU_ASSERT_EQUAL(edition, 1);
	rig_free(&rig);
}

static void
set_edition(const struct rig *rig, const char *text)
{
	int fd = openat(rig->dirs.root, "edition",
	    O_WRONLY | O_CREAT | O_TRUNC, 0600);

	must(fd != -1 && write(fd, text, strlen(text)) ==
	    (ssize_t)strlen(text));
	close(fd);
}

static void
a_spool_of_a_later_program_is_left_untouched(void)
{
	static const char *const texts[] = { "3\n", "1000000\n", "0\n", "2",
	    "2\n\n", "two\n", "-1\n", "99999999999999999\n" };
	struct rig *rig = rig_new(fixed);
	struct copy copy = { 0 };
	unsigned edition;
	struct err err;

	rig_commit(rig, CLASS_NORMAL, "a@from.test", two);
	copy.of = rig->where.segment;
	copy.offset = rig->where.offset;
	make_copy(rig, CLASS_URGENT, 7, &copy);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		set_edition(rig, texts[i]);
		CU_ASSERT_FALSE(edition_read(rig->dirs.root, &edition, &err));
		CU_ASSERT_EQUAL(err.kind, ERR_CONFIG);
		rig->s = scheduler_new(rig->loop, rig->conf, rig->dirs.root,
		    &rig->row, NULL, &err);
		CU_ASSERT_PTR_NULL_FATAL(rig->s);
		CU_ASSERT_EQUAL(journal_bytes(rig, copy.where.segment), 0);
		CU_ASSERT_EQUAL(rig_files(rig, "index", ""), 0);
	}
	rig_free(&rig);
}

/* What a power cut leaves of a file whose content did not come to the disk. */
static void
an_edition_that_says_nothing_is_settled_once_more(void)
{
	struct rig *rig = rig_new(fixed);
	unsigned edition = 0;
	struct err err;
	int fd;

	rig_commit(rig, CLASS_NORMAL, "a@from.test", two);
	rig_new_receiver(rig);
	for (off_t bytes = 0; bytes < 3; bytes += 2) {
		set_edition(rig, "");
		fd = openat(rig->dirs.root, "edition", O_WRONLY);
		must(fd != -1 && ftruncate(fd, bytes) == 0);
		close(fd);
		CU_ASSERT_TRUE(edition_read(rig->dirs.root, &edition, &err));
		CU_ASSERT_EQUAL(edition, 1);
	}
	rig_start(rig);
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_TRUE(edition_read(rig->dirs.root, &edition, &err));
	CU_ASSERT_EQUAL(edition, SPOOL_EDITION);
	rig_free(&rig);
}

const struct unit_test first_edition_tests[] = {
	UNIT(an_edition_that_says_nothing_is_settled_once_more),
	UNIT(at_the_start_one_record_of_two_counts),
	UNIT(whoever_settles_again_comes_to_the_same),
	UNIT(what_is_settled_is_not_said_again),
	UNIT(a_hold_goes_with_the_copy),
	UNIT(of_a_copy_of_a_copy_the_last_counts),
	UNIT(an_original_is_written_off_when_its_copy_is_durable),
	UNIT(a_spool_is_marked_when_it_is_settled_and_not_before),
	UNIT(a_spool_that_cannot_be_settled_is_not_marked),
	UNIT(a_spool_of_a_later_program_is_left_untouched),
	UNIT_END
};
