/* SPDX-License-Identifier: ISC
 *
 * main.c - the scheduler as a process: who speaks to it, and in which words.
 */
#include "base/log.h"
#include "scheduler/control.h"
#include "scheduler/scheduler.h"
#include "worker/worker.h"

#include <unistd.h>

enum { PEERS_MOST = 128 };

struct process {
	struct scheduler *scheduler;
	int spool, control;	/* -1: not given */
	struct channel *receivers[PEERS_MOST];
	struct channel *deliverers[PEERS_MOST];
	struct channel *resolver;
	struct timer *leave;	/* the drain is done */
};

static void
take_descriptor(struct worker *worker, const struct frame *frame)
{
	struct process *p = worker_state(worker);
	int *place = frame->kind == FRAME_SPOOL ? &p->spool :
	    frame->kind == FRAME_CONTROL ? &p->control : NULL;

	if (place == NULL || *place != -1)
		close(frame->fd);
	else
		*place = frame->fd;
}

/* The deliverer for suspects is wanted, or is not. */
static void
ask_apart(void *owner, bool wanted)
{
	struct worker *worker = owner;
	struct frame frame = { .kind = FRAME_ASK_APART, .fd = -1 };

	frame.ask.token = wanted;
	if (worker->master != NULL)
		channel_send(worker->master, &frame);
}

static bool
start(struct worker *worker, struct err *err)
{
	struct process *p = worker_state(worker);

	if (p->spool == -1)
		return err_set(err, ERR_PEER, "the master gave no spool");
	p->scheduler = scheduler_new(worker->loop, worker->conf, p->spool,
	    worker->board, worker->all, err);
	if (p->scheduler == NULL)
		return false;
	p->scheduler->deaths.ask = ask_apart;
	p->scheduler->deaths.owner = worker;
	if (p->control != -1)
		p->scheduler->control = control_new(p->scheduler, p->control,
		    worker);
	return true;
}

static void
reload(struct worker *worker, const struct conf *old)
{
	struct process *p = worker_state(worker);

	(void)old;
	if (p->scheduler != NULL)
		scheduler_reload(p->scheduler, worker->conf);
}

/* From the loop: nothing of the scheduler is on the stack. */
static void
leave(void *owner)
{
	struct worker *worker = owner;
	struct process *p = worker_state(worker);

	timer_free(&p->leave);
	scheduler_free(&p->scheduler);
	worker_done(worker);
}

static void
drained(void *owner)
{
	struct worker *worker = owner;
	struct process *p = worker_state(worker);

	p->leave = timer_new(worker->loop, leave, worker);
	timer_set(p->leave, 0);
}

static void
drain(struct worker *worker)
{
	struct process *p = worker_state(worker);

	if (p->scheduler == NULL)
		worker_done(worker);
	else
		scheduler_drain(p->scheduler, drained, worker);
}

/* ---- peers -------------------------------------------------------------------------- */

/* The place of CHANNEL among PEERS; PEERS_MOST: it is not there. */
static unsigned
place_of(struct channel *const peers[PEERS_MOST],
    const struct channel *channel)
{
	unsigned i = 0;

	while (i < PEERS_MOST && peers[i] != channel)
		i++;
	return i;
}

static void
peer(struct worker *worker, struct channel *channel, enum role role,
    unsigned number)
{
	struct process *p = worker_state(worker);

	if (role == ROLE_RESOLVER) {
		p->resolver = channel;
		routes_resolver(p->scheduler, channel);
	} else if (number >= PEERS_MOST) {
		log_error("%s %u is one too many and is not used",
		    role_name(role), number);
	} else if (role == ROLE_RECEIVER) {
		p->receivers[number] = channel;
		pressure_receiver(p->scheduler, number, channel);
		/* its predecessor may have left what it told nobody of */
		discover_want(p->scheduler);
	} else if (role == ROLE_DELIVERER) {
		p->deliverers[number] = channel;
		dispatch_deliverer(p->scheduler, number, channel);
	}
}

