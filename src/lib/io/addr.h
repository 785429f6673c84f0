/* SPDX-License-Identifier: ISC
 *
 * addr.h - network addresses as values.
 *
 * An address is 16 bytes; IPv4 is kept mapped (::ffff:a.b.c.d), so that two
 * spellings of one client compare equal.
 */
#ifndef IO_ADDR_H
#define IO_ADDR_H

#include "base/span.h"

#include <netinet/in.h>
#include <sys/socket.h>

struct addr {
	struct in6_addr ip;
	uint16_t port;
};

enum { ADDR_TEXT_SIZE = 64 };

/* From a sockaddr of AF_INET or AF_INET6; anything else is all zero. */
struct addr addr_of_sockaddr(const struct sockaddr *sa);

/* For connect() or bind(): AF_INET when the address is IPv4-mapped. */
socklen_t addr_to_sockaddr(struct addr addr, struct sockaddr_storage *out);

bool addr_is_v4(struct addr addr);

/* The same address and port. */
bool addr_equal(struct addr a, struct addr b);

/* "192.0.2.7", "2001:db8::1": without port.  Returns OUT. */
const char *addr_text(struct addr addr, char out[ADDR_TEXT_SIZE]);

/* As in an SMTP address literal and in Received: "[192.0.2.7]",
 * "[IPv6:2001:db8::1]". */
const char *addr_literal(struct addr addr, char out[ADDR_TEXT_SIZE]);

/* False: TEXT is no address.  Accepts "192.0.2.7", "::1", "[::1]",
 * "[192.0.2.7]", "[IPv6:::1]"; the port is left 0. */
bool addr_parse(struct span text, struct addr *out);

#endif
