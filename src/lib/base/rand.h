/* SPDX-License-Identifier: ISC
 *
 * rand.h - chance: for jitter and hash keys, not for cryptography.
 */
#ifndef BASE_RAND_H
#define BASE_RAND_H

#include <stddef.h>
#include <stdint.h>

/* From the kernel; cannot fail. */
void rand_bytes(void *out, size_t length);

/* Evenly from 0 to BOUND - 1; 0 when BOUND is 0.  Seeded by the kernel. */
uint64_t rand_below(uint64_t bound);

/* VALUE, more or less by up to PERCENT of it. */
int64_t rand_jitter(int64_t value, unsigned percent);

/* For tests: the same row of numbers from now on. */
void rand_seed(uint64_t seed);

#endif
