/* SPDX-License-Identifier: ISC
 *
 * fds.c - a share of the descriptors that there are.
 */
#include "tests.h"

#include "base/fds.h"

#include <sys/resource.h>

static void
shares_follow_the_limit(void)
{
	static const struct {
		unsigned limit;
		int fd;
		unsigned eighths;
		bool beyond;
	} rows[] = {
		{ 64, 55, 7, false },
		{ 64, 56, 7, true },
		{ 64, 7, 1, false },
		{ 64, 8, 1, true },
		{ 200, 174, 7, false },
		{ 200, 175, 7, true },
		{ 200, -1, 0, false },
	};
	struct rlimit before, limit;

	CU_ASSERT_EQUAL(getrlimit(RLIMIT_NOFILE, &before), 0);
	limit = before;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		limit.rlim_cur = rows[i].limit;
		CU_ASSERT_EQUAL(setrlimit(RLIMIT_NOFILE, &limit), 0);
		CU_ASSERT_EQUAL(fds_most(), rows[i].limit);
		CU_ASSERT_EQUAL(
		    fds_beyond(rows[i].fd, rows[i].eighths), rows[i].beyond);
	}
	CU_ASSERT_EQUAL(setrlimit(RLIMIT_NOFILE, &before), 0);
}

const struct unit_test fds_tests[] = { UNIT(shares_follow_the_limit),
	UNIT_END };
