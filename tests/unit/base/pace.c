/* SPDX-License-Identifier: ISC
 *
 * pace.c - tests: what is given to the disk, and when.
 */
#include "tests.h"

#include "base/log.h"
#include "base/pace.h"

#include <fcntl.h>
#include <unistd.h>

enum { PORTION = 256 << 10, PAGE = 4096 };

/* What was begun, in place of the system's own function. */
static struct { int fd; off_t from, length; unsigned flags; } begun[600];
static size_t count;

int
sync_file_range(int fd, off64_t from, off64_t length, unsigned int flags)
{
	if (count < sizeof begun / sizeof begun[0]) {
		begun[count].fd = fd;
		begun[count].from = from;
		begun[count].length = length;
		begun[count].flags = flags;
	}
	count++;
	return 0;
}

/* So many bytes more in FD, and what is done about them. */
static void
append(struct pace *pace, int fd, size_t bytes)
{
	CU_ASSERT_EQUAL(lseek(fd, (off_t)bytes, SEEK_CUR) > 0, bytes > 0);
	pace_append(pace, fd);
}

static void
a_file_that_grows_goes_to_the_disk_by_portions(void)
{
	int fd = scratch_file();
	struct pace pace = { 0 };

	count = 0;
	append(&pace, fd, PORTION - 1);
	CU_ASSERT_EQUAL(count, 0);
	append(&pace, fd, 1 + 100);
	CU_ASSERT_EQUAL_FATAL(count, 1);
	CU_ASSERT_EQUAL(begun[0].fd, fd);
	CU_ASSERT_EQUAL(begun[0].from, 0);
	CU_ASSERT_EQUAL(begun[0].length, PORTION);
	append(&pace, fd, PORTION - 101);
	CU_ASSERT_EQUAL(count, 1);
	append(&pace, fd, 3 * PORTION + PAGE + 1);
	CU_ASSERT_EQUAL_FATAL(count, 2);
	CU_ASSERT_EQUAL(begun[1].from, PORTION);
	CU_ASSERT_EQUAL(begun[1].length, 4 * PORTION + PAGE);
	close(fd);
}

/* Waiting for the disk would be worse than what this is for. */
static void
nothing_is_waited_for(void)
{
	int fd = scratch_file();
	struct pace pace = { 0 };

	count = 0;
	append(&pace, fd, PORTION);
	CU_ASSERT_EQUAL(ftruncate(fd, PORTION), 0);
	pace_part(fd, 0, 3);
	CU_ASSERT_EQUAL_FATAL(count, 2);
	CU_ASSERT_EQUAL(begun[0].flags, SYNC_FILE_RANGE_WRITE);
	CU_ASSERT_EQUAL(begun[1].flags, SYNC_FILE_RANGE_WRITE);
	close(fd);
}

static void
a_file_cut_short_begins_anew(void)
{
	int fd = scratch_file();
	struct pace pace = { 0 };

	append(&pace, fd, 4 * PORTION);
	CU_ASSERT_EQUAL(lseek(fd, 10, SEEK_SET), 10);
	count = 0;
	pace_append(&pace, fd);
	CU_ASSERT_EQUAL(count, 0);
	append(&pace, fd, PORTION);
	CU_ASSERT_EQUAL_FATAL(count, 1);
	CU_ASSERT_EQUAL(begun[0].from, 0);
	CU_ASSERT_EQUAL(begun[0].length, PORTION);
	close(fd);
}

static void
what_is_no_file_is_left_alone(void)
{
	struct pace pace = { 0 };
	int ends[2];

	CU_ASSERT_FATAL(pipe(ends) == 0);
	count = 0;
	pace_append(&pace, ends[1]);
	pace_append(&pace, -1);
	pace_part(ends[1], 0, 10);
	pace_part(-1, 0, 10);
	CU_ASSERT_EQUAL(count, 0);
	close(ends[0]);
	close(ends[1]);
}

static void
check_parts(off_t size, unsigned parts)
{
	int fd = scratch_file();
	off_t at = 0;

	CU_ASSERT_FATAL(ftruncate(fd, size) == 0);
	count = 0;
	for (unsigned part = 0; part < parts; part++)
		pace_part(fd, part, parts);
	CU_ASSERT_FATAL(count <= parts);
	for (size_t i = 0; i < count; i++) {
		CU_ASSERT_EQUAL(begun[i].from, at);
		CU_ASSERT_TRUE(begun[i].length >= PORTION);
		CU_ASSERT_EQUAL(begun[i].length % PAGE, 0);
		at += begun[i].length;
	}
	CU_ASSERT_TRUE(at >= size);
	CU_ASSERT_TRUE(at - size < begun[0].length || size == 0);
	close(fd);
}

static void
all_parts_together_are_the_file_and_each_comes_once(void)
{
	static const off_t sizes[] = { 0, 1, PAGE, PORTION - 1, PORTION,
		PORTION + 1, 150 * PORTION - 1, 150 * PORTION,
		150 * PORTION + 1, 151 * PORTION, (off_t)1 << 33,
		((off_t)1 << 33) + 4095 };

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		check_parts(sizes[i], 150);
		check_parts(sizes[i], 1);
		check_parts(sizes[i], 7);
	}
}

static void
the_log_is_brought_to_the_disk_while_it_grows(void)
{
	int fd = scratch_file();

	log_open("postrider/test", "host", fd, false);
	count = 0;
	for (int i = 0; i < 3000; i++)
		log_info("%0200d", i);
	log_flush();
	CU_ASSERT_TRUE(count >= 2);
	CU_ASSERT_TRUE(begun[0].fd == fd && begun[0].from == 0);
	CU_ASSERT_EQUAL(begun[1].from, begun[0].length);
	log_open("postrider/test", "host", STDERR_FILENO, false);
	close(fd);
}

const struct unit_test pace_tests[] = {
	UNIT(a_file_that_grows_goes_to_the_disk_by_portions),
	UNIT(nothing_is_waited_for),
	UNIT(a_file_cut_short_begins_anew),
	UNIT(what_is_no_file_is_left_alone),
	UNIT(all_parts_together_are_the_file_and_each_comes_once),
	UNIT(the_log_is_brought_to_the_disk_while_it_grows),
	UNIT_END
};
