/* SPDX-License-Identifier: ISC
 *
 * scheduler.h - the parts of the scheduler, put together.
 *
 * One struct scheduler per process.  Each part has a header of its own and
 * reaches the others through it.
 *
 * What happens in a loop turn: frames and timers change the queue in memory
 * and ask for scheduler_turn(), which at the turn's end reads on in
 * segments, writes status records, moves entries between memory and index,
 * gives out jobs, and makes reports - in that order.
 */
#ifndef SCHEDULER_SCHEDULER_H
#define SCHEDULER_SCHEDULER_H

#include "conf/conf.h"
#include "io/loop.h"
#include "scheduler/attention.h"
#include "scheduler/compact.h"
#include "scheduler/deaths.h"
#include "scheduler/discover.h"
#include "scheduler/disk.h"
#include "scheduler/dispatch.h"
#include "scheduler/intake.h"
#include "scheduler/names.h"
#include "scheduler/outage.h"
#include "scheduler/pauses.h"
#include "scheduler/pressure.h"
#include "scheduler/queue.h"
#include "scheduler/report.h"
#include "scheduler/routes.h"
#include "scheduler/segments.h"
#include "scheduler/site.h"
#include "scheduler/skips.h"
#include "scheduler/ward.h"
#include "scheduler/window.h"
#include "spool/layout.h"
#include "worker/board.h"

struct control;

enum { SCHEDULER_SLOT = 63 };	/* whose segments our own reports are in */

struct scheduler {
	struct loop *loop;
	const struct conf *conf;
	struct board_row *board;
	const struct board *all;	/* may be null: no scoreboard */
	struct spool_dirs dirs;
	struct turn_hook *hook;
	struct timer *again;	/* the turn left work for the next */
	struct timer *wake;	/* a site's rest ends */
	struct timer *second;	/* housekeeping */
	unsigned seconds;
	usec_t wall_base;	/* wall time at monotonic 0 */
	bool clock_told;
	bool draining;
	void (*drained)(void *owner);
	void *owner;

	struct queue queue;
	struct segments segments;
	struct intake intake;
	struct discover discover;
	struct routes routes;
	struct dispatch dispatch;
	struct deaths deaths;
	struct skips skips;
	struct list attentions;	/* of sites that need our operator */
	struct reports reports;
	struct window window;
	struct ward ward;
	struct compact compact;
	struct pauses pauses;
	struct outages outages;
	msec_t rates_saved;	/* not before */
	struct pressure pressure;
	struct disk disk;
	struct list walks;	/* those under way */
	struct control *control;	/* null: not given a socket yet */
};

/*
 * A scheduler of the spool open on ROOT (stays the caller's), over LOOP.
 * CONF, BOARD and ALL are borrowed.  Null: ERR.
 */
struct scheduler *scheduler_new(struct loop *loop, const struct conf *conf,
    int root, struct board_row *board, const struct board *all,
    struct err *err) MUST_CHECK;

/* What is in memory goes to the index, so that the next life begins where
 * this one ends. */
void scheduler_free(struct scheduler **scheduler);

/* CONF is a new configuration; the old one is valid during the call. */
void scheduler_reload(struct scheduler *s, const struct conf *conf);

/* Give out nothing more; DRAINED(OWNER) is called when no job is out. */
void scheduler_drain(struct scheduler *s, void (*drained)(void *owner),
    void *owner);

/* Something changed: do the work of a turn before the loop sleeps. */
void scheduler_ask(struct scheduler *s);

/* Monotonic, and wall time that does not jump while we live. */
msec_t scheduler_now(const struct scheduler *s);
usec_t scheduler_wall(const struct scheduler *s);
/* By so much the machine's clock is before that wall time: it jumped, unless
 * it is little. */
usec_t scheduler_clock_off(const struct scheduler *s);

#endif
