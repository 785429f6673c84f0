/* SPDX-License-Identifier: ISC
 *
 * control.c - the control socket: connections, lines, back-pressure.
 *
 * A long answer is given in pieces, and only while the client takes what it
 * was sent: neither mail nor memory suffers from a client that asks for
 * everything and reads nothing.  However many ask, they share the time that
 * one has in a turn of the loop: mail waits for no crowd.
 */
#include "scheduler/control.h"

#include "base/fds.h"
#include "base/mem.h"
#include "scheduler/client.h"
#include "scheduler/scheduler.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	OWNERS_MOST = 64,	/* at once, of those who may change things … */
	OTHERS_MOST = 16,	/* … and of all others */
	LINE_MOST = 64 << 10,
	WAITING_MOST = 256 << 10,	/* output; then the answer waits */
	TURN_USEC = 2000,	/* for answers; a piece more at most */
	IDLE_MS = 60 * 1000,
	LINGER_MS = 5000
};

static void
client_free(struct client *client)
{
	list_remove(&client->control->clients, &client->link);
	walk_free(&client->walk);
	show_free(&client->show, client->control->s);
	if (client->task != NULL)
		client->task->free(client->task, client->control->s);
	conn_free(&client->conn);
	mem_free(client);
}

void
client_row(struct client *client, json_t *row)
{
	char *text = row == NULL ? NULL : json_dumps(row, JSON_COMPACT);

	if (text != NULL) {
		struct span pieces[2] = { span_of(text), span_of("\n") };

		conn_send_v(client->conn, pieces, 2);
	}
	free(text);
	json_decref(row);
}

void
client_end(struct client *client, int end, const char *why)
{
	json_t *row = json_object();

	json_object_set_new(row, "end", json_integer(end));
	if (why != NULL)
		json_object_set_new(row, "error", json_string(why));
	client_row(client, row);
	client->over = true;
}

static bool
is_busy(const struct client *client)
{
	return client->walk != NULL || client->show != NULL ||
	    client->task != NULL || client->token != 0;
}

static void
read_request(struct client *client, struct span line)
{
	json_error_t why;
	json_t *request = json_loadb((const char *)line.data, line.length,
	    JSON_REJECT_DUPLICATES, &why);

	if (json_is_object(request))
		client_request(client, request);
	else
		client_end(client, EX_PROTOCOL, "the request is no JSON "
		    "object");
	json_decref(request);
}

/* One request at a time; what a client sends ahead waits. */
static void
take_lines(struct client *client)
{
	struct span in = conn_input(client->conn);
	size_t at = span_find(in, '\n');

	if (is_busy(client))
		return;
	if (at == in.length) {
		if (at >= LINE_MOST - 1) {
			client_end(client, EX_PROTOCOL,
			    "the request is too long");
			conn_finish(&client->conn, LINGER_MS);
			client_free(client);
		}
		return;
	}
	client->over = false;
	conn_deadline(client->conn, MSEC_NEVER);
	read_request(client, span_first(in, at));
	conn_consume(client->conn, at + 1);
	if (is_busy(client))
		conn_pause(client->conn);
	else
		conn_deadline(client->conn, IDLE_MS);
}

static void
on_client(void *owner, struct conn *conn, enum conn_event event)
{
	struct client *client = owner;

	(void)conn;
	switch (event) {
	case CONN_INPUT:
		take_lines(client);
		break;
	case CONN_SENT:
		if (is_busy(client))
			timer_set(client->control->more, 0);
		break;
	case CONN_TIMEOUT:
	case CONN_ENDED:
		client_free(client);
		break;
	default:
		break;
	}
}

/* ---- answers that go on --------------------------------------------------------------- */

static bool
takes_a_piece(const struct client *client)
{
	return is_busy(client) && client->token == 0 &&
	    conn_waiting(client->conn) <= WAITING_MOST;
}

/* A piece for CLIENT, which is behind the others then.  True: it is ready for
 * the next. */
static bool
give_piece(struct client *client)
{
	struct control *control = client->control;
	bool more = client_go_on(client);

	list_remove(&control->clients, &client->link);
	list_append(&control->clients, &client->link);
	if (!is_busy(client)) {
		conn_deadline(client->conn, IDLE_MS);
		conn_resume(client->conn);
	}
	return more;
}

