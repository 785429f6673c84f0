/* SPDX-License-Identifier: ISC
 *
 * main.c - unit tests of the tools.
 */
#include "suites.h"

int
main(int argc, char **argv)
{
	static const struct unit_suite suites[] = {
		{ "addrlist", addrlist_tests },
		{ "base64", base64_tests },
		{ "giveback", giveback_tests },
		{ "intake", intake_tests },
		{ "letter", letter_tests },
		{ "listing", listing_tests },
		{ "options", options_tests },
		{ "sendmail_options", sendmail_options_tests },
		{ "submit", submit_tests },
		{ "trace_line", trace_line_tests },
		{ "verb_find", verb_find_tests },
		{ NULL, NULL }
	};

	return unit_run(argc, argv, suites);
}
