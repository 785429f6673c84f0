/* SPDX-License-Identifier: ISC
 *
 * suites.h - the tables of tests of lib/smtp.
 */
#ifndef TESTS_UNIT_SMTP_SUITES_H
#define TESTS_UNIT_SMTP_SUITES_H

#include "unit/unit.h"

extern const struct unit_test command_tests[];
extern const struct unit_test dot_tests[];
extern const struct unit_test dot_mend_tests[];
extern const struct unit_test dot_text_tests[];
extern const struct unit_test param_tests[];
extern const struct unit_test path_tests[];
extern const struct unit_test reply_put_tests[];
extern const struct unit_test reply_tests[];
extern const struct unit_test smuggling_tests[];
extern const struct unit_test xtext_tests[];

#endif
