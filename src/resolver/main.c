/* SPDX-License-Identifier: ISC
 *
 * main.c - postrider-resolver: finds out where mail is to go.
 *
 * Started by the master; reads the system's resolver files, then lives in an
 * empty jail and speaks DNS.
 */
#include "resolver/resolver.h"

#include "worker/worker.h"

#include <unistd.h>

static bool
prepare(struct worker *worker, struct err *err)
{
	return resolver_init(worker_state(worker), worker->loop, worker->conf,
	    worker->board, err);
}

/* The library takes no other servers: the master starts another resolver
 * where these change. */
static void
reload(struct worker *worker, const struct conf *old)
{
	struct resolver *resolver = worker_state(worker);

	(void)old;
	resolver->conf = worker->conf;
}

static void
drain(struct worker *worker)
{
	worker_done(worker);
}

static void
peer(struct worker *worker, struct channel *channel, enum role role,
    unsigned number)
{
	struct resolver *resolver = worker_state(worker);

	(void)number;
	if (role != ROLE_SCHEDULER)
		return;
	if (resolver->scheduler != NULL)
		resolver_orphaned(resolver);
	resolver->scheduler = channel;
}

static void
on_frame(struct worker *worker, struct channel *channel,
    const struct frame *frame)
{
	struct resolver *resolver = worker_state(worker);

	if (channel == resolver->scheduler)
		resolver_frame(resolver, frame);
	else if (frame->fd != -1)
		close(frame->fd);
}

static void
on_gone(struct worker *worker, struct channel *channel)
{
	struct resolver *resolver = worker_state(worker);

	if (channel == resolver->scheduler)
		resolver_orphaned(resolver);
}

int
main(void)
{
	static const struct worker_ops ops = {
		.prepare = prepare, .reload = reload, .drain = drain,
		.peer = peer, .on_frame = on_frame, .on_gone = on_gone,
		.jailed = true,
	};
	static struct resolver resolver;
	int status = worker_main(ROLE_RESOLVER, &ops, &resolver);

	resolver_fini(&resolver);
	return status;
}
