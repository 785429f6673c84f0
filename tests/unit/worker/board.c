/* SPDX-License-Identifier: ISC
 *
 * board.c - tests of the scoreboard.
 */
#include "worker/board.h"
#include "unit/worker/suites.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

static void
what_one_writes_another_reads(void)
{
	struct board *made, *mapped;
	struct err err;
	int fd = -1;

	made = board_make(&fd, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(made);
	mapped = board_map(fd, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(mapped);
	CU_ASSERT_PTR_NOT_EQUAL(made, mapped);
	board_add(&made->rows[3], METRIC_ACCEPTED, 5);
	board_add(&mapped->rows[BOARD_ROWS - 1], METRIC_ACCEPTED, 7);
	board_set(&mapped->rows[0], METRIC_CONNECTIONS, 2);
	board_add(&mapped->rows[0], METRIC_CONNECTIONS, -1);
	CU_ASSERT_EQUAL(board_sum(mapped, METRIC_ACCEPTED), 12);
	CU_ASSERT_EQUAL(board_sum(made, METRIC_CONNECTIONS), 1);
	munmap(made, sizeof *made);
	munmap(mapped, sizeof *mapped);
	close(fd);
}

static void
a_row_that_is_nobodys_is_empty(void)
{
	struct board *made;
	struct err err;
	int fd = -1;

	made = board_make(&fd, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(made);
	made->rows[3].pid = 100;
	board_set(&made->rows[3], METRIC_IN_FLIGHT, 4);
	crowd_enter(&made->crowds[3], UINT64_MAX);
	crowd_enter(&made->crowds[4], UINT64_MAX);
	CU_ASSERT_EQUAL(crowd_count(&made->crowds[3], UINT64_MAX), 1);
	board_clear(made, 3);
	CU_ASSERT_EQUAL(made->rows[3].pid, 0);
	CU_ASSERT_EQUAL(board_sum(made, METRIC_IN_FLIGHT), 0);
	CU_ASSERT_EQUAL(crowd_count(&made->crowds[3], UINT64_MAX), 0);
	CU_ASSERT_EQUAL(crowd_count(&made->crowds[4], UINT64_MAX), 1);
	munmap(made, sizeof *made);
	close(fd);
}

static void
nobody_can_shrink_it_under_the_others(void)
{
	struct board *made;
	struct err err;
	int fd = -1;

	made = board_make(&fd, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(made);
	CU_ASSERT_EQUAL(ftruncate(fd, 0), -1);
	CU_ASSERT_EQUAL(ftruncate(fd, 1 << 24), -1);
	munmap(made, sizeof *made);
	close(fd);
}

static void
memory_of_another_size_is_refused(void)
{
	struct err err;
	int fd = memfd_create("small", MFD_CLOEXEC);

	CU_ASSERT_EQUAL(ftruncate(fd, 100), 0);
	CU_ASSERT_PTR_NULL(board_map(fd, &err));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "another version"));
	close(fd);
}

static void
every_metric_has_a_name_of_its_own_and_a_text(void)
{
	for (int i = 0; i < METRIC_COUNT; i++) {
		CU_ASSERT_PTR_NOT_NULL_FATAL(metric_name((enum metric)i));
		CU_ASSERT_PTR_NOT_NULL_FATAL(metric_text((enum metric)i));
		for (int k = 0; k < i; k++)
			CU_ASSERT_STRING_NOT_EQUAL(
			    metric_name((enum metric)i),
			    metric_name((enum metric)k));
	}
}

const struct unit_test board_tests[] = {
	UNIT(what_one_writes_another_reads),
	UNIT(a_row_that_is_nobodys_is_empty),
	UNIT(nobody_can_shrink_it_under_the_others),
	UNIT(memory_of_another_size_is_refused),
	UNIT(every_metric_has_a_name_of_its_own_and_a_text),
	UNIT_END
};
