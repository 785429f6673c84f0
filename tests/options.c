/* SPDX-License-Identifier: ISC
 *
 * options.c - print every option with its default, for tests/manuals.
 *
 *	BLOCK<tab>NAME<tab>DEFAULT
 */
#include "conf/conf_table.h"

#include <stdio.h>

int
main(void)
{
	for (size_t i = 0; i < conf_option_count; i++) {
		const struct conf_option *option = &conf_options[i];

		printf("%s\t%s\t%s\n", conf_blocks[option->block].name,
		    option->name,
		    option->fallback == NULL ? "" : option->fallback);
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
