/* SPDX-License-Identifier: ISC
 *
 * tests.h - what the tests of lib/conf share.
 */
#ifndef TESTS_UNIT_CONF_TESTS_H
#define TESTS_UNIT_CONF_TESTS_H

#include "conf/conf.h"
#include "unit/unit.h"

extern const struct unit_test lexer_tests[], error_tests[], option_tests[],
    dump_tests[], match_tests[], default_tests[], load_tests[], reply_tests[],
    notice_tests[], told_tests[];

/* The configuration in TEXT; a message and a failed check when it is bad. */
struct conf *conf_of(const char *text);

/* The dump of CONF as a string; the caller frees it. */
char *dump_of(const struct conf *conf, bool only_changed);

#endif
