/* SPDX-License-Identifier: ISC
 *
 * client.h - asking the running relay over its control socket.
 *
 * A request is one line with a JSON object; the answer is lines of them,
 * the last with the key "end": an exit code of sysexits.h.
 */
#ifndef CTL_CLIENT_H
#define CTL_CLIENT_H

#include "base/buf.h"
#include "base/err.h"

#include <jansson.h>

struct client {
	int fd;
	const char *path;	/* borrowed */
	struct buf in;
	size_t looked;		/* bytes of IN known to hold no newline */
};

/* False: ERR tells; exit with EX_UNAVAILABLE. */
bool client_open(struct client *client, const char *path, struct err *err)
    MUST_CHECK;
void client_close(struct client *client);

/* A row of an answer, the last one included; lent for the call. */
typedef void client_row_fn(void *owner, json_t *row);

/*
 * Send REQUEST and hand each row of the answer to FN (may be null).
 * Returns the relay's exit code, or one of our own if the conversation
 * failed; unless it is EX_OK, ERR tells why.
 */
int client_ask(struct client *client, const json_t *request,
    client_row_fn *fn, void *owner, struct err *err);

/* Wait until the relay closes the connection.  False: it did not within
 * the time given to tool_connect(). */
bool client_wait_end(struct client *client);

#endif
