/* SPDX-License-Identifier: ISC
 *
 * layout.c - tests of the spool directory.
 */
#include "room.h"

#include "base/mem.h"
#include "fakes/disk.h"
#include "spool/check.h"
#include "spool/sequence.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static void
names_come_back_and_sort_by_sequence(void)
{
	static const struct segment_name rows[] = {
		{ CLASS_BULK, 3, 0x1742 }, { CLASS_BULK, 3, 0xa0000000 },
		{ CLASS_BULK, 3, 0xffffffff },
	};
	char text[SEGMENT_FILE_SIZE], before[SEGMENT_FILE_SIZE] = "";
	struct segment_name out = { .klass = CLASS_BULK };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		segment_file(rows[i], "messages", text);
		CU_ASSERT_TRUE(strcmp(before, text) < 0);
		CU_ASSERT_TRUE(segment_file_parse(text, "messages", &out));
		CU_ASSERT_FALSE(segment_file_parse(text, "status", &out));
		CU_ASSERT_EQUAL(out.klass, CLASS_BULK);
		CU_ASSERT_EQUAL(out.slot, 3);
		CU_ASSERT_EQUAL(out.sequence, rows[i].sequence);
		memcpy(before, text, sizeof before);
	}
	CU_ASSERT_STRING_EQUAL(before, "03-ffffffff.messages");
}

static void
other_files_are_no_segments(void)
{
	static const char *const wrong[] = {
		"", ".", "..", "03.sequence", "3-00000001.messages",
		"03-0000001.messages", "03-000000001.messages",
		"03-0000000G.messages", "03-0000000A.messages",
		"003-00000001.messages", "03-00000001.messages.bak",
		"03-00000001.status", " 03-00000001.messages",
		"+3-00000001.messages", "03--0000001.messages",
		"70000-00000001.messages", "03-0x000001.messages",
		"99999999999999999999-00000001.messages",
		"03-00000001.messagesXXXXXXXXXXXXXXXXXXXXXXXXXXXX",
	};
	struct segment_name out = { 0 };

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		CU_ASSERT_FALSE(segment_file_parse(wrong[i], "messages",
		    &out));
	CU_ASSERT_TRUE(segment_file_parse("65535-0000000a.messages",
	    "messages", &out));
}

static void
a_missing_spool_is_made_with_its_parents(void)
{
	char *path = mem_printf("%s/a/b/spool", room_dir());
	struct spool_dirs dirs;
	struct err err;
	struct stat st;

	CU_ASSERT_TRUE_FATAL(spool_prepare(path, (uid_t)-1, (gid_t)-1, &err));
	CU_ASSERT_TRUE(spool_prepare(path, (uid_t)-1, (gid_t)-1, &err));
	CU_ASSERT_TRUE_FATAL(spool_dirs_open(&dirs, path, &err));
	CU_ASSERT_EQUAL(room_count(dirs.root), 6);
	CU_ASSERT_EQUAL(fstat(dirs.classes[CLASS_URGENT], &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 07777, 0700);
	spool_dirs_close(&dirs);
	CU_ASSERT_EQUAL(dirs.root, -1);
	mem_free(path);
}

/* Each directory that is made, by the sync of the one it is in. */
static void
every_parent_that_is_made_is_made_for_good(void)
{
	char *path = mem_printf("%s/for/good/and/all", room_dir());
	static const char *const holders[] = { "for", "good", "and", "all" };
	struct err err;

	disk_reset();
	CU_ASSERT_TRUE_FATAL(spool_prepare(path, (uid_t)-1, (gid_t)-1, &err));
	for (size_t i = 0; i < sizeof holders / sizeof *holders; i++)
		CU_ASSERT_NOT_EQUAL(disk_first(DISK_FSYNC, holders[i], 0),
		    DISK_NEVER);
	mem_free(path);
}

/* As NFS (no lock by a descriptor for reading) and FUSE do. */
static void
a_file_system_that_does_not_serve_is_refused_by_name(void)
{
	static const struct {
		enum disk_call call;
		unsigned nth;
		int number;
		const char *what;
	} rows[] = {
		{ DISK_FLOCK, 1, EBADF, "cannot lock a directory" },
		{ DISK_FLOCK, 2, ENOLCK, "cannot lock a file" },
		{ DISK_FSYNC, 1, EINVAL, "cannot sync a directory" },
	};
	char *path = mem_printf("%s/unfit", room_dir());
	struct err err;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		disk_reset();
		disk_fail(rows[i].call, rows[i].nth, rows[i].number, true);
		CU_ASSERT_FALSE(spool_prepare(path, (uid_t)-1, (gid_t)-1,
		    &err));
		CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "its file system ("));
		CU_ASSERT_PTR_NOT_NULL(strstr(err.text, rows[i].what));
		CU_ASSERT_PTR_NOT_NULL(strstr(err.text, path));
	}
	disk_reset();
	disk_fail(DISK_FLOCK, 1, EWOULDBLOCK, true);	/* it is in use */
	CU_ASSERT_TRUE(spool_prepare(path, (uid_t)-1, (gid_t)-1, &err));
	disk_reset();
	mem_free(path);
}

