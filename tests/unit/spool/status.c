/* SPDX-License-Identifier: ISC
 *
 * status.c - tests of journals.
 */
#include "room.h"

#include "base/must.h"
#include "fakes/disk.h"
#include "spool/status.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct segment_name name = { CLASS_BULK, 3, 0x1742 };
static const char file[] = "03-00001742.status";

static struct status
some_status(uint32_t i)
{
	return (struct status){
		.offset = 64 + 4096 * (uint64_t)i, .rcpt = i,
		.action = STATUS_FAILED, .code = 550,
		.enhanced = { 5, 1, (uint8_t)i },
		.at = 1700000000000000 + i,
	};
}

/* What a journal says, read back: the numbers of its records. */
struct said {
	uint32_t rcpts[64];
	unsigned count;
};

static void
on_status(void *owner, const struct status *status)
{
	struct said *said = owner;
	struct status want = some_status(status->rcpt);

	must(said->count < 64);
	said->rcpts[said->count++] = status->rcpt;
	CU_ASSERT_EQUAL(status->offset, want.offset);
	CU_ASSERT_EQUAL(status->action, STATUS_FAILED);
	CU_ASSERT_EQUAL(status->code, 550);
	CU_ASSERT_EQUAL(memcmp(status->enhanced, want.enhanced, 3), 0);
	CU_ASSERT_EQUAL(status->at, want.at);
}

static struct said
read_back(const struct spool_dirs *dirs, bool repair)
{
	struct said said = { .count = 0 };
	struct err err;

	CU_ASSERT_TRUE(journal_read(dirs, name, repair, on_status, &said,
	    &err));
	return said;
}

static void
add(struct journal *journal, uint32_t i)
{
	struct status status = some_status(i);

	journal_add(journal, &status);
}

static void
who_moved_says_where_to(void)
{
	struct status in = { .offset = 64, .rcpt = STATUS_ALL_RCPTS,
	    .action = STATUS_MOVED, .to = { CLASS_BULK, 63, 0xfedcba98 } };
	struct status out;
	uint8_t bytes[STATUS_RECORD_BYTES];

	status_encode(&in, bytes);
	CU_ASSERT_TRUE(status_decode(bytes, &out));
	CU_ASSERT_EQUAL(out.to.klass, CLASS_BULK);
	CU_ASSERT_EQUAL(out.to.slot, 63);
	CU_ASSERT_EQUAL(out.to.sequence, 0xfedcba98);
	in.action = STATUS_DELETED;
	status_encode(&in, bytes);
	CU_ASSERT_TRUE(status_decode(bytes, &out));
	CU_ASSERT_EQUAL(out.to.sequence, 0);
}

static void
a_class_is_one_that_there_is(void)
{
	struct status in = { .offset = 64, .rcpt = STATUS_ALL_RCPTS,
	    .action = STATUS_CLASS }, out;
	uint8_t bytes[STATUS_RECORD_BYTES];

	for (unsigned klass = 0; klass < 256; klass++) {
		in.klass = (uint8_t)klass;
		status_encode(&in, bytes);
		CU_ASSERT_EQUAL(status_decode(bytes, &out),
		    klass < CLASS_COUNT);
		if (klass < CLASS_COUNT)
			CU_ASSERT_EQUAL(out.klass, klass);
	}
	in.action = STATUS_DELETED;
	in.klass = CLASS_BULK;
	status_encode(&in, bytes);
	CU_ASSERT_TRUE(status_decode(bytes, &out));
	CU_ASSERT_EQUAL(out.klass, 0);
}

