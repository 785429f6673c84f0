/* SPDX-License-Identifier: ISC
 *
 * config_verbs.c - questions to the configuration alone; no relay needed.
 */
#include "ctl/verbs.h"

#include "ctl/tool.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { DUMP_MOST = 64 << 20 };

/*
 * What postriderd would say at its start, by postriderd itself: two checks
 * would not be the same for long.
 */
int
verb_config_check(const struct options *options, int count, char **argv)
{
	const char *given = count == 1 ? argv[0] : options->config;
	const char *path = tool_conf_path(given);

	execl(POSTRIDER_SBIN "/postriderd", "postriderd", "-t", "-c", path,
	    (char *)NULL);
	return tool_fail(EX_OSFILE, "cannot run %s: %s",
	    POSTRIDER_SBIN "/postriderd", strerror(errno));
}

int
verb_config_show(const struct options *options, int count, char **argv)
{
	struct conf *conf = tool_conf(options->config);
	struct buf text;

	(void)count, (void)argv;
	if (conf == NULL)
		return EX_CONFIG;
	buf_init(&text, DUMP_MOST);
	conf_dump(conf, options->changed, &text);
	fwrite(buf_peek(&text).data, 1, buf_length(&text), stdout);
	buf_fini(&text);
	conf_free(&conf);
	return tool_finish(EX_OK);
}
