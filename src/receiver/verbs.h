/* SPDX-License-Identifier: ISC
 *
 * verbs.h - what each SMTP command does; called by the session machine.
 *
 * An act is called only in states that allow its verb.  It writes exactly
 * one reply and returns the state that follows.
 */
#ifndef RECEIVER_VERBS_H
#define RECEIVER_VERBS_H

#include "receiver/session.h"

typedef enum session_state act_fn(struct session *session,
    struct span argument, struct buf *reply);

act_fn act_unknown, act_missing, act_helo, act_ehlo, act_mail, act_rcpt,
    act_data, act_rset, act_noop, act_quit, act_vrfy, act_help, act_starttls;

/* Whether SESSION may ask for mail to be held back (FUTURERELEASE). */
bool may_hold(const struct session *session);

/* Give a reply, and count it when it is a refusal. */
void answer(struct session *session, struct buf *reply, unsigned code,
    const char *status, const char *text);
void answer_complaint(struct session *session, struct buf *reply,
    struct complaint complaint);

/* The transaction is over: the state that follows (ended when draining,
 * with its 421). */
enum session_state transaction_over(struct session *session,
    struct buf *reply);

#endif