static void
on_finding(void *owner, enum spool_finding finding, const char *where,
    const char *text)
{
	(void)owner, (void)finding, (void)where, (void)text;
}

static void
an_error_in_a_directory_is_not_its_end(void)
{
	struct spool_dirs dirs;
	struct sequence sequence;
	struct spool_sum sum;
	uint32_t number;
	struct err err;

	room_spool(&dirs);
	disk_reset();
	disk_fail(DISK_READDIR, 1, EIO, true);
	sequence_init(&sequence, dirs.classes[CLASS_BULK], 9, 0600);
	CU_ASSERT_FALSE(sequence_take(&sequence, &number, &err));
	CU_ASSERT_EQUAL(err.number, EIO);
	CU_ASSERT_FALSE(spool_check(dirs.path, on_finding, NULL, &sum, &err));
	CU_ASSERT_EQUAL(err.number, EIO);
	disk_reset();
	CU_ASSERT_TRUE(sequence_take(&sequence, &number, &err));
	sequence_fini(&sequence);
	spool_dirs_close(&dirs);
}

static void
a_spool_that_others_may_write_to_is_refused(void)
{
	static const struct { const char *dir; mode_t mode; } rows[] = {
		{ "", 0777 }, { "/urgent", 0707 }, { "/index", 01777 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *path = mem_printf("%s/spool", room_dir());
		char *dir = mem_printf("%s%s", path, rows[i].dir);
		struct err err;

		CU_ASSERT_TRUE(spool_prepare(path, (uid_t)-1, (gid_t)-1,
		    &err));
		CU_ASSERT_EQUAL(chmod(dir, rows[i].mode), 0);
		CU_ASSERT_FALSE(spool_prepare(path, (uid_t)-1, (gid_t)-1,
		    &err));
		CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "everybody"));
		mem_free(path);
		mem_free(dir);
	}
}

static void
a_link_or_a_file_in_place_of_a_directory_is_refused(void)
{
	char *path = mem_printf("%s/spool", room_dir());
	struct spool_dirs dirs;
	struct err err;

	CU_ASSERT_TRUE_FATAL(spool_prepare(path, (uid_t)-1, (gid_t)-1, &err));
	CU_ASSERT_TRUE_FATAL(spool_dirs_open(&dirs, path, &err));
	CU_ASSERT_EQUAL(unlinkat(dirs.root, "bulk", AT_REMOVEDIR), 0);
	CU_ASSERT_EQUAL(symlinkat("normal", dirs.root, "bulk"), 0);
	CU_ASSERT_FALSE(spool_prepare(path, (uid_t)-1, (gid_t)-1, &err));
	CU_ASSERT_EQUAL(unlinkat(dirs.root, "bulk", 0), 0);
	room_write(dirs.root, "bulk", span_of("x"));
	CU_ASSERT_FALSE(spool_prepare(path, (uid_t)-1, (gid_t)-1, &err));
	spool_dirs_close(&dirs);
	CU_ASSERT_FALSE(spool_dirs_open(&dirs, path, &err));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "bulk"));
	mem_free(path);
}

