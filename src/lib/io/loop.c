/* SPDX-License-Identifier: ISC
 *
 * loop.c - the event loop of a process (libevent underneath).
 *
 * A turn is: hooks, log, sleep, events, timers.  Timers are kept here and
 * not in libevent: putting one off, which each command of each session
 * does, is one store.  A timer then stays in the heap at its former time
 * and is put where it belongs when that time has come.
 */
#include "io/loop.h"

#include "base/heap.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"

#include <event2/event.h>
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
};

struct watch {
	struct event event;
	struct loop *loop;
	int fd;
	unsigned want;
	watch_fn *fn;
	void *owner;
};

struct timer {
	struct heap_node node;	/* key: at most `due` */
	struct link link;	/* on `soon` */
	struct list *soon;
	struct loop *loop;
	msec_t due;		/* MSEC_NEVER: not set */
	timer_fn *fn;
	void *owner;
};

struct sigwatch {
	struct event event;
	int signal;
	sigwatch_fn *fn;
	void *owner;
};

struct turn_hook {
	struct link link;
	struct loop *loop;
	bool asked;
	turn_fn *fn;
	void *owner;
};

/* Only ends the sleep: the timers are looked at in each turn. */
static void
on_alarm(evutil_socket_t fd, short what, void *owner)
{
	struct loop *loop = owner;

	(void)fd;
	(void)what;
	loop->alarm_at = MSEC_NEVER;
}

struct loop *
loop_new(void)
{
	struct loop *loop = mem_new(struct loop);
	struct event_config *config = event_config_new();

	must(config != NULL);
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	loop->base = event_base_new_with_config(config);
	event_config_free(config);
	must(loop->base != NULL);
	evtimer_assign(&loop->alarm, loop->base, on_alarm, loop);
	loop->alarm_at = MSEC_NEVER;
	heap_init(&loop->timers);
	list_init(&loop->soon[0]);
	list_init(&loop->soon[1]);
	list_init(&loop->hooks);
	return loop;
}

void
loop_free(struct loop **loop)
{
	if (*loop == NULL)
		return;
	evtimer_del(&(*loop)->alarm);
	event_base_free((*loop)->base);
	heap_fini(&(*loop)->timers);
	mem_free(*loop);
	*loop = NULL;
}

struct event_base *
loop_base(struct loop *loop)
{
	return loop->base;
}

msec_t
loop_now(const struct loop *loop)
{
	struct loop *own = (struct loop *)(uintptr_t)loop;

	if (own->now == 0)
		own->now = clock_mono();
	return own->now;
}

void
loop_stop(struct loop *loop)
{
	loop->stopping = true;
}

/* A hook may free any hook, and may ask for any: then another turn follows
 * without sleep. */
static void
run_hooks(struct loop *loop)
{
	struct link *link = list_first(&loop->hooks);

	if (!loop->asked)
		return;
	loop->asked = false;
	while (link != NULL) {
		struct turn_hook *hook = list_item(link, struct turn_hook,
		    link);

		loop->hook_next = list_next(&loop->hooks, link);
		if (hook->asked) {
			hook->asked = false;
			hook->fn(hook->owner);
		}
		link = loop->hook_next;
	}
	loop->hook_next = NULL;
}

static void
set_alarm(struct loop *loop)
{
	struct heap_node *first = heap_first(&loop->timers);
	struct timeval tv;
	msec_t delay;

	if (first == NULL || first->key >= loop->alarm_at)
		return;		/* too early an alarm does no harm */
	delay = first->key - clock_mono();
	if (delay < 0)
		delay = 0;
	tv.tv_sec = (time_t)(delay / 1000);
	tv.tv_usec = (suseconds_t)(delay % 1000 * 1000);
	must(evtimer_add(&loop->alarm, &tv) == 0);
	loop->alarm_at = first->key;
}

static void
sleep_and_serve(struct loop *loop)
{
	int flags = EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY;

	if (loop->asked || !list_empty(&loop->soon[loop->next]))
		flags = EVLOOP_NONBLOCK;
	else
		set_alarm(loop);
	loop->now = 0;
	must(event_base_loop(loop->base, flags) != -1);
}

static void
fire(struct timer *timer)
{
	timer->due = MSEC_NEVER;
	timer->fn(timer->owner);
}

static void
run_soon(struct loop *loop)
{
	struct list *list = &loop->soon[loop->next];
	struct link *link;

	loop->next = !loop->next;
	while ((link = list_take(list)) != NULL) {
		struct timer *timer = list_item(link, struct timer, link);

		timer->soon = NULL;
		fire(timer);
	}
}

static void
run_timers(struct loop *loop)
{
	struct heap_node *node;

	run_soon(loop);
	while ((node = heap_first(&loop->timers)) != NULL &&
	    node->key <= loop_now(loop)) {
		struct timer *timer = heap_item(node, struct timer, node);

		if (timer->due <= loop_now(loop)) {
			heap_remove(&loop->timers, node);
			fire(timer);
		} else if (timer->due != MSEC_NEVER)
			heap_put(&loop->timers, node, timer->due);
		else
			heap_remove(&loop->timers, node);
	}
}

/* What was said about it is in the log before another process hears of a
 * thing and says something in its turn. */
static void
end_turn(struct loop *loop)
{
	log_flush();
	run_hooks(loop);
	log_flush();
}

