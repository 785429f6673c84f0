/* SPDX-License-Identifier: ISC
 *
 * hash.c - SipHash-2-4, after Aumasson and Bernstein's description.
 */
#include "base/hash.h"

#include "base/rand.h"

#include <endian.h>

static inline uint64_t
rotate(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

struct hash_key
hash_key_new(void)
{
	struct hash_key key;

	rand_bytes(&key, sizeof key);
	return key;
}

static inline void
round_once(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] = rotate(v[2], 32);
}

static inline void
absorb(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	round_once(v);
	round_once(v);
	v[0] ^= word;
}

uint64_t
hash_span(struct hash_key key, struct span s)
{
	uint64_t v[4] = {
		key.k0 ^ 0x736f6d6570736575, key.k1 ^ 0x646f72616e646f6d,
		key.k0 ^ 0x6c7967656e657261, key.k1 ^ 0x7465646279746573,
	};
	uint64_t word, last = (uint64_t)s.length << 56;

	for (; s.length >= 8; s = span_skip(s, 8)) {
		memcpy(&word, s.data, 8);
		absorb(v, le64toh(word));
	}
	for (size_t i = 0; i < s.length; i++)
		last |= (uint64_t)s.data[i] << (8 * i);
	absorb(v, last);
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		round_once(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
