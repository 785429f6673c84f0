/* SPDX-License-Identifier: ISC
 *
 * tests.h - what the tests of lib/base share.
 */
#ifndef TESTS_UNIT_BASE_TESTS_H
#define TESTS_UNIT_BASE_TESTS_H

#include "unit/unit.h"

#include <stdbool.h>

extern const struct unit_test buf_tests[], span_tests[], heap_tests[],
    list_tests[], map_tests[], hash_tests[], rand_tests[], log_tests[],
    fsys_tests[], err_tests[], must_tests[], mark_tests[], pace_tests[],
    plain_tests[], fds_tests[];

/* How a child that runs DO ends: its signal, or 0.  Its stderr is shut. */
int signal_of(void (*run)(void));

/* A new file without a name, open for reading and writing. */
int scratch_file(void);

#endif