void
loop_run(struct loop *loop)
{
	loop->stopping = false;
	while (!loop->stopping) {
		end_turn(loop);
		if (loop->stopping)
			break;
		sleep_and_serve(loop);
		run_timers(loop);
	}
	end_turn(loop);
}

/* ---- descriptors --------------------------------------------------------- */

static void
on_ready(evutil_socket_t fd, short what, void *owner)
{
	struct watch *watch = owner;

	(void)fd;
	watch->fn(watch->owner, (what & EV_READ ? WATCH_READ : 0u) |
	    (what & EV_WRITE ? WATCH_WRITE : 0u));
}

void
watch_want(struct watch *watch, unsigned want)
{
	short events = EV_PERSIST;

	if (want == watch->want)
		return;
	if (watch->want != 0)
		event_del(&watch->event);
	watch->want = want;
	if (want == 0)
		return;
	if (want & WATCH_READ)
		events |= EV_READ;
	if (want & WATCH_WRITE)
		events |= EV_WRITE;
	event_assign(&watch->event, watch->loop->base, watch->fd, events,
	    on_ready, watch);
	must(event_add(&watch->event, NULL) == 0);
}

struct watch *
watch_new(struct loop *loop, int fd, unsigned want, watch_fn *fn, void *owner)
{
	struct watch *watch = mem_new(struct watch);

	watch->loop = loop;
	watch->fd = fd;
	watch->fn = fn;
	watch->owner = owner;
	watch_want(watch, want);
	return watch;
}

void
watch_free(struct watch **watch)
{
	if (*watch == NULL)
		return;
	watch_want(*watch, 0);
	mem_free(*watch);
	*watch = NULL;
}

/* ---- timers ---------------------------------------------------------------- */

struct timer *
timer_new(struct loop *loop, timer_fn *fn, void *owner)
{
	struct timer *timer = mem_new(struct timer);

	timer->loop = loop;
	timer->due = MSEC_NEVER;
	timer->fn = fn;
	timer->owner = owner;
	return timer;
}

static void
leave_soon(struct timer *timer)
{
	if (timer->soon == NULL)
		return;
	list_remove(timer->soon, &timer->link);
	timer->soon = NULL;
}

void
timer_set(struct timer *timer, msec_t delay)
{
	struct loop *loop = timer->loop;

	leave_soon(timer);
	if (delay >= MSEC_NEVER - loop_now(loop)) {
		timer->due = MSEC_NEVER;
		return;
	}
	timer->due = loop_now(loop) + (delay > 0 ? delay : 0);
	if (delay <= 0) {
		heap_remove(&loop->timers, &timer->node);
		timer->soon = &loop->soon[loop->next];
		list_append(timer->soon, &timer->link);
	} else if (!heap_holds(&timer->node) || timer->node.key > timer->due)
		heap_put(&loop->timers, &timer->node, timer->due);
}

void
timer_stop(struct timer *timer)
{
	leave_soon(timer);
	timer->due = MSEC_NEVER;
}

bool
timer_is_set(const struct timer *timer)
{
	return timer->due != MSEC_NEVER;
}

void
timer_free(struct timer **timer)
{
	if (*timer == NULL)
		return;
	leave_soon(*timer);
	heap_remove(&(*timer)->loop->timers, &(*timer)->node);
	mem_free(*timer);
	*timer = NULL;
}

/* ---- signals ------------------------------------------------------------------ */

static void
on_signal(evutil_socket_t fd, short what, void *owner)
{
	struct sigwatch *sigwatch = owner;

	(void)fd;
	(void)what;
	sigwatch->fn(sigwatch->owner, sigwatch->signal);
}

struct sigwatch *
sigwatch_new(struct loop *loop, int signal, sigwatch_fn *fn, void *owner)
{
	struct sigwatch *sigwatch = mem_new(struct sigwatch);

	sigwatch->signal = signal;
	sigwatch->fn = fn;
	sigwatch->owner = owner;
	evsignal_assign(&sigwatch->event, loop->base, signal, on_signal,
	    sigwatch);
	must(evsignal_add(&sigwatch->event, NULL) == 0);
	return sigwatch;
}

void
sigwatch_free(struct sigwatch **sigwatch)
{
	if (*sigwatch == NULL)
		return;
	evsignal_del(&(*sigwatch)->event);
	mem_free(*sigwatch);
	*sigwatch = NULL;
}

/* ---- the end of a turn ------------------------------------------------------ */

struct turn_hook *
turn_hook_new(struct loop *loop, turn_fn *fn, void *owner)
{
	struct turn_hook *hook = mem_new(struct turn_hook);

	hook->loop = loop;
	hook->fn = fn;
	hook->owner = owner;
	list_append(&loop->hooks, &hook->link);
	return hook;
}

void
turn_hook_ask(struct turn_hook *hook)
{
	hook->asked = true;
	hook->loop->asked = true;
}

void
turn_hook_free(struct turn_hook **hook)
{
	struct loop *loop;

	if (*hook == NULL)
		return;
	loop = (*hook)->loop;
	if (loop->hook_next == &(*hook)->link)
		loop->hook_next = list_next(&loop->hooks, &(*hook)->link);
	list_remove(&loop->hooks, &(*hook)->link);
	mem_free(*hook);
	*hook = NULL;
}
