/* SPDX-License-Identifier: ISC
 *
 * loop_inside.h - the loop from within: for loop.c and timer.c alone.
 */
#ifndef IO_LOOP_INSIDE_H
#define IO_LOOP_INSIDE_H

#include "base/heap.h"
#include "base/list.h"
#include "io/loop.h"

#include <event2/event_struct.h>

struct loop {
	struct event_base *base;
	struct event alarm;	/* the least of the heap */
	bool stopping;
	msec_t now;		/* 0: not looked at in this turn */
	msec_t alarm_at;	/* MSEC_NEVER: not set */
	struct heap timers;
	struct list soon[2];	/* timers of this turn and of the next */
	unsigned next;		/* which of the two is the next turn's */
	struct list hooks;
	struct link *hook_next;	/* where the walk over hooks goes on */
	bool asked;		/* any hook */
	struct list orphans;
	struct timer *log;	/* set while lines wait that nobody takes */
};

void timers_init(struct loop *loop);
void timers_fini(struct loop *loop);

/* Have the coming sleep end in time for the next timer.  False: there is one
 * already. */
bool timers_alarm(struct loop *loop);

/* Call those whose time has come. */
void timers_run(struct loop *loop);

#endif
