/* SPDX-License-Identifier: ISC
 *
 * transaction.h - MAIL, RCPT, DATA and the body: one message to its
 * recipients at one site.
 *
 * A machine without hands: replies go in, commands come out.  Commands are
 * sent in one piece when the server offers PIPELINING, else one by one.
 * Replies are counted, never matched by their text (RFC 2920).  Each
 * recipient ends in a verdict.
 *
 * A transaction is kept and used for one message after the other; it has no
 * memory per recipient beyond a row.
 */
#ifndef DELIVERER_TRANSACTION_H
#define DELIVERER_TRANSACTION_H

#include "spool/envelope.h"
#include "deliverer/by.h"
#include "deliverer/offer.h"
#include "deliverer/verdict.h"

enum { TRANSACTION_TEXT_MOST = 599 };	/* bytes of a verdict's words */

struct transaction {
	const struct envelope *envelope;
	const uint32_t *rcpts;	/* indexes in the envelope */
	size_t count;
	struct offer offer;
	struct by by;		/* set by its owner before it begins */
	enum stage stage;	/* what the next reply answers */
	size_t answered;	/* replies to RCPT so far */
	size_t accepted;
	bool mail_refused;
	bool touched;		/* the server answered something of it */
	bool in_order;		/* 354 came in its place: the replies before
				 * it were in theirs */
	bool dropped;		/* it must not come to its body */
	uint8_t scope;		/* enum scope of what went wrong */
	struct verdict *verdicts;	/* one per recipient */
	size_t room;
	struct buf texts;
};

void transaction_init(struct transaction *transaction);
void transaction_fini(struct transaction *transaction);

/*
 * Begin with the COUNT recipients RCPTS of ENVELOPE; both are borrowed until
 * the transaction is over.  The first commands go to OUT.  False: a string
 * in it must not go on the wire; nothing was begun.
 */
bool transaction_begin(struct transaction *transaction,
    const struct envelope *envelope, const uint32_t *rcpts, size_t count,
    const struct offer *offer, struct buf *out) MUST_CHECK;

enum transaction_step {
	TRANSACTION_MORE,	/* another reply is due */
	TRANSACTION_BODY,	/* send the body and the final dot, then
				 * transaction_body_sent() */
	TRANSACTION_OVER,	/* all verdicts are in */
	TRANSACTION_RESET,	/* the same, and the server needs an RSET */
	TRANSACTION_DEAD	/* the same, and the connection is of no use */
};

/* REPLY is the next one to come. */
enum transaction_step transaction_reply(struct transaction *transaction,
    const struct reply *reply, struct buf *out);

/* REPLY can be one to what was asked. */
bool transaction_fits(const struct transaction *transaction,
    const struct reply *reply);

/* The transaction is over, but what it took for the reply to the final dot
 * was another; REPLY is the one.  Or it never came, because of WHY. */
void transaction_correct(struct transaction *transaction,
    const struct reply *reply);
void transaction_doubt(struct transaction *transaction, const char *why);

/* Replies have lost their places: all verdicts are taken back, to be settled
 * anew. */
void transaction_retract(struct transaction *transaction);

/*
 * Refusals for good may have been meant for something else: those that no 354
 * in its place vouches for, and those that followed the body, become deferrals.
 * What counts as delivered stays so.  False: there were none.
 */
bool transaction_doubt_refusals(struct transaction *transaction);

/* Some recipient is refused for good. */
bool transaction_refused(const struct transaction *transaction);

void transaction_body_sent(struct transaction *transaction);

/* The server spoke while the body was being sent.  The final dot must not
 * follow. */
enum transaction_step transaction_interrupted(struct transaction *transaction,
    const struct reply *reply);

/*
 * Nothing more will come: recipients without a verdict get OUTCOME, STATUS
 * and TEXT; SCOPE is what went wrong.
 */
void transaction_settle(struct transaction *transaction, enum outcome outcome,
    const char *status, const char *text, enum scope scope);

/* The words of VERDICT. */
struct span transaction_text(const struct transaction *transaction,
    const struct verdict *verdict);

#endif
