/* SPDX-License-Identifier: ISC
 *
 * unit.h - how a test program lists and runs its tests.
 *
 * Each file of tests ends in a table of struct unit_test; main.c names the
 * tables.  With an argument, only tests whose name contains it are run.
 */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

#include <string.h>

struct unit_test {
	const char *name;
	void (*run)(void);
};

/* A row for a test function: its name is the sentence. */
#define UNIT(function) { #function, function }
#define UNIT_END { NULL, NULL }

struct unit_suite {
	const char *name;
	const struct unit_test *tests;	/* ends in UNIT_END */
};

/* Run all of SUITES (ends with a null name); the exit status for main(). */
static inline int
unit_run(int argc, char **argv, const struct unit_suite *suites)
{
	const char *only = argc > 1 ? argv[1] : "";
	unsigned failures;

	if (CU_initialize_registry() != CUE_SUCCESS)
		return 2;
	for (; suites->name != NULL; suites++) {
		CU_pSuite suite = CU_add_suite(suites->name, NULL, NULL);

		if (suite == NULL)
			return 2;
		for (const struct unit_test *t = suites->tests;
		    t->name != NULL; t++)
			if (strstr(t->name, only) != NULL &&
			    CU_add_test(suite, t->name, t->run) == NULL)
				return 2;
	}
	CU_basic_set_mode(CU_BRM_NORMAL);
	CU_basic_run_tests();
	failures = CU_get_number_of_failures() +
	    CU_get_number_of_suites_failed();
	CU_cleanup_registry();
	return failures == 0 ? 0 : 1;
}

#endif
