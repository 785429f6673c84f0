/* SPDX-License-Identifier: ISC
 *
 * intake.h - body bytes in: from DATA to the lone dot.
 *
 * The body is kept as it comes, behind our Received field.  When the header
 * block is whole, hops and class are settled.  A message that breaks a
 * limit is refused at once in memory and, as RFC 5321 wants it, in words
 * after its end.
 */
#ifndef RECEIVER_INTAKE_H
#define RECEIVER_INTAKE_H

#include "receiver/transaction.h"

#include "mail/trace.h"

/* DATA was accepted: TRACE becomes the first field (its id and time are
 * filled in here). */
void intake_begin(struct transaction *txn, struct rules *rules,
    struct trace *trace);

/* Take body bytes off IN.  DONE: the dot was there; txn->refused or the
 * body tells the rest. */
enum dot_step intake_read(struct transaction *txn, struct rules *rules,
    const struct client *client, struct span *in);

/* The reading of what is kept of the body: what the client said, or what
 * became of it where it had a bare CR or LF. */
const struct dot *intake_kept(const struct transaction *txn);

#endif
