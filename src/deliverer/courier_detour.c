/* SPDX-License-Identifier: ISC
 *
 * courier_detour.c - what is put off here may be taken elsewhere.
 *
 * Only what was said for certain counts: a message whose final dot is out, and
 * that has no reply, may be there, and goes to no other host in the same
 * breath.  What the server takes, or refuses for good, is reported before
 * anything else is tried; the rest goes elsewhere at its next try.
 */
#include "deliverer/courier.h"

#include "base/log.h"

#include <stdio.h>

enum {
	REFUSED_MOST = 3,	/* messages in a row, of a connection … */
	REFUSALS_MOST = 5	/* … and of a host, while another is well */
};

/* The server is known not to have the mail, and may take it later. */
static bool
is_put_off(const struct verdict *verdict)
{
	if (verdict->outcome != OUTCOME_DEFERRED || verdict->ruled)
		return false;
	return verdict->code == 0 ? verdict->stage < STAGE_DOT :
	    verdict->code >= 400 && verdict->code < 600;
}

static bool
all_put_off(const struct transaction *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (!is_put_off(&t->verdicts[i]))
			return false;
	return t->count > 0;
}

/* Of recipients others may say the same; of all mail they need not. */
static bool
is_about_recipients(const struct transaction *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->verdicts[i].stage == STAGE_RCPT &&
		    t->verdicts[i].code != 0)
			return true;
	return false;
}

/* Whether another host than those in AVOID is well. */
static bool
is_other_well(const struct courier *c, avoid_t avoid)
{
	return targets_elsewhere(&c->site->targets, avoid,
	    &c->deliverer->health, loop_now(c->deliverer->loop));
}

/* ---- the host and the connection ----------------------------------------- */

static void
note_host(struct courier *c, struct target *target)
{
	const struct transaction *t = &c->session.transaction;
	char why[TRANSACTION_TEXT_MOST + 1];
	struct span text = transaction_text(t, &t->verdicts[0]);

	if (++target->refusals < REFUSALS_MOST || !is_other_well(c, c->tag))
		return;
	target->refusals = 0;
	snprintf(why, sizeof(why), "%.*s", (int)text.length,
	    (const char *)text.data);
	courier_leave_alone(c, why);
}

void
courier_note_verdicts(struct courier *c)
{
	const struct transaction *t = &c->session.transaction;
	struct target *target = targets_find(&c->site->targets, c->addr);
	bool refused = all_put_off(t) && !is_about_recipients(t) && !c->late;

	c->refused = refused ? c->refused + 1 : 0;
	if (target == NULL)
		return;
	if (refused)
		note_host(c, target);
	else if (t->accepted > 0)
		target->refusals = 0;
}

bool
courier_is_refused(const struct courier *c)
{
	return c->refused >= REFUSED_MOST ||
	    (health_refuses(&c->deliverer->health, c->addr,
	    loop_now(c->deliverer->loop)) && is_other_well(c, c->tag));
}

/* ---- the message --------------------------------------------------------- */

/* The reply to the dot may be one to what followed it, until the order of the
 * server's replies is proved. */
static bool
is_in_doubt(const struct courier *c)
{
	const struct transaction *t = &c->session.transaction;

	return t->verdicts[0].stage == STAGE_DOT && c->ahead != NULL &&
	    !c->proved;
}

static bool
may_detour(const struct courier *c, bool about_mail)
{
	const struct site *site = c->site;
	avoid_t avoid = avoid_add(c->job->avoid, c->tag);

	/* Of a recipient one other is asked: it may be greylisting. */
	if (is_about_recipients(&c->session.transaction) &&
	    c->job->avoid != 0)
		return false;
	return !about_mail && !c->late && !is_in_doubt(c) && !site->gone && !site->orphan &&
	    !c->deliverer->draining && site->signs.pause == 0 &&
	    !site->signs.slow && all_put_off(&c->session.transaction) &&
	    !avoid_is_full(avoid) && is_other_well(c, avoid);
}

static void
say(const struct courier *c)
{
	const struct transaction *t = &c->session.transaction;
	const struct verdict *verdict = &t->verdicts[0];
	struct span text = transaction_text(t, verdict);
	char id[MSGID_TEXT + 1];

	msgid_text(c->message.header.id, id);
	if (verdict->code != 0)
		log_info("%s: host %s said: %.*s (in reply to %s); trying "
		    "another host", id, c->relay, (int)text.length,
		    (const char *)text.data, stage_name(verdict->stage));
	else
		log_info("%s: conversation with %s: %.*s; trying another "
		    "host", id, c->relay, (int)text.length,
		    (const char *)text.data);
}

bool
courier_detour(struct courier *c, bool about_mail)
{
	struct job *job = c->job;

	if (!may_detour(c, about_mail))
		return false;
	say(c);
	pool_ended(&c->site->pool, job);
	c->state = COURIER_IDLE;
	c->job = NULL;
	job->avoid = avoid_add(job->avoid, c->tag);
	pool_put_back(&c->site->pool, job);
	courier_forget_job(c);
	courier_follow(c);
	return true;
}
