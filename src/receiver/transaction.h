/* SPDX-License-Identifier: ISC
 *
 * transaction.h - one message on its way in, from MAIL to the reply to the
 * dot.
 *
 * Made at MAIL and gone with transaction_reset(), the one way in which a
 * transaction ends, whatever ended it: nothing of it can leak into the
 * next.
 */
#ifndef RECEIVER_TRANSACTION_H
#define RECEIVER_TRANSACTION_H

#include "receiver/known.h"
#include "receiver/rules.h"

#include "smtp/command.h"
#include "smtp/dot_mend.h"
#include "spool/envelope.h"

enum { MESSAGE_ID_MOST = 256 };

struct transaction {
	struct envelope *envelope;
	uint64_t declared;	/* SIZE=, 0: not given */
	bool rcpt_refused;	/* at least one recipient was refused */
	bool rcpts_over;	/* and one because there were too many */
	struct known known;	/* the recipients in the envelope */
	uint32_t rcpts_again;	/* how often one of them was named again */
	uint8_t klass;		/* until the header is done: at best */
	size_t envelope_bytes;	/* of memory, about */

	/* from DATA on */
	struct msgid id;
	struct dot dot; /* what the client says, and its end */
	bool mended;	/* and it had a bare CR or LF: */
	struct dot_mend mend;
	struct dot kept;	/* the reading of what that became */
	struct buf body;	/* our Received, then the body in wire form */
	size_t trace_bytes;	/* of our Received */
	struct dot trace_dot;	/* and its reading */
	size_t searched;	/* body bytes known to hold no empty line */
	bool header_done;
	char message_id[MESSAGE_ID_MOST];	/* for the log; may be "" */
	struct complaint refused;	/* what the dot earns; code 0: 250 */
	size_t charged;		/* our part of rules->in_flight */

	/* from the end of the header block on */
	bool lowered;		/* asked for more than it may have */
};

/* MAIL said PARAMS at NOW (wall). */
struct transaction *transaction_new(struct span reverse_path,
    const struct mail_params *params, usec_t now);

/* *TXN may be null already. */
void transaction_reset(struct transaction **txn, struct rules *rules);

/* The dot will earn this; what was kept of the body is let go.  The first
 * complaint stands. */
void transaction_refuse(struct transaction *txn, struct rules *rules,
    unsigned code, const char *status, const char *text);

/* Whether ADDRESS is among the recipients already. */
bool transaction_has_rcpt(const struct transaction *txn, struct span address);

/* Add a recipient that is not among them yet to the envelope. */
void transaction_add_rcpt(struct transaction *txn, struct rules *rules,
    struct span address, const struct rcpt_params *params);

/* Count in RULES what TXN takes of memory now. */
void transaction_charge(struct transaction *txn, struct rules *rules);

#endif
