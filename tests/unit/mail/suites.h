/* SPDX-License-Identifier: ISC
 *
 * suites.h - the tables of tests of lib/mail.
 */
#ifndef TESTS_UNIT_MAIL_SUITES_H
#define TESTS_UNIT_MAIL_SUITES_H

#include "unit/unit.h"

extern const struct unit_test clean_tests[];
extern const struct unit_test date_tests[];
extern const struct unit_test dsn_returned_tests[];
extern const struct unit_test dsn_tests[];
extern const struct unit_test header_tests[];
extern const struct unit_test trace_tests[];

#endif
