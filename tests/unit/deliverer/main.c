/* SPDX-License-Identifier: ISC
 *
 * main.c - the tests of the deliverer.
 */
#include "unit/deliverer/tests.h"


int
main(int argc, char **argv)
{
	static const struct unit_suite suites[] = {
		{ "ahead", ahead_tests },
		{ "attention", attention_tests },
		{ "by", by_tests },
		{ "command_out", command_out_tests },
		{ "dead", dead_tests },
		{ "delivery", delivery_tests },
		{ "doubt", doubt_tests },
		{ "detour", detour_tests },
		{ "health", health_tests },
		{ "late", late_tests },
		{ "odd", odd_tests },
		{ "pool", pool_tests },
		{ "report", report_tests },
		{ "rules", rules_tests },
		{ "session", session_tests },
		{ "transaction", transaction_tests },
		{ "trouble", trouble_tests },
		{ "verdict", verdict_tests },
		{ NULL, NULL }
	};

	return unit_run(argc, argv, suites);
}
