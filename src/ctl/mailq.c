/* SPDX-License-Identifier: ISC
 *
 * mailq.c - what waits, in the form that everybody knows.
 */
#include "ctl/relay.h"
#include "ctl/tool.h"

#include <getopt.h>
#include <stdio.h>

static const char usage[] = "usage: mailq [-j] [-c file]\n"
			    "       mailq --help | --version\n";

static const struct option longs[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ 0 },
};

int
main(int argc, char **argv)
{
	const char *config = NULL;
	bool json = false;
	int letter;

	while (
	    (letter = getopt_long(argc, argv, "C:c:jvA:hV", longs, NULL)) != -1)
		switch (letter) {
		case 'C':
		case 'c':
			config = optarg;
			break;
		case 'j':
			json = true;
			break;
		case 'v':	/* known to sendmail's mailq: no effect */
		case 'A':
			break;
		case 'h':
			fputs(usage, stdout);
			return tool_finish(EX_OK);
		case 'V':
			return tool_version();
		default:
			fputs(usage, stderr);
			return EX_USAGE;
		}
	if (optind != argc) {
		tool_fail(EX_USAGE, "%s: mailq takes no words", argv[optind]);
		fputs(usage, stderr);
		return EX_USAGE;
	}
	return relay_list(config, json_object(), json, EX_UNAVAILABLE);
}
