/* SPDX-License-Identifier: ISC
 *
 * session.h - the server side of SMTP as a machine without hands.
 *
 * Bytes of the client come in, replies go to a buf, and the machine tells
 * what it wants next; its owner does the reading, writing, handshakes and
 * commits.  Only CR LF ends a command, and only CR LF . CR LF ends data.
 */
#ifndef RECEIVER_SESSION_H
#define RECEIVER_SESSION_H

#include "receiver/transaction.h"

enum session_state {
	SESSION_FRESH,		/* connected, not greeted by the client */
	SESSION_GREETED,	/* no transaction */
	SESSION_ADDRESSED,	/* MAIL was taken */
	SESSION_READY,		/* and at least one RCPT */
	SESSION_BODY,		/* between DATA and the dot */
	SESSION_COMMIT,		/* the message is with the committer */
	SESSION_SECURE,		/* STARTTLS was taken */
	SESSION_ENDED,		/* the last reply was given */
	SESSION_STATE_COUNT
};

/* "fresh", … */
const char *session_state_name(enum session_state state);

enum wish {
	WANT_LINE,		/* bytes: commands */
	WANT_BODY,		/* bytes: message */
	WANT_COMMIT,		/* session_committed(), and no bytes before */
	WANT_TLS,		/* a handshake, then session_secured() */
	WANT_CLOSE		/* send what there is, and close */
};

struct session {
	struct rules *rules;
	struct client client;
	uint8_t state;
	bool extended;		/* greeted by EHLO */
	bool swallowing;	/* the rest of a line that is too long … */
	size_t swallowed;	/* … and how much of it */
	unsigned errors;	/* commands that earned a 5yz */
	unsigned idling;	/* commands that move no mail, since the last */
	char *helo;		/* null: not greeted yet */
	char *tls;		/* "TLSv1.3 cipher …"; null: in clear */
	struct transaction *txn;	/* null outside of a transaction */
};

/* RULES must outlive the session. */
void session_init(struct session *session, struct rules *rules,
    const struct client *client);
void session_fini(struct session *session);

/* The first line. */
void session_greet(const struct session *session, struct buf *reply);

enum wish session_wish(const struct session *session);

/*
 * Take what can be taken off IN.  Returns with bytes left in IN when a line
 * is not whole, when it wants something other than bytes, or when more than
 * REPLIES_MOST bytes of replies wait: send them and call again.
 */
enum { REPLIES_MOST = 8192 };
enum wish session_input(struct session *session, struct span *in,
    struct buf *reply);

/* After WANT_COMMIT: the message is on stable storage, or is not. */
void session_committed(struct session *session, bool ok, struct buf *reply);

/* After WANT_TLS: all that was said in clear is forgotten. */
void session_secured(struct session *session, const char *version,
    const char *cipher);

/* End it with a 421, whatever it is doing: time is up, shutting down. */
void session_end(struct session *session, const char *status,
    const char *text, struct buf *reply);

/* Nothing is under way: it may be ended without loss. */
bool session_is_idle(const struct session *session);

/* "ESMTP", "ESMTPS", "SMTP", "local". */
const char *session_protocol(const struct session *session);

#endif
