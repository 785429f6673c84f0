/* SPDX-License-Identifier: ISC
 *
 * main.c - unit tests of lib/io.
 */
#include "unit/io/suites.h"

#include <signal.h>

int
main(int argc, char **argv)
{
	static const struct unit_suite suites[] = {
		{ "addr", addr_tests },
		{ "loop", loop_tests },
		{ "door", door_tests },
		{ "conn", conn_tests },
		{ "tls", tls_tests },
		{ NULL, NULL }
	};

	signal(SIGPIPE, SIG_IGN);
	return unit_run(argc, argv, suites);
}
