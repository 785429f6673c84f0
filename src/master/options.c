/* SPDX-License-Identifier: ISC
 *
 * options.c - the command line of postriderd.
 */
#include "master/options.h"

#include "base/mem.h"
#include "conf/conf_notice.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

static const char usage[] = "usage: postriderd [-f] [-c FILE]\n"
			    "       postriderd -t [-c FILE]\n"
			    "       postriderd --version | --help\n";
static const char meaning[] =
    "\n"
    "  -c FILE  read this configuration\n"
    "  -f       stay in the foreground\n"
    "  -t       check the configuration and do nothing else\n"
    "  -V, --version\n"
    "           print the version\n"
    "  -h, --help\n"
    "           print this\n";

static const struct option longs[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ 0 },
};

/* The background has another working directory; where a symbolic link leads
 * may be another file at the next reload. */
static char *
absolute(const char *path)
{
	char *names[CONF_NOTICE_NAMES];

	conf_notice_names(path, names);
	mem_free(names[1]);
	return names[0];
}

void
options_read(int argc, char **argv, struct options *out)
{
	const char *path = getenv("POSTRIDER_CONFIG");
	int c;

	*out = (struct options){ .foreground = false };
	if (path == NULL || *path == '\0')
		path = POSTRIDER_CONF;
	while ((c = getopt_long(argc, argv, "c:fthV", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			path = optarg;
			break;
		case 'f':
			out->foreground = true;
			break;
		case 't':
			out->test_only = true;
			break;
		case 'V':
			puts(PACKAGE_NAME " " PACKAGE_VERSION);
			exit(EX_OK);
		case 'h':
			fputs(usage, stdout);
			fputs(meaning, stdout);
			exit(EX_OK);
		default:
			fputs(usage, stderr);
			exit(EX_USAGE);
		}
	}
	if (optind != argc) {
		fprintf(stderr, "postriderd: %s: it takes no words\n",
		    argv[optind]);
		fputs(usage, stderr);
		exit(EX_USAGE);
	}
	out->conf_path = out->foreground ? mem_strdup(path) : absolute(path);
}