static void
a_range_that_is_erased_is_of_whole_records(void)
{
	static const struct {
		uint64_t from, until;
		bool fine;
	} rows[] = {
		{ 64, 72, true }, { 64, 1 << 20, true },
		{ (uint64_t)1 << 40, ((uint64_t)1 << 40) + 8, true },
		{ 56, 72, false }, { 0, 4096, false },
		{ 64, 64, false }, { 72, 64, false },
		{ 65, 72, false }, { 64, 71, false },
	};
	struct status out;
	uint8_t bytes[STATUS_RECORD_BYTES];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct status in = { .offset = rows[i].from,
		    .until = rows[i].until, .rcpt = STATUS_ALL_RCPTS,
		    .action = STATUS_ERASED };

		status_encode(&in, bytes);
		CU_ASSERT_EQUAL(status_decode(bytes, &out), rows[i].fine);
		if (rows[i].fine)
			CU_ASSERT_EQUAL(out.until, rows[i].until);
	}
}

static void
every_changed_bit_of_a_record_is_seen(void)
{
	struct status in = some_status(7), out;
	uint8_t bytes[STATUS_RECORD_BYTES];

	status_encode(&in, bytes);
	CU_ASSERT_TRUE(status_decode(bytes, &out));
	CU_ASSERT_EQUAL(out.rcpt, 7);
	for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CU_ASSERT_FALSE(status_decode(bytes, &out));
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	memset(bytes, 0, sizeof bytes);
	CU_ASSERT_FALSE(status_decode(bytes, &out));
	for (unsigned action = 0; action < 256; action++) {
		in.action = (uint8_t)action;
		in.until = in.offset + 8;
		status_encode(&in, bytes);
		CU_ASSERT_EQUAL(status_decode(bytes, &out),
		    action >= STATUS_DELIVERED && action <= STATUS_LAST);
	}
}

