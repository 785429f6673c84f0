/* SPDX-License-Identifier: ISC
 *
 * loop.c - the event loop of a process (libevent underneath).
 *
 * A turn is: hooks, log, sleep, events, timers (timer.c).
 */
#include "io/loop.h"
#include "io/loop_inside.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"

#include <event2/event.h>

struct watch {
	struct event event;
	struct loop *loop;
	int fd;
	unsigned want;
	watch_fn *fn;
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

struct orphan {
	struct link link;
	struct loop *loop;
	orphan_fn *end;
	void *self;
};

/* The turn that it makes writes the log. */
static void
nothing(void *owner)
{
	(void)owner;
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
	timers_init(loop);
	loop->log = timer_new(loop, nothing, NULL);
	list_init(&loop->hooks);
	list_init(&loop->orphans);
	return loop;
}

static void
end_orphans(struct loop *loop)
{
	struct link *link;

	while ((link = list_first(&loop->orphans)) != NULL) {
		struct orphan *orphan = list_item(link, struct orphan, link);

		orphan->end(orphan->self);
		must(list_first(&loop->orphans) != link);
	}
}

void
loop_free(struct loop **loop)
{
	if (*loop == NULL)
		return;
	end_orphans(*loop);
	timer_free(&(*loop)->log);
	timers_fini(*loop);
	event_base_free((*loop)->base);
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
sleep_and_serve(struct loop *loop)
{
	int flags = EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY;

	if (loop->asked || !timers_alarm(loop))
		flags = EVLOOP_NONBLOCK;
	loop->now = 0;
	must(event_base_loop(loop->base, flags) != -1);
}

/* What was said about it is in the log before another process hears of a
 * thing and says something in its turn. */
static void
end_turn(struct loop *loop)
{
	log_flush();
	run_hooks(loop);
	log_flush();
	if (log_pause() != MSEC_NEVER && !timer_is_set(loop->log))
		timer_set(loop->log, log_pause());
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
		timers_run(loop);
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

/* ---- what outlives its owner ------------------------------------------------ */

struct orphan *
orphan_new(struct loop *loop, orphan_fn *end, void *self)
{
	struct orphan *orphan = mem_new(struct orphan);

	orphan->loop = loop;
	orphan->end = end;
	orphan->self = self;
	list_append(&loop->orphans, &orphan->link);
	return orphan;
}

void
orphan_free(struct orphan **orphan)
{
	if (*orphan == NULL)
		return;
	list_remove(&(*orphan)->loop->orphans, &(*orphan)->link);
	mem_free(*orphan);
	*orphan = NULL;
}
