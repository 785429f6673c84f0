/* SPDX-License-Identifier: ISC
 *
 * courier.c - one connection to a host of a site: its life.
 *
 * What the session wishes is fulfilled here and in courier_work.c; how a
 * host is found is in courier_dial.c.
 */
#include "deliverer/courier.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"

#include <stdio.h>

enum { QUIT_MOST = 5000 };	/* ms; we have nothing to lose any more */

/* ---- birth and death ---------------------------------------------------- */

static void on_reading(void *owner);

struct courier *
courier_new(struct site *site, avoid_t avoid)
{
	struct courier *c = mem_new(struct courier);

	c->site = site;
	c->deliverer = site->deliverer;
	c->state = COURIER_DIALING;
	c->all_final = avoid == 0;
	c->avoid = avoid;
	c->tried = targets_avoided(&site->targets, avoid);
	c->dialed = clock_mono_usec();
	c->reading = timer_new(c->deliverer->loop, on_reading, c);
	session_init(&c->session, "", SITE_TLS_NONE);
	list_append(&site->couriers, &c->all);
	site->pool.connecting++;
	c->deliverer->couriers++;
	board_add(c->deliverer->board, METRIC_CONNECTIONS, 1);
	courier_dial(c);
	return c;
}

void
courier_forget_job(struct courier *c)
{
	message_close(&c->message);
	c->streaming = c->was_ahead = false;
	if (c->job != NULL)
		job_free(&c->job);
}

/* A job whose first byte was not sent goes back into the line. */
static void
hand_back_job(struct courier *c)
{
	if (c->state != COURIER_READING || c->job == NULL)
		return;
	pool_put_back(&c->site->pool, c->job);
	c->job = NULL;
}

static void
uncount(struct courier *c)
{
	struct pool *pool = &c->site->pool;

	if (c->state == COURIER_DIALING) {
		pool->connecting--;
		pool->beside -= c->beside;
		return;
	}
	if (c->state == COURIER_READING || c->state == COURIER_BUSY)
		pool_ended(pool, c->job);
	if (c->state != COURIER_LEAVING)
		pool->idle--;
}

void
courier_free(struct courier *c)
{
	struct site *site = c->site;
	struct deliverer *d = c->deliverer;

	uncount(c);
	if (c->ready != 0 && c->used == 0 && !c->surplus && !site->gone &&
	    !d->draining && pool_waiting(&site->pool) > 0)
		site_in_vain(site);
	courier_learn_order(c);
	courier_leave_host(c);
	courier_set_detour(c, false);
	courier_hand_back_ahead(c);
	hand_back_job(c);
	courier_forget_job(c);
	places_leave(c);
	d->places.leaving -= c->state == COURIER_LEAVING;
	if (link_on_list(&c->link))
		list_remove(&site->idle, &c->link);
	list_remove(&site->couriers, &c->all);
	conn_free(&c->conn);
	timer_free(&c->reading);
	session_fini(&c->session);
	mem_free(c);
	d->couriers--;
	board_add(d->board, METRIC_CONNECTIONS, -1);
	site_lost_courier(site);
	deliverer_lost_courier(d);
}

bool
courier_past_recall(const struct courier *c)
{
	return c->state == COURIER_BUSY &&
	    (c->session.state == SESSION_BODY ||
	    c->session.state == SESSION_PROVING ||
	    c->session.state == SESSION_MISORDERED ||
	    (c->session.state == SESSION_TRANSACTION &&
	    c->session.transaction.stage == STAGE_DOT));
}

/* ---- talk --------------------------------------------------------------- */

void
courier_send(struct courier *c)
{
	struct buf *out = &c->deliverer->out;

	if (buf_length(out) == 0)
		return;
	if (c->state == COURIER_DIALING)
		places_heard(c);
	conn_send(c->conn, buf_peek(out));
	buf_clear(out);
}

void
courier_wait(struct courier *c)
{
	msec_t patience = conf_time(c->deliverer->conf,
	    session_patience(&c->session, c->site->policy));

	if (c->state == COURIER_LEAVING && patience > QUIT_MOST)
		patience = QUIT_MOST;
	c->awaits = session_awaits(&c->session);
	conn_deadline(c->conn, patience);
}

/* A part of a reply is none: a server that sends it byte by byte gets no more
 * time for it. */
static void
wait_on(struct courier *c)
{
	if (c->awaits != session_awaits(&c->session))
		courier_wait(c);
}

void
courier_quit(struct courier *c)
{
	must(c->state == COURIER_IDLE);
	places_leave(c);
	if (link_on_list(&c->link))
		list_remove(&c->site->idle, &c->link);
	c->site->pool.idle--;
	c->state = COURIER_LEAVING;
	c->deliverer->places.leaving++;
	session_quit(&c->session, &c->deliverer->out);
	courier_send(c);
	courier_wait(c);
}

void
courier_rest(struct courier *c)
{
	places_idle(c);
	if (c->refused > 0)
		list_append(&c->site->idle, &c->link);
	else
		list_prepend(&c->site->idle, &c->link);
}

/* A host is ready for MAIL. */
static void
arrived(struct courier *c)
{
	courier_welcome(c);
	places_leave(c);
	c->site->rests = 0;
	c->ready = clock_mono_usec();
	c->state = COURIER_IDLE;
	pool_ready(&c->site->pool);
	site_talks(c->site);
}

