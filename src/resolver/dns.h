/* SPDX-License-Identifier: ISC
 *
 * dns.h - the only home of libunbound.
 *
 * Questions go to the servers of the configuration, else to those of
 * /etc/resolv.conf, or down from the root servers if that is wished.  Answers are cached by
 * the library.  All on our loop: nothing here waits.
 */
#ifndef RESOLVER_DNS_H
#define RESOLVER_DNS_H

#include "conf/conf.h"
#include "io/loop.h"
#include "resolver/packet.h"

struct dns;

/* Before the jail: reads /etc/resolv.conf, /etc/hosts and the trust anchor
 * when they are to be used.  Null: ERR tells. */
struct dns *dns_open(const struct conf *conf, struct loop *loop,
    struct err *err) MUST_CHECK;

/* Questions that were not answered are forgotten. */
void dns_close(struct dns **dns);

/* OWNER and SLOT are the asker's.  REPLY is valid during the call. */
typedef void dns_fn(void *owner, unsigned slot,
    const struct dns_reply *reply);

/* FN is called exactly once, maybe from within this call. */
void dns_ask(struct dns *dns, const char *name, enum dns_type type,
    dns_fn *fn, void *owner, unsigned slot);

#endif
