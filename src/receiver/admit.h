/* SPDX-License-Identifier: ISC
 *
 * admit.h - who gets in: the limits of connections.
 */
#ifndef RECEIVER_ADMIT_H
#define RECEIVER_ADMIT_H

#include "receiver/listen.h"

/*
 * A connection FD was accepted at LISTENER from PEER (of no meaning on the
 * submission socket).  It becomes a front, or hears a 421 and is closed.
 * `connections` and `connections-per-client` count all receivers; strangers
 * get seven eighths of the first at most.
 */
void admit(struct listener *listener, int fd, struct addr peer);

#endif
