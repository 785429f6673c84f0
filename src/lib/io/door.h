/* SPDX-License-Identifier: ISC
 *
 * door.h - a listening socket on the loop.
 *
 * Who knocks while no descriptor is left stays in the kernel's queue, and
 * would wake the loop again at once, for ever.  So the door is shut for a
 * moment then, and the log is told once a second.
 */
#ifndef IO_DOOR_H
#define IO_DOOR_H

#include "io/addr.h"
#include "io/loop.h"

struct door;

/* FD, not blocking and closed on exec, now belongs to the callee; PEER is as
 * addr_of_sockaddr() makes it.  FN may free the door. */
typedef void door_fn(void *owner, int fd, struct addr peer);

/* FD stays the caller's, and is not blocking.  At most MOST clients come in
 * by it in a turn.  WHAT is for the log, "a connection"; it is borrowed. */
struct door *door_new(struct loop *loop, int fd, unsigned most,
    const char *what, door_fn *fn, void *owner);
void door_free(struct door **door);

#endif
