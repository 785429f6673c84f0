/* SPDX-License-Identifier: ISC
 *
 * clock.h - the two clocks.
 *
 * Waiting is counted on the monotonic clock in milliseconds; what is
 * written down is wall time in microseconds since 1970.  Pure code is given
 * the time by its caller and never looks at a clock.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

typedef int64_t msec_t;		/* milliseconds, a span or a monotonic time */
typedef int64_t usec_t;		/* microseconds, a span or a wall time */

#define MSEC_NEVER ((msec_t)INT64_MAX)

#define MSEC_SECOND ((msec_t)1000)
#define MSEC_MINUTE (60 * MSEC_SECOND)
#define MSEC_HOUR (60 * MSEC_MINUTE)
#define MSEC_DAY (24 * MSEC_HOUR)

msec_t clock_mono(void);
usec_t clock_mono_usec(void);
usec_t clock_wall(void);

/* A span as the log tells it: "0.81", "12", "0.004"; two digits that matter,
 * milliseconds at least.  Returns OUT. */
enum { DELAY_TEXT = 24 };
const char *delay_text(usec_t delay, char out[DELAY_TEXT]);

#endif
