/* SPDX-License-Identifier: ISC
 *
 * courier_host.c - what a courier learns of hosts, for all others too.
 *
 * Where a site has a host that is well, mail does not wait for one that may
 * be dead: the courier that tries it is `beside` those that mail waits for,
 * and when it fails it just leaves.
 */
#include "deliverer/courier.h"

#include "base/log.h"
#include "deliverer/detour.h"

#include <stdio.h>

enum {
	ALONE_TIME = 60 * 1000,	/* ms a host that failed is left alone */
	HANG_CONNECT = 3 * 1000,	/* ms until a host is doubted … */
	HANG_GREETING = 15 * 1000,	/* … that has let us connect */
	GONE_MS = 10 * 1000	/* an address is missed before it is gone */
};

static struct health *
health_at(const struct courier *c)
{
	return &c->deliverer->health;
}

static msec_t
now_at(const struct courier *c)
{
	return loop_now(c->deliverer->loop);
}

/* ---- telling ------------------------------------------------------------ */

/* Of a site with one host the scheduler knows as much itself. */
static void
tell(const struct courier *c, const struct ailment *ailment)
{
	struct frame frame = { .kind = FRAME_HOST, .fd = -1 };

	if (c->deliverer->scheduler == NULL || c->site->targets.count < 2)
		return;
	frame.host = (struct frame_host){
		.address = span_make(&c->addr.ip, sizeof(c->addr.ip)),
		.port = c->addr.port,
	};
	if (ailment != NULL) {
		frame.host.until = ailment->until;
		frame.host.failures = (uint16_t)ailment->failures;
		frame.host.why = span_of(ailment->why);
	}
	channel_send(c->deliverer->scheduler, &frame);
}

static void
tell_ill(const struct courier *c, const char *why)
{
	const struct ailment *ailment = health_find(health_at(c), c->addr);

	if (c->site->targets.count > 1)
		log_info("%s: %s is left alone for %lld s: %s", c->site->name,
		    c->relay, (long long)(ailment->until - now_at(c)) / 1000,
		    why);
	tell(c, ailment);
}

/* ---- coming and going --------------------------------------------------- */

static void
set_beside(struct courier *c, bool beside)
{
	c->site->pool.beside += beside;
	c->site->pool.beside -= c->beside;
	c->beside = beside;
}

void
courier_set_detour(struct courier *c, bool detour)
{
	c->site->detours += detour;
	c->site->detours -= c->detour;
	c->detour = detour;
}

void
courier_join_host(struct courier *c, struct target *target)
{
	struct targets *targets = &c->site->targets;
	struct health *health = health_at(c);
	msec_t now = now_at(c);
	bool well = health_of(health, target->addr, now) == HEALTH_WELL;

	target->users++;
	c->joined = true;
	c->addr = target->addr;
	c->tag = target->tag;
	snprintf(c->host, sizeof(c->host), "%s", target->host);
	snprintf(c->relay, sizeof(c->relay), "%s", target->text);
	c->clear = target->clear_until > now;
	health_try(health, target->addr, c, now);
	set_beside(c, c->avoid != 0 || (!well && targets_have_other(targets,
	    target->addr, health, now)));
	courier_set_detour(c, c->avoid != 0 && targets_better(targets,
	    target->preference, true, health, now) > 0);
	c->stands_in = targets_better(targets, target->preference, false,
	    health, now) > 0;
	targets->doubtful = targets->doubtful || !well || c->stands_in;
}

void
courier_leave_host(struct courier *c)
{
	struct target *target;

	if (!c->joined)
		return;
	c->joined = false;
	target = targets_find(&c->site->targets, c->addr);
	if (target != NULL && target->users > 0)
		target->users--;
	health_leave(health_at(c), c->addr, c, now_at(c));
}

void
courier_watch(struct courier *c, bool connected)
{
	timer_set(c->reading, conf_time(c->deliverer->conf, connected ?
	    HANG_GREETING : HANG_CONNECT));
}

void
courier_welcome(struct courier *c)
{
	timer_stop(c->reading);
	set_beside(c, false);
	if (health_refuses(health_at(c), c->addr, now_at(c)) ||
	    !health_well(health_at(c), c->addr))
		return;
	if (c->site->targets.count > 1)
		log_info("%s: %s answers again", c->site->name, c->relay);
	tell(c, NULL);
}

/* The mail that it was made for waits no more: it is a courier like others
 * that try a host which may be dead. */
