/* SPDX-License-Identifier: ISC
 *
 * conn.c - one connection: its life.
 *
 * The owner is called from the loop only, one event at a time, and may do
 * anything in there, even free the conn: conn_tell() says whether it is
 * still there.  What must be done outside of that is left to a kick, which
 * the loop gives in its next turn.
 */
#include "io/conn.h"
#include "io/conn_inside.h"

#include "base/mem.h"
#include "base/must.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

void
conn_set_why(struct conn *conn, const char *why)
{
	snprintf(conn->why, sizeof conn->why, "%s", why);
}

void
conn_destroy(struct conn *conn)
{
	watch_free(&conn->watch);
	timer_free(&conn->deadline);
	timer_free(&conn->kick);
	orphan_free(&conn->orphan);
	tls_free(&conn->tls);
	if (conn->fd != -1)
		close(conn->fd);
	conn->fd = -1;
	buf_fini(&conn->kept);
	buf_fini(&conn->out);
	conn->dead = true;
	if (!conn->busy)
		mem_free(conn);
}

void
conn_free(struct conn **conn)
{
	if (*conn == NULL)
		return;
	conn_destroy(*conn);
	*conn = NULL;
}

bool
conn_tell(struct conn *conn, enum conn_event event)
{
	if (conn->fn == NULL)
		return true;
	conn->busy = true;
	conn->fn(conn->owner, conn, event);
	conn->busy = false;
	if (!conn->dead)
		return true;
	mem_free(conn);
	return false;
}

/* ---- what to wait for ---------------------------------------------------- */

static bool
wants_read(const struct conn *conn)
{
	switch (conn->state) {
	case CONN_OPEN:
		return conn_may_read(conn) || conn->write_wants_read;
	case CONN_FINISHING:
		return conn->write_wants_read;
	case CONN_DRAINING:
		return true;
	case CONN_CONNECTING:
	case CONN_SECURING:	/* conn_shake() asks */
	case CONN_OVER:
		break;
	}
	return false;
}

void
conn_rewatch(struct conn *conn)
{
	unsigned want = wants_read(conn) ? WATCH_READ : 0;

	if (conn->watch == NULL || conn->state == CONN_SECURING ||
	    conn->state == CONN_CONNECTING)
		return;
	/* A paused conn mostly stays silent: leave the kernel alone until
	 * it does not (see on_ready). */
	if (conn->paused && conn->state == CONN_OPEN)
		want |= conn->want & WATCH_READ;
	if (conn->state != CONN_OVER && conn->state != CONN_DRAINING &&
	    ((buf_length(&conn->out) > 0 && !conn->write_wants_read) ||
	    conn->read_wants_write))
		want |= WATCH_WRITE;
	conn->want = want;
	watch_want(conn->watch, want);
}

void
conn_kick(struct conn *conn)
{
	timer_set(conn->kick, 0);
}

/* ---- the end -------------------------------------------------------------- */

void
conn_end(struct conn *conn, const char *why)
{
	if (conn->why[0] == '\0')
		conn_set_why(conn, why);
	if (conn->state == CONN_FINISHING || conn->state == CONN_DRAINING) {
		conn_destroy(conn);
		return;
	}
	conn->state = CONN_OVER;
	timer_stop(conn->deadline);
	conn_rewatch(conn);
	conn_tell(conn, CONN_ENDED);
}

/* ---- TLS ---------------------------------------------------------------------- */

static void
shake(struct conn *conn)
{
	enum tls_step step;

	conn_write_out(conn);	/* the last words in clear: "220 Go ahead" */
	if (conn->out_broken) {
		conn_end(conn, "lost connection");
		return;
	}
	if (buf_length(&conn->out) > 0) {
		watch_want(conn->watch, conn->want = WATCH_WRITE);
		return;
	}
	step = tls_handshake(conn->tls);
	switch (step) {
	case TLS_WANT_READ:
		watch_want(conn->watch, conn->want = WATCH_READ);
		return;
	case TLS_WANT_WRITE:
		watch_want(conn->watch, conn->want = WATCH_WRITE);
		return;
	case TLS_CLOSED:
	case TLS_BROKEN:
		conn_end(conn, tls_why(conn->tls));
		return;
	case TLS_DONE:
		break;
	}
	conn->state = CONN_OPEN;
	conn_rewatch(conn);
	if (conn_tell(conn, CONN_SECURED) && conn->state == CONN_OPEN)
		conn_take_input(conn);	/* may have come with the handshake */
}

