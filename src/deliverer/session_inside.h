/* SPDX-License-Identifier: ISC
 *
 * session_inside.h - for session.c and session_ahead.c alone.
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

/* A reply came while the order is being proved. */
void session_prove(struct session *session, struct buf *out);

/* No more replies will come, because of WHY. */
void session_unproved(struct session *session, const char *why);

#endif
