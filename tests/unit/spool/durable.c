/* SPDX-License-Identifier: ISC
 *
 * durable.c - tests: what has to be on the disk, and names that are taken.
 *
 * A file system that keeps the order of its own never shows what these calls
 * are for, so the calls themselves are looked at.
 */
#include "room.h"

#include "base/fsys.h"
#include "base/mem.h"
#include "fakes/disk.h"
#include "office.h"
#include "spool/index.h"
#include "spool/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* ---- files and directories ------------------------------------------------------ */

static void
a_new_spool_is_on_the_disk_with_all_its_names(void)
{
	static const char *const names[] = { "urgent", "normal", "bulk",
	    "index", "corrupt", "jail", "spool" };
	const char *dir = room_dir();
	char *path = mem_printf("%s/spool", dir);
	struct err err;

	disk_reset();
	CU_ASSERT_TRUE(spool_prepare(path, (uid_t)-1, (gid_t)-1, &err));
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		CU_ASSERT_NOT_EQUAL(disk_first(DISK_FSYNC, names[i], 0), DISK_NEVER);
	CU_ASSERT_NOT_EQUAL(disk_first(DISK_FSYNC, strrchr(dir, '/') + 1,
	    disk_first(DISK_FSYNC, "spool", 0)), DISK_NEVER);
	mem_free(path);
}

static void
a_file_is_replaced_only_by_one_that_is_on_the_disk(void)
{
	const char *dir = room_dir();
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), synced;
	struct err err;

	disk_reset();
	CU_ASSERT_TRUE(fsys_replace(fd, "it", "it.new", span_of("new"), true,
	    &err));
	synced = disk_first(DISK_FSYNC, "it.new", 0);	/* before the renaming */
	CU_ASSERT_NOT_EQUAL(synced, DISK_NEVER);
	CU_ASSERT_NOT_EQUAL(disk_first(DISK_FSYNC, strrchr(dir, '/') + 1, synced),
	    DISK_NEVER);
	disk_reset();
	disk_fail(DISK_FSYNC, 1, EIO, false);
	CU_ASSERT_FALSE(fsys_replace(fd, "it", "it.new", span_of("newer"),
	    true, &err));
	CU_ASSERT_EQUAL(room_size(fd, "it"), 3);
	disk_reset();
	close(fd);
}

/* Else it would be believed after a power cut, which may have taken any part
 * of it. */
