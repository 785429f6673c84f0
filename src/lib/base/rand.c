/* SPDX-License-Identifier: ISC
 *
 * rand.c - chance: for jitter and hash keys, not for cryptography.
 */
#include "base/rand.h"

#include "base/must.h"

#include <errno.h>
#include <sys/random.h>

static uint64_t state;

void
rand_bytes(void *out, size_t length)
{
	uint8_t *to = out;

	while (length > 0) {
		ssize_t got = getrandom(to, length, 0);

		if (got == -1 && errno == EINTR)
			continue;
		must(got > 0);
		to += got;
		length -= (size_t)got;
	}
}

void
rand_seed(uint64_t seed)
{
	state = seed == 0 ? 1 : seed;
}

/* splitmix64: every step a full-period counter, well mixed. */
static uint64_t
next(void)
{
	uint64_t z;

	if (state == 0)
		rand_bytes(&state, sizeof state);
	z = (state += 0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

uint64_t
rand_below(uint64_t bound)
{
	return (uint64_t)(((unsigned __int128)next() * bound) >> 64);
}

int64_t
rand_jitter(int64_t value, unsigned percent)
{
	int64_t width = value / 100 * (int64_t)percent;

	if (width <= 0)
		width = value * (int64_t)percent / 100;
	if (width <= 0)
		return value;
	return value - width + (int64_t)rand_below(2 * (uint64_t)width + 1);
}
