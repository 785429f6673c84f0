/* SPDX-License-Identifier: ISC
 *
 * courier_ahead.c - the next job's first commands, sent behind a body.
 *
 * RFC 2920 lets MAIL, RCPT and DATA follow the final dot in one piece: a
 * round trip and four system calls a message are saved, on both sides.  The
 * pool says which job may go there without keeping anybody.  Until the job
 * before is over the server has answered nothing of it: whatever becomes of
 * the connection, it can go back into the line and nobody gets it twice.
 */
#include "deliverer/courier.h"

#include "base/must.h"

static struct target *
target_of(const struct courier *c)
{
	return targets_find(&c->site->targets, c->addr);
}

/* Each connection proves the order of its server's replies: another may have
 * taken the host's place since the one before.  Of a host's connections one at
 * a time does so, so that one message is all that a broken server can spoil. */
static bool
may_look(struct courier *c)
{
	const struct pool *pool = &c->site->pool;
	const struct target *target = target_of(c);
	unsigned most = c->site->policy->messages;

	return !c->site->gone && !courier_is_stale(c) && pool->idle + pool->busy <= pool->limit &&
	    !c->site->one_by_one &&
	    target != NULL && (c->proved || !target->proving) &&
	    !c->deliverer->draining && session_takes_ahead(&c->session) &&
	    (most == 0 || c->used < most);
}

static bool
begin(struct courier *c, struct job *job)
{
	struct message *message = &c->ahead_message;
	struct err err;

	if (message_open(message, job->segment->fd, job->offset, job->size,
	    job->id, &err) != MESSAGE_READY)
		return false;
	c->session.by_left = job_time_left(job);
	c->session.proves = !c->proved;
	if (session_begin_ahead(&c->session, message->envelope, job->rcpts,
	    job->rcpt_count, &c->deliverer->out) == SESSION_BEGUN)
		return true;
	message_close(message);
	return false;
}

/* What cannot go out has its answer when its turn comes. */
void
courier_look_ahead(struct courier *c)
{
	struct pool *pool = &c->site->pool;
	struct job *job = NULL;

	if (may_look(c))
		job = pool_take_ahead(pool, c->job, MESSAGE_SMALL);
	if (job == NULL)
		return;
	if (!begin(c, job)) {
		pool_put_back(pool, job);
		return;
	}
	c->ahead = job;
	c->proves = c->session.proves;
	if (c->proves)
		target_of(c)->proving = true;
}

void
courier_learn_order(struct courier *c)
{
	struct target *target = target_of(c);

	if (!c->proves)
		return;
	c->proves = false;
	c->proved = c->session.order == ORDER_KEPT;
	if (target != NULL)
		target->proving = false;
	if (c->session.order == ORDER_BROKEN)
		site_one_by_one(c->site, c->relay);
}

void
courier_follow(struct courier *c)
{
	if (c->ahead == NULL || !session_goes_on(&c->session))
		return;
	must(c->state == COURIER_IDLE && c->job == NULL);
	c->job = c->ahead;
	c->message = c->ahead_message;
	c->ahead = NULL;
	c->ahead_message = (struct message){ 0 };
	c->was_ahead = true;
	c->used++;
	c->state = COURIER_BUSY;
	c->begun = clock_wall();
	c->begun_mono = clock_mono_usec();
	pool_began(&c->site->pool, c->job);
}

void
courier_hand_back_ahead(struct courier *c)
{
	struct job *job = c->ahead;

	if (job == NULL)
		return;
	c->ahead = NULL;
	message_close(&c->ahead_message);
	session_drop_ahead(&c->session);
	pool_put_back(&c->site->pool, job);
}
