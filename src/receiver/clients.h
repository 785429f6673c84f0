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

struct clients {
	struct map map;		/* of struct client_count */
};

void clients_init(struct clients *clients);
void clients_fini(struct clients *clients);

/* Count one more for ADDRESS (its port does not matter).  False: it has
 * MOST already; nothing was counted. */
bool clients_enter(struct clients *clients, struct addr address,
    unsigned most);
/* One that was counted has left. */
void clients_leave(struct clients *clients, struct addr address);

unsigned clients_count(const struct clients *clients, struct addr address);

#endif
