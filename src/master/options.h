/* SPDX-License-Identifier: ISC
 *
 * options.h - the command line of postriderd.
 */
#ifndef MASTER_OPTIONS_H
#define MASTER_OPTIONS_H

#include <stdbool.h>

struct options {
	bool foreground, test_only;
	char *conf_path;	/* absolute where the file exists; owned */
};

/* Exits after -h, -V and mistakes. */
void options_read(int argc, char **argv, struct options *out);

#endif