static void
what_is_flushed_is_read_in_order(void)
{
	struct spool_dirs dirs;
	struct journal journal;
	struct said said;
	struct err err;

	room_spool(&dirs);
	CU_ASSERT_EQUAL(read_back(&dirs, true).count, 0);
	journal_init(&journal, name);
	CU_ASSERT_TRUE(journal_flush(&journal, &dirs, &err));
	CU_ASSERT_EQUAL(room_size(dirs.classes[CLASS_BULK], file), -1);
	add(&journal, 0);
	add(&journal, 1);
	CU_ASSERT_EQUAL(read_back(&dirs, false).count, 0);
	CU_ASSERT_TRUE(journal_flush(&journal, &dirs, &err));
	add(&journal, 2);
	CU_ASSERT_TRUE(journal_sync(&journal, &dirs, &err));
	said = read_back(&dirs, false);
	CU_ASSERT_EQUAL_FATAL(said.count, 3);
	for (uint32_t i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(said.rcpts[i], i);
	journal_fini(&journal);
	spool_dirs_close(&dirs);
}

static void
a_journal_is_made_durable_with_its_name(void)
{
	struct spool_dirs dirs;
	struct journal journal;
	struct err err;

	room_spool(&dirs);
	journal_init(&journal, name);
	disk_reset();
	add(&journal, 0);
	CU_ASSERT_TRUE(journal_flush(&journal, &dirs, &err));
	CU_ASSERT_EQUAL(disk_count(DISK_FDATASYNC), 0);
	CU_ASSERT_TRUE(journal_sync(&journal, &dirs, &err));
	CU_ASSERT_TRUE(journal_sync(&journal, &dirs, &err));
	CU_ASSERT_EQUAL(disk_count(DISK_FDATASYNC), 1);
	CU_ASSERT_EQUAL(disk_count(DISK_FSYNC), 1);
	add(&journal, 1);
	CU_ASSERT_TRUE(journal_sync(&journal, &dirs, &err));
	CU_ASSERT_EQUAL(disk_count(DISK_FDATASYNC), 2);
	CU_ASSERT_EQUAL(disk_count(DISK_FSYNC), 1);
	journal_fini(&journal);
	spool_dirs_close(&dirs);
}

/* Its maker may have died after writing to it, before it synced its name. */
static void
the_name_of_a_journal_that_was_there_is_synced_too(void)
{
	struct spool_dirs dirs;
	struct journal journal;
	struct err err;

	room_spool(&dirs);
	for (unsigned life = 0; life < 2; life++) {
		journal_init(&journal, name);
		disk_reset();
		add(&journal, life);
		CU_ASSERT_TRUE(journal_flush(&journal, &dirs, &err));
		if (life == 1)
			CU_ASSERT_TRUE(journal_sync(&journal, &dirs, &err));
		CU_ASSERT_EQUAL(disk_count(DISK_FSYNC), life);
		journal_fini(&journal);
	}
	spool_dirs_close(&dirs);
}

/* At any length, and whether it is cut off at once or written over later. */
static void
a_torn_tail_is_ignored_and_the_next_record_lines_up(void)
{
	for (unsigned cut = 0; cut <= 3 * STATUS_RECORD_BYTES; cut += 5)
		for (unsigned repair = 0; repair < 2; repair++) {
			struct spool_dirs dirs;
			struct journal journal;
			unsigned whole = cut / STATUS_RECORD_BYTES;
			uint8_t bytes[3][STATUS_RECORD_BYTES];
			struct said said;
			struct err err;

			room_spool(&dirs);
			for (uint32_t i = 0; i < 3; i++) {
				struct status status = some_status(i);

				status_encode(&status, bytes[i]);
			}
			room_write(dirs.classes[CLASS_BULK], file,
			    span_make(bytes, cut));
			CU_ASSERT_EQUAL(read_back(&dirs, repair == 1).count,
			    whole);
			CU_ASSERT_EQUAL(room_size(dirs.classes[CLASS_BULK],
			    file), (long)(repair == 1 ?
			    whole * STATUS_RECORD_BYTES : cut));
			journal_init(&journal, name);
			add(&journal, 9);
			CU_ASSERT_TRUE(journal_sync(&journal, &dirs, &err));
			said = read_back(&dirs, false);
			CU_ASSERT_EQUAL_FATAL(said.count, whole + 1);
			CU_ASSERT_EQUAL(said.rcpts[whole], 9);
			journal_fini(&journal);
			spool_dirs_close(&dirs);
		}
}

static void
a_broken_record_costs_itself_only(void)
{
	struct spool_dirs dirs;
	uint8_t bytes[5][STATUS_RECORD_BYTES];
	struct said said;

	room_spool(&dirs);
	for (uint32_t i = 0; i < 5; i++) {
		struct status status = some_status(i);

		status_encode(&status, bytes[i]);
	}
	bytes[1][20] ^= 1;
	memset(bytes[3], 0, STATUS_RECORD_BYTES);
	room_write(dirs.classes[CLASS_BULK], file,
	    span_make(bytes, sizeof bytes));
	said = read_back(&dirs, true);
	CU_ASSERT_EQUAL_FATAL(said.count, 3);
	CU_ASSERT_EQUAL(said.rcpts[0], 0);
	CU_ASSERT_EQUAL(said.rcpts[1], 2);
	CU_ASSERT_EQUAL(said.rcpts[2], 4);
	CU_ASSERT_EQUAL(room_size(dirs.classes[CLASS_BULK], file),
	    5 * STATUS_RECORD_BYTES);
	spool_dirs_close(&dirs);
}

/* Also when it took half of a record first. */
static void
a_full_disk_keeps_what_waits(void)
{
	for (unsigned n = 1; n < 4; n++) {
		struct spool_dirs dirs;
		struct journal journal;
		struct err err;

		room_spool(&dirs);
		journal_init(&journal, name);
		add(&journal, 0);
		CU_ASSERT_TRUE(journal_sync(&journal, &dirs, &err));
		add(&journal, 1);
		add(&journal, 2);
		disk_reset();
		disk_short_writes(20);
		disk_fail(DISK_PWRITEV, n, ENOSPC, true);
		for (unsigned i = 0; i < 3; i++) {
			CU_ASSERT_FALSE(journal_flush(&journal, &dirs, &err));
			CU_ASSERT_EQUAL(err.number, ENOSPC);
		}
		CU_ASSERT_EQUAL(read_back(&dirs, false).count, 1);
		disk_reset();
		CU_ASSERT_TRUE(journal_flush(&journal, &dirs, &err));
		CU_ASSERT_EQUAL(read_back(&dirs, false).count, 3);
		journal_fini(&journal);
		spool_dirs_close(&dirs);
	}
}

static void
a_failed_sync_is_made_good_by_writing_anew(void)
{
	struct spool_dirs dirs;
	struct journal journal;
	struct said said;
	struct err err;
	unsigned writes;
	int fd;

	room_spool(&dirs);
	journal_init(&journal, name);
	add(&journal, 0);
	CU_ASSERT_TRUE(journal_sync(&journal, &dirs, &err));
	add(&journal, 1);
	CU_ASSERT_TRUE(journal_flush(&journal, &dirs, &err));
	add(&journal, 2);
	disk_reset();
	disk_fail(DISK_FDATASYNC, 1, EIO, false);
	CU_ASSERT_FALSE(journal_sync(&journal, &dirs, &err));
	CU_ASSERT_EQUAL(journal.fd, -1);
	add(&journal, 3);
	/* a failed sync may have left nothing of it */
	fd = openat(dirs.classes[CLASS_BULK], file, O_WRONLY | O_CLOEXEC);
	CU_ASSERT_EQUAL(ftruncate(fd, STATUS_RECORD_BYTES), 0);
	close(fd);
	writes = disk_count(DISK_PWRITEV);
	CU_ASSERT_TRUE(journal_sync(&journal, &dirs, &err));
	CU_ASSERT_EQUAL(disk_count(DISK_PWRITEV), writes + 1);
	said = read_back(&dirs, false);
	CU_ASSERT_EQUAL_FATAL(said.count, 4);
	for (uint32_t i = 0; i < 4; i++)
		CU_ASSERT_EQUAL(said.rcpts[i], i);
	add(&journal, 4);
	CU_ASSERT_TRUE(journal_sync(&journal, &dirs, &err));
	CU_ASSERT_EQUAL(read_back(&dirs, false).count, 5);
	journal_fini(&journal);
	spool_dirs_close(&dirs);
}

static void
a_link_is_no_journal(void)
{
	struct spool_dirs dirs;
	struct journal journal;
	struct said said = { .count = 0 };
	struct err err;
	int dirfd;

	room_spool(&dirs);
	dirfd = dirs.classes[CLASS_BULK];
	room_write(dirfd, "other", span_of("precious"));
	CU_ASSERT_EQUAL(symlinkat("other", dirfd, file), 0);
	journal_init(&journal, name);
	add(&journal, 0);
	CU_ASSERT_FALSE(journal_flush(&journal, &dirs, &err));
	CU_ASSERT_FALSE(journal_read(&dirs, name, true, on_status, &said,
	    &err));
	CU_ASSERT_EQUAL(unlinkat(dirfd, file, 0), 0);
	CU_ASSERT_EQUAL(linkat(dirfd, "other", dirfd, file, 0), 0);
	CU_ASSERT_FALSE(journal_flush(&journal, &dirs, &err));
	CU_ASSERT_FALSE(journal_read(&dirs, name, true, on_status, &said,
	    &err));
	CU_ASSERT_EQUAL(room_size(dirfd, "other"), 8);
	journal_fini(&journal);
	spool_dirs_close(&dirs);
}

const struct unit_test status_tests[] = {
	UNIT(a_class_is_one_that_there_is),
	UNIT(a_range_that_is_erased_is_of_whole_records),
	UNIT(every_changed_bit_of_a_record_is_seen),
	UNIT(who_moved_says_where_to),
	UNIT(what_is_flushed_is_read_in_order),
	UNIT(a_journal_is_made_durable_with_its_name),
	UNIT(the_name_of_a_journal_that_was_there_is_synced_too),
	UNIT(a_torn_tail_is_ignored_and_the_next_record_lines_up),
	UNIT(a_broken_record_costs_itself_only),
	UNIT(a_full_disk_keeps_what_waits),
	UNIT(a_failed_sync_is_made_good_by_writing_anew),
	UNIT(a_link_is_no_journal),
	UNIT_END
};
