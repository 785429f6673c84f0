/* SPDX-License-Identifier: ISC
 *
 * conf_check.c - what one option alone cannot show to be wrong.
 *
 * A default never contradicts what the operator wrote: it gives way.
 */
#include "conf/conf_parser.h"

#include "base/mem.h"
#include "base/must.h"
#include "conf/conf_net.h"

#include <stdio.h>

/* ---- when a block opens -------------------------------------------------- */

static bool
open_listen(struct conf_parser *parser, const char *argument,
    struct conf_scope *scope)
{
	struct conf *conf = parser->conf;
	struct sockaddr_storage address;
	struct conf_listen *listen;
	socklen_t length;

	if (!conf_listen_address(argument, &address, &length))
		return err_set(parser->err, ERR_CONFIG, "listen %.60s: "
		    "ADDRESS:PORT is wanted, as in 127.0.0.1:25, 0.0.0.0:25 "
		    "or [::1]:25", argument);
	for (size_t i = 0; i < conf->listen_count; i++)
		if (conf->listens[i].address_length == length &&
		    memcmp(&conf->listens[i].address, &address, length) == 0)
			return err_set(parser->err, ERR_CONFIG, "listen "
			    "%.60s: there is one on this address already: "
			    "keep one of them", argument);
	if (parser->listen.file == NULL)
		parser->listen = parser->here;
	listen = conf_block_add(conf, scope->block, argument);
	listen->address = address;
	listen->address_length = length;
	scope->item = listen;
	return true;
}

/* The first that matches wins: this one, which NAME BEFORE hides, is a slip. */
static void
warn_unreached(struct conf_parser *parser, const char *name,
    const char *pattern, const char *before)
{
	err_set(parser->err, ERR_CONFIG,
	    "%s %.60s is never reached: %s %.60s "
	    "stands before it and matches first",
	    name, pattern, name, before);
	conf_warn_at(parser, parser->here);
}

static bool
open_pattern(struct conf_parser *parser, const char *argument,
    struct conf_scope *scope)
{
	const char *name = conf_blocks[scope->block].name;
	char **item;

	if (!conf_pattern_good(argument))
		return err_set(parser->err, ERR_CONFIG, "%s %.60s: a domain, "
		    "*.DOMAIN or * is wanted", name, argument);
	for (size_t at = 0; (item = conf_block_item(parser->conf,
	    scope->block, at)) != NULL; at++)
		if (conf_pattern_matches(*item, span_of(argument))) {
			warn_unreached(parser, name, argument, *item);
			break;
		}
	scope->item = conf_block_add(parser->conf, scope->block, argument);
	return true;
}

static bool
open_sender(struct conf_parser *parser, const char *argument,
    struct conf_scope *scope)
{
	const struct conf *conf = parser->conf;

	if (*argument == '\0')
		return err_set(parser->err, ERR_CONFIG, "sender: a name is "
		    "wanted, which may hold * and ?");
	for (size_t i = 0; i < conf->sender_count; i++)
		if (conf_glob_covers(conf->senders[i].pattern, argument)) {
			warn_unreached(parser, "sender", argument,
			    conf->senders[i].pattern);
			break;
		}
	scope->item = conf_block_add(parser->conf, scope->block, argument);
	return true;
}

bool
conf_check_open(struct conf_parser *parser, const char *argument,
    struct conf_scope *scope)
{
	switch (scope->block) {
	case BLOCK_LISTEN:
		return open_listen(parser, argument, scope);
	case BLOCK_ROUTE:
	case BLOCK_SITE:
		return open_pattern(parser, argument, scope);
	case BLOCK_SENDER:
		return open_sender(parser, argument, scope);
	case BLOCK_REPLY:
		return conf_reply_open(parser, argument, scope);
	case BLOCK_CLASSIFY:
		if (!parser->classified)	/* ours is replaced */
			conf_types[KIND_HEADER].clear(parser->conf);
		parser->classified = true;
		break;
	default:
		break;
	}
	scope->item = parser->conf;
	return true;
}

/* ---- when a block closes ------------------------------------------------- */

/* Smaller is more pressing. */
static bool
over(enum mail_class klass, enum mail_class ceiling)
{
	return klass < ceiling;
}

static bool
over_ceiling(struct conf_parser *parser, const char *what,
    enum mail_class klass, enum mail_class ceiling, struct conf_place place)
{
	err_set(parser->err, ERR_CONFIG, "%s %s is over this listen's ceiling "
	    "%s: lower it, or raise the ceiling", what, class_name(klass),
	    class_name(ceiling));
	return conf_error_at(parser, place);
}

/* The first line that has a net counts: a later one that says something else
 * would never be looked at for it. */
