/* SPDX-License-Identifier: ISC
 *
 * courier_dial.c - finding a host that talks to us.
 *
 * The addresses of the site are tried in order, without those that failed
 * lately; only the last hope of a site tries these as well.  A host whose
 * TLS handshake fails is tried once more in clear, unless the site's rules
 * demand encryption.
 */
#include "deliverer/courier.h"

#include "base/log.h"
#include "deliverer/attention.h"
#include "deliverer/detour.h"
#include "deliverer/rules.h"

#include <stdio.h>

enum {
	CLEAR_TIME = 600 * 1000	/* ms a host is not asked for TLS again */
};

static const struct conn_limits limits = {
	.keep_most = 16 << 10,
	.write_most = 1 << 20,
};

/* ---- failure ------------------------------------------------------------ */

static void
note(struct courier *c, uint16_t code, const char *status, const char *fmt,
    const char *text)
{
	struct site_failure *failure = &c->failure;

	failure->outcome = OUTCOME_DEFERRED;
	failure->code = code;
	snprintf(failure->status, sizeof(failure->status), "%s", status);
	snprintf(failure->host, sizeof(failure->host), "%s", c->host);
	snprintf(failure->relay, sizeof(failure->relay), "%s", c->relay);
	if (fmt == NULL)
		snprintf(failure->text, sizeof(failure->text), "%s", text);
	else
		snprintf(failure->text, sizeof(failure->text), "%s %s: %s",
		    fmt, c->relay, text);
}

/* All hosts are left alone, or tried by others. */
static void
note_ill(struct courier *c)
{
	const struct target *target = &c->site->targets.rows[0];
	const struct ailment *ailment = health_find(&c->deliverer->health,
	    target->addr);

	snprintf(c->host, sizeof(c->host), "%s", target->host);
	snprintf(c->relay, sizeof(c->relay), "%s", target->text);
	note(c, 0, "4.4.1", "connect to", ailment == NULL ?
	    "not tried in time" : ailment->why);
}

/* Where a route leads to ourselves, it is the route that is wrong. */
static void
note_loop(struct courier *c, const struct target *ours)
{
	bool fixed = c->site->fixed;

	c->addr = ours->addr;
	snprintf(c->host, sizeof(c->host), "%s", ours->host);
	snprintf(c->relay, sizeof(c->relay), "%s", ours->text);
	note(c, 0, fixed ? "4.4.6" : "5.4.6", "mail loops back to",
	    "this is our own port");
	if (fixed)
		attention_loops(c);
	else
		c->failure.outcome = OUTCOME_FAILED;
}

/* All hosts said that they take no mail (RFC 7504), or what a rule takes for
 * that, or all are ourselves: to wait will not help.  A 554 alone is
 * deferred: too many use it for now. */
static void
harden(struct courier *c)
{
	struct site_failure *failure = &c->failure;

	if (c->site->targets.count == 0 && c->site->targets.ours != NULL) {
		note_loop(c, c->site->targets.ours);
	} else if (c->site->targets.count == 0) {
		note(c, 0, "4.4.4", NULL, "there is no address to connect to");
		failure->relay[0] = '\0';
	} else if (c->failure.text[0] == '\0') {
		note_ill(c);
	} else if (c->all_final) {
		failure->outcome = OUTCOME_FAILED;
		failure->status[0] = '5';
		if (strcmp(failure->status, "5.0.0") == 0)
			snprintf(failure->status, sizeof(failure->status),
			    "5.3.2");
	}
}

void
courier_give_up(struct courier *c)
{
	harden(c);
	if (c->avoid != 0)
		detour_failed(c, &c->failure);
	else
		site_failed(c->site, &c->failure);
	courier_free(c);
}

/* True: the same host will be tried in clear. */
static bool
fall_back_to_clear(struct courier *c, struct target *target)
{
	const struct session_failure *failure = &c->session.failure;

	if (!failure->tls || failure->code != 0 || c->clear ||
	    c->site->policy->tls != SITE_TLS_OPPORTUNISTIC)
		return false;
	log_info("TLS with %s failed: %s; trying in clear", c->relay,
	    failure->text);
	c->clear = true;
	if (target != NULL)
		target->clear_until = loop_now(c->deliverer->loop) +
		    conf_time(c->deliverer->conf, CLEAR_TIME);
	return true;
}

