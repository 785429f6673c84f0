/* SPDX-License-Identifier: ISC
 *
 * by.h - what becomes of a deadline at the next hop (RFC 2852).
 *
 * Pure: the time that is left comes in.
 */
#ifndef DELIVERER_BY_H
#define DELIVERER_BY_H

#include "deliverer/offer.h"
#include "spool/envelope.h"

enum by_step {
	BY_NONE,		/* no deadline, or none that has to go along */
	BY_PASS,		/* say BY= with `seconds` */
	BY_UNKNOWN,		/* R, and the server knows no deadlines: fail */
	BY_SHORT,		/* R, and the server wants more time: fail */
	BY_OVER			/* R, and no second is left: not to be sent */
};

struct by {
	enum by_step step;
	int64_t seconds;
};

/* What to do with ENVELOPE, of whose time LEFT usec are left, at a server
 * that made OFFER. */
struct by by_decide(const struct envelope *envelope,
    const struct offer *offer, usec_t left);

/*
 * What NOTIFY is said for a recipient of ENVELOPE who came with NOTIFY.  A
 * server that does not know of a deadline with mode N is asked to tell of
 * delays, unless nobody wants to hear (RFC 2852, 4.1.4.2).
 */
uint8_t by_notify(const struct envelope *envelope,
    const struct offer *offer, uint8_t notify);

#endif
