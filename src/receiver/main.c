/* SPDX-License-Identifier: ISC
 *
 * main.c - the receiver process: SMTP in.
 *
 * Takes mail from clients and local users, makes it durable in the spool,
 * and tells the scheduler how far the spool has grown.
 */
#include "receiver/front.h"
#include "receiver/store.h"

#include "base/log.h"

#include <unistd.h>

enum { REPLY_MOST = 1 << 20 };

/* ---- leaving ------------------------------------------------------------- */

static void
on_leave(void *owner)
{
	struct receiver *receiver = owner;

	habits_end(&receiver->habits);
	store_close(receiver);
	if (receiver->scheduler != NULL)
		channel_flush(receiver->scheduler);
	worker_done(receiver->worker);
}

void
receiver_front_gone(struct receiver *receiver)
{
	if (receiver->rules.draining && list_empty(&receiver->fronts))
		timer_set(receiver->leave, 0);
}

static void
drain(struct worker *worker)
{
	struct receiver *receiver = worker_state(worker);
	struct link *link, *next;

	receiver->rules.draining = true;
	listeners_stop(receiver);
	if (list_empty(&receiver->fronts))
		timer_set(receiver->leave, 0);
	for (link = list_first(&receiver->fronts); link != NULL; link = next) {
		next = list_next(&receiver->fronts, link);
		front_drain(list_item(link, struct front, link));
	}
}

/* ---- birth and configuration --------------------------------------------- */

static void
on_minute(void *owner)
{
	struct receiver *receiver = owner;

	if (habits_care(&receiver->habits, clock_wall()))
		timer_set(receiver->minute, HABITS_MS);
}

static bool
start(struct worker *worker, struct err *err)
{
	struct receiver *receiver = worker_state(worker);

	receiver->worker = worker;
	receiver->rules.conf = worker->conf;
	receiver->rules.now = clock_wall();
	clients_join(&receiver->clients, worker->crowd, worker->all);
	receiver->rules.habits = &receiver->habits;
	receiver->minute = timer_new(worker->loop, on_minute, receiver);
	receiver->leave = timer_new(worker->loop, on_leave, receiver);
	if (!store_open(receiver, err))
		return false;
	return listeners_start(receiver, err);
}

static void
reload(struct worker *worker, const struct conf *old)
{
	struct receiver *receiver = worker_state(worker);

	(void)old;
	receiver->rules.conf = worker->conf;
	listeners_reload(receiver);
}

static void
descriptor(struct worker *worker, const struct frame *frame)
{
	struct receiver *receiver = worker_state(worker);

	receiver->worker = worker;
	switch (frame->kind) {
	case FRAME_LISTEN:
		listeners_add(receiver, frame->fd, false, frame->listen.index);
		break;
	case FRAME_SUBMIT:
		listeners_add(receiver, frame->fd, true, 0);
		break;
	case FRAME_SPOOL:
		if (receiver->spool_fd != -1)
			close(receiver->spool_fd);
		receiver->spool_fd = frame->fd;
		break;
	default:
		close(frame->fd);
		break;
	}
}

/* ---- the scheduler ------------------------------------------------------- */

static void
peer(struct worker *worker, struct channel *channel, enum role role,
    unsigned number)
{
	struct receiver *receiver = worker_state(worker);

	(void)number;
	if (role != ROLE_SCHEDULER)
		return;
	receiver->worker = worker;
	receiver->scheduler = channel;
	store_announce(receiver);
}

static void
on_frame(struct worker *worker, struct channel *channel,
    const struct frame *frame)
{
	struct receiver *receiver = worker_state(worker);

	if (channel != receiver->scheduler)
		return;
	if (frame->kind == FRAME_PRESSURE)
		pressure_queue(&receiver->rules.pressure,
		    frame->pressure.slow, frame->pressure.refuse);
	else if (frame->kind == FRAME_KEPT)
		store_kept(receiver, &frame->kept);
}

static void
on_gone(struct worker *worker, struct channel *channel)
{
	struct receiver *receiver = worker_state(worker);

	if (channel != receiver->scheduler)
		return;
	receiver->scheduler = NULL;
	pressure_queue(&receiver->rules.pressure, 0, 0);
}

int
main(void)
{
	static const struct worker_ops ops = {
		.start = start, .reload = reload, .drain = drain,
		.peer = peer, .on_frame = on_frame, .on_gone = on_gone,
		.descriptor = descriptor, .jailed = true,
	};
	struct receiver receiver = { .spool_fd = -1 };
	int status;

	buf_init(&receiver.reply, REPLY_MOST);
	list_init(&receiver.fronts);
	list_init(&receiver.listeners);
	list_init(&receiver.throttled);
	list_init(&receiver.slowed);
	clients_init(&receiver.clients);
	habits_init(&receiver.habits);
	status = worker_main(ROLE_RECEIVER, &ops, &receiver);
	habits_fini(&receiver.habits);
	clients_fini(&receiver.clients);
	buf_fini(&receiver.reply);
	return status;
}
