/* SPDX-License-Identifier: ISC
 *
 * offer.h - what a server said it can do, in its reply to EHLO.
 *
 * Unknown keywords are passed over.  After STARTTLS everything known is
 * forgotten (RFC 3207, section 4.2) and asked for again.
 */
#ifndef DELIVERER_OFFER_H
#define DELIVERER_OFFER_H

#include "smtp/reply.h"

enum {
	OFFER_PIPELINING = 1,	/* RFC 2920 */
	OFFER_SIZE = 2,		/* RFC 1870 */
	OFFER_8BITMIME = 4,	/* RFC 6152 */
	OFFER_DSN = 8,		/* RFC 3461 */
	OFFER_STARTTLS = 16,	/* RFC 3207 */
	OFFER_STATUS = 32,	/* RFC 2034 */
	OFFER_PRIORITY = 64,	/* RFC 6710 */
	OFFER_DELIVERBY = 128	/* RFC 2852 */
};

struct offer {
	unsigned bits;
	uint64_t size;		/* the most it takes; 0 = it did not say */
	uint64_t by_least;	/* seconds that BY with R must leave it */
};

/* OWNER is a struct offer, to which is added what TEXT, a line of a 250 to
 * EHLO, offers.  In the first one stand the server's name and greeting. */
reply_text_fn offer_take;

#endif