static void
errand_hangs(struct courier *c)
{
	static const char why[] = "no answer yet";
	struct health *health = health_at(c);
	struct site_failure failure = { .outcome = OUTCOME_DEFERRED,
	    .status = "4.4.1" };

	if (!health_hangs(health, c->addr, c, why, now_at(c))) {
		conn_free(&c->conn);
		courier_dial(c);
		return;
	}
	c->site->targets.doubtful = true;
	tell(c, health_find(health, c->addr));
	snprintf(failure.text, sizeof(failure.text), "connect to %s: %s",
	    c->relay, why);
	snprintf(failure.relay, sizeof(failure.relay), "%s", c->relay);
	c->avoid = 0;
	detour_failed(c, &failure);
	site_serve(c->site);
}

/* One that has better use of its time dials the next host; the first of
 * them waits on, for all. */
void
courier_hangs(struct courier *c)
{
	struct targets *targets = &c->site->targets;
	struct health *health = health_at(c);
	msec_t now = now_at(c);

	if (c->avoid != 0) {
		errand_hangs(c);
		return;
	}
	if (c->beside || !targets_have_other(targets, c->addr, health, now))
		return;
	targets->doubtful = true;
	if (health_hangs(health, c->addr, c, "no answer yet", now)) {
		set_beside(c, true);
		tell(c, health_find(health, c->addr));
		site_serve(c->site);
	} else if (targets_next(targets, c->tried, health, now) != -1) {
		c->all_final = false;
		conn_free(&c->conn);
		courier_dial(c);
	}
}

/* ---- failure ------------------------------------------------------------ */

/* A host that others of us talk to is not dead: it has had enough. */
static bool
others_talk(const struct courier *c)
{
	const struct list *all = &c->site->couriers;

	for (struct link *link = list_first(all); link != NULL;
	    link = list_next(all, link)) {
		const struct courier *other = list_item(link, struct courier,
		    all);

		if (other->state != COURIER_DIALING &&
		    other->state != COURIER_LEAVING &&
		    addr_equal(other->addr, c->addr))
			return true;
	}
	return false;
}

void
courier_host_failed(struct courier *c, const char *why)
{
	struct health *health = health_at(c);

	if (others_talk(c)) {
		courier_leave_host(c);
		if (c->beside)
			tell(c, health_find(health, c->addr));
		return;
	}
	c->site->targets.doubtful = true;
	if (health_failed(health, c->addr, c, why, now_at(c),
	    conf_time(c->deliverer->conf, ALONE_TIME)))
		tell_ill(c, why);
	courier_leave_host(c);
}

void
courier_leave_alone(struct courier *c, const char *why)
{
	c->site->targets.doubtful = true;
	if (health_refused(health_at(c), c->addr, c, why, now_at(c),
	    conf_time(c->deliverer->conf, ALONE_TIME)))
		tell_ill(c, why);
}

bool
courier_is_spare(const struct courier *c)
{
	const struct target *target;
	struct taker taker = courier_taker(c);

	if (c->detour)
		return !pool_needs(&c->site->pool, &taker);
	if (!c->stands_in)
		return false;
	target = targets_find(&c->site->targets, c->addr);
	return target != NULL && targets_better(&c->site->targets,
	    target->preference, true, health_at(c), now_at(c)) > 0;
}

/* ---- the end ------------------------------------------------------------- */

/* Its errand may make it one more than the site is to have, once. */
static bool
is_surplus(const struct courier *c)
{
	const struct pool *pool = &c->site->pool;
	struct taker taker = courier_taker(c);

	return pool->idle + pool->busy > pool->limit && (c->avoid == 0 ||
	    c->used > 0 || !pool_needs(pool, &taker));
}

/* Where hosts give out some of their addresses in turn, one that is missing
 * is back with the next answer: it counts as gone after a while. */
static bool
is_gone(struct courier *c)
{
	msec_t now = now_at(c);

	if (targets_find(&c->site->targets, c->addr) != NULL)
		c->missed = 0;
	else if (c->missed == 0)
		c->missed = now;
	return c->missed != 0 && now - c->missed >=
	    conf_time(c->deliverer->conf, GONE_MS);
}

/* The operator may want more of a connection than this one has. */
static bool
is_too_open(const struct courier *c)
{
	return c->site->policy->tls == SITE_TLS_ENCRYPT &&
	    !c->session.secured;
}

bool
courier_is_stale(struct courier *c)
{
	return is_too_open(c) || is_gone(c);
}

bool
courier_had_enough(struct courier *c)
{
	c->surplus = is_surplus(c) || courier_is_refused(c);
	return c->site->gone || c->deliverer->draining || c->surplus ||
	    courier_is_spare(c) || courier_is_stale(c) ||
	    (c->site->policy->messages != 0 &&
	    c->used >= c->site->policy->messages);
}
