/* SPDX-License-Identifier: ISC
 *
 * clients.h - how many connections each client has.
 *
 * A client is an IPv4 address, or an IPv6 network of 64 bits: whoever has
 * one such address has them all.
 */
#ifndef RECEIVER_CLIENTS_H
#define RECEIVER_CLIENTS_H

#include "base/map.h"
#include "io/addr.h"
#include "worker/board.h"

struct clients {
	struct map map;		/* of struct client_count */
	struct crowd *crowd;	/* what the other receivers hear */
	const struct board *all;	/* null: there are no others */
};

void clients_init(struct clients *clients);
void clients_fini(struct clients *clients);

/* Count with the other receivers of ALL, where CROWD is ours. */
void clients_join(struct clients *clients, struct crowd *crowd,
    const struct board *all);

/* Count one more for ADDRESS (its port does not matter).  False: it has
 * MOST already, here and at the other receivers together (of two that come
 * at the same moment neither may get in); nothing was counted. */
bool clients_enter(struct clients *clients, struct addr address,
    unsigned most);
/* One that was counted has left. */
void clients_leave(struct clients *clients, struct addr address);

/* The whole of it that ADDRESS is of. */
struct in6_addr clients_network(struct addr address);

/* Here alone. */
unsigned clients_count(const struct clients *clients, struct addr address);

#endif
