/* SPDX-License-Identifier: ISC
 *
 * suites.h - the tables of tests in this directory.
 */
#ifndef TESTS_UNIT_WORKER_SUITES_H
#define TESTS_UNIT_WORKER_SUITES_H

#include "unit/unit.h"

extern const struct unit_test board_tests[], life_tests[];

#endif