static void
secure(struct conn *conn, struct tls *tls)
{
	must(conn->state == CONN_OPEN || conn->state == CONN_OVER);
	must(conn->tls == NULL);
	must(conn_input(conn).length == 0);
	conn->tls = tls;
	conn->paused = false;
	if (conn->state == CONN_OPEN) {
		conn->state = CONN_SECURING;
		conn_kick(conn);
	}
}

void
conn_secure_server(struct conn *conn, struct tls_context *context)
{
	secure(conn, tls_accept_new(context, conn->fd));
}

void
conn_secure_client(struct conn *conn, struct tls_context *context,
    const char *server_name)
{
	secure(conn, tls_connect_new(context, conn->fd, server_name));
}

const struct tls *
conn_tls(const struct conn *conn)
{
	return conn->tls;
}

/* ---- from the loop ------------------------------------------------------------ */

static void
connected(struct conn *conn)
{
	int number = 0;
	socklen_t length = sizeof number;

	if (getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &number, &length) == -1)
		number = errno;
	if (number != 0) {
		conn_end(conn, strerror(number));
		return;
	}
	conn->state = CONN_OPEN;
	conn_rewatch(conn);
	if (conn_tell(conn, CONN_CONNECTED) && conn->state == CONN_OPEN)
		conn_rewatch(conn);
}

/* Write what waits; tell when the last of it has left.  False: gone. */
static bool
let_out(struct conn *conn)
{
	if (buf_length(&conn->out) == 0)
		return true;
	conn_write_out(conn);
	if (buf_length(&conn->out) > 0 || conn->out_broken)
		return true;
	return conn_tell(conn, CONN_SENT);
}

static void
serve(struct conn *conn, unsigned ready)
{
	if ((ready & WATCH_WRITE) || conn->write_wants_read)
		if (!let_out(conn))
			return;
	if (conn->state != CONN_OPEN)
		return;
	if (conn->again && !conn->paused && !conn_deliver(conn))
		return;
	if ((ready & WATCH_READ) || conn->read_wants_write)
		conn_take_input(conn);
	else
		conn_read_on(conn);
}

static void
on_ready(void *owner, unsigned ready)
{
	struct conn *conn = owner;

	switch (conn->state) {
	case CONN_CONNECTING:
		connected(conn);
		return;
	case CONN_SECURING:
		shake(conn);
		return;
	case CONN_FINISHING:
	case CONN_DRAINING:
		conn_finish_step(conn);
		return;
	case CONN_OPEN:
		if (conn->paused && (ready & WATCH_READ))
			conn->want &= ~(unsigned)WATCH_READ;
		serve(conn, ready);
		return;
	case CONN_OVER:
		return;
	}
}

static void
on_kick(void *owner)
{
	struct conn *conn = owner;

	if (conn->state == CONN_CONNECTING)
		conn_end(conn, "lost connection");	/* connect() failed at once */
	else if (conn->state == CONN_OPEN && conn->out_broken &&
	    (conn->tls != NULL || (conn->paused && conn->limits.quits)))
		conn_end(conn, "lost connection");
	else if (conn->state == CONN_OPEN)
		serve(conn, WATCH_READ);
	else
		on_ready(conn, 0);
}

/* What is there already, and was waited for. */
static unsigned
look(const struct conn *conn)
{
	struct pollfd fd = { .fd = conn->fd };
	unsigned ready = 0;

	if (conn->want & WATCH_READ && !conn->paused)
		fd.events |= POLLIN;
	if (conn->want & WATCH_WRITE)
		fd.events |= POLLOUT;
	if (fd.events == 0 || conn->watch == NULL || poll(&fd, 1, 0) != 1)
		return 0;
	if (fd.events & POLLIN && fd.revents & (POLLIN | POLLHUP | POLLERR))
		ready |= WATCH_READ;
	if (fd.events & POLLOUT && fd.revents & (POLLOUT | POLLERR))
		ready |= WATCH_WRITE;
	return ready;
}

/* With thousands of connections to look after, an answer may have come in
 * time and not have been looked at yet.  It is now, once: if its owner sets
 * no other time because of it, the time is over in the next turn. */
