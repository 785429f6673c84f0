/* SPDX-License-Identifier: ISC
 *
 * suites.h - the tests of the scheduler.
 */
#ifndef TESTS_SCHEDULER_SUITES_H
#define TESTS_SCHEDULER_SUITES_H

#include "unit/unit.h"

extern const struct unit_test attention_tests[], site_tests[], rate_tests[], sender_tests[],
    limited_tests[], spent_tests[],
    flow_tests[], suspect_tests[], death_tests[],
    breaker_tests[],
    retry_tests[], outage_tests[], queue_tests[],
    line_tests[], fair_tests[], refill_tests[], hosts_tests[], past_tests[],
    spool_tests[], batch_tests[], durable_tests[], end_tests[],
    kept_tests[], ward_tests[], reading_tests[], bounded_tests[],
    reread_tests[], routes_tests[], reroute_tests[],
    results_tests[], shape_tests[],
    report_tests[], control_tests[], first_edition_tests[], reclass_tests[],
    compact_tests[],
    walk_tests[];

#endif
