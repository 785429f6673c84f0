/* SPDX-License-Identifier: ISC
 *
 * mailq.c - what waits, in the form that everybody knows.
 */
#include "ctl/relay.h"
#include "ctl/tool.h"

#include <stdio.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	const char *config = NULL;
	bool json = false;
	int letter;

	while ((letter = getopt(argc, argv, "C:c:jvA:")) != -1)
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
		default:
			fputs("usage: mailq [-j] [-c file]\n", stderr);
			return EX_USAGE;
		}
	if (optind != argc) {
		fputs("usage: mailq [-j] [-c file]\n", stderr);
		return EX_USAGE;
	}
	return relay_list(config, json_object(), json, EX_UNAVAILABLE);
}
