/* SPDX-License-Identifier: ISC
 *
 * route_verb.c - where an address goes, and by which rules.
 *
 * The running relay is asked; it knows what the name servers said and how
 * the site fares.  When there is none, the configuration alone answers.
 */
#include "ctl/verbs.h"

#include "conf/conf_table.h"
#include "ctl/client.h"
#include "ctl/route_text.h"
#include "ctl/tool.h"
#include "smtp/path.h"

#include <stdio.h>
#include <string.h>

struct asking {
	const struct conf *conf;
	struct client *client;	/* null: no relay runs */
	bool json;
	json_t *row;		/* the answer */
};

/* ---- by the configuration ------------------------------------------------------------ */

static void
add_value(void *owner, const char *name, const char *value)
{
	json_t *object = owner;
	uint64_t number;

	if (span_number(span_of(value), INT64_MAX, &number))
		json_object_set_new(object, name,
		    json_integer((json_int_t)number));
	else
		json_object_set_new(object, name, json_string(value));
}

static json_t *
options_of(enum conf_block_id block, const void *item, const char *pattern)
{
	json_t *object = json_object();

	conf_each_value(block, item, add_value, object);
	if (pattern != NULL)
		json_object_set_new(object, "pattern", json_string(pattern));
	return object;
}

/* By MX, the limits may come from a site row for the MX host: which one is
 * known only when the DNS has answered. */
static json_t *
answer_of_conf(const struct conf *conf, const char *domain)
{
	const struct conf_route *route = conf_route_for(conf,
	    span_of(domain));
	struct span hosts[CONF_HOPS_MOST];
	size_t count = 0;
	const struct conf_site *site;
	json_t *classes = json_object();

	for (; count < route->hop_count; count++)
		hosts[count] = span_of(route->hops[count].host);
	site = conf_site_for(conf, span_of(domain), hosts, count);
	for (unsigned c = 0; c < CLASS_COUNT; c++)
		json_object_set_new(classes, class_name(c),
		    options_of(BLOCK_URGENT + c, conf, NULL));
	return json_pack("{s:s, s:o, s:o, s:o}", "domain", domain,
	    "route", options_of(BLOCK_ROUTE, route, route->pattern),
	    "policy", options_of(BLOCK_SITE, site, site->pattern),
	    "classes", classes);
}

/* ---- by the relay -------------------------------------------------------------------- */

static void
take_row(void *owner, json_t *row)
{
	struct asking *asking = owner;

	if (json_object_get(row, "route") != NULL && asking->row == NULL)
		asking->row = json_incref(row);
}

/* Null: it was told why. */
static json_t *
ask(struct asking *asking, const char *domain)
{
	struct err err = { 0 };
	json_t *request;
	int status;

	if (asking->client == NULL)
		return answer_of_conf(asking->conf, domain);
	asking->row = NULL;
	request = json_pack("{s:s, s:s}", "verb", "route", "domain", domain);
	status = client_ask(asking->client, request, take_row, asking, &err);
	json_decref(request);
	if (status == EX_OK && asking->row != NULL)
		return asking->row;
	tool_fail(EX_UNAVAILABLE, "%s", status == EX_OK ?
	    "the relay gave no answer" : err.text);
	json_decref(asking->row);
	return NULL;
}

/* ---- one address ----------------------------------------------------------------------- */

/* The domain of TEXT, an address or a domain, into OUT. */
static bool
domain_of(const char *text, char out[DOMAIN_MOST + 1])
{
	struct span whole = span_of(text), domain = { 0 };
	struct path path;

	if (domain_is_valid(whole) || (*text == '[' &&
	    strchr(text, ']') != NULL))
		domain = whole;
	else if (mailbox_parse(whole, &path) == PATH_OK)
		domain = path.domain;
	if (domain.length == 0 || domain.length > DOMAIN_MOST)
		return false;
	memcpy(out, domain.data, domain.length);
	out[domain.length] = '\0';
	return true;
}

static int
explain(struct asking *asking, const char *what, const char *address)
{
	char domain[DOMAIN_MOST + 1];
	json_t *row;

	if (!domain_of(address, domain))
		return tool_fail(EX_USAGE, "%s: not an address or a domain",
		    address);
	row = ask(asking, domain);
	if (row == NULL)
		return EX_UNAVAILABLE;
	json_object_set_new(row, "address", json_string(address));
	json_object_set_new(row, "what", json_string(what));
	json_object_set_new(row, "relay", json_boolean(asking->client !=
	    NULL));
	json_object_del(row, "end");
	if (asking->json) {
		json_dumpf(row, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
		putchar('\n');
	} else {
		printf("%s%s\n", strcmp(what, "report") == 0 ?
		    "reports to " : "", address);
		route_text_print(row);
	}
	json_decref(row);
	return EX_OK;
}

/* Whoever sent it hears of failures: the way back is a route too. */
static int
explain_sender(struct asking *asking, const char *sender)
{
	if (sender == NULL)
		return EX_OK;
	if (*sender != '\0' && strcmp(sender, "<>") != 0)
		return explain(asking, "report", sender);
	if (!asking->json)
		puts("reports to nobody: the sender is empty");
	return EX_OK;
}

/* The running relay, or the configuration that one would have; null: it was
 * told why. */
static struct conf *
find_relay(const char *given, struct client *client, bool *runs)
{
	struct err err = { 0 };
	struct conf *conf = tool_relay(given, &err);

	*runs = conf != NULL && client_open(client, conf->control, &err);
	if (*runs)
		return conf;
	/* a notice has no routes */
	conf_free(&conf);
	return tool_conf(given);
}

int
verb_route(const struct options *options, int count, char **argv)
{
	struct client client;
	bool runs;
	struct conf *conf = find_relay(options->config, &client, &runs);
	struct asking asking = { .conf = conf, .json = options->json };
	int status = EX_OK, i;

	if (conf == NULL)
		return EX_CONFIG;
	if (runs)
		asking.client = &client;
	else if (!options->json)
		puts("The relay does not run; by the configuration alone:");
	for (i = 0; i < count; i++) {
		int now = explain(&asking, "mail", argv[i]);

		if (now != EX_OK)
			status = now;
	}
	if (status == EX_OK)
		status = explain_sender(&asking, options->from);
	if (asking.client != NULL)
		client_close(&client);
	conf_free(&conf);
	return tool_finish(status);
}
