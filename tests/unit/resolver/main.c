/* SPDX-License-Identifier: ISC
 *
 * main.c - the tests of the resolver.
 */
#include "unit/resolver/tests.h"

int
main(int argc, char **argv)
{
	static const struct unit_suite suites[] = {
		{ "packet", packet_tests },
		{ "lookup", lookup_tests },
		{ "question", question_tests },
		{ NULL, NULL }
	};

	return unit_run(argc, argv, suites);
}