static void
on_gone(struct worker *worker, struct channel *channel)
{
	struct process *p = worker_state(worker);
	unsigned number = place_of(p->receivers, channel);

	if (p->scheduler == NULL)
		return;
	if (number < PEERS_MOST) {
		p->receivers[number] = NULL;
		pressure_receiver(p->scheduler, number, NULL);
		intake_receiver_gone(p->scheduler, number);
		return;
	}
	number = place_of(p->deliverers, channel);
	if (number < PEERS_MOST) {
		p->deliverers[number] = NULL;
		dispatch_deliverer(p->scheduler, number, NULL);
	} else if (channel == p->resolver) {
		p->resolver = NULL;
		routes_resolver(p->scheduler, NULL);
	}
}

/* ---- frames --------------------------------------------------------------------------- */

typedef void handler_fn(struct process *p, struct channel *channel,
    const struct frame *frame);

static void
on_arrived(struct process *p, struct channel *channel,
    const struct frame *frame)
{
	const struct frame_arrived *a = &frame->arrived;
	struct segment_name name = { a->klass, a->slot, a->sequence };

	(void)channel;
	intake_arrived(p->scheduler, name, a->to);
}

static void
on_closed(struct process *p, struct channel *channel,
    const struct frame *frame)
{
	const struct frame_closed *c = &frame->closed;
	struct segment_name name = { c->klass, c->slot, c->sequence };

	(void)channel;
	intake_closed(p->scheduler, name, c->to, false);
}

static void
on_broken(struct process *p, struct channel *channel,
    const struct frame *frame)
{
	const struct frame_closed *c = &frame->closed;
	struct segment_name name = { c->klass, c->slot, c->sequence };

	(void)channel;
	intake_closed(p->scheduler, name, c->to, true);
}

static void
on_answer(struct process *p, struct channel *channel,
    const struct frame *frame)
{
	(void)channel;
	routes_answer(p->scheduler, &frame->answer);
}

static void
on_result(struct process *p, struct channel *channel,
    const struct frame *frame)
{
	unsigned number = place_of(p->deliverers, channel);

	if (number < PEERS_MOST)
		dispatch_result(p->scheduler, number, &frame->result);
}

static void
on_host(struct process *p, struct channel *channel, const struct frame *frame)
{
	unsigned number = place_of(p->deliverers, channel);

	if (number < PEERS_MOST)
		skips_told(p->scheduler, number, &frame->host);
}

static void
on_talks(struct process *p, struct channel *channel,
    const struct frame *frame)
{
	unsigned number = place_of(p->deliverers, channel);

	if (number < PEERS_MOST)
		dispatch_talks(p->scheduler, number, &frame->talks);
}

static void
on_attention(struct process *p, struct channel *channel,
    const struct frame *frame)
{
	unsigned number = place_of(p->deliverers, channel);

	if (number < PEERS_MOST)
		dispatch_attention(p->scheduler, number, &frame->attention);
}

static void
on_reloaded(struct process *p, struct channel *channel,
    const struct frame *frame)
{
	(void)channel;
	if (p->scheduler->control != NULL)
		control_reloaded(p->scheduler->control, &frame->reloaded);
}

static handler_fn *const handlers[FRAME_COUNT] = {
	[FRAME_ARRIVED] = on_arrived,
	[FRAME_CLOSED] = on_closed,
	[FRAME_BROKEN] = on_broken,
	[FRAME_ANSWER] = on_answer,
	[FRAME_RESULT] = on_result,
	[FRAME_HOST] = on_host,
	[FRAME_TALKS] = on_talks,
	[FRAME_ATTENTION] = on_attention,
	[FRAME_RELOADED] = on_reloaded,
};

static void
on_frame(struct worker *worker, struct channel *channel,
    const struct frame *frame)
{
	struct process *p = worker_state(worker);

	if (frame->fd != -1)
		close(frame->fd);
	if (p->scheduler != NULL && handlers[frame->kind] != NULL)
		handlers[frame->kind](p, channel, frame);
}

int
main(void)
{
	static const struct worker_ops ops = {
		.start = start,
		.reload = reload,
		.drain = drain,
		.peer = peer,
		.on_frame = on_frame,
		.on_gone = on_gone,
		.descriptor = take_descriptor,
	};
	struct process process = { .spool = -1, .control = -1 };
	int status = worker_main(ROLE_SCHEDULER, &ops, &process);

	return status;
}