/* As root only: another user is given the directories and, when the user
 * changes, what the former one wrote; but nothing with a second name. */
static void
the_configured_user_is_given_the_spool(void)
{
	char *path = mem_printf("%s/spool", room_dir());
	struct spool_dirs dirs;
	struct err err;
	struct stat st;

	if (geteuid() != 0)
		goto done;
	CU_ASSERT_TRUE_FATAL(spool_prepare(path, 1001, 1001, &err));
	CU_ASSERT_TRUE_FATAL(spool_dirs_open(&dirs, path, &err));
	fstat(dirs.classes[CLASS_URGENT], &st);
	CU_ASSERT_EQUAL(st.st_uid, 1001);
	CU_ASSERT_EQUAL(st.st_mode & 07777, 0770);
	fstatat(dirs.root, "jail", &st, 0);
	CU_ASSERT_EQUAL(st.st_uid, 0);
	room_write(dirs.classes[CLASS_URGENT], "mine", span_of("x"));
	room_write(dirs.classes[CLASS_URGENT], "linked", span_of("x"));
	CU_ASSERT_EQUAL(fchownat(dirs.classes[CLASS_URGENT], "mine",
	    1001, 1001, 0), 0);
	CU_ASSERT_EQUAL(fchownat(dirs.classes[CLASS_URGENT], "linked",
	    1001, 1001, 0), 0);
	CU_ASSERT_EQUAL(linkat(dirs.classes[CLASS_URGENT], "linked",
	    dirs.root, "second", 0), 0);
	CU_ASSERT_TRUE_FATAL(spool_prepare(path, 1002, 1002, &err));
	fstatat(dirs.classes[CLASS_URGENT], "mine", &st, 0);
	CU_ASSERT_EQUAL(st.st_uid, 1002);
	fstatat(dirs.classes[CLASS_URGENT], "linked", &st, 0);
	CU_ASSERT_EQUAL(st.st_uid, 1001);
	spool_dirs_close(&dirs);
done:
	mem_free(path);
}

static void
one_at_a_time_looks_after_a_spool(void)
{
	struct spool_dirs dirs;
	struct err err;
	int first, second;

	room_spool(&dirs);
	first = spool_lock(&dirs, &err);
	CU_ASSERT_NOT_EQUAL(first, -1);
	second = spool_lock(&dirs, &err);
	CU_ASSERT_EQUAL(second, -1);
	CU_ASSERT_EQUAL(err.kind, ERR_LIMIT);
	close(first);
	second = spool_lock(&dirs, &err);
	CU_ASSERT_NOT_EQUAL(second, -1);
	close(second);
	spool_dirs_close(&dirs);
}

const struct unit_test layout_tests[] = {
	UNIT(names_come_back_and_sort_by_sequence),
	UNIT(other_files_are_no_segments),
	UNIT(a_missing_spool_is_made_with_its_parents),
	UNIT(every_parent_that_is_made_is_made_for_good),
	UNIT(a_file_system_that_does_not_serve_is_refused_by_name),
	UNIT(an_error_in_a_directory_is_not_its_end),
	UNIT(a_spool_that_others_may_write_to_is_refused),
	UNIT(a_link_or_a_file_in_place_of_a_directory_is_refused),
	UNIT(the_configured_user_is_given_the_spool),
	UNIT(one_at_a_time_looks_after_a_spool),
	UNIT_END
};
