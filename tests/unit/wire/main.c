/* SPDX-License-Identifier: ISC
 *
 * main.c - unit tests of lib/wire.
 */
#include "unit/wire/suites.h"

int
main(int argc, char **argv)
{
	static const struct unit_suite suites[] = {
		{ "frames", frames_tests },
		{ "rows", rows_tests },
		{ "channel", channel_tests },
		{ NULL, NULL }
	};

	return unit_run(argc, argv, suites);
}
