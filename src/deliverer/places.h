/* SPDX-License-Identifier: ISC
 *
 * places.h - the connections of all sites, and how many there may be.
 *
 * Each takes a descriptor, and those are limited.  Connections that are idle
 * go first, the one that was idle longest before all others; and hosts that
 * do not answer may not keep us waiting on more than a part.  A site for
 * whose connection there is no descriptor waits in line: one that is missing
 * when the scheduler hands us a segment would be the end of this process.
 * The last part of them is for urgent mail, and the last half of that for
 * sites that are known to answer: those that hang are not to have it all.
 */
#ifndef DELIVERER_PLACES_H
#define DELIVERER_PLACES_H

#include "base/list.h"
#include "io/loop.h"

struct courier;
struct deliverer;
struct site;

/* What a connection is for, the least pressing first. */
enum place_for {
	PLACE_CALM,		/* normal and bulk */
	PLACE_URGENT,
	PLACE_KNOWN,		/* urgent, to a site that answered lately */
	PLACE_KINDS
};

struct places {
	unsigned most;		/* connections; 0: no limit */
	unsigned leaving;	/* those that said QUIT */
	struct list idle;	/* by when they became so */
	struct list dialing;	/* by when they heard of their hosts; those
				 * that were told to give up are on no list */
	struct list wanting[PLACE_KINDS];	/* sites that wait for one */
	unsigned passed[PLACE_KINDS];	/* places for others meanwhile */
	bool trickle;		/* the next one is for whoever wants it */
	struct timer *hurry;	/* while any does */
};

/* As many as this process may have descriptors. */
void places_init(struct deliverer *deliverer);
void places_fini(struct places *places);

/* COURIER is idle; it calls a host; that has let it go on a step; neither is
 * the case.  Where many are on their way, a step may take us as long as the
 * host: it is not to pay for the one before. */
void places_idle(struct courier *courier);
void places_dialing(struct courier *courier);
void places_heard(struct courier *courier);
void places_leave(struct courier *courier);

/* There is no descriptor for another connection for this. */
bool places_full(const struct deliverer *deliverer, enum place_for what);
/* SITE wants another connection: if there are many, idle ones end.  False:
 * there is no place, and the site is served when there is one, in its turn;
 * before others if URGENT, but for one in so many. */
bool places_grant(struct site *site, bool urgent);
/* A place is free. */
void places_serve(struct deliverer *deliverer);
/* SITE wants none any more; nor does any. */
void places_forget(struct site *site);
void places_forget_all(struct places *places);

#endif
