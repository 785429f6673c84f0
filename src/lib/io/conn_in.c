/* SPDX-License-Identifier: ISC
 *
 * conn_in.c - one connection: its input.
 *
 * Bytes are read into a scratch buffer that all connections share and lent
 * to the owner; only what the owner leaves costs memory of the connection.
 */
#include "io/conn.h"
#include "io/conn_inside.h"

#include "base/must.h"

#include <errno.h>
#include <unistd.h>

enum {
	SCRATCH_BYTES = 65536,
	TURN_BYTES = 4 * SCRATCH_BYTES	/* of one conn, so that all get on */
};

static uint8_t scratch[SCRATCH_BYTES];

enum pull { PULL_FULL, PULL_DRY, PULL_CLOSED, PULL_BROKEN };

static enum pull
pull_clear(struct conn *conn, uint8_t *to, size_t room, size_t *got)
{
	ssize_t n;

	do
		n = read(conn->fd, to, room);
	while (n == -1 && errno == EINTR);
	if (n > 0) {
		*got = (size_t)n;
		return *got == room ? PULL_FULL : PULL_DRY;
	}
	if (n == 0)
		return PULL_CLOSED;
	if (errno == EAGAIN)
		return PULL_DRY;
	if (conn->why[0] == '\0')
		conn_set_why(conn, strerror(errno));
	return PULL_BROKEN;
}

static enum pull
pull_tls(struct conn *conn, uint8_t *to, size_t room, size_t *got)
{
	enum tls_step step = TLS_DONE;
	size_t moved;

	conn->read_wants_write = false;
	while (*got < room && step == TLS_DONE) {
		step = tls_read(conn->tls, to + *got, room - *got, &moved);
		if (step == TLS_DONE)
			*got += moved;
	}
	switch (step) {
	case TLS_DONE:
		return PULL_FULL;
	case TLS_WANT_WRITE:
		conn->read_wants_write = true;
		return PULL_DRY;
	case TLS_WANT_READ:
		return PULL_DRY;
	case TLS_CLOSED:
	case TLS_BROKEN:
		break;
	}
	if (*got > 0)
		return PULL_FULL;	/* the next pull meets the end anew */
	if (step == TLS_CLOSED)
		return PULL_CLOSED;
	if (conn->why[0] == '\0')
		conn_set_why(conn, tls_why(conn->tls));
	return PULL_BROKEN;
}

/* Read behind what is kept, or into the scratch buffer. */
static enum pull
pull(struct conn *conn, size_t *got)
{
	size_t room = conn->limits.keep_most - buf_length(&conn->kept);
	uint8_t *to = scratch;
	enum pull end_of;

	*got = 0;
	if (room > SCRATCH_BYTES)
		room = SCRATCH_BYTES;
	if (buf_length(&conn->kept) > 0) {
		to = buf_reserve(&conn->kept, room);
		must(to != NULL);
	}
	end_of = conn->tls == NULL ? pull_clear(conn, to, room, got) :
	    pull_tls(conn, to, room, got);
	if (to == scratch)
		conn->lent = span_make(scratch, *got);
	else
		buf_added(&conn->kept, *got);
	return end_of;
}

/* Lend the owner what there is, and keep what is left.  False: gone. */
bool
conn_deliver(struct conn *conn)
{
	conn->again = false;
	if (!conn_tell(conn, CONN_INPUT))
		return false;
	if (conn->lent.length > 0 && conn->fn != NULL)
		buf_append_span(&conn->kept, conn->lent);
	conn->lent = span_make(NULL, 0);
	if (buf_length(&conn->kept) == 0)
		buf_fini(&conn->kept);
	return true;
}

bool
conn_may_read(const struct conn *conn)
{
	return conn->state == CONN_OPEN && !conn->paused &&
	    buf_length(&conn->kept) < conn->limits.keep_most &&
	    buf_length(&conn->out) <= conn->limits.write_most;
}

/* Input may be waited for again: watch, and kick for what no watch tells. */
void
conn_read_on(struct conn *conn)
{
	if (conn_may_read(conn) && (conn->again || conn->out_broken ||
	    (conn->tls != NULL && tls_pending(conn->tls))))
		conn_kick(conn);
	conn_rewatch(conn);
}

/* Read and deliver until the socket is empty or the turn is over. */
void
conn_take_input(struct conn *conn)
{
	size_t got, sum = 0;
	enum pull pulled = PULL_FULL;

	while (pulled == PULL_FULL && conn_may_read(conn) && sum < TURN_BYTES) {
		pulled = pull(conn, &got);
		sum += got;
		if (got > 0 && !conn_deliver(conn))
			return;
	}
	if (pulled == PULL_DRY && conn->out_broken)
		pulled = PULL_BROKEN;
	if (pulled == PULL_CLOSED || pulled == PULL_BROKEN) {
		conn->peer_shut = true;
		if (pulled == PULL_BROKEN)
			conn->out_broken = true;
		if (conn->state == CONN_OPEN)
			conn_end(conn, "lost connection");
		else if (conn->state == CONN_FINISHING)
			conn_finish_step(conn);
		return;
	}
	conn_read_on(conn);
}

struct span
conn_input(const struct conn *conn)
{
	return conn->lent.length > 0 ? conn->lent : buf_peek(&conn->kept);
}

void
conn_consume(struct conn *conn, size_t length)
{
	if (conn->lent.length > 0) {
		must(length <= conn->lent.length);
		conn->lent = span_skip(conn->lent, length);
		return;
	}
	must(length <= buf_length(&conn->kept));
	buf_skip(&conn->kept, length);
	if (!conn->busy)
		conn_read_on(conn);
}

void
conn_pause(struct conn *conn)
{
	conn->paused = true;
}

void
conn_resume(struct conn *conn)
{
	if (!conn->paused)
		return;
	conn->paused = false;
	if (conn->state != CONN_OPEN)
		return;
	if (conn_input(conn).length > 0)
		conn->again = true;
	conn_read_on(conn);
}
