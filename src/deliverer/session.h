/* SPDX-License-Identifier: ISC
 *
 * session.h - one SMTP connection, seen by the client.
 *
 * A machine without hands.  Its owner gives it what the server said and
 * sends what it says; when it needs more than bytes it wishes, and the owner
 * fulfils.  It knows no sockets, no files and no clock.
 *
 *	greeting → EHLO (→ HELO) → STARTTLS → EHLO → idle ⇄ transaction → QUIT
 *
 * The first commands of one transaction may be sent behind the body of the
 * one before (RFC 2920, section 3.1): it is "ahead" until that one is over,
 * and the transaction under way from then on.  The first time at a host, the
 * order of the replies is proved with it: see session_ahead.c.  Whether a
 * refusal was meant for what it is taken for: see session_doubt.c.
 */
#ifndef DELIVERER_SESSION_H
#define DELIVERER_SESSION_H

#include "conf/conf.h"
#include "deliverer/transaction.h"

enum session_state {
	SESSION_GREETING, SESSION_EHLO, SESSION_HELO, SESSION_STARTTLS,
	SESSION_HANDSHAKE, SESSION_IDLE, SESSION_TRANSACTION, SESSION_BODY,
	SESSION_BETWEEN,	/* one is over, and the one ahead follows */
	SESSION_PROVING,	/* one is over, if the replies to the one
				 * ahead confirm it */
	SESSION_MISORDERED,	/* they do not */
	SESSION_RESET,
	SESSION_CHECKING,	/* EHLO or QUIT was said, to see whether a
				 * refusal was meant for what was asked */
	SESSION_LEAVING,
	SESSION_QUIT, SESSION_OVER
};

/* "greeting", "EHLO", …: for the log. */
const char *session_state_name(enum session_state state);

enum wish {
	WISH_BYTES,		/* more from the server */
	WISH_TLS,		/* a handshake, then session_secured() */
	WISH_JOB,		/* session_begin() or session_quit() */
	WISH_BODY,		/* send the body, the final dot, and then
				 * session_body_sent() */
	WISH_RESULT,		/* read the verdicts, then step on */
	WISH_CLOSE		/* the end; see `failure` */
};

/* Why no mail can go over this connection. */
struct session_failure {
	uint16_t code;		/* of the reply; 0 = there was none */
	char status[STATUS_SIZE];
	char text[400];
	size_t said;		/* bytes of it that are the reply */
	bool tls;		/* it is the encryption that failed */
	bool polite;		/* the server may still be told QUIT */
};

/* Of the replies, where something goes ahead. */
enum session_order {
	ORDER_UNKNOWN,
	ORDER_KEPT,
	ORDER_BROKEN		/* nothing must go ahead at this server */
};

struct session {
	enum session_state state;
	char hostname[256];	/* what we call ourselves */
	enum site_tls tls;
	bool secured;
	bool result_due;
	bool held;		/* the result: until RSET is answered */
	bool bodies;		/* some were sent, and the server may have
				 * answered parts of them */
	bool left;		/* it was we who ended it, to be sure */
	struct offer again;	/* what is offered when asked once more */
	struct offer offer;
	usec_t by_left;		/* of the next job's time; by its owner */
	struct transaction transaction;
	struct transaction ahead;
	bool has_ahead;
	bool proves;		/* the next one ahead; by its owner */
	enum session_order order;	/* what that has shown */
	size_t owed;		/* replies to the one ahead */
	enum transaction_step ahead_step;	/* what the last of them led to */
	struct reply reply;	/* the last one, or the one being pulled */
	unsigned replies;	/* whole ones that came */
	struct session_failure failure;
};

/* TLS: what the site asks for; SITE_TLS_NONE also when a handshake with this
 * host failed before. */
void session_init(struct session *session, const char *hostname,
    enum site_tls tls);
void session_fini(struct session *session);

/* Take replies off IN and append commands to OUT, up to the next wish.
 * OUT is to be sent before the wish is fulfilled. */
enum wish session_step(struct session *session, struct span *in,
    struct buf *out);

/* After WISH_TLS, when the handshake is done: all that was known of the
 * server is forgotten and asked for again. */
void session_secured(struct session *session, struct buf *out);

enum session_begun {
	SESSION_BEGUN,
	SESSION_TOO_BIG,	/* over the server's SIZE: nothing was sent */
	SESSION_EIGHT_BIT,	/* a report in 8 bits, which the server does
				 * not offer to take: nothing was sent */
	SESSION_BY,		/* its deadline forbids, see transaction.by:
				 * nothing was sent */
	SESSION_UNCLEAN		/* not fit for the wire: nothing was sent */
};

/* After WISH_JOB: a transaction, see transaction_begin(). */
enum session_begun session_begin(struct session *session,
    const struct envelope *envelope, const uint32_t *rcpts, size_t count,
    struct buf *out);
void session_body_sent(struct session *session);

/* After session_body_sent(), once: whether the next transaction may follow
 * at once; and it does, as with session_begin(). */
bool session_takes_ahead(const struct session *session);
enum session_begun session_begin_ahead(struct session *session,
    const struct envelope *envelope, const uint32_t *rcpts, size_t count,
    struct buf *out);
/* The one ahead must not come to its body: the connection ends with the
 * transaction under way. */
void session_drop_ahead(struct session *session);
/* The one ahead, once this one is over: whether it will be carried on. */
bool session_goes_on(const struct session *session);

/* After WISH_JOB. */
void session_quit(struct session *session, struct buf *out);

/*
 * The connection is gone, or has to go: WHY ("lost connection", "timed
 * out").  A transaction under way is settled.  WISH_RESULT or WISH_CLOSE is
 * what session_step() says next.
 */
void session_lost(struct session *session, const char *why);

/* The server answered nothing of the transaction under way: it is safe to
 * try the same at once on another connection. */
bool session_untouched(const struct session *session);

/* What is waited for: it is another after each whole reply. */
uint64_t session_awaits(const struct session *session);

/* How long that may take, of the times of SITE (unscaled). */
msec_t session_patience(const struct session *session,
    const struct conf_site *site);

#endif
