/* SPDX-License-Identifier: ISC
 *
 * check.c - tests of the check of a whole spool.
 */
#include "room.h"

#include "base/mem.h"
#include "office.h"
#include "spool/check.h"
#include "spool/index.h"
#include "spool/segment.h"
#include "spool/status.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The last report, in words, and what was counted. */
struct heard {
	struct spool_sum sum;
	char text[1024];
};

static void
on_report(void *owner, enum spool_finding finding, const char *where,
    const char *text)
{
	struct heard *heard = owner;

	snprintf(heard->text, sizeof heard->text, "%s %s: %s",
	    finding == SPOOL_FAULT ? "fault" : "note", where, text);
}

static struct heard
look(const struct spool_dirs *dirs)
{
	struct heard heard = { .text = "" };
	struct err err;

	CU_ASSERT_TRUE(spool_check(dirs->path, on_report, &heard,
	    &heard.sum, &err));
	return heard;
}

static void
set_status(const struct office *office, const struct letter *letter,
    uint32_t rcpt, enum status_action action)
{
	struct journal journal;
	struct status status = {
		.offset = letter->where.offset, .rcpt = rcpt,
		.action = (uint8_t)action,
	};
	struct err err;

	journal_init(&journal, letter->where.segment);
	journal_add(&journal, &status);
	CU_ASSERT_TRUE(journal_sync(&journal, &office->dirs, &err));
	journal_fini(&journal);
}

static void
messages_are_counted_by_what_is_left_of_them(void)
{
	struct office office;
	struct heard heard;

	office_open(&office);
	for (unsigned i = 0; i < 5; i++)	/* two recipients each */
		office_send(&office, CLASS_BULK, 100);
	office_send(&office, CLASS_URGENT, 100);
	office_wait(&office);
	set_status(&office, &office.letters[0], STATUS_ALL_RCPTS,
	    STATUS_DELETED);
	set_status(&office, &office.letters[1], 0, STATUS_DELIVERED);
	set_status(&office, &office.letters[1], 0, STATUS_DELIVERED);
	set_status(&office, &office.letters[2], 1, STATUS_FAILED);
	set_status(&office, &office.letters[2], 0, STATUS_DELIVERED);
	set_status(&office, &office.letters[3], 1, STATUS_WARNED);
	heard = look(&office.dirs);
	CU_ASSERT_EQUAL(heard.sum.faults, 0);
	CU_ASSERT_EQUAL(heard.sum.notes, 0);
	CU_ASSERT_EQUAL(heard.sum.classes[CLASS_BULK].segments, 1);
	CU_ASSERT_EQUAL(heard.sum.classes[CLASS_BULK].journals, 1);
	CU_ASSERT_EQUAL(heard.sum.classes[CLASS_BULK].final, 2);
	CU_ASSERT_EQUAL(heard.sum.classes[CLASS_BULK].live, 3);
	CU_ASSERT_EQUAL(heard.sum.classes[CLASS_BULK].rcpts, 5);
	CU_ASSERT_EQUAL(heard.sum.classes[CLASS_URGENT].live, 1);
	CU_ASSERT_EQUAL(heard.sum.classes[CLASS_NORMAL].segments, 0);
	CU_ASSERT_STRING_EQUAL(heard.text, "");
	office_close(&office);
}

static void
set_class(const struct office *office, const struct letter *letter,
    enum mail_class klass)
{
	struct status status = { .offset = letter->where.offset,
	    .rcpt = STATUS_ALL_RCPTS, .action = STATUS_CLASS,
	    .klass = (uint8_t)klass };
	struct journal journal;
	struct err err;

	journal_init(&journal, letter->where.segment);
	journal_add(&journal, &status);
	CU_ASSERT_TRUE(journal_sync(&journal, &office->dirs, &err));
	journal_fini(&journal);
}

static void
a_message_is_counted_in_the_class_it_has_now(void)
{
	struct office office;
	struct heard heard;

	office_open(&office);
	for (unsigned i = 0; i < 4; i++)	/* two recipients each */
		office_send(&office, CLASS_BULK, 100);
	office_wait(&office);
	set_class(&office, &office.letters[1], CLASS_URGENT);
	set_class(&office, &office.letters[2], CLASS_URGENT);
	set_class(&office, &office.letters[0], CLASS_URGENT);
	set_class(&office, &office.letters[2], CLASS_NORMAL);
	set_class(&office, &office.letters[0], CLASS_BULK);
	set_status(&office, &office.letters[1], STATUS_ALL_RCPTS,
	    STATUS_DELIVERED);
	heard = look(&office.dirs);
	CU_ASSERT_EQUAL(heard.sum.classes[CLASS_BULK].segments, 1);
	CU_ASSERT_EQUAL(heard.sum.classes[CLASS_BULK].live, 2);
	CU_ASSERT_EQUAL(heard.sum.classes[CLASS_NORMAL].live, 1);
	CU_ASSERT_EQUAL(heard.sum.classes[CLASS_NORMAL].rcpts, 2);
	CU_ASSERT_EQUAL(heard.sum.classes[CLASS_URGENT].live, 0);
	CU_ASSERT_EQUAL(heard.sum.classes[CLASS_URGENT].final, 1);
	CU_ASSERT_EQUAL(heard.sum.classes[CLASS_URGENT].segments, 0);
	CU_ASSERT_EQUAL(heard.sum.faults + heard.sum.notes, 0);
	office_close(&office);
}

