/* SPDX-License-Identifier: ISC
 *
 * front.c - one client: its connection, its session, and their time.
 */
#include "receiver/front.h"

#include "receiver/say.h"
#include "receiver/store.h"

#include "base/log.h"
#include "base/mem.h"

enum {
	KEEP_MOST = 16384,	/* of input that waits for a commit */
	WRITE_MOST = 16384,	/* of replies the client does not read */
	FINISH_MOST = 5000,	/* ms for the last reply to leave */
	DRAIN_IDLE = 5000	/* ms between commands when shutting down */
};

/* ---- time ---------------------------------------------------------------- */

/* Set the deadline anew: the client has done something. */
static void
wind_up(struct front *front)
{
	const struct conf *conf = front->receiver->rules.conf;
	msec_t now = loop_now(front->receiver->worker->loop);
	msec_t delay = conf_time(conf, conf->idle);

	if (front->receiver->rules.draining && delay > DRAIN_IDLE)
		delay = DRAIN_IDLE;
	if (delay > front->ends - now)
		delay = front->ends > now ? front->ends - now : 0;
	conn_deadline(front->conn, delay);
}

/* ---- life and death ------------------------------------------------------ */

static void
front_free(struct front *front)
{
	struct receiver *receiver = front->receiver;

	store_forget(front);
	if (!front->session.client.local)
		clients_leave(&receiver->clients,
		    front->session.client.address);
	session_fini(&front->session);
	listener_release(front->listener);
	list_remove(&receiver->fronts, &front->link);
	board_set(receiver->worker->board, METRIC_CONNECTIONS,
	    receiver->fronts.count);
	mem_free(front);
	receiver_front_gone(receiver);
}

/* Send the replies that have gathered; nobody listens: drop them. */
static void
flush(struct front *front)
{
	struct receiver *receiver = front->receiver;

	if (front->conn != NULL && buf_length(&receiver->reply) > 0)
		conn_send(front->conn, buf_peek(&receiver->reply));
	buf_clear(&receiver->reply);
	board_set(receiver->worker->board, METRIC_REFUSED,
	    receiver->rules.refused);
}

/* The last reply was given: let it leave, and forget the client. */
static void
close_up(struct front *front)
{
	flush(front);
	conn_finish(&front->conn, FINISH_MOST);
	front_free(front);
}

static void
end_with(struct front *front, const char *status, const char *text)
{
	session_end(&front->session, status, text, &front->receiver->reply);
	close_up(front);
}

/* ---- work ---------------------------------------------------------------- */

static void
take_time(struct receiver *receiver)
{
	receiver->rules.now = clock_wall();
	store_look_at_disk(receiver);
}

/* One call of the machine; how much input it took. */
static size_t
feed(struct front *front, enum wish *wish)
{
	struct span in = conn_input(front->conn);
	size_t before = in.length;

	*wish = session_input(&front->session, &in, &front->receiver->reply);
	conn_consume(front->conn, before - in.length);
	store_follow(front);
	return before - in.length;
}

/* Feed the machine until it has enough, or wants something else. */
static enum wish
feed_all(struct front *front)
{
	enum wish wish;
	size_t took;

	for (;;) {
		took = feed(front, &wish);
		if (took > 0 && !front->committing)
			wind_up(front);
		if (wish != WANT_LINE && wish != WANT_BODY)
			return wish;
		flush(front);
		if (took == 0 || conn_input(front->conn).length == 0)
			return wish;
		if (conn_waiting(front->conn) > 0) {
			front->choked = true;
			conn_pause(front->conn);
			return wish;
		}
		if (link_on_list(&front->throttled))
			return wish;
	}
}

static void
start_tls(struct front *front)
{
	flush(front);
	if (front->listener->tls == NULL) {
		end_with(front, "4.3.0", "TLS is not possible just now");
		return;
	}
	conn_secure_server(front->conn, front->listener->tls);
}

static void
work(struct front *front)
{
	take_time(front->receiver);
	switch (feed_all(front)) {
	case WANT_LINE:
	case WANT_BODY:
		break;
	case WANT_COMMIT:
		flush(front);
		front->committing = true;
		conn_pause(front->conn);
		store_commit(front);
		break;
	case WANT_TLS:
		start_tls(front);
		break;
	case WANT_CLOSE:
		close_up(front);
		break;
	}
}

