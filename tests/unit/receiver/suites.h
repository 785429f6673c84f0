/* SPDX-License-Identifier: ISC
 *
 * suites.h - the tables of tests in this directory.
 */
#ifndef TESTS_RECEIVER_SUITES_H
#define TESTS_RECEIVER_SUITES_H

#include "unit/unit.h"

extern const struct unit_test session_tests[], states_tests[],
    message_tests[], relay_tests[], smuggling_tests[], limits_tests[],
    classify_tests[], starttls_tests[], clients_tests[], habit_tests[],
    times_tests[], slips_tests[];

#endif
