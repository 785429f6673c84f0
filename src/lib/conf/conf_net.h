/* SPDX-License-Identifier: ISC
 *
 * conf_net.h - addresses, nets and hosts as an operator writes them.
 *
 * Names are never looked up here.
 */
#ifndef CONF_CONF_NET_H
#define CONF_CONF_NET_H

#include "conf/conf.h"

/* "192.0.2.1:25", "[2001:db8::1]:25" for bind().  False: it is neither. */
bool conf_listen_address(const char *text, struct sockaddr_storage *out,
    socklen_t *length);

/* "10.0.0.0/8", "192.0.2.1", "2001:db8::/32".  Null, or what is wrong. */
const char *conf_net_parse(const char *text, struct conf_net *out);
void conf_net_write(const struct conf_net *net, struct buf *out);

/* "mx.example.org", "192.0.2.1:2525", "[::1]:25".  False: none of them;
 * else the caller frees OUT->host. */
bool conf_hop_parse(const char *text, struct conf_hop *out);
void conf_hop_write(const struct conf_hop *hop, struct buf *out);

/* "*", "example.org", "*.example.org" or "[192.0.2.1]". */
bool conf_pattern_good(const char *text);

#endif
