/* SPDX-License-Identifier: ISC
 *
 * options.c - print every option with its default, for tests/manuals.
 *
 *	BLOCK<tab>NAME<tab>DEFAULT
 *
 * With arguments: check these configurations instead.
 */
#include "conf/conf_table.h"

#include <stdio.h>

static int
check_files(char **path)
{
	int status = 0;

	for (; *path != NULL; path++) {
		struct err err;
		struct conf *conf = conf_load(*path, &err);

		if (conf == NULL) {
			printf("%s\n", err.text);
			status = 1;
		}
		conf_free(&conf);
	}
	return status;
}

int
main(int argc, char **argv)
{
	if (argc > 1)
		return check_files(argv + 1);
	for (size_t i = 0; i < conf_option_count; i++) {
		const struct conf_option *option = &conf_options[i];

		printf("%s\t%s\t%s\n", conf_blocks[option->block].name,
		    option->name,
		    option->fallback == NULL ? "" : option->fallback);
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
