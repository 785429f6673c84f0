/* SPDX-License-Identifier: ISC
 *
 * session_doubt.c - whether a refusal was meant for what it is taken for.
 *
 * Replies are told apart by their place alone.  When there is one too many,
 * all behind it are taken for what they are not, and a 550 would return a
 * message that nobody refused.  That happens when a server finds the end of
 * a message where we have not put it, and answers the rest of the text line
 * by line: these replies are taken for those to the next message.
 *
 * A 354 in its place shows that there was none too many.  Where a refusal
 * comes without one, and bodies went over the connection before, its result
 * waits for the reply to another EHLO, which is like the one before and like
 * no other; of a server that offers nothing, for the one to QUIT.  Over a
 * fresh connection it only waits for the reply to the RSET that follows
 * anyway: a mail that is put off in doubt comes to one sooner or later, and
 * its refusal is believed then.
 */
#include "deliverer/session_inside.h"

#include <string.h>

static bool
is_vouched(const struct session *s)
{
	return s->transaction.in_order || !s->bodies ||
	    !transaction_refused(&s->transaction);
}

bool
session_vouch(struct session *s, struct buf *out)
{
	if (is_vouched(s))
		return false;
	if (s->offer.bits == 0) {
		buf_append_text(out, "QUIT\r\n");
		s->state = SESSION_LEAVING;
		s->left = true;
	} else {
		buf_printf(out, "EHLO %s\r\n", s->hostname);
		s->state = SESSION_CHECKING;
		s->again = (struct offer){ 0 };
	}
	return true;
}

void
session_on_checked(struct session *s)
{
	s->result_due = true;
	if (s->reply.code / 100 == 2 && s->again.bits == s->offer.bits) {
		s->bodies = false;
		s->state = SESSION_IDLE;
		return;
	}
	s->left = true;
	session_doubt(s);
	session_fail_by_reply(s);
}

void
session_on_left(struct session *s)
{
	s->result_due = true;
	if (s->reply.code != 221)
		session_doubt(s);
	s->state = SESSION_OVER;
}

void
session_on_reset(struct session *s)
{
	if (s->held && s->reply.code / 100 != 2 && s->reply.code / 100 != 5 &&
	    s->reply.code != 421)
		session_doubt(s);
	s->result_due = s->result_due || s->held;
	s->held = false;
	if (s->reply.code / 100 == 2)
		s->state = SESSION_IDLE;
	else
		session_fail_by_reply(s);
}

/* What the owner has read already is out of reach; what it has not, and what
 * is under way, is taken back. */
void
session_doubt(struct session *s)
{
	switch (s->state) {
	case SESSION_TRANSACTION:
		transaction_retract(&s->transaction);
		break;
	case SESSION_PROVING:
	case SESSION_MISORDERED:
		s->order = ORDER_BROKEN;
		(void)transaction_doubt_refusals(&s->transaction);
		break;
	case SESSION_CHECKING:
	case SESSION_LEAVING:
		(void)transaction_doubt_refusals(&s->transaction);
		break;
	default:
		if (s->result_due || s->held)
			(void)transaction_doubt_refusals(&s->transaction);
		break;
	}
}

void
session_doubt_unvouched(struct session *s)
{
	if (!is_vouched(s))
		(void)transaction_doubt_refusals(&s->transaction);
}

void
session_unvouched(struct session *s)
{
	if (s->state == SESSION_CHECKING || s->state == SESSION_LEAVING)
		session_doubt(s);
	else if (!s->held)
		return;
	s->held = false;
	s->result_due = true;
}

/* ---- bytes that nobody asked for ---------------------------------------- */

/* The server says that it leaves (RFC 5321, section 3.8): it may, at any time,
 * and that is a reply to nothing. */
static bool
is_goodbye(struct span in)
{
	size_t length = in.length < 3 ? in.length : 3;

	return memcmp(in.data, "421", length) == 0;
}

const char *
session_spoke_unasked(const struct session *s, struct span in)
{
	if (in.length == 0 || s->result_due)
		return NULL;
	switch (s->state) {
	case SESSION_TRANSACTION:
		if ((s->transaction.offer.bits & OFFER_PIPELINING) &&
		    s->transaction.stage != STAGE_DOT)
			return NULL;
		break;
	case SESSION_RESET:
		if (is_goodbye(in))
			return NULL;
		break;
	case SESSION_HANDSHAKE:
		return "bytes after the reply to STARTTLS";
	case SESSION_PROVING:
	case SESSION_MISORDERED:
	case SESSION_BODY:
	case SESSION_IDLE:
	case SESSION_OVER:
		return NULL;
	default:
		break;
	}
	return "the server answered before it was asked";
}

bool
session_has_one_too_many(const struct session *s, struct span in)
{
	return s->result_due && in.length > 0 && !is_goodbye(in) &&
	    (s->state == SESSION_IDLE || s->state == SESSION_OVER);
}
