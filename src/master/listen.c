/* SPDX-License-Identifier: ISC
 *
 * listen.c - the ports.
 *
 * A socket is bound once and shared by all receivers; a reload keeps those
 * whose address stays, so that no client finds a closed door.
 */
#include "master/listen.h"

#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { BACKLOG = 4096 };

static bool
bind_socket(int fd, const struct conf_listen *listen_on)
{
	const struct sockaddr *address =
	    (const struct sockaddr *)&listen_on->address;
	int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1)
		return false;
	if (address->sa_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6,
	    IPV6_V6ONLY, &on, sizeof on) == -1)
		return false;
	return bind(fd, address, listen_on->address_length) == 0 &&
	    listen(fd, BACKLOG) == 0;
}

static const char *
hint(int number)
{
	switch (number) {
	case EADDRINUSE:
		return " (is another mail server running?)";
	case EACCES:
		return " (ports below 1024 need root)";
	case EADDRNOTAVAIL:
		return " (this machine does not have that address)";
	default:
		return "";
	}
}

static int
open_socket(const struct conf_listen *listen_on, struct err *err)
{
	int fd = socket(listen_on->address.ss_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd != -1 && bind_socket(fd, listen_on))
		return fd;
	err_set(err, ERR_SYSTEM, "cannot listen on %s: %s%s", listen_on->text,
	    strerror(errno), hint(errno));
	err->number = errno;
	if (fd != -1)
		close(fd);
	return -1;
}

const struct listener *
listeners_find(const struct listeners *listeners, const char *text)
{
	for (size_t i = 0; i < listeners->count; i++)
		if (strcmp(listeners->rows[i].text, text) == 0)
			return &listeners->rows[i];
	return NULL;
}

bool
listeners_open(const struct conf *conf, const struct listeners *old,
    struct listeners *out, struct err *err)
{
	struct listeners made = { .rows = mem_array(conf->listen_count,
	    sizeof(struct listener)) };

	for (size_t i = 0; i < conf->listen_count; i++) {
		const char *text = conf->listens[i].text;
		const struct listener *former = listeners_find(old, text);
		int fd = former != NULL ? former->fd :
		    open_socket(&conf->listens[i], err);

		if (fd == -1) {
			listeners_close(&made, old);
			return false;
		}
		made.rows[made.count++] = (struct listener){
		    mem_strdup(text), fd };
	}
	*out = made;
	return true;
}

void
listeners_close(struct listeners *listeners, const struct listeners *kept)
{
	for (size_t i = 0; i < listeners->count; i++) {
		struct listener *row = &listeners->rows[i];

		if (kept == NULL || listeners_find(kept, row->text) == NULL)
			close(row->fd);
		mem_free(row->text);
	}
	mem_free(listeners->rows);
	*listeners = (struct listeners){ NULL, 0 };
}
