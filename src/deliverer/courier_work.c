/* SPDX-License-Identifier: ISC
 *
 * courier_work.c - one job after the other over one connection.
 */
#include "deliverer/courier.h"

#include "base/log.h"
#include "base/must.h"
#include "deliverer/attention.h"
#include "deliverer/report.h"
#include "deliverer/rules.h"

#include <stdio.h>

enum {
	PUMP_TURN = 1 << 20,	/* bytes of a large body sent in a turn */
	PUMP_WAITING = 256 << 10,	/* and the most that may wait */
	WIDEN_REST = 5000	/* ms of good work for another connection */
};

static uint8_t piece[MESSAGE_PIECE];

/* ---- the end of a job --------------------------------------------------- */

static void
free_again(struct courier *c)
{
	pool_took(&c->site->pool, clock_mono_usec() - c->begun_mono);
	pool_ended(&c->site->pool, c->job);
	c->state = COURIER_IDLE;
	courier_forget_job(c);
	courier_follow(c);
}

/* What it took to make the connection counts for its first job alone, and
 * only as far as that job waited for it. */
static usec_t
setup_time(const struct courier *c)
{
	usec_t setup = c->ready - c->dialed;
	usec_t waited = c->begun - c->job->picked;

	if (c->used > 1 || waited < 0)
		return 0;
	return setup < waited ? setup : waited;
}

static struct report
make_report(const struct courier *c)
{
	usec_t took = clock_mono_usec() - c->begun_mono;

	return (struct report){
		.job = c->job, .host = c->host, .relay = c->relay,
		.port = c->addr.port,
		.message = c->message.open ? &c->message : NULL,
		.used = c->used, .begun = c->begun, .done = c->begun + took,
		.setup = setup_time(c),
	};
}

/* The job ends before a byte of it was sent. */
static void
end_unsent(struct courier *c, const struct fate *fate)
{
	struct report report = make_report(c);

	report_all(c->deliverer, &report, fate);
	free_again(c);
	courier_rest(c);
}

/* The scheduler puts it aside when it hears of it. */
static void
damaged(struct courier *c, const char *why)
{
	struct fate fate = {
		.outcome = OUTCOME_DEFERRED, .scope = SCOPE_SPOOL,
		.status = "4.3.0", .text = "damaged in the spool",
	};

	log_error("a message at byte %llu of segment %u is damaged in the "
	    "spool: %s", (unsigned long long)c->job->offset,
	    c->job->segment->number, why);
	end_unsent(c, &fate);
}

/* The disk may be able to read it another time. */
static void
unreadable(struct courier *c, const char *why)
{
	struct fate fate = {
		.outcome = OUTCOME_DEFERRED, .scope = SCOPE_MESSAGE,
		.status = "4.3.0", .text = "cannot be read from the spool",
	};

	log_error("a message at byte %llu of segment %u cannot be read: %s",
	    (unsigned long long)c->job->offset, c->job->segment->number,
	    why);
	end_unsent(c, &fate);
}

/* ---- the beginning ------------------------------------------------------ */

static void
too_big(struct courier *c)
{
	char text[400];
	struct fate fate = {
		.outcome = OUTCOME_FAILED, .scope = SCOPE_MESSAGE,
		.status = "5.3.4", .text = text,
	};

	snprintf(text, sizeof(text), "message size %llu exceeds the limit "
	    "%llu of host %s",
	    (unsigned long long)c->message.envelope->body_size,
	    (unsigned long long)c->session.offer.size, c->host);
	end_unsent(c, &fate);
}

static void
eight_bit(struct courier *c)
{
	char text[400];
	struct fate fate = {
		.outcome = OUTCOME_FAILED, .scope = SCOPE_MESSAGE,
		.status = "5.6.3", .text = text,
	};

	snprintf(text, sizeof(text), "this report has 8-bit bytes, and host "
	    "%s does not offer 8BITMIME", c->host);
	end_unsent(c, &fate);
}

/* With R the mail must not arrive late, nor be given to a server that would
 * let it. */
static void
by_forbids(struct courier *c)
{
	const struct by *by = &c->session.transaction.by;
	char text[400];
	struct fate fate = {
		.outcome = OUTCOME_FAILED, .scope = SCOPE_MESSAGE,
		.status = "5.4.7", .text = text,
	};

	if (by->step == BY_OVER) {
		fate.outcome = OUTCOME_DEFERRED;
		fate.status = "4.4.7";
		snprintf(text, sizeof(text), "the time its sender gave it is "
		    "over");
	} else if (by->step == BY_SHORT) {
		snprintf(text, sizeof(text), "%lld seconds are left to "
		    "deliver it, and host %s wants %llu",
		    (long long)by->seconds, c->host,
		    (unsigned long long)c->session.offer.by_least);
	} else {
		fate.status = "5.3.3";
		snprintf(text, sizeof(text), "its sender wants it back if it "
		    "is late, and host %s does not offer DELIVERBY", c->host);
	}
	end_unsent(c, &fate);
}

/* The clock of deadlines is the one that nobody sets. */
usec_t
job_time_left(const struct job *job)
{
	return job->deadline == 0 ? 0 : job->deadline - clock_mono_usec();
}

