/* SPDX-License-Identifier: ISC
 *
 * main.c - unit tests of lib/mail.
 */
#include "suites.h"

int
main(int argc, char **argv)
{
	static const struct unit_suite suites[] = {
		{ "header", header_tests },
		{ "date", date_tests },
		{ "clean", clean_tests },
		{ "trace", trace_tests },
		{ "dsn", dsn_tests },
		{ "dsn_returned", dsn_returned_tests },
		{ NULL, NULL }
	};

	return unit_run(argc, argv, suites);
}
