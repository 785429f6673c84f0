/* SPDX-License-Identifier: ISC
 *
 * main.c - postrider-deliverer: carries mail to other hosts.
 *
 * Started by the master; has an empty jail, no files but the segments that
 * the scheduler hands it, and connects to the network.
 */
#include "deliverer/deliverer.h"

#include "worker/worker.h"

#include <unistd.h>

static bool
prepare(struct worker *worker, struct err *err)
{
	struct deliverer *d = worker_state(worker);

	own_learn(&d->own);
	return deliverer_init(d, worker->loop, worker->conf, worker->board,
	    err);
}

static void
on_drained(void *owner)
{
	worker_done(owner);
}

static bool
start(struct worker *worker, struct err *err)
{
	struct deliverer *d = worker_state(worker);

	(void)err;
	d->drained = on_drained;
	d->owner = worker;
	return true;
}

static void
reload(struct worker *worker, const struct conf *old)
{
	(void)old;
	deliverer_reload(worker_state(worker), worker->conf);
}

static void
drain(struct worker *worker)
{
	deliverer_drain(worker_state(worker));
}

static void
peer(struct worker *worker, struct channel *channel, enum role role,
    unsigned number)
{
	struct deliverer *d = worker_state(worker);

	(void)number;
	if (role != ROLE_SCHEDULER)
		return;
	if (d->scheduler != NULL)
		deliverer_orphaned(d);
	d->scheduler = channel;
}

static void
on_frame(struct worker *worker, struct channel *channel,
    const struct frame *frame)
{
	struct deliverer *d = worker_state(worker);

	if (channel == d->scheduler)
		deliverer_frame(d, frame);
	else if (frame->fd != -1)
		close(frame->fd);
}

static void
on_gone(struct worker *worker, struct channel *channel)
{
	struct deliverer *d = worker_state(worker);

	if (channel == d->scheduler)
		deliverer_orphaned(d);
}

int
main(void)
{
	static const struct worker_ops ops = {
		.prepare = prepare, .start = start, .reload = reload,
		.drain = drain, .peer = peer, .on_frame = on_frame,
		.on_gone = on_gone, .jailed = true,
	};
	static struct deliverer deliverer;
	int status = worker_main(ROLE_DELIVERER, &ops, &deliverer);

	deliverer_fini(&deliverer);
	return status;
}
