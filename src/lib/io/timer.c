/* SPDX-License-Identifier: ISC
 *
 * timer.c - the timers of a loop.
 *
 * They are kept here and not in libevent: putting one off, which each
 * command of each session does, is one store.  A timer then stays in the
 * heap at its former time and is put where it belongs when that time has
 * come.
 */
#include "io/loop.h"
#include "io/loop_inside.h"

#include "base/mem.h"
#include "base/must.h"

#include <event2/event.h>

struct timer {
	struct heap_node node;	/* key: at most `due` */
	struct link link;	/* on `soon` */
	struct list *soon;
	struct loop *loop;
	msec_t due;		/* MSEC_NEVER: not set */
	timer_fn *fn;
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

void
timers_init(struct loop *loop)
{
	evtimer_assign(&loop->alarm, loop->base, on_alarm, loop);
	loop->alarm_at = MSEC_NEVER;
	heap_init(&loop->timers);
	list_init(&loop->soon[0]);
	list_init(&loop->soon[1]);
}

void
timers_fini(struct loop *loop)
{
	evtimer_del(&loop->alarm);
	heap_fini(&loop->timers);
}

/* ---- in a turn -------------------------------------------------------------- */

bool
timers_alarm(struct loop *loop)
{
	struct heap_node *first = heap_first(&loop->timers);
	struct timeval tv;
	msec_t delay;

	if (!list_empty(&loop->soon[loop->next]))
		return false;
	if (first == NULL || first->key >= loop->alarm_at)
		return true;	/* too early an alarm does no harm */
	delay = first->key - clock_mono();
	if (delay < 0)
		delay = 0;
	tv.tv_sec = (time_t)(delay / 1000);
	tv.tv_usec = (suseconds_t)(delay % 1000 * 1000);
	must(evtimer_add(&loop->alarm, &tv) == 0);
	loop->alarm_at = first->key;
	return true;
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

void
timers_run(struct loop *loop)
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

/* ---- one timer -------------------------------------------------------------- */

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
