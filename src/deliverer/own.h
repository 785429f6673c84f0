/* SPDX-License-Identifier: ISC
 *
 * own.h - whether an address is one of our own listeners.
 *
 * To deliver there would be to talk to ourselves, for ever.
 */
#ifndef DELIVERER_OWN_H
#define DELIVERER_OWN_H

#include "conf/conf.h"
#include "io/addr.h"

enum { OWN_MOST = 256 };

/* The addresses of this machine's interfaces. */
struct own {
	struct in6_addr ips[OWN_MOST];
	size_t count;
};

/* Before the jail.  Interfaces that cannot be read are a warning: loopback
 * and the listeners' own addresses are known all the same. */
void own_learn(struct own *own);

/* Whether a connection to ADDR would arrive at a listener of CONF. */
bool own_listens(const struct own *own, const struct conf *conf,
    struct addr addr);

#endif
