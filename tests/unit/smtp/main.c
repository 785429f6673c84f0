/* SPDX-License-Identifier: ISC
 *
 * main.c - unit tests of lib/smtp.
 */
#include "suites.h"

int
main(int argc, char **argv)
{
	static const struct unit_suite suites[] = { { "command",
							command_tests },
		{ "param", param_tests }, { "path", path_tests },
		{ "xtext", xtext_tests }, { "dot", dot_tests },
		{ "dot_mend", dot_mend_tests }, { "dot_text", dot_text_tests },
		{ "smuggling", smuggling_tests }, { "reply", reply_tests },
		{ "reply_put", reply_put_tests }, { NULL, NULL } };

	return unit_run(argc, argv, suites);
}
