/* SPDX-License-Identifier: ISC
 *
 * tests.h - the tables of tests of the deliverer.
 */
#ifndef TESTS_DELIVERER_TESTS_H
#define TESTS_DELIVERER_TESTS_H

#include "unit/unit.h"

extern const struct unit_test ahead_tests[];
extern const struct unit_test attention_tests[];
extern const struct unit_test by_tests[];
extern const struct unit_test command_out_tests[];
extern const struct unit_test delivery_tests[];
extern const struct unit_test doubt_tests[], odd_tests[];
extern const struct unit_test dead_tests[], health_tests[];
extern const struct unit_test detour_tests[];
extern const struct unit_test late_tests[];
extern const struct unit_test pool_tests[];
extern const struct unit_test report_tests[], rules_tests[];
extern const struct unit_test session_tests[];
extern const struct unit_test transaction_tests[];
extern const struct unit_test trouble_tests[];
extern const struct unit_test verdict_tests[];

#endif