/* False: there is nothing to do for now. */
static bool
look_for_job(struct courier *c)
{
	if (c->state == COURIER_DIALING)
		arrived(c);
	if (c->state != COURIER_IDLE)
		return false;
	if (courier_had_enough(c)) {
		courier_quit(c);
		return true;
	}
	if (!link_on_list(&c->link))
		courier_rest(c);
	site_serve(c->site);
	c->rested = c->rested || c->state == COURIER_IDLE;
	return c->state == COURIER_BUSY;
}

static void
secure(struct courier *c)
{
	struct addr literal;
	bool named = !addr_parse(span_of(c->host), &literal);

	conn_secure_client(c->conn, c->deliverer->tls,
	    named ? c->host : NULL);
}

/* The connection is of no more use. */
static void
closed(struct courier *c)
{
	if (c->session.failure.polite) {
		conn_send(c->conn, span_of("QUIT\r\n"));
		conn_finish(&c->conn, QUIT_MOST);
	}
	if (c->state == COURIER_DIALING)
		courier_refused(c, NULL);
	else
		courier_free(c);
}

static enum wish
next_wish(struct courier *c)
{
	struct span in = conn_input(c->conn), rest = in;
	enum wish wish = session_step(&c->session, &rest, &c->deliverer->out);

	conn_consume(c->conn, in.length - rest.length);
	courier_send(c);
	return wish;
}

void
courier_step(struct courier *c)
{
	for (;;) {
		switch (next_wish(c)) {
		case WISH_TLS:
			secure(c);
			courier_wait(c);
			return;
		case WISH_BYTES:
			wait_on(c);
			return;
		case WISH_JOB:
			if (look_for_job(c))
				break;
			courier_wait(c);
			return;
		case WISH_BODY:
			if (!c->streaming)
				courier_body(c);
			if (!c->streaming)
				break;
			courier_wait(c);
			return;
		case WISH_RESULT:
			courier_result(c);
			break;
		case WISH_CLOSE:
			closed(c);
			return;
		}
	}
}

/* ---- events ------------------------------------------------------------- */

static void
on_connected(struct courier *c)
{
	board_add(c->deliverer->board, METRIC_CONNECTIONS_TOTAL, 1);
	courier_wait(c);
}

static void
on_timeout(struct courier *c)
{
	if (c->state == COURIER_DIALING && c->session.state == SESSION_OVER)
		courier_refused(c, "Connection timed out");
	else if (c->state == COURIER_IDLE &&
	    c->session.state == SESSION_IDLE)
		courier_quit(c);
	else if (c->state == COURIER_LEAVING)
		courier_free(c);
	else {
		if (c->was_ahead && session_untouched(&c->session))
			site_one_by_one(c->site, c->relay);
		session_lost(&c->session, "timed out");
		courier_step(c);
	}
}

static void
on_ended(struct courier *c)
{
	const char *why = conn_why(c->conn);
	char text[160];

	if (c->state == COURIER_DIALING && c->session.state == SESSION_OVER) {
		courier_refused(c, why);
		return;
	}
	if (c->state == COURIER_IDLE)
		c->site->pool.spare_at = loop_now(c->deliverer->loop) +
		    conf_time(c->deliverer->conf, c->site->policy->idle);
	if (strcmp(why, "lost connection") == 0 ||
	    c->session.state == SESSION_HANDSHAKE)
		snprintf(text, sizeof(text), "%s", why);
	else
		snprintf(text, sizeof(text), "lost connection (%s)", why);
	session_lost(&c->session, text);
	courier_step(c);
}

void
courier_event(void *owner, struct conn *conn, enum conn_event event)
{
	struct courier *c = owner;

	must(conn == c->conn);
	switch (event) {
	case CONN_CONNECTED:
		courier_connected(c);
		on_connected(c);
		break;
	case CONN_SECURED:
		session_secured(&c->session, &c->deliverer->out);
		courier_send(c);
		courier_wait(c);
		break;
	case CONN_INPUT:
		courier_step(c);
		break;
	case CONN_SENT:
		if (c->streaming) {
			courier_pump(c);
			courier_step(c);
		}
		break;
	case CONN_TIMEOUT:
		on_timeout(c);
		break;
	case CONN_ENDED:
		on_ended(c);
		break;
	}
}

/* What it has not begun it will not begin: its time is looked at then. */
void
courier_late(struct courier *c)
{
	if (c->state != COURIER_BUSY || courier_past_recall(c) ||
	    c->session.state != SESSION_TRANSACTION)
		return;
	c->late = true;
	session_lost(&c->session, "no time left");
	courier_step(c);
}

/* What goes on in pieces, without an event of the connection. */
static void
on_reading(void *owner)
{
	struct courier *c = owner;

	if (c->state == COURIER_DIALING && c->conn != NULL) {
		courier_hangs(c);
	} else if (c->state == COURIER_DIALING) {
		courier_give_up(c);
	} else if (c->state == COURIER_READING) {
		courier_verify(c);
	} else if (c->streaming) {
		courier_pump(c);
		courier_step(c);
	}
}
