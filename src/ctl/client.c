/* SPDX-License-Identifier: ISC
 *
 * client.c - asking the running relay over its control socket.
 *
 * One row is in memory at a time, so a listing of any length needs no more
 * memory than its longest row.
 */
#include "ctl/client.h"

#include "base/mem.h"
#include "ctl/tool.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { WAIT_SECONDS = 60, PIECE = 64 << 10, ROW_MOST = 64 << 20 };

bool
client_open(struct client *client, const char *path, struct err *err)
{
	client->fd = tool_connect(path, WAIT_SECONDS, err);
	if (client->fd == -1)
		return false;
	client->path = path;
	client->looked = 0;
	buf_init(&client->in, ROW_MOST);
	return true;
}

void
client_close(struct client *client)
{
	buf_fini(&client->in);
	close(client->fd);
	client->fd = -1;
}

/* More bytes into IN: how many; 0 at the end; -1: errno tells. */
static ssize_t
client_read(struct client *client)
{
	uint8_t *room = buf_reserve(&client->in, PIECE);
	ssize_t got;

	if (room == NULL) {
		errno = EMSGSIZE;
		return -1;
	}
	do
		got = recv(client->fd, room, PIECE, 0);
	while (got == -1 && errno == EINTR);
	if (got > 0)
		buf_added(&client->in, (size_t)got);
	if (got == -1 && errno == EAGAIN)
		errno = ETIMEDOUT;
	return got;
}

/* The next line, without its newline; false: there is none, ERR tells. */
static bool
client_line(struct client *client, struct span *line, struct err *err)
{
	ssize_t got;

	for (;;) {
		struct span in = buf_peek(&client->in);
		size_t at = client->looked +
		    span_find(span_skip(in, client->looked), '\n');

		if (at < in.length) {
			*line = span_first(in, at);
			client->looked = 0;
			return true;
		}
		client->looked = in.length;
		got = client_read(client);
		if (got == -1)
			return err_sys(err, "cannot read from", client->path);
		if (got == 0)
			return err_set(err, ERR_PEER, "%s: the relay closed "
			    "the connection before its answer was complete",
			    client->path);
	}
}

static bool
client_say(struct client *client, const json_t *request, struct err *err)
{
	char *text = json_dumps(request, JSON_COMPACT);
	char *line = mem_printf("%s\n", text);
	bool ok = tool_send(client->fd, client->path, span_of(line), err);

	free(text);
	mem_free(line);
	return ok;
}

/* Take up one line.  True: it was the last, *STATUS is the answer's. */
static bool
client_row(struct span line, client_row_fn *fn, void *owner, int *status,
    struct err *err)
{
	json_error_t why;
	json_t *row, *end;

	row = json_loadb((const char *)line.data, line.length, 0, &why);
	if (!json_is_object(row)) {
		err_set(err, ERR_FORMAT, "the relay's answer is not JSON: %s",
		    why.text);
		json_decref(row);
		*status = EX_PROTOCOL;
		return true;
	}
	if (fn != NULL)
		fn(owner, row);
	end = json_object_get(row, "end");
	if (end != NULL) {
		const char *text =
		    json_string_value(json_object_get(row, "error"));

		*status = (int)json_integer_value(end);
		if (*status != EX_OK)
			err_set(err, ERR_PEER, "%s", text != NULL ? text :
			    "the relay refused, and gave no reason");
	}
	json_decref(row);
	return end != NULL;
}

int
client_ask(struct client *client, const json_t *request, client_row_fn *fn,
    void *owner, struct err *err)
{
	struct err unsaid = { 0 };
	struct span line = { 0 };
	int status = EX_OK;
	bool said = client_say(client, request, &unsaid);
	bool last = false;

	while (!last) {		/* who is turned away is told why */
		if (!client_line(client, &line, err)) {
			if (!said)
				*err = unsaid;
			return EX_UNAVAILABLE;
		}
		last = client_row(line, fn, owner, &status, err);
		buf_skip(&client->in, line.length + 1);
	}
	return status;
}

bool
client_wait_end(struct client *client)
{
	ssize_t got;

	do {
		buf_clear(&client->in);
		got = client_read(client);
	} while (got > 0);
	return got == 0 || errno == ECONNRESET;
}
