/* SPDX-License-Identifier: ISC
 *
 * submit.c - what an application is told when the relay refuses.
 */
#include "ctl/submit.h"

#include "ctl/tool.h"
#include "suites.h"

static const struct {
	unsigned code;
	const char *status;
	bool rcpt;
	int exit;
} rows[] = {
	{ 421, "4.3.2", false, EX_TEMPFAIL },
	{ 451, "", true, EX_TEMPFAIL },
	{ 452, "4.3.1", false, EX_TEMPFAIL },
	{ 550, "5.1.1", true, EX_NOUSER },
	{ 553, "", true, EX_NOUSER },
	{ 550, "5.7.1", true, EX_NOPERM },
	{ 530, "", false, EX_NOPERM },
	{ 552, "5.3.4", false, EX_DATAERR },
	{ 554, "5.6.0", false, EX_DATAERR },
	{ 553, "5.1.7", false, EX_DATAERR },
	{ 501, "5.1.3", true, EX_DATAERR },
	{ 500, "5.5.2", true, EX_DATAERR },
	{ 500, "5.5.2", false, EX_PROTOCOL },
	{ 503, "5.5.1", false, EX_PROTOCOL },
	{ 550, "5.6.0", false, EX_DATAERR },
	{ 550, "5.6.11", false, EX_DATAERR },
	{ 550, "", false, EX_DATAERR },
	{ 521, "", false, EX_UNAVAILABLE },
};

static void
each_refusal_has_its_exit_code(void)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CU_ASSERT_EQUAL(submit_exit(rows[i].code, rows[i].status,
		    rows[i].rcpt), rows[i].exit);
}

const struct unit_test submit_tests[] = {
	UNIT(each_refusal_has_its_exit_code),
	UNIT_END
};
