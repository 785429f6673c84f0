/* SPDX-License-Identifier: ISC
 *
 * habits.h - what each stranger did in this minute, as far as it is counted.
 *
 * So that nobody fills the log, or has us greet without end.  A stranger is
 * what clients.h calls a client; the table has some thousands of them, and
 * forgets first whose minute began first.
 */
#ifndef RECEIVER_HABITS_H
#define RECEIVER_HABITS_H

#include "base/clock.h"
#include "base/list.h"
#include "base/map.h"
#include "io/addr.h"

struct habits {
	struct map map;		/* of struct habit, by network */
	struct list order;	/* the same, by the beginning of their minute */
};

void habits_init(struct habits *habits);
void habits_fini(struct habits *habits);
/* Forgets all, and says what was not said yet. */
void habits_end(struct habits *habits);

/* ADDRESS connects at NOW.  False: it did MOST times in this minute. */
bool habits_connect(struct habits *habits, struct addr address, unsigned most,
    usec_t now);

/* ADDRESS was refused something at NOW.  False: there were many of these in
 * this minute; the log is told their number when it is over. */
bool habits_may_say(struct habits *habits, struct addr address, usec_t now);

/* Ends the minutes that are over at NOW.  False: no stranger is left. */
bool habits_care(struct habits *habits, usec_t now);

#endif
