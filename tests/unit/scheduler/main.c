/* SPDX-License-Identifier: ISC
 *
 * main.c - the tests of the scheduler.
 */
#include "suites.h"

int
main(int argc, char **argv)
{
	static const struct unit_suite suites[] = {
		{ "attention", attention_tests },
		{ "shape", shape_tests },
		{ "site", site_tests },
		{ "rates", rate_tests },
		{ "spent", spent_tests },
		{ "senders", sender_tests },
		{ "limited", limited_tests },
		{ "flow", flow_tests },
		{ "breaker", breaker_tests },
		{ "line", line_tests },
		{ "fair", fair_tests },
		{ "refill", refill_tests },
		{ "queue", queue_tests },
		{ "suspects", suspect_tests },
		{ "deaths", death_tests },
		{ "outage", outage_tests },
		{ "retry", retry_tests },
		{ "hosts", hosts_tests },
		{ "past", past_tests },
		{ "spool", spool_tests },
		{ "batch", batch_tests },
		{ "durable", durable_tests },
		{ "ends", end_tests },
		{ "reading", reading_tests },
		{ "bounded", bounded_tests },
		{ "kept", kept_tests },
		{ "ward", ward_tests },
		{ "reread", reread_tests },
		{ "results", results_tests },
		{ "report", report_tests },
		{ "routes", routes_tests },
		{ "reroute", reroute_tests },
		{ "first-edition", first_edition_tests },
		{ "reclass", reclass_tests },
		{ "compact", compact_tests },
		{ "control", control_tests },
		{ "walk", walk_tests },
		{ NULL, NULL },
	};

	return unit_run(argc, argv, suites);
}
