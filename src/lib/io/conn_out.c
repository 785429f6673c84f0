/* SPDX-License-Identifier: ISC
 *
 * conn_out.c - one connection: its output and its end.
 *
 * Output goes to the socket at once when nothing waits before it.  A last
 * reply must reach the peer even when the peer has sent more than was read:
 * to close a socket with unread input makes the kernel answer with a reset,
 * and that may overtake the reply.  So conn_finish() shuts our direction,
 * throws away what still comes in for a moment, and closes then.
 */
#include "io/conn.h"
#include "io/conn_inside.h"

#include <errno.h>
#include <unistd.h>

enum {
	PIECES_MOST = 16,
	DRAIN_TIME = 1000,	/* ms to wait for the peer to close */
	DRAIN_BYTES = 1 << 20,	/* and the most of its input to throw away */
	TLS_GATHER = 16384	/* the most in one record */
};

/* Nothing can be written any more.  What the peer said before it broke is
 * still to be read, so reading finds out the rest. */
static void
break_out(struct conn *conn, const char *why)
{
	conn->out_broken = true;
	conn->write_wants_read = false;
	buf_fini(&conn->out);
	if (conn->why[0] == '\0')
		conn_set_why(conn, why);
	if (conn->state == CONN_OPEN)
		conn_kick(conn);
}

/* Bytes taken by the socket; 0: none for now, or broken. */
static size_t
put_clear(struct conn *conn, struct iovec *iov, int count)
{
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = (size_t)count };
	ssize_t n;

	do
		n = sendmsg(conn->fd, &msg, MSG_NOSIGNAL);
	while (n == -1 && errno == EINTR);
	if (n >= 0)
		return (size_t)n;
	if (errno != EAGAIN)
		break_out(conn, strerror(errno));
	return 0;
}

static size_t
put_tls(struct conn *conn, struct span bytes)
{
	size_t moved = 0;

	switch (tls_write(conn->tls, bytes.data, bytes.length, &moved)) {
	case TLS_DONE:
		return moved;
	case TLS_WANT_READ:
		conn->write_wants_read = true;
		return 0;
	case TLS_WANT_WRITE:
		return 0;
	case TLS_CLOSED:
	case TLS_BROKEN:
		break;
	}
	break_out(conn, tls_why(conn->tls));
	return 0;
}

void
conn_write_out(struct conn *conn)
{
	size_t put = 1;

	conn->write_wants_read = false;
	while (buf_length(&conn->out) > 0 && put > 0) {
		struct span bytes = buf_peek(&conn->out);
		struct iovec iov = { .iov_base = (void *)(uintptr_t)bytes.data,
		    .iov_len = bytes.length };

		/* While securing, what waits are the last words in clear. */
		if (conn->tls != NULL && conn->state != CONN_SECURING)
			put = put_tls(conn, bytes);
		else
			put = put_clear(conn, &iov, 1);
		buf_skip(&conn->out, put);
	}
	if (buf_length(&conn->out) == 0)
		buf_fini(&conn->out);
}

/* Send as much as the socket takes of up to PIECES_MOST pieces; what it
 * does not take waits. */
static void
send_clear(struct conn *conn, const struct span *pieces, int count)
{
	struct iovec iov[PIECES_MOST];
	size_t put;

	for (int i = 0; i < count; i++)
		iov[i] = (struct iovec){
		    .iov_base = (void *)(uintptr_t)pieces[i].data,
		    .iov_len = pieces[i].length };
	put = put_clear(conn, iov, count);
	for (int i = 0; i < count && !conn->out_broken; i++) {
		buf_append_span(&conn->out, span_skip(pieces[i], put));
		put -= put < pieces[i].length ? put : pieces[i].length;
	}
}

/* Over TLS pieces are joined, so that they travel in one record. */
static void
send_tls(struct conn *conn, const struct span *pieces, int count)
{
	for (int i = 0; i < count && !conn->out_broken; i++) {
		buf_append_span(&conn->out, pieces[i]);
		if (buf_length(&conn->out) >= TLS_GATHER)
			conn_write_out(conn);
	}
	conn_write_out(conn);
}

void
conn_send_v(struct conn *conn, const struct span *pieces, int count)
{
	if ((conn->state != CONN_OPEN && conn->state != CONN_CONNECTING) ||
	    conn->out_broken)
		return;
	while (count > 0) {
		int some = count < PIECES_MOST ? count : PIECES_MOST;

		if (conn->state == CONN_CONNECTING ||
		    (conn->tls == NULL && buf_length(&conn->out) > 0))
			for (int i = 0; i < some; i++)
				buf_append_span(&conn->out, pieces[i]);
		else if (conn->tls != NULL)
			send_tls(conn, pieces, some);
		else
			send_clear(conn, pieces, some);
		pieces += some;
		count -= some;
	}
	conn_rewatch(conn);
}

void
conn_send(struct conn *conn, struct span bytes)
{
	conn_send_v(conn, &bytes, 1);
}

size_t
conn_waiting(const struct conn *conn)
{
	return buf_length(&conn->out);
}

/* ---- the end ---------------------------------------------------------------- */

/* False: the peer has closed, or has said too much. */
static bool
drain(struct conn *conn)
{
	uint8_t waste[8192];
	ssize_t n;

	for (;;) {
		n = read(conn->fd, waste, sizeof waste);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return errno == EAGAIN;
		conn->drained += (size_t)n;
		if (n == 0 || conn->drained > DRAIN_BYTES)
			return false;
	}
}

/* The output has left: say so to the peer.  False: no need to wait. */
static bool
start_draining(struct conn *conn)
{
	msec_t now = loop_now(conn->loop);

	tls_free(&conn->tls);
	if (conn->peer_shut || shutdown(conn->fd, SHUT_WR) == -1)
		return false;
	conn->state = CONN_DRAINING;
	if (conn->finish_by > now + DRAIN_TIME)
		conn->finish_by = now + DRAIN_TIME;
	timer_set(conn->deadline, conn->finish_by - now);
	return true;
}

void
conn_finish_step(struct conn *conn)
{
	if (conn->state == CONN_FINISHING) {
		conn_write_out(conn);
		if (!conn->out_broken && buf_length(&conn->out) > 0 &&
		    loop_now(conn->loop) < conn->finish_by) {
			conn_rewatch(conn);
			return;
		}
		if (conn->out_broken || buf_length(&conn->out) > 0 ||
		    !start_draining(conn)) {
			conn_destroy(conn);
			return;
		}
	}
	if (!drain(conn) || loop_now(conn->loop) >= conn->finish_by)
		conn_destroy(conn);
	else
		conn_rewatch(conn);
}

static void
on_loop_end(void *self)
{
	conn_destroy(self);
}

void
conn_finish(struct conn **at, msec_t delay)
{
	struct conn *conn = *at;
	msec_t now = loop_now(conn->loop);

	*at = NULL;
	conn->fn = NULL;
	buf_fini(&conn->kept);
	if (conn->state == CONN_CONNECTING || conn->state == CONN_SECURING) {
		conn_destroy(conn);
		return;
	}
	conn->state = CONN_FINISHING;
	conn->orphan = orphan_new(conn->loop, on_loop_end, conn);
	conn->finish_by = delay < MSEC_NEVER - now ? now + delay : MSEC_NEVER;
	timer_stop(conn->kick);
	timer_set(conn->deadline, delay);
	conn_finish_step(conn);
}
