/* SPDX-License-Identifier: ISC
 *
 * main.c - unit tests of lib/worker.
 */
#include "unit/worker/suites.h"

int
main(int argc, char **argv)
{
	static const struct unit_suite suites[] = {
		{ "board", board_tests },
		{ "life", life_tests },
		{ NULL, NULL }
	};

	return unit_run(argc, argv, suites);
}
