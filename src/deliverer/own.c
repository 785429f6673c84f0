/* SPDX-License-Identifier: ISC
 *
 * own.c - whether an address is one of our own listeners.
 */
#include "deliverer/own.h"

#include "base/log.h"

#include <errno.h>
#include <ifaddrs.h>
#include <string.h>

void
own_learn(struct own *own)
{
	struct ifaddrs *all, *one;

	own->count = 0;
	if (getifaddrs(&all) == -1) {
		log_warn("the addresses of this machine cannot be read: %s",
		    strerror(errno));
		return;
	}
	for (one = all; one != NULL && own->count < OWN_MOST;
	    one = one->ifa_next)
		if (one->ifa_addr != NULL &&
		    (one->ifa_addr->sa_family == AF_INET ||
		    one->ifa_addr->sa_family == AF_INET6))
			own->ips[own->count++] =
			    addr_of_sockaddr(one->ifa_addr).ip;
	freeifaddrs(all);
}

static bool
same(const struct in6_addr *a, const struct in6_addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* 0.0.0.0 or ::, and to connect there is to connect to ourselves. */
static bool
is_any(struct addr addr)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	static const uint8_t none[4];

	return IN6_IS_ADDR_UNSPECIFIED(&addr.ip) ||
	    (memcmp(&addr.ip, mapped, 12) == 0 &&
	    memcmp((const uint8_t *)&addr.ip + 12, none, 4) == 0);
}

static bool
is_loopback(struct addr addr)
{
	return IN6_IS_ADDR_LOOPBACK(&addr.ip) ||
	    (addr_is_v4(addr) && addr.ip.s6_addr[12] == 127);
}

static bool
is_here(const struct own *own, struct addr addr)
{
	if (is_any(addr) || is_loopback(addr))
		return true;
	for (size_t i = 0; i < own->count; i++)
		if (same(&own->ips[i], &addr.ip))
			return true;
	return false;
}

bool
own_listens(const struct own *own, const struct conf *conf, struct addr addr)
{
	for (size_t i = 0; i < conf->listen_count; i++) {
		struct addr listen = addr_of_sockaddr(
		    (const struct sockaddr *)&conf->listens[i].address);

		if (listen.port != addr.port)
			continue;
		if (same(&listen.ip, &addr.ip))
			return true;
		if (is_any(listen) && is_here(own, addr))
			return true;
		if (is_any(addr) && is_loopback(listen))
			return true;
	}
	return false;
}
