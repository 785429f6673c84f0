/* SPDX-License-Identifier: ISC
 *
 * suites.h - the tables of tests in this directory.
 */
#ifndef TESTS_UNIT_WIRE_SUITES_H
#define TESTS_UNIT_WIRE_SUITES_H

#include "unit/unit.h"

extern const struct unit_test frames_tests[], rows_tests[], channel_tests[];

#endif
