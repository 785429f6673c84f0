/* SPDX-License-Identifier: ISC
 *
 * clock.c - the two clocks.
 */
#include "base/clock.h"

#include <time.h>

static usec_t
read_usec(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return (usec_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

msec_t
clock_mono(void)
{
	return read_usec(CLOCK_MONOTONIC) / 1000;
}

usec_t
clock_mono_usec(void)
{
	return read_usec(CLOCK_MONOTONIC);
}

usec_t
clock_wall(void)
{
	return read_usec(CLOCK_REALTIME);
}
