/* SPDX-License-Identifier: ISC
 *
 * suites.h - the tables of tests of the tools.
 */
#ifndef TESTS_UNIT_CTL_SUITES_H
#define TESTS_UNIT_CTL_SUITES_H

#include "unit/unit.h"

extern const struct unit_test addrlist_tests[], base64_tests[],
    intake_tests[], letter_tests[], listing_tests[], options_tests[],
    sendmail_options_tests[], submit_tests[], trace_line_tests[],
    verb_find_tests[], giveback_tests[];

#endif