static bool
check_trust(struct conf_parser *parser, const struct conf_listen *listen,
    size_t at)
{
	const struct conf_trust *trust = &listen->trusts[at];

	for (size_t n = 0; n < trust->net_count; n++) {
		const struct conf_trust *first = conf_trust_within(listen,
		    &trust->nets[n]);

		if (first == NULL || first >= trust ||
		    (first->ceiling == trust->ceiling &&
			first->bare_lf == trust->bare_lf))
			continue;
		if (first->ceiling == trust->ceiling)
			err_set(parser->err, ERR_CONFIG,
			    "trust with another "
			    "bare-lf is never reached for one of its nets: a "
			    "line before it has that: put this one first");
		else
			err_set(parser->err, ERR_CONFIG,
			    "trust with ceiling "
			    "%s is never reached for one of its nets: a line "
			    "before it, with ceiling %s, has that: put this "
			    "one first",
			    class_name(trust->ceiling),
			    class_name(first->ceiling));
		return conf_error_at(parser, parser->trusts[at]);
	}
	return true;
}

static bool
close_listen(struct conf_parser *parser, struct conf_listen *listen)
{
	struct conf_place place = conf_seen(parser, BLOCK_LISTEN, "class");

	if (over(listen->klass, listen->ceiling)) {
		if (place.file != NULL)
			return over_ceiling(parser, "class", listen->klass,
			    listen->ceiling, place);
		listen->klass = listen->ceiling;
	}
	for (size_t i = 0; i < listen->trust_count; i++) {
		struct conf_trust *trust = &listen->trusts[i];

		if (trust->ceiling == CLASS_COUNT)
			trust->ceiling = listen->ceiling;
		if (over(trust->ceiling, listen->ceiling))
			return over_ceiling(parser, "trust with ceiling",
			    trust->ceiling, listen->ceiling,
			    parser->trusts[i]);
		if (!check_trust(parser, listen, i))
			return false;
	}
	place = conf_seen(parser, BLOCK_LISTEN, "tls");
	if (listen->tls == LISTEN_TLS_IMPLICIT &&
	    parser->implicit.file == NULL)
		parser->implicit = place;
	return true;
}

static bool
close_route(struct conf_parser *parser, struct conf_scope *scope)
{
	if (conf_seen(parser, BLOCK_ROUTE, "to").file != NULL)
		return true;
	err_set(parser->err, ERR_CONFIG, "this route goes nowhere: add to mx, "
	    "or to HOST");
	return conf_error_at(parser, scope->opened);
}

/* Urgent mail alone would get through. */
static bool
check_reserve(struct conf_parser *parser, const struct conf_site *site)
{
	struct conf_place place = conf_seen(parser, BLOCK_SITE, "reserve");

	if (site->reserve.percent || site->reserve.number == 0 ||
	    site->reserve.number < site->connections || place.file == NULL)
		return true;
	err_set(parser->err, ERR_CONFIG, "reserve %u leaves nothing of this "
	    "site's connections, which are %u: lower it, or raise the other",
	    site->reserve.number, site->connections);
	return conf_error_at(parser, place);
}

/* A class that may have more than there is would never feel its limit. */
static bool
check_rates(struct conf_parser *parser, const struct conf_site *site)
{
	int64_t all = conf_rate_interval(site->rate);
	char text[2][CONF_RATE_TEXT], name[16];

	for (unsigned c = 0; c < CLASS_COUNT; c++) {
		int64_t one = conf_rate_interval(site->class_rate[c]);

		if (all == 0 || one == 0 || one >= all)
			continue;
		conf_rate_text(site->class_rate[c], text[0]);
		conf_rate_text(site->rate, text[1]);
		snprintf(name, sizeof name, "rate-%s", class_name(c));
		err_set(parser->err, ERR_CONFIG, "%s %s is over this site's "
		    "rate, which is %s: lower it, or raise the other", name,
		    text[0], text[1]);
		return conf_error_at(parser, conf_seen(parser, BLOCK_SITE,
		    name));
	}
	return true;
}

static bool
close_site(struct conf_parser *parser, const struct conf_site *site)
{
	return check_reserve(parser, site) && check_rates(parser, site);
}

bool
conf_check_close(struct conf_parser *parser, struct conf_scope *scope)
{
	if (scope->block == BLOCK_LISTEN) {
		conf_warn_listen(parser, scope->item, scope->opened);
		return close_listen(parser, scope->item);
	}
	if (scope->block == BLOCK_ROUTE)
		return close_route(parser, scope);
	if (scope->block == BLOCK_SITE)
		return close_site(parser, scope->item);
	if (scope->block == BLOCK_REPLY)
		return conf_reply_close(parser, scope->item, scope->opened);
	return true;
}

/* ---- when everything was read -------------------------------------------- */

