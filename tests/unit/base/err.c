/* SPDX-License-Identifier: ISC
 *
 * err.c - a failure says what, which and why.
 */
#include "tests.h"

#include "base/err.h"

#include <errno.h>

static void
a_system_error_has_its_number_and_its_words(void)
{
	struct err err = { 0 };

	errno = EACCES;
	CU_ASSERT_FALSE(err_sys(&err, "open", "/x"));
	CU_ASSERT_EQUAL(err.kind, ERR_SYSTEM);
	CU_ASSERT_EQUAL(err.number, EACCES);
	CU_ASSERT_STRING_EQUAL(err.text, "open /x: Permission denied");
}

static void
a_prefix_stands_before_what_was_said(void)
{
	struct err err = { 0 };

	CU_ASSERT_FALSE(err_set(&err, ERR_LIMIT, "over %d", 5));
	CU_ASSERT_FALSE(err_prefix(&err, "f:%d", 3));
	CU_ASSERT_STRING_EQUAL(err.text, "f:3: over 5");
	CU_ASSERT_EQUAL(err.kind, ERR_LIMIT);
	CU_ASSERT_EQUAL(err.number, 0);
}

static void
a_long_reason_is_cut_and_ends_in_nul(void)
{
	struct err err = { 0 };

	CU_ASSERT_FALSE(err_set(&err, ERR_FORMAT, "%2000d", 1));
	CU_ASSERT_EQUAL(strlen(err.text), sizeof err.text - 1);
	CU_ASSERT_FALSE(err_prefix(&err, "%2000d", 1));
	CU_ASSERT_EQUAL(strlen(err.text), sizeof err.text - 1);
}

const struct unit_test err_tests[] = {
	UNIT(a_system_error_has_its_number_and_its_words),
	UNIT(a_prefix_stands_before_what_was_said),
	UNIT(a_long_reason_is_cut_and_ends_in_nul),
	UNIT_END
};
