/* SPDX-License-Identifier: ISC
 *
 * suites.h - the tables of tests in this directory.
 */
#ifndef TESTS_UNIT_IO_SUITES_H
#define TESTS_UNIT_IO_SUITES_H

#include "unit/unit.h"

extern const struct unit_test addr_tests[], loop_tests[], door_tests[], conn_tests[],
    tls_tests[];

#endif
