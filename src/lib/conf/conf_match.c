/* SPDX-License-Identifier: ISC
 *
 * conf_match.c - which row of a configuration is meant.
 */
#include "conf/conf.h"

#include "base/must.h"

bool
conf_pattern_matches(const char *pattern, struct span name)
{
	struct span p = span_of(pattern);

	if (span_is(p, "*"))
		return true;
	if (p.length > 2 && p.data[0] == '*' && p.data[1] == '.') {
		p = span_skip(p, 1);
		return name.length > p.length && span_equal_nocase(p,
		    span_skip(name, name.length - p.length));
	}
	return span_equal_nocase(p, name);
}

static bool
same_letter(uint8_t a, uint8_t b)
{
	return span_equal_nocase(span_make(&a, 1), span_make(&b, 1));
}

/* On a mismatch the last star takes one byte more: at most |glob| * |text|
 * steps, whatever they hold. */
bool
conf_glob_matches(const char *glob, struct span text)
{
	size_t at = 0, taken = 0;
	const char *star = NULL;

	while (at < text.length) {
		if (*glob == '*') {
			star = ++glob;
			taken = at;
		} else if (*glob == '?' || (*glob != '\0' &&
		    same_letter((uint8_t)*glob, text.data[at]))) {
			glob++;
			at++;
		} else if (star != NULL) {
			glob = star;
			at = ++taken;
		} else
			return false;
	}
	while (*glob == '*')
		glob++;
	return *glob == '\0';
}

bool
conf_glob_covers(const char *a, const char *b)
{
	return span_equal_nocase(span_of(a), span_of(b)) ||
	    (conf_glob_matches(a, span_of(b)) && (strchr(a, '?') == NULL ||
	    strchr(b, '*') == NULL));
}

const struct conf_route *
conf_route_for(const struct conf *conf, struct span domain)
{
	for (size_t i = 0; i < conf->route_count; i++)
		if (conf_pattern_matches(conf->routes[i].pattern, domain))
			return &conf->routes[i];
	must(!"a configuration has a route for *");
	return NULL;
}

static bool
matches_any(const char *pattern, const struct span *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (conf_pattern_matches(pattern, names[i]))
			return true;
	return false;
}

const struct conf_site *
conf_site_for(const struct conf *conf, struct span domain,
    const struct span *hosts, size_t count)
{
	for (size_t i = 0; i < conf->site_count; i++) {
		const char *pattern = conf->sites[i].pattern;

		if (conf_pattern_matches(pattern, domain) ||
		    matches_any(pattern, hosts, count))
			return &conf->sites[i];
	}
	must(!"a configuration has a site for *");
	return NULL;
}

const struct conf_sender *
conf_sender_for(const struct conf *conf, struct span name)
{
	for (size_t i = 0; i < conf->sender_count; i++)
		if (conf_glob_matches(conf->senders[i].pattern, name))
			return &conf->senders[i];
	return NULL;
}

const struct conf_site *
conf_site_named(const struct conf *conf, struct span pattern)
{
	for (size_t i = 0; i < conf->site_count; i++)
		if (span_equal_nocase(pattern,
		    span_of(conf->sites[i].pattern)))
			return &conf->sites[i];
	return NULL;
}

bool
conf_net_holds(const struct conf_net *net, const struct in6_addr *address)
{
	unsigned bytes = net->bits / 8, rest = net->bits % 8;
	uint8_t mask = (uint8_t)(0xff00 >> rest);

	must(net->bits <= 128);
	/* Nets of IPv6 around all of IPv4, as ::/0, do not mean it. */
	if (net->bits < 96 && IN6_IS_ADDR_V4MAPPED(address))
		return false;
	if (memcmp(&net->address, address, bytes) != 0)
		return false;
	return rest == 0 || ((net->address.s6_addr[bytes] ^
	    address->s6_addr[bytes]) & mask) == 0;
}

const struct conf_trust *
conf_trust_within(const struct conf_listen *listen,
    const struct conf_net *net)
{
	for (size_t i = 0; i < listen->trust_count; i++) {
		const struct conf_trust *trust = &listen->trusts[i];

		for (size_t j = 0; j < trust->net_count; j++)
			if (trust->nets[j].bits <= net->bits &&
			    conf_net_holds(&trust->nets[j], &net->address))
				return trust;
	}
	return NULL;
}

const struct conf_trust *
conf_trust_of(const struct conf_listen *listen, const struct in6_addr *client)
{
	for (size_t i = 0; i < listen->trust_count; i++) {
		const struct conf_trust *trust = &listen->trusts[i];

		for (size_t j = 0; j < trust->net_count; j++)
			if (conf_net_holds(&trust->nets[j], client))
				return trust;
	}
	return NULL;
}
