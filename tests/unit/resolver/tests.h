/* SPDX-License-Identifier: ISC
 *
 * tests.h - the tables of tests of the resolver.
 */
#ifndef TESTS_RESOLVER_TESTS_H
#define TESTS_RESOLVER_TESTS_H

#include "unit/unit.h"

extern const struct unit_test lookup_tests[];
extern const struct unit_test packet_tests[];
extern const struct unit_test question_tests[];

#endif
