/* SPDX-License-Identifier: ISC
 *
 * config_verbs.c - questions to the configuration alone; no relay needed.
 */
#include "ctl/verbs.h"

#include "ctl/tool.h"
#include "smtp/path.h"

#include <stdio.h>

enum { DUMP_MOST = 64 << 20 };

int
verb_config_check(const struct options *options, int count, char **argv)
{
	const char *given = count == 1 ? argv[0] : options->config;
	struct conf *conf = tool_conf(given);

	if (conf == NULL)
		return EX_CONFIG;
	printf("%s: ok\n", tool_conf_path(given));
	conf_free(&conf);
	return tool_finish(EX_OK);
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

static void
print_route(const struct conf *conf, struct span domain)
{
	const struct conf_route *route = conf_route_for(conf, domain);
	const struct conf_site *site;
	struct span host = { 0 };
	size_t i;

	if (route->kind == ROUTE_HOSTS)
		host = span_of(route->hops[0].host);
	site = conf_site_for(conf, domain, host);
	printf("%.*s: route %s to", (int)domain.length,
	    (const char *)domain.data, route->pattern);
	if (route->kind == ROUTE_MX)
		fputs(" mx", stdout);
	for (i = 0; i < route->hop_count; i++)
		printf(strchr(route->hops[i].host, ':') != NULL ?
		    " [%s]:%u" : " %s:%u", route->hops[i].host,
		    route->hops[i].port);
	printf("; site %s, %u connections\n", site->pattern,
	    site->connections);
}

/* By MX, the limits may come from a site row for the MX host: which one is
 * known only when the DNS has answered. */
int
verb_route(const struct options *options, int count, char **argv)
{
	struct conf *conf = tool_conf(options->config);
	int status = EX_OK, i;

	if (conf == NULL)
		return EX_CONFIG;
	for (i = 0; i < count; i++) {
		struct span text = span_of(argv[i]);
		struct path path;

		if (domain_is_valid(text))
			print_route(conf, text);
		else if (mailbox_parse(text, &path) == PATH_OK &&
		    path.domain.length > 0)
			print_route(conf, path.domain);
		else
			status = tool_fail(EX_USAGE,
			    "%s: not an address or a domain", argv[i]);
	}
	conf_free(&conf);
	return tool_finish(status);
}
