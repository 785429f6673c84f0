/* SPDX-License-Identifier: ISC
 *
 * detour.h - connections for mail that one host has put off, to another.
 *
 * RFC 5321, section 5.1: a client must be able to try the other hosts of a
 * site, too.  Mail for which that is done waits in the pool and avoids those
 * that have had it; here it gets a connection to one of the others.  It comes
 * on top of the site's connections, one at a time, and goes when there is
 * nothing left to do for it, unless its host is as good as those avoided.
 */
#ifndef DELIVERER_DETOUR_H
#define DELIVERER_DETOUR_H

#include "deliverer/courier.h"

/* Make one if mail waits for it. */
void detour_serve(struct site *site);

/* Idle ones that nobody needs any more say QUIT. */
void detour_leave(struct site *site);

/* COURIER, which was made for a detour, reached no host, because of FAILURE:
 * the mail that has no other way is put off. */
void detour_failed(struct courier *courier,
    const struct site_failure *failure);

#endif
