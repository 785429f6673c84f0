/* SPDX-License-Identifier: ISC
 *
 * session_ahead.c - the next transaction's commands behind a body.
 *
 * Replies are told apart by their order alone.  A server that looks at what
 * follows the final dot before it has dealt with the message answers MAIL,
 * RCPT and DATA first and the dot last: its "250" to MAIL would be taken for
 * one to the message, which it may refuse later.  So the first time that
 * something goes ahead over a connection, the verdict is held back until the
 * replies to what went ahead are in.  In their right order they end in 354, in
 * the wrong one never: then a reply comes that cannot be one to its command,
 * and the last of all is the one to the dot.
 */
#include "deliverer/session_inside.h"

#include "base/must.h"

bool
session_takes_ahead(const struct session *s)
{
	return s->state == SESSION_TRANSACTION && !s->has_ahead &&
	    s->transaction.stage == STAGE_DOT &&
	    (s->offer.bits & OFFER_PIPELINING) != 0;
}

enum session_begun
session_begin_ahead(struct session *s, const struct envelope *envelope,
    const uint32_t *rcpts, size_t count, struct buf *out)
{
	enum session_begun begun;

	must(session_takes_ahead(s));
	begun = session_open(s, &s->ahead, envelope, rcpts, count, out);
	s->has_ahead = begun == SESSION_BEGUN;
	s->ahead_step = TRANSACTION_MORE;
	s->owed = count + 2;		/* MAIL and DATA */
	return begun;
}

void
session_drop_ahead(struct session *s)
{
	s->ahead.dropped = true;
}

bool
session_goes_on(const struct session *s)
{
	return s->state == SESSION_BETWEEN;
}

void
session_go_on(struct session *s, struct buf *out)
{
	struct transaction over = s->transaction;

	s->transaction = s->ahead;
	s->ahead = over;
	s->has_ahead = false;
	s->state = SESSION_TRANSACTION;
	session_after(s, s->ahead_step, out);
}

static void
make_way(struct session *s)
{
	if (s->ahead.dropped)
		session_fail(s, "4.3.2", "the next message was withdrawn");
	else
		s->state = SESSION_BETWEEN;
}

bool
session_rest(struct session *s)
{
	if (s->has_ahead && s->proves) {
		s->state = SESSION_PROVING;
		return false;
	}
	if (s->has_ahead)
		make_way(s);
	else
		s->state = SESSION_IDLE;
	return true;
}

/* ---- the proof ---------------------------------------------------------- */

static void
misordered(struct session *s)
{
	s->order = ORDER_BROKEN;
	s->state = SESSION_MISORDERED;
	if (s->owed > 0)
		return;
	transaction_correct(&s->transaction, &s->reply);
	s->result_due = true;
	session_fail(s, "4.5.0", "the replies came in the wrong order");
}

/* All came that were owed; the last one, to DATA, ended in STEP. */
static void
proved(struct session *s, enum transaction_step step)
{
	if (s->reply.code / 100 == 3)
		s->order = ORDER_KEPT;
	else
		(void)transaction_doubt_refusals(&s->transaction);
	s->ahead_step = step;
	s->proves = false;
	s->result_due = true;
	make_way(s);
}

void
session_prove(struct session *s, struct buf *out)
{
	enum transaction_step step;

	s->owed--;
	if (s->state == SESSION_MISORDERED ||
	    !transaction_fits(&s->ahead, &s->reply)) {
		misordered(s);
		return;
	}
	step = transaction_reply(&s->ahead, &s->reply, out);
	if (step == TRANSACTION_DEAD) {		/* 421: it leaves */
		if (transaction_doubt_refusals(&s->transaction))
			s->order = ORDER_BROKEN;
		s->result_due = true;
		session_fail_by_reply(s);
	} else if (s->owed == 0) {
		proved(s, step);
	}
}

void
session_unproved(struct session *s, const char *why)
{
	bool refused;

	if (s->state == SESSION_MISORDERED)
		transaction_doubt(&s->transaction, why);
	else if (s->state != SESSION_PROVING)
		return;
	refused = transaction_doubt_refusals(&s->transaction);
	if (refused || !s->ahead.touched)
		s->order = ORDER_BROKEN;
	s->result_due = true;
}
