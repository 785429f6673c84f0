/* SPDX-License-Identifier: ISC
 *
 * places.h - the connections of all sites, and how many there may be.
 *
 * Each takes a descriptor, and those are limited.  Connections that are idle
 * go first, the one that was idle longest before all others; and hosts that
 * do not answer may not keep us waiting on more than a part.
 */
#ifndef DELIVERER_PLACES_H
#define DELIVERER_PLACES_H

#include "base/list.h"

struct courier;
struct deliverer;

struct places {
	unsigned most;		/* connections; 0: no limit */
	unsigned leaving;	/* those that said QUIT */
	struct list idle;	/* by when they became so */
	struct list dialing;	/* by when they called; those that were told
				 * to give up are on no list */
};

/* As many as this process may have descriptors. */
void places_init(struct places *places);

/* COURIER is idle; it is on its way to a host; neither of both. */
void places_idle(struct courier *courier);
void places_dialing(struct courier *courier);
void places_leave(struct courier *courier);

/* Another connection is wanted: if there are many, the idle ones end. */
void places_make_room(struct deliverer *deliverer);

#endif