static void
an_index_says_on_the_disk_that_it_is_in_use(void)
{
	struct index_row row = { .place = INDEX_DUE, .klass = CLASS_NORMAL,
	    .segment = { CLASS_NORMAL, 3, 1 }, .domain = span_of("d.test"),
	    .reason = span_of("") };
	char *path = mem_printf("%s/index", room_dir());
	struct index *index;
	bool fresh;
	struct err err;

	index = index_open(path, &fresh, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(index);
	index_close(&index);
	disk_reset();
	index = index_open(path, &fresh, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(index);
	CU_ASSERT_FALSE(fresh);
	CU_ASSERT_TRUE(index_put(index, &row, &err));
	CU_ASSERT_NOT_EQUAL(disk_first(DISK_FDATASYNC, "state", 0),
	    DISK_NEVER);
	index_close(&index);
	mem_free(path);
}

/* ---- a batch ----------------------------------------------------------------------- */

/* A sync may succeed and what it wrote be gone all the same (the disk went,
 * the file system shut down): reading tells. */
static void
a_disk_that_went_after_its_sync_is_noticed(void)
{
	struct office office;
	const struct letter *letter;

	office_open(&office);
	office_send(&office, CLASS_NORMAL, 100);
	office_wait(&office);
	disk_reset();
	disk_fail(DISK_PREAD, 1, EIO, false);
	letter = office_send(&office, CLASS_NORMAL, 100);
	office_wait(&office);
	CU_ASSERT_FALSE(letter->ok);
	letter = office_send(&office, CLASS_NORMAL, 100);
	office_wait(&office);
	CU_ASSERT_TRUE(letter->ok);
	office_check(&office);
	office_close(&office);
}

/* ---- names ------------------------------------------------------------------------- */

enum { SMALL = 4096 };		/* a segment is full after one message */

/* Whoever takes it for abandoned removes the file that was made last. */
static void
remove_newest(void *owner)
{
	const struct office *office = owner;
	const struct disk_event *events;
	size_t count = disk_events(&events);

	CU_ASSERT_EQUAL(unlinkat(office->dirs.classes[CLASS_NORMAL],
	    events[count - 1].name, 0), 0);
}

static void
a_segment_that_vanished_before_its_lock_is_not_used(void)
{
	struct office office;

	office_open(&office);
	office_reopen(&office, SMALL);
	office_send(&office, CLASS_NORMAL, SMALL);
	office_wait(&office);
	disk_reset();
	disk_meanwhile(DISK_OPENAT, remove_newest, &office);
	CU_ASSERT_TRUE(office_send(&office, CLASS_NORMAL, SMALL) != NULL);
	office_wait(&office);
	CU_ASSERT_TRUE(office.letters[1].ok);
	CU_ASSERT_EQUAL(disk_count(DISK_OPENAT), 2);
	office_check(&office);
	office_close(&office);
}

/* Make a file with SUFFIX and BYTES for the segment that is MORE after that
 * of LETTER. */
static struct segment_name
occupy(const struct office *office, const struct letter *letter,
    unsigned more, const char *suffix, const char *bytes)
{
	struct segment_name name = letter->where.segment;
	char file[SEGMENT_FILE_SIZE];

	name.sequence += more;
	room_write(office->dirs.classes[name.klass],
	    segment_file(name, suffix, file), span_of(bytes));
	return name;
}

static long
size_of(const struct office *office, struct segment_name name,
    const char *suffix)
{
	char file[SEGMENT_FILE_SIZE];

	return room_size(office->dirs.classes[name.klass],
	    segment_file(name, suffix, file));
}

/* Its records would settle what is new. */
static void
a_name_that_has_a_journal_is_passed_over(void)
{
	struct office office;
	const struct letter *first, *next;
	struct segment_name taken;

	office_open(&office);
	office_reopen(&office, SMALL);
	first = office_send(&office, CLASS_NORMAL, SMALL);
	office_wait(&office);
	taken = occupy(&office, first, 1, "status", "old");
	next = office_send(&office, CLASS_NORMAL, SMALL);
	office_wait(&office);
	CU_ASSERT_TRUE(next->ok);
	CU_ASSERT_EQUAL(next->where.segment.sequence, taken.sequence + 1);
	CU_ASSERT_EQUAL(size_of(&office, taken, "messages"), DISK_NEVER);
	CU_ASSERT_EQUAL(size_of(&office, taken, "status"), 3);
	office_check(&office);
	office_close(&office);
}

static void
a_segment_that_is_there_is_not_written_over(void)
{
	struct office office;
	const struct letter *first, *next;
	struct segment_name taken;

	office_open(&office);
	office_reopen(&office, SMALL);
	first = office_send(&office, CLASS_NORMAL, SMALL);
	office_wait(&office);
	taken = occupy(&office, first, 1, "messages", "");
	next = office_send(&office, CLASS_NORMAL, SMALL);
	office_wait(&office);
	CU_ASSERT_TRUE(next->ok);
	CU_ASSERT_EQUAL(next->where.segment.sequence, taken.sequence + 1);
	CU_ASSERT_EQUAL(size_of(&office, taken, "messages"), 0);
	office_check(&office);
	office_close(&office);
}

const struct unit_test durable_tests[] = {
	UNIT(a_new_spool_is_on_the_disk_with_all_its_names),
	UNIT(a_file_is_replaced_only_by_one_that_is_on_the_disk),
	UNIT(an_index_says_on_the_disk_that_it_is_in_use),
	UNIT(a_disk_that_went_after_its_sync_is_noticed),
	UNIT(a_segment_that_vanished_before_its_lock_is_not_used),
	UNIT(a_name_that_has_a_journal_is_passed_over),
	UNIT(a_segment_that_is_there_is_not_written_over),
	UNIT_END
};
