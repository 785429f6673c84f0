/* SPDX-License-Identifier: ISC
 *
 * session_inside.h - for session*.c alone.
 */
#ifndef DELIVERER_SESSION_INSIDE_H
#define DELIVERER_SESSION_INSIDE_H

#include "deliverer/session.h"

/* No mail can go over this connection any more: as the last reply says, or
 * because of WHY. */
void session_fail_by_reply(struct session *session);
void session_fail(struct session *session, const char *status,
    const char *why);

/* T begins, if the server can take it. */
enum session_begun session_open(const struct session *session,
    struct transaction *t, const struct envelope *envelope,
    const uint32_t *rcpts, size_t count, struct buf *out);

/* The transaction under way made STEP. */
void session_after(struct session *session, enum transaction_step step,
    struct buf *out);

/* A transaction is over, and the server is ready for the next.  False: its
 * result is held back. */
bool session_rest(struct session *session);

/* The one ahead is the one under way now. */
void session_go_on(struct session *session, struct buf *out);

/* The transaction is over.  True: its result waits until it is known whether
 * the refusals in it were meant for it. */
bool session_vouch(struct session *session, struct buf *out);
/* The replies to the RSET, the EHLO or the QUIT that show it. */
void session_on_reset(struct session *session);
void session_on_checked(struct session *session);
void session_on_left(struct session *session);

/* Replies came that answer nothing, or are none: what rests on their order
 * is taken back. */
void session_doubt(struct session *session);
/* The same of a refusal that nothing vouches for, and nothing will. */
void session_doubt_unvouched(struct session *session);

/* No reply will come that could vouch for what waits for it. */
void session_unvouched(struct session *session);

/*
 * Bytes that are there before we asked for anything: why that is wrong, or
 * null.  Only the replies to a pipelined group may come one after the other,
 * and what is said while the body is under way or in idle time is looked at
 * by those states.
 */
const char *session_spoke_unasked(const struct session *session,
    struct span in);

/* A verdict is there to be read, and with IN there are more replies than
 * there were commands: which of them was it? */
bool session_has_one_too_many(const struct session *session,
    struct span in);

/* A reply came while the order is being proved. */
void session_prove(struct session *session, struct buf *out);

/* No more replies will come, because of WHY. */
void session_unproved(struct session *session, const char *why);

#endif
