/* SPDX-License-Identifier: ISC
 *
 * conf_warn.c - what may be meant, and rarely is.
 */
#include "conf/conf_parser.h"

#include <netinet/in.h>
#include <string.h>

enum { V4_BITS = 96, V4_WIDE = 8, V6_WIDE = 16 };

static bool
is_loopback(const struct conf_listen *listen)
{
	const struct sockaddr *sa = (const struct sockaddr *)&listen->address;

	if (sa->sa_family == AF_INET)
		return (ntohl(((const struct sockaddr_in *)(const void *)sa)
				  ->sin_addr.s_addr) >>
			   24) == 127;
	return IN6_IS_ADDR_LOOPBACK(
	    &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr);
}

/* So many addresses are nobody's own: 10.0.0.0/8 still may be. */
static bool
is_wide(const struct conf_net *net)
{
	return IN6_IS_ADDR_V4MAPPED(&net->address) && net->bits >= V4_BITS
	    ? net->bits < V4_BITS + V4_WIDE
	    : net->bits < V6_WIDE;
}

void
conf_warn_listen(struct conf_parser *parser, const struct conf_listen *listen,
    struct conf_place opened)
{
	for (size_t i = 0; i < listen->trust_count && !is_loopback(listen); i++)
		for (size_t n = 0; n < listen->trusts[i].net_count; n++) {
			if (!is_wide(&listen->trusts[i].nets[n]))
				continue;
			err_set(parser->err, ERR_CONFIG,
			    "listen %.60s lets "
			    "the whole world relay: that is an open relay; "
			    "trust your own nets only",
			    listen->text);
			conf_warn_at(parser, opened);
			return;
		}
}

void
conf_warn_all(struct conf_parser *parser)
{
	const struct conf *conf = parser->conf;
	struct conf_place place = conf_seen(parser, BLOCK_TOP, "hostname");
	bool trust = false;

	for (size_t i = 0; i < conf->listen_count; i++)
		trust |= conf->listens[i].trust_count > 0;
	if (!trust) {
		err_set(parser->err, ERR_CONFIG,
		    "no listen trusts anybody: "
		    "only sendmail on this machine can send; add trust NET");
		conf_warn_at(parser, parser->listen);
	}
	if (strchr(conf->hostname, '.') == NULL && *conf->hostname != '[') {
		err_set(parser->err, ERR_CONFIG,
		    "hostname %.60s has no dot: "
		    "many hosts refuse such a name; write the full one",
		    conf->hostname);
		conf_warn_at(
		    parser, place.file != NULL ? place : parser->listen);
	}
}
