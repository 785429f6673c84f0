/* SPDX-License-Identifier: ISC
 *
 * hash.h - a keyed hash that strangers cannot aim at (SipHash-2-4).
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/span.h"

struct hash_key {
	uint64_t k0, k1;
};

/* A fresh key from the kernel. */
struct hash_key hash_key_new(void);

uint64_t hash_span(struct hash_key key, struct span s);

#endif