static void
say_mail(struct courier *c)
{
	struct buf *out = &c->deliverer->out;

	c->state = COURIER_BUSY;
	c->begun = clock_wall();
	c->begun_mono = clock_mono_usec();
	c->session.by_left = job_time_left(c->job);
	switch (session_begin(&c->session, c->message.envelope, c->job->rcpts,
	    c->job->rcpt_count, out)) {
	case SESSION_TOO_BIG:
		too_big(c);
		return;
	case SESSION_EIGHT_BIT:
		eight_bit(c);
		return;
	case SESSION_BY:
		by_forbids(c);
		return;
	case SESSION_UNCLEAN:
		damaged(c, "its envelope must not go on the wire");
		return;
	case SESSION_BEGUN:
		break;
	}
	c->used++;
	site_useful(c->site);
	courier_send(c);
	courier_wait(c);
}

static void
go_on(struct courier *c, enum message_step step, const struct err *err)
{
	switch (step) {
	case MESSAGE_READY:
		say_mail(c);
		break;
	case MESSAGE_MORE:
		timer_set(c->reading, 0);
		break;
	case MESSAGE_BAD:
		if (err->kind == ERR_FORMAT)
			damaged(c, err->text);
		else
			unreadable(c, err->text);
		break;
	}
}

void
courier_begin(struct courier *c, struct job *job)
{
	struct err err;

	must(c->state == COURIER_IDLE && c->job == NULL);
	places_leave(c);
	list_remove(&c->site->idle, &c->link);
	pool_began(&c->site->pool, job);
	c->job = job;
	c->state = COURIER_READING;
	c->begun = clock_wall();
	c->begun_mono = clock_mono_usec();
	go_on(c, message_open(&c->message, job->segment->fd, job->offset,
	    job->size, job->id, &err), &err);
}

void
courier_verify(struct courier *c)
{
	struct err err;

	go_on(c, message_verify(&c->message, &err), &err);
	if (c->state == COURIER_IDLE)
		courier_step(c);
}

/* ---- the body ----------------------------------------------------------- */

void
courier_body(struct courier *c)
{
	struct span pieces[3];

	if (!c->message.small) {
		c->streaming = true;
		courier_pump(c);
		return;
	}
	pieces[0] = message_body(&c->message);
	pieces[1] = span_of(".\r\n");
	session_body_sent(&c->session);
	courier_look_ahead(c);
	pieces[2] = buf_peek(&c->deliverer->out);
	conn_send_v(c->conn, pieces, 3);
	buf_clear(&c->deliverer->out);
	message_body_done(&c->message);
}

/* False: nothing more is to be sent of this body. */
static bool
pump_piece(struct courier *c)
{
	struct err err;
	ssize_t got = message_read(&c->message, piece, &err);

	if (got > 0) {
		conn_send(c->conn, span_make(piece, (size_t)got));
		return true;
	}
	c->streaming = false;
	if (got == 0) {
		conn_send(c->conn, span_of(".\r\n"));
		session_body_sent(&c->session);
		return false;
	}
	log_error("segment %u: %s", c->job->segment->number, err.text);
	session_lost(&c->session, "closed, the message cannot be read on");
	return false;
}

void
courier_pump(struct courier *c)
{
	for (size_t sent = 0; sent < PUMP_TURN; sent += MESSAGE_PIECE) {
		if (conn_waiting(c->conn) >= PUMP_WAITING)
			return;		/* CONN_SENT goes on */
		if (!pump_piece(c))
			return;
	}
	if (conn_waiting(c->conn) == 0)
		timer_set(c->reading, 0);
}

/* ---- the result --------------------------------------------------------- */

/* A warm connection that the server had closed meanwhile: no failure.  It
 * may happen as often as there are warm connections, never on a fresh one. */
static bool
was_stale(const struct courier *c)
{
	return c->session.state == SESSION_OVER && !c->late &&
	    (c->used > 1 || c->rested) && session_untouched(&c->session);
}

/* What it said as it left may be meant for the whole site. */
static void
hand_back_stale(struct courier *c)
{
	(void)rules_apply(c->site, c->host, c->message.envelope,
	    &c->session.transaction);
	pool_ended(&c->site->pool, c->job);
	c->state = COURIER_IDLE;
	pool_put_back(&c->site->pool, c->job);
	c->job = NULL;
	courier_forget_job(c);
	if (c->site->signs.pause > 0)
		site_return_jobs(c->site);
}

void
courier_result(struct courier *c)
{
	struct deliverer *d = c->deliverer;
	struct transaction *transaction = &c->session.transaction;
	struct report report;
	bool paused, about_mail;

	if (was_stale(c)) {
		hand_back_stale(c);
		return;
	}
	courier_learn_order(c);
	about_mail = rules_apply(c->site, c->host, c->message.envelope,
	    transaction);
	attention_apply(c);
	courier_note_verdicts(c);
	if (courier_detour(c, about_mail))
		return;
	report = make_report(c);
	report.dsn_passed = (transaction->offer.bits & OFFER_DSN) != 0;
	report.cut = c->session.state == SESSION_OVER && !c->late &&
	    !c->session.left && !about_mail &&
	    c->session.order != ORDER_BROKEN;
	report.by_passed = transaction->by.step == BY_PASS;
	c->site->answers = !report.cut;
	paused = c->site->signs.pause > 0;
	report_transaction(d, &report, transaction);
	if (paused)
		site_return_jobs(c->site);
	if (transaction->accepted > 0)
		pool_widen(&c->site->pool, loop_now(d->loop),
		    conf_time(d->conf, WIDEN_REST));
	free_again(c);
}