static void
on_deadline(void *owner)
{
	struct conn *conn = owner;
	unsigned ready = conn->looked ? 0 : look(conn);

	if (conn->state == CONN_FINISHING || conn->state == CONN_DRAINING) {
		conn_finish_step(conn);
	} else if (ready != 0) {
		conn->looked = true;
		timer_set(conn->deadline, 0);
		on_ready(conn, ready);
	} else if (conn->state != CONN_OVER) {
		conn_tell(conn, CONN_TIMEOUT);
	}
}

void
conn_deadline(struct conn *conn, msec_t delay)
{
	/* Who says that the time is over because of what came, and says it
	 * again because of what came then, must be told in the end. */
	if (delay > 0)
		conn->looked = false;
	if (delay == MSEC_NEVER || conn->state == CONN_OVER)
		timer_stop(conn->deadline);
	else
		timer_set(conn->deadline, delay);
}

/* ---- birth ---------------------------------------------------------------------- */

static struct conn *
conn_new(struct loop *loop, int fd, const struct conn_limits *limits,
    conn_fn *fn, void *owner)
{
	struct conn *conn = mem_new(struct conn);

	must(limits->keep_most > 0);
	conn->loop = loop;
	conn->fd = fd;
	conn->limits = *limits;
	conn->fn = fn;
	conn->owner = owner;
	conn->deadline = timer_new(loop, on_deadline, conn);
	conn->kick = timer_new(loop, on_kick, conn);
	buf_init(&conn->kept, limits->keep_most);
	buf_init(&conn->out, SIZE_MAX);
	return conn;
}

/* Replies must not wait for acknowledgements; no matter on AF_UNIX. */
static void
no_delay(int fd)
{
	int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

struct conn *
conn_accepted(struct loop *loop, int fd, const struct conn_limits *limits,
    conn_fn *fn, void *owner)
{
	struct conn *conn = conn_new(loop, fd, limits, fn, owner);
	struct sockaddr_storage ss = { .ss_family = AF_UNSPEC };
	socklen_t length = sizeof ss;

	if (getpeername(fd, (struct sockaddr *)&ss, &length) == 0)
		conn->peer = addr_of_sockaddr((struct sockaddr *)&ss);
	if (ss.ss_family != AF_UNIX)
		no_delay(fd);
	conn->state = CONN_OPEN;
	conn->want = WATCH_READ;
	conn->watch = watch_new(loop, fd, conn->want, on_ready, conn);
	return conn;
}

static bool
is_want_of_ours(int number)
{
	return number == EMFILE || number == ENFILE || number == ENOBUFS ||
	    number == ENOMEM || number == EADDRNOTAVAIL || number == EAGAIN;
}

struct conn *
conn_connect(struct loop *loop, struct addr to,
    const struct conn_limits *limits, conn_fn *fn, void *owner)
{
	struct sockaddr_storage ss;
	socklen_t length = addr_to_sockaddr(to, &ss);
	int fd = socket(ss.ss_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct conn *conn = conn_new(loop, fd, limits, fn, owner);

	conn->state = CONN_CONNECTING;
	conn->peer = to;
	if (fd != -1) {
		no_delay(fd);
		if (connect(fd, (struct sockaddr *)&ss, length) == 0 ||
		    errno == EINPROGRESS) {
			conn->want = WATCH_WRITE;
			conn->watch = watch_new(loop, fd, conn->want,
			    on_ready, conn);
			return conn;
		}
	}
	conn_set_why(conn, strerror(errno));
	conn->starved = is_want_of_ours(errno);
	conn_kick(conn);
	return conn;
}

struct addr
conn_peer(const struct conn *conn)
{
	return conn->peer;
}

struct addr
conn_local(const struct conn *conn)
{
	struct sockaddr_storage ss = { .ss_family = AF_UNSPEC };
	socklen_t length = sizeof ss;

	if (conn->fd != -1)
		(void)getsockname(conn->fd, (struct sockaddr *)&ss, &length);
	return addr_of_sockaddr((struct sockaddr *)&ss);
}

int
conn_fd(const struct conn *conn)
{
	return conn->fd;
}

const char *
conn_why(const struct conn *conn)
{
	return conn->why;
}

bool
conn_starved(const struct conn *conn)
{
	return conn->starved;
}