void
front_committed(struct front *front, enum commit_end end)
{
	front->committing = false;
	if (end == COMMIT_UNSURE) {
		if (front->conn == NULL)
			front_free(front);
		else
			close_up(front);
		return;
	}
	session_committed(&front->session, end == COMMIT_DONE,
	    &front->receiver->reply);
	flush(front);
	if (front->conn == NULL)
		front_free(front);
	else if (session_wish(&front->session) == WANT_CLOSE)
		close_up(front);
	else {
		wind_up(front);
		conn_resume(front->conn);
	}
}

void
front_read_on(struct front *front)
{
	if (front->conn == NULL)
		return;
	wind_up(front);
	conn_resume(front->conn);
}

void
front_drain(struct front *front)
{
	if (front->conn == NULL || front->committing)
		return;
	if (session_is_idle(&front->session) &&
	    (conn_tls(front->conn) == NULL || front->session.tls != NULL))
		end_with(front, "4.3.2", "Service shutting down");
	else
		wind_up(front);
}

/* ---- events -------------------------------------------------------------- */

static void
greet(struct front *front)
{
	session_greet(&front->session, &front->receiver->reply);
	flush(front);
	wind_up(front);
}

static void
secured(struct front *front)
{
	const struct tls *tls = conn_tls(front->conn);
	bool implicit = front->session.state != SESSION_SECURE;

	session_secured(&front->session, tls_version(tls), tls_cipher(tls));
	if (implicit)
		greet(front);
	else
		wind_up(front);
}

static void
timed_out(struct front *front)
{
	bool over = loop_now(front->receiver->worker->loop) >= front->ends;

	if (front->committing || link_on_list(&front->throttled)) {
		/* We are what it waits for. */
		conn_deadline(front->conn, MSEC_SECOND);
		return;
	}
	if (conn_tls(front->conn) != NULL && front->session.tls == NULL) {
		conn_free(&front->conn);	/* within the handshake */
		front_free(front);
		return;
	}
	say_lost(&front->session, over ? "session limit reached" : "timeout");
	end_with(front, "4.4.2", over ? "The session has lasted too long" :
	    "Timeout, closing connection");
}

static void
lost(struct front *front)
{
	if (!front->committing)
		say_lost(&front->session, conn_why(front->conn));
	conn_free(&front->conn);
	if (!front->committing)
		front_free(front);
}

static void
on_event(void *owner, struct conn *conn, enum conn_event event)
{
	struct front *front = owner;

	switch (event) {
	case CONN_INPUT:
		if (!front->committing && !front->choked &&
		    !link_on_list(&front->throttled))
			work(front);
		break;
	case CONN_SENT:
		if (front->choked) {
			front->choked = false;
			conn_resume(conn);
		}
		break;
	case CONN_SECURED:
		secured(front);
		break;
	case CONN_TIMEOUT:
		timed_out(front);
		break;
	case CONN_ENDED:
		lost(front);
		break;
	case CONN_CONNECTED:
		break;		/* these were accepted */
	}
}

void
front_new(struct listener *listener, int fd, const struct client *client)
{
	struct receiver *receiver = listener->receiver;
	const struct conf *conf = receiver->rules.conf;
	struct conn_limits limits = { .keep_most = KEEP_MOST,
		.write_most = WRITE_MOST };
	struct front *front = mem_new(struct front);

	if (limits.keep_most <= conf->command_line)
		limits.keep_most = conf->command_line + 1;
	front->receiver = receiver;
	front->listener = listener;
	listener->users++;
	session_init(&front->session, &receiver->rules, client);
	front->ends = loop_now(receiver->worker->loop) +
	    conf_time(conf, conf->session);
	front->conn = conn_accepted(receiver->worker->loop, fd, &limits,
	    on_event, front);
	list_append(&receiver->fronts, &front->link);
	board_add(receiver->worker->board, METRIC_CONNECTIONS_TOTAL, 1);
	board_set(receiver->worker->board, METRIC_CONNECTIONS,
	    receiver->fronts.count);
	if (listener->implicit_tls) {
		conn_secure_server(front->conn, listener->tls);
		wind_up(front);
	} else
		greet(front);
}