/* The first may not be over the second. */
static const struct pair {
	enum conf_block_id low_block;
	const char *low;
	enum conf_block_id high_block;
	const char *high;
	bool else_zero;		/* a default gives way to 0, not to the most */
} pairs[] = {
	{ BLOCK_LIMITS, "connections-per-client", BLOCK_LIMITS, "connections",
	    false },
	{ BLOCK_LIMITS, "header", BLOCK_LIMITS, "message-size", false },
	{ BLOCK_LIMITS, "idle", BLOCK_LIMITS, "session", false },
	{ BLOCK_QUEUE, "large-message", BLOCK_LIMITS, "message-size", false },
	{ BLOCK_QUEUE, "large-message", BLOCK_LIMITS, "memory", false },
	{ BLOCK_URGENT, "warn", BLOCK_URGENT, "lifetime", true },
	{ BLOCK_NORMAL, "warn", BLOCK_NORMAL, "lifetime", true },
	{ BLOCK_BULK, "warn", BLOCK_BULK, "lifetime", true },
	{ BLOCK_URGENT, "deadline", BLOCK_URGENT, "lifetime", true },
	{ BLOCK_NORMAL, "deadline", BLOCK_NORMAL, "lifetime", true },
	{ BLOCK_BULK, "deadline", BLOCK_BULK, "lifetime", true },
	{ BLOCK_QUEUE, "bulk-most", BLOCK_QUEUE, "normal-most", false },
	{ BLOCK_QUEUE, "bulk-delay", BLOCK_QUEUE, "normal-delay", false },
};

static bool
check_pair(struct conf_parser *parser, const struct pair *pair)
{
	const struct conf_option *low, *high;
	uint64_t low_value, high_value;
	void *low_field;
	struct conf_place place;
	struct buf most;

	if (conf_bad(parser, pair->low_block, pair->low) ||
	    conf_bad(parser, pair->high_block, pair->high))
		return true;
	low = conf_option_find(pair->low_block, pair->low);
	high = conf_option_find(pair->high_block, pair->high);
	low_field = (char *)parser->conf + low->offset;
	low_value = conf_number_fetch(low->kind, low_field);
	high_value = conf_number_fetch(high->kind,
	    (char *)parser->conf + high->offset);
	if (low_value <= high_value ||
	    (high_value == 0 && high->zero != NULL))	/* no limit */
		return true;
	place = conf_seen(parser, pair->low_block, pair->low);
	if (place.file == NULL) {
		conf_number_store(low->kind, low_field,
		    pair->else_zero ? 0 : high_value);
		return true;
	}
	buf_init(&most, 64);
	conf_number_write(high->unit, high_value, &most);
	err_set(parser->err, ERR_CONFIG, "%s is over %s %s, which is %.*s: "
	    "lower it, or raise the other", pair->low,
	    conf_blocks[pair->high_block].name, pair->high,
	    (int)buf_length(&most), (const char *)most.data);
	buf_fini(&most);
	return conf_error_at(parser, place);
}

static bool
check_tls(struct conf_parser *parser)
{
	const struct conf *conf = parser->conf;
	bool certificate = conf->tls_certificate != NULL;

	if (conf_bad(parser, BLOCK_TLS, "certificate") ||
	    conf_bad(parser, BLOCK_TLS, "key"))
		return true;
	if (certificate != (conf->tls_key != NULL)) {
		err_set(parser->err, ERR_CONFIG, "tls has a %s but no %s: add "
		    "%s FILE", certificate ? "certificate" : "key",
		    certificate ? "key" : "certificate",
		    certificate ? "key" : "certificate");
		return conf_error_at(parser, conf_seen(parser, BLOCK_TLS,
		    certificate ? "certificate" : "key"));
	}
	if (!certificate && parser->implicit.file != NULL) {
		err_set(parser->err, ERR_CONFIG, "tls implicit needs a "
		    "certificate: add tls { certificate FILE; key FILE }");
		return conf_error_at(parser, parser->implicit);
	}
	return true;
}

static bool
check_resolver(struct conf_parser *parser)
{
	const struct conf *conf = parser->conf;

	if (!conf->resolver_roots || conf->resolver_server_count == 0)
		return true;
	err_set(parser->err, ERR_CONFIG, "roots means that no server is "
	    "asked: take it out, or the servers");
	return conf_error_at(parser, conf_seen(parser, BLOCK_RESOLVER,
	    "roots"));
}

static bool
check_control(struct conf_parser *parser)
{
	enum { CONTROL_MOST = 100 };	/* of 107, for .submit */

	if (strlen(parser->conf->control) <= CONTROL_MOST)
		return true;
	err_set(parser->err, ERR_CONFIG, "control is longer than the name of "
	    "a socket may be: most %d bytes", CONTROL_MOST);
	return conf_error_at(parser, conf_seen(parser, BLOCK_TOP, "control"));
}

bool
conf_check_all(struct conf_parser *parser)
{
	struct conf_place end = parser->here;
	bool good = parser->told->mistakes == 0;

	/* unless the one there is was the mistake */
	if (good && parser->conf->listen_count == 0) {
		err_set(parser->err, ERR_CONFIG, "no listen: add one, as in "
		    "listen 127.0.0.1:25 { trust 127.0.0.0/8 }");
		good = conf_error_at(parser, end);
	}
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
		good &= check_pair(parser, &pairs[i]);
	good &= check_tls(parser);
	good &= check_resolver(parser);
	good &= check_control(parser);
	return good &&
	    (conf_complete(parser->conf, parser->err) ||
		conf_error_at(parser, end));
}