/* A piece for each client that is ready for one, until the time is over. */
static void
go_on(void *owner)
{
	struct control *control = owner;
	usec_t until = clock_mono_usec() + TURN_USEC;
	struct link *link = list_first(&control->clients), *next;
	size_t left = control->clients.count;
	bool more = false;

	for (; left > 0; left--, link = next) {
		struct client *client = list_item(link, struct client, link);

		next = list_next(&control->clients, link);
		if (!takes_a_piece(client))
			continue;
		if (clock_mono_usec() >= until) {
			more = true;
			break;
		}
		more |= give_piece(client);
	}
	if (more)
		timer_set(control->more, 0);
}

void
control_wake(struct control *control)
{
	if (control != NULL && !list_empty(&control->clients))
		timer_set(control->more, 0);
}

void
control_reloaded(struct control *control,
    const struct frame_reloaded *reloaded)
{
	struct link *link;
	char *why;

	for (link = list_first(&control->clients); link != NULL;
	    link = list_next(&control->clients, link)) {
		struct client *client = list_item(link, struct client, link);

		if (client->token == 0 || client->token != reloaded->token)
			continue;
		client->token = 0;
		why = span_copy(reloaded->text);
		client_end(client, reloaded->ok ? EX_OK : client->fails,
		    reloaded->ok ? NULL : why);
		mem_free(why);
		conn_deadline(client->conn, IDLE_MS);
		conn_resume(client->conn);
	}
}

/* ---- connections ------------------------------------------------------------------------ */

static bool
may_change(const struct control *control, int fd)
{
	struct ucred peer;
	socklen_t length = sizeof peer;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == -1)
		return false;
	return peer.uid == 0 || peer.uid == geteuid() ||
	    (control->owned && peer.uid == control->owner);
}

/* It asks nothing, or takes nothing of what it asked for. */
static bool
is_slow(const struct client *client)
{
	size_t waiting = conn_waiting(client->conn);

	return waiting > WAITING_MOST || (waiting == 0 && !is_busy(client));
}

/* Nobody can keep others out by being slow, nor those who may change things
 * by anything. */
static bool
make_room(struct control *control, bool privileged)
{
	unsigned most = privileged ? OWNERS_MOST : OTHERS_MOST;
	struct client *slow = NULL;
	struct link *link;

	for (link = list_first(&control->clients); link != NULL;
	    link = list_next(&control->clients, link)) {
		struct client *client = list_item(link, struct client, link);

		if (client->privileged != privileged)
			continue;
		most--;
		if (slow == NULL && is_slow(client))
			slow = client;
		if (most == 0)
			break;
	}
	if (most == 0 && slow != NULL)
		client_free(slow);
	return most > 0 || slow != NULL;
}

/* A few bytes into a fresh socket always fit; if not, it is no loss. */
static void
turn_away(int fd)
{
	static const char why[] = "{\"end\":75,\"error\":\"too many ask at "
	    "once: try again\"}\n";

	(void)send(fd, why, sizeof why - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

static void
welcome(struct control *control, int fd)
{
	static const struct conn_limits limits = {
		.keep_most = LINE_MOST, .write_most = WAITING_MOST,
		.quits = true	/* who listens no more is not listed to */
	};
	struct client *client;
	bool privileged = may_change(control, fd);

	/* the last eighth of the descriptors is not for questions */
	if (fds_beyond(fd, FDS_EIGHTHS - 1) ||
	    !make_room(control, privileged)) {
		turn_away(fd);
		return;
	}
	client = mem_new(struct client);
	client->control = control;
	client->privileged = privileged;
	client->conn = conn_accepted(control->s->loop, fd, &limits,
	    on_client, client);
	conn_deadline(client->conn, IDLE_MS);
	list_append(&control->clients, &client->link);
}

static void
on_door(void *owner, int fd, struct addr peer)
{
	(void)peer;
	welcome(owner, fd);
}

struct control *
control_new(struct scheduler *s, int fd, struct worker *worker)
{
	struct control *control = mem_new(struct control);
	struct stat st;

	control->s = s;
	control->worker = worker;
	control->fd = fd;
	control->born = clock_wall();
	if (stat(s->conf->control, &st) == 0) {
		control->owned = true;
		control->owner = st.st_uid;
	}
	list_init(&control->clients);
	control->more = timer_new(s->loop, go_on, control);
	control->door = door_new(s->loop, fd, 1, "a connection to the "
	    "control socket", on_door, control);
	return control;
}

void
control_free(struct control **control)
{
	struct control *c = *control;
	struct link *link;

	if (c == NULL)
		return;
	while ((link = list_first(&c->clients)) != NULL)
		client_free(list_item(link, struct client, link));
	door_free(&c->door);
	timer_free(&c->more);
	close(c->fd);
	mem_free(c);
	*control = NULL;
}
