/* SPDX-License-Identifier: ISC
 *
 * loop.h - the event loop of a process (libevent underneath).
 *
 * One loop per process.  Timers are on the monotonic clock.  Work that is
 * to be done once before the loop sleeps (writing what was gathered in a
 * turn) registers as a turn hook.
 */
#ifndef IO_LOOP_H
#define IO_LOOP_H

#include "base/clock.h"

#include <stdbool.h>

struct loop;
struct event_base;

struct loop *loop_new(void);
/* Ends the orphans; all else that was made for it must have been freed. */
void loop_free(struct loop **loop);

/* Run until loop_stop(). */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* The monotonic time at which this turn began. */
msec_t loop_now(const struct loop *loop);

/* For libraries that bring their own events (libunbound). */
struct event_base *loop_base(struct loop *loop);

/* ---- descriptors -------------------------------------------------------- */

struct watch;
enum { WATCH_READ = 1, WATCH_WRITE = 2 };
typedef void watch_fn(void *owner, unsigned ready);

/* FD stays the caller's.  Level-triggered, persistent.  Starts with WANT. */
struct watch *watch_new(struct loop *loop, int fd, unsigned want,
    watch_fn *fn, void *owner);
void watch_want(struct watch *watch, unsigned want);
void watch_free(struct watch **watch);

/* ---- timers --------------------------------------------------------------- */

struct timer;
typedef void timer_fn(void *owner);

struct timer *timer_new(struct loop *loop, timer_fn *fn, void *owner);
/* Call once, after DELAY ms (0: in the next turn); replaces what was set. */
void timer_set(struct timer *timer, msec_t delay);
void timer_stop(struct timer *timer);
bool timer_is_set(const struct timer *timer);
void timer_free(struct timer **timer);

/* ---- signals ---------------------------------------------------------------- */

struct sigwatch;
typedef void sigwatch_fn(void *owner, int signal);
struct sigwatch *sigwatch_new(struct loop *loop, int signal, sigwatch_fn *fn,
    void *owner);
void sigwatch_free(struct sigwatch **sigwatch);

/* ---- the end of a turn ------------------------------------------------------ */

struct turn_hook;
typedef void turn_fn(void *owner);

/*
 * FN is called at the end of each turn in which turn_hook_ask() was called
 * for it, before the loop sleeps, in the order in which hooks were made.
 */
struct turn_hook *turn_hook_new(struct loop *loop, turn_fn *fn, void *owner);
void turn_hook_ask(struct turn_hook *hook);
void turn_hook_free(struct turn_hook **hook);

/* ---- what outlives its owner ------------------------------------------------ */

struct orphan;
typedef void orphan_fn(void *self);

/*
 * SELF has nobody left who would free it: it goes on by itself, as a
 * connection does whose last words still leave, until it frees itself, and
 * this with it.  If the loop ends before, END is called, and must do so.
 */
struct orphan *orphan_new(struct loop *loop, orphan_fn *end, void *self);
void orphan_free(struct orphan **orphan);

#endif
