/* SPDX-License-Identifier: ISC
 *
 * clock.c - the two clocks.
 */
#include "base/clock.h"

#include <stdio.h>
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

const char *
delay_text(usec_t delay, char out[DELAY_TEXT])
{
	int64_t ms = delay > 0 ? (delay + 500) / 1000 : 0, unit = 1;
	long long seconds, rest;

	while (unit < 1000 && ms / unit >= 100)
		unit *= 10;
	ms = (ms + unit / 2) / unit * unit;
	seconds = ms / 1000;
	rest = ms % 1000;
	if (rest == 0)
		snprintf(out, DELAY_TEXT, "%lld", seconds);
	else if (rest % 100 == 0)
		snprintf(out, DELAY_TEXT, "%lld.%lld", seconds, rest / 100);
	else if (rest % 10 == 0)
		snprintf(out, DELAY_TEXT, "%lld.%02lld", seconds, rest / 10);
	else
		snprintf(out, DELAY_TEXT, "%lld.%03lld", seconds, rest);
	return out;
}
