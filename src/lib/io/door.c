/* SPDX-License-Identifier: ISC
 *
 * door.c - a listening socket on the loop.
 */
#include "io/door.h"

#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <sys/socket.h>

enum { SHUT_MS = 200 };

struct door {
	struct watch *watch;
	struct timer *again; /* it is shut until then */
	struct loop *loop;
	door_fn *fn;
	void *owner;
	const char *what;
	bool busy, dead; /* in its owner's function; freed there */
	msec_t told;
	unsigned most;
	int fd;
};

static bool
is_no_fault_of_ours(int number)
{
	switch (number) {
	case EAGAIN:
	case EINTR:
	case ECONNABORTED:
	case EPROTO:
	case EPERM:
	case ENETDOWN:
	case EHOSTUNREACH:
	case ENETUNREACH:
		return true; /* that client's bad luck, or nobody there */
	}
	return false;
}

static void
shut(struct door *door, int number)
{
	msec_t now = loop_now(door->loop);

	watch_want(door->watch, 0);
	timer_set(door->again, SHUT_MS);
	if (door->told != 0 && now - door->told < MSEC_SECOND)
		return;
	door->told = now;
	log_warn("cannot accept %s: %s", door->what, strerror(number));
}

static void
on_again(void *owner)
{
	struct door *door = owner;

	watch_want(door->watch, WATCH_READ);
}

static void
on_ready(void *owner, unsigned ready)
{
	struct door *door = owner;

	(void)ready;
	door->busy = true;
	for (unsigned i = 0; i < door->most && !door->dead; i++) {
		struct sockaddr_storage ss = { .ss_family = AF_UNSPEC };
		socklen_t length = sizeof ss;
		int fd = accept4(door->fd, (struct sockaddr *)&ss, &length,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd == -1 && !is_no_fault_of_ours(errno))
			shut(door, errno);
		if (fd == -1)
			break;
		door->fn(
		    door->owner, fd, addr_of_sockaddr((struct sockaddr *)&ss));
	}
	door->busy = false;
	if (door->dead)
		mem_free(door);
}

struct door *
door_new(struct loop *loop, int fd, unsigned most, const char *what,
    door_fn *fn, void *owner)
{
	struct door *door = mem_new(struct door);

	door->loop = loop;
	door->fd = fd;
	door->most = most;
	door->what = what;
	door->fn = fn;
	door->owner = owner;
	door->again = timer_new(loop, on_again, door);
	door->watch = watch_new(loop, fd, WATCH_READ, on_ready, door);
	return door;
}

void
door_free(struct door **door)
{
	struct door *d = *door;

	if (d == NULL)
		return;
	*door = NULL;
	watch_free(&d->watch);
	timer_free(&d->again);
	d->dead = true;
	if (!d->busy)
		mem_free(d);
}
