/* SPDX-License-Identifier: ISC
 *
 * by.c - what becomes of a deadline at the next hop (RFC 2852).
 *
 * Mode R is a promise that the mail is not delivered late: a server that
 * does not make it must not get the mail.  With mode N it may have it, and
 * the sender is told that nobody watches over the time any more.
 */
#include "deliverer/by.h"

enum { SECONDS_MOST = 999999999 };	/* nine digits */

struct by
by_decide(const struct envelope *envelope, const struct offer *offer,
    usec_t left)
{
	bool known = (offer->bits & OFFER_DELIVERBY) != 0;
	struct by by = { .step = BY_NONE };

	if (envelope->by == 0 || (!envelope->by_return && !known))
		return by;
	by.seconds = left / 1000000;
	if (by.seconds > SECONDS_MOST)
		by.seconds = SECONDS_MOST;
	if (by.seconds < -SECONDS_MOST)
		by.seconds = -SECONDS_MOST;
	if (!envelope->by_return || (known && by.seconds > 0 &&
	    (uint64_t)by.seconds >= offer->by_least))
		by.step = BY_PASS;
	else if (by.seconds <= 0)
		by.step = BY_OVER;
	else
		by.step = known ? BY_SHORT : BY_UNKNOWN;
	return by;
}

uint8_t
by_notify(const struct envelope *envelope, const struct offer *offer,
    uint8_t notify)
{
	if (envelope->by == 0 || envelope->by_return ||
	    (offer->bits & OFFER_DELIVERBY) != 0 || notify == NOTIFY_NEVER)
		return notify;
	return NOTIFY_DELAY | (notify == 0 ? NOTIFY_FAILURE : notify);
}
