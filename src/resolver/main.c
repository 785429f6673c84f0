/* SPDX-License-Identifier: ISC
 *
 * main.c - postrider-resolver: finds out where mail is to go.
 *
 * Started by the master; reads the system's resolver files, then lives in an
 * empty jail and speaks DNS.
 */
#include "resolver/resolver.h"

#include "base/log.h"
#include "worker/worker.h"

#include <string.h>
#include <unistd.h>

static bool
prepare(struct worker *worker, struct err *err)
{
	return resolver_init(worker_state(worker), worker->loop, worker->conf,
	    worker->board, err);
}

static bool
asks_otherwise(const struct conf *a, const struct conf *b)
{
	if (a->resolver_server_count != b->resolver_server_count ||
	    a->resolver_negative != b->resolver_negative)
		return true;
	for (size_t i = 0; i < a->resolver_server_count; i++)
		if (strcmp(a->resolver_servers[i], b->resolver_servers[i]) != 0)
			return true;
	return false;
}

/* The library takes no new servers, and the jail hides the system's files:
 * leave, and be started anew. */
static void
reload(struct worker *worker, const struct conf *old)
{
	struct resolver *resolver = worker_state(worker);

	resolver->conf = worker->conf;
	if (!asks_otherwise(worker->conf, old))
		return;
	log_info("other resolver settings: starting anew");
	worker_done(worker);
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