static void
damage_is_told_with_its_place(void)
{
	struct office office;
	struct heard heard;
	char file[SEGMENT_FILE_SIZE], at[64];
	int fd;

	office_open(&office);
	for (unsigned i = 0; i < 3; i++)
		office_send(&office, CLASS_NORMAL, 1000);
	office_wait(&office);
	fd = openat(office.dirs.classes[CLASS_NORMAL],
	    segment_file(office.letters[1].where.segment, "messages", file),
	    O_RDWR | O_CLOEXEC);
	CU_ASSERT_EQUAL(pwrite(fd, "?", 1,
	    (off_t)office.letters[1].where.offset + 700), 1);
	heard = look(&office.dirs);
	CU_ASSERT_EQUAL(heard.sum.faults, 1);
	CU_ASSERT_EQUAL(heard.sum.classes[CLASS_NORMAL].live, 2);
	CU_ASSERT_PTR_NOT_NULL(strstr(heard.text, file));
	snprintf(at, sizeof at, "byte %llu",
	    (unsigned long long)office.letters[1].where.offset);
	CU_ASSERT_PTR_NOT_NULL(strstr(heard.text, at));

	/* in the last record it may as well be a torn tail */
	CU_ASSERT_EQUAL(ftruncate(fd,
	    (off_t)office.letters[1].where.offset + 900), 0);
	heard = look(&office.dirs);
	CU_ASSERT_EQUAL(heard.sum.faults, 0);
	CU_ASSERT_EQUAL(heard.sum.notes, 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(heard.text, "torn tail"));
	close(fd);
	office_close(&office);
}

static void
the_end_that_a_journal_sets_is_kept(void)
{
	struct office office;
	struct heard heard;

	office_open(&office);
	office_send(&office, CLASS_NORMAL, 100);
	office_send(&office, CLASS_NORMAL, 100);
	office_wait(&office);
	set_status(&office, &office.letters[1], STATUS_ALL_RCPTS, STATUS_END);
	heard = look(&office.dirs);
	CU_ASSERT_EQUAL(heard.sum.classes[CLASS_NORMAL].live, 1);
	CU_ASSERT_EQUAL(heard.sum.faults + heard.sum.notes, 0);
	office_close(&office);
}

/* 0, unless the wrong thing could not be made. */
static int
make_wrong(const struct spool_dirs *dirs, unsigned how)
{
	static const char first[] = "03-00000001.messages";
	static const char second[] = "03-00000002.messages";
	int fd = dirs->classes[CLASS_BULK];

	room_write(fd, first, span_of(""));
	switch (how) {
	case 0:
		return symlinkat(first, fd, second);
	case 1:
		return linkat(fd, first, fd, second, 0);
	case 2:
		return mkfifoat(fd, second, 0600);
	case 3:
		room_write(fd, "core", span_of("x"));
		return 0;
	case 4:
		room_write(dirs->root, "core", span_of("x"));
		return 0;
	case 5:
		return mkdirat(fd, second, 0700);
	case 6:
		room_write(fd, second, span_of("garbage that is longer than "
		    "the header of a segment would be, which is of "
		    "sixty-four bytes"));
		return 0;
	default:
		return fchmodat(fd, first, 0606, 0);
	}
}

static void
what_does_not_belong_is_a_fault(void)
{
	for (unsigned how = 0; how < 8; how++) {
		struct spool_dirs dirs;
		struct heard heard;

		room_spool(&dirs);
		CU_ASSERT_EQUAL(make_wrong(&dirs, how), 0);
		heard = look(&dirs);
		CU_ASSERT_TRUE(heard.sum.faults >= 1);
		spool_dirs_close(&dirs);
	}
}

static void
what_crashes_leave_is_no_fault(void)
{
	struct spool_dirs dirs;
	struct heard heard;

	room_spool(&dirs);
	room_write(dirs.classes[CLASS_BULK], "03-00000001.messages",
	    span_of(""));
	room_write(dirs.classes[CLASS_BULK], "03-00000002.status",
	    span_of("torn"));
	room_write(dirs.classes[CLASS_BULK], "03.sequence", span_of(""));
	room_write(dirs.corrupt, "something", span_of(""));
	CU_ASSERT_EQUAL(mkdirat(dirs.root, "index.broken-1", 0700), 0);
	heard = look(&dirs);
	CU_ASSERT_EQUAL(heard.sum.faults, 0);
	CU_ASSERT_EQUAL(heard.sum.notes, 4);
	spool_dirs_close(&dirs);
}

static void
an_index_is_removed_only_while_nobody_uses_it(void)
{
	struct spool_dirs dirs;
	struct index *index;
	struct err err;
	char *path;
	bool fresh;
	int lock;

	room_spool(&dirs);
	path = mem_printf("%s/index", dirs.path);
	index = index_open(path, &fresh, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(index);
	index_close(&index);
	lock = spool_lock(&dirs, &err);
	CU_ASSERT_FALSE(spool_rebuild(dirs.path, &err));
	CU_ASSERT_EQUAL(err.kind, ERR_LIMIT);
	close(lock);
	CU_ASSERT_TRUE(spool_rebuild(dirs.path, &err));
	index = index_open(path, &fresh, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(index);
	CU_ASSERT_TRUE(fresh);
	index_close(&index);
	mem_free(path);
	spool_dirs_close(&dirs);
}

const struct unit_test check_tests[] = {
	UNIT(messages_are_counted_by_what_is_left_of_them),
	UNIT(a_message_is_counted_in_the_class_it_has_now),
	UNIT(damage_is_told_with_its_place),
	UNIT(the_end_that_a_journal_sets_is_kept),
	UNIT(what_does_not_belong_is_a_fault),
	UNIT(what_crashes_leave_is_no_fault),
	UNIT(an_index_is_removed_only_while_nobody_uses_it),
	UNIT_END
};
