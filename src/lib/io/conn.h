/* SPDX-License-Identifier: ISC
 *
 * conn.h - one connection: bytes in, bytes out, in clear or over TLS.
 *
 * A conn owns its socket.  Input is read into a scratch buffer that all
 * connections of the process share, and lent to the owner; what the owner
 * does not consume is kept by the conn (at most `keep_most` bytes; then
 * reading pauses, which is how a peer is slowed).  Output that the socket
 * does not take at once waits, and reading pauses while more than
 * `write_most` bytes wait.  An idle connection costs a few hundred bytes.
 */
#ifndef IO_CONN_H
#define IO_CONN_H

#include "base/buf.h"
#include "io/addr.h"
#include "io/loop.h"
#include "io/tls.h"

struct conn;

enum conn_event {
	CONN_CONNECTED,		/* conn_connect() succeeded */
	CONN_INPUT,		/* bytes: see conn_input() */
	CONN_SECURED,		/* the TLS handshake is done */
	CONN_SENT,		/* output had to wait, and has left now */
	CONN_TIMEOUT,		/* the time set by conn_deadline() is over */
	CONN_ENDED		/* peer closed or connection broke; conn_why() */
};

/* May call conn_free() on its conn, in any event. */
typedef void conn_fn(void *owner, struct conn *conn, enum conn_event event);

struct conn_limits {
	size_t keep_most;	/* unconsumed input; also the most that
				 * one CONN_INPUT lends (up to 64 KiB) */
	size_t write_most;	/* waiting output before reading pauses */
	bool quits;		/* broken output ends it even while its owner
				 * lets reading pause */
};

/* FD: accepted, nonblocking; owned from now on. */
struct conn *conn_accepted(struct loop *loop, int fd,
    const struct conn_limits *limits, conn_fn *fn, void *owner);

/* Start connecting to TO; CONN_CONNECTED or CONN_ENDED follows, never from
 * within this call. */
struct conn *conn_connect(struct loop *loop, struct addr to,
    const struct conn_limits *limits, conn_fn *fn, void *owner);

/* Closes at once; output that still waits is lost. */
void conn_free(struct conn **conn);

/* Close once the waiting output has left, or after DELAY ms, or with the
 * loop; input that still comes is thrown away, so that it cannot cost the
 * peer our last words.  The owner hears nothing more, and must forget the
 * conn. */
void conn_finish(struct conn **conn, msec_t delay);

/* What has arrived and was not yet consumed; valid until the event
 * function returns or conn_consume(). */
struct span conn_input(const struct conn *conn);
void conn_consume(struct conn *conn, size_t length);

/* Stop and resume the delivery of CONN_INPUT (what is kept is delivered
 * anew, from the loop, after a resume). */
void conn_pause(struct conn *conn);
void conn_resume(struct conn *conn);

/* Send now what the socket takes; the rest waits.  During a TLS handshake
 * and after CONN_ENDED nothing can be said: it is swallowed. */
void conn_send(struct conn *conn, struct span bytes);
/* The same for several pieces, in one system call where possible. */
void conn_send_v(struct conn *conn, const struct span *pieces, int count);
size_t conn_waiting(const struct conn *conn);

/* One timer: CONN_TIMEOUT in DELAY ms unless set anew; MSEC_NEVER stops.
 * What came in time is told first, however late the loop is. */
void conn_deadline(struct conn *conn, msec_t delay);

/*
 * Start TLS.  Input that was read but not consumed is an error that the
 * caller must have excluded (RFC 3207, section 4.2: response and command
 * injection): the function aborts if there is any.
 */
void conn_secure_server(struct conn *conn, struct tls_context *context);
void conn_secure_client(struct conn *conn, struct tls_context *context,
    const char *server_name);
/* Null while in clear. */
const struct tls *conn_tls(const struct conn *conn);

struct addr conn_peer(const struct conn *conn);
struct addr conn_local(const struct conn *conn);
int conn_fd(const struct conn *conn);
/* Why it ended, for the log: "Connection refused", "lost connection". */
const char *conn_why(const struct conn *conn);
/* Connecting failed for want of something of our own: descriptors, ports,
 * memory.  The peer has nothing to do with it. */
bool conn_starved(const struct conn *conn);

#endif