/* Whether the host refused to talk for good. */
static bool
is_final(struct courier *c, const struct session_failure *failure)
{
	char text[sizeof(failure->text)];
	const struct conf_reply *rule;

	snprintf(text, sizeof(text), "%.*s", (int)failure->said,
	    failure->text);
	rule = rules_heed(c->site, c->host, span_of(c->site->domain), text);
	if (rule != NULL && (rule->temporary || rule->permanent))
		return rule->permanent;
	return failure->code == 521;
}

static void
note_refusal(struct courier *c, const char *why)
{
	const struct session_failure *failure = &c->session.failure;
	bool replied = why == NULL && failure->code != 0;

	if (why != NULL)
		note(c, 0, "4.4.1", "connect to", why);
	else if (failure->code == 0)
		note(c, 0, failure->status, "conversation with",
		    failure->text);
	else
		note(c, failure->code, failure->status, NULL, failure->text);
	c->all_final = replied && is_final(c, failure) && c->all_final;
}

/* The server wants no more connections than it has. */
static bool
is_enough(const struct courier *c)
{
	const struct pool *pool = &c->site->pool;

	return c->failure.code == 421 && c->avoid == 0 && pool->idle + pool->busy > 0;
}

void
courier_refused(struct courier *c, const char *why)
{
	struct target *target = targets_find(&c->site->targets, c->addr);
	bool clear = why == NULL && fall_back_to_clear(c, target);

	if (!clear) {
		note_refusal(c, why);
		if (why == NULL)
			attention_refused(c);
		c->clear = false;
		c->failure.ours = c->conn != NULL && conn_starved(c->conn);
		if (!c->failure.ours)
			courier_host_failed(c, why != NULL ? why :
			    c->session.failure.text);
	}
	conn_free(&c->conn);
	if (!clear && c->beside && c->avoid == 0)
		courier_free(c);
	else if (c->failure.ours || (!clear && is_enough(c)))
		courier_give_up(c);
	else
		courier_dial(c);
}

/* ---- dialing ------------------------------------------------------------ */

/* Mail waits for no other connection of the site. */
static bool
is_last_hope(const struct courier *c)
{
	const struct pool *pool = &c->site->pool;

	return pool->idle + pool->busy == 0 && pool_coming(pool) == 1;
}

/* The next target; false: all were tried, or are not to be tried now. */
static bool
choose(struct courier *c, msec_t now)
{
	struct targets *targets = &c->site->targets;
	const struct health *health = &c->deliverer->health;
	int next;

	courier_leave_host(c);
	next = targets_next(targets, c->tried, health, now);
	if (next == -1 && c->avoid == 0 && is_last_hope(c))
		next = targets_resort(targets, c->tried,
		    c->site->pool.beside > 0, health);
	if (next == -1) {
		c->all_final = c->all_final && targets_all(targets, c->tried);
		return false;
	}
	c->tried |= UINT64_C(1) << next;
	courier_join_host(c, &targets->rows[next]);
	return true;
}

void
courier_dial(struct courier *c)
{
	struct deliverer *d = c->deliverer;
	bool again = c->clear;

	c->session.state = SESSION_OVER;
	places_leave(c);	/* it has no connection to be hurried */
	if (again || choose(c, loop_now(d->loop))) {
		c->conn = conn_connect(d->loop, c->addr, &limits,
		    courier_event, c);
		conn_deadline(c->conn,
		    conf_time(d->conf, c->site->policy->connect));
		courier_watch(c, false);
		places_dialing(c);
		return;
	}
	timer_set(c->reading, 0);	/* courier_give_up() */
}

void
courier_connected(struct courier *c)
{
	session_fini(&c->session);
	session_init(&c->session, c->deliverer->conf->hostname,
	    c->clear && c->site->policy->tls == SITE_TLS_OPPORTUNISTIC ?
	    SITE_TLS_NONE : c->site->policy->tls);
	courier_watch(c, true);
	places_heard(c);
}
