/* SPDX-License-Identifier: ISC
 *
 * avoid.h - the few hosts that a message is to avoid (pure).
 *
 * In one attempt a message is offered to a few hosts of its site, one after
 * the other, and to none twice.  A host is a tag of 16 bits, made of address
 * and port: two hosts of a site that share one, which hardly happens, cost a
 * try in this attempt.
 */
#ifndef DELIVERER_AVOID_H
#define DELIVERER_AVOID_H

#include <stdbool.h>
#include <stdint.h>

/* Four tags; 0 is none. */
typedef uint64_t avoid_t;

static inline bool
avoid_has(avoid_t avoid, uint16_t tag)
{
	for (; avoid != 0; avoid >>= 16)
		if ((uint16_t)avoid == tag)
			return true;
	return false;
}

static inline avoid_t
avoid_add(avoid_t avoid, uint16_t tag)
{
	return avoid << 16 | tag;
}

/* There is no room for another. */
static inline bool
avoid_is_full(avoid_t avoid)
{
	return avoid >> 48 != 0;
}

#endif
