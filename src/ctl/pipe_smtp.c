/* SPDX-License-Identifier: ISC
 *
 * pipe_smtp.c - SMTP on standard input and output (sendmail -bs).
 *
 * Nothing is looked at: the caller talks to the relay itself.
 */
#include "ctl/pipe_smtp.h"

#include "base/fsys.h"
#include "ctl/tool.h"

#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <unistd.h>

enum { PIECE = 16 << 10, WAIT_SECONDS = 600 };

/* How many bytes came from FD: 0 at its end, -1: ERR tells. */
static ssize_t
take(int fd, uint8_t bytes[PIECE], const char *which, struct err *err)
{
	ssize_t got;

	do
		got = read(fd, bytes, PIECE);
	while (got == -1 && errno == EINTR);
	if (got == -1)
		err_sys(err, "cannot read", which);
	return got;
}

/* True: *OPEN tells whether more may come from the caller. */
static bool
from_caller(int fd, const char *path, bool *open, struct err *err)
{
	uint8_t bytes[PIECE];
	ssize_t got = take(STDIN_FILENO, bytes, "standard input", err);

	if (got == -1)
		return false;
	*open = got > 0;
	if (got == 0)
		return shutdown(fd, SHUT_WR) == 0 ||
		    err_sys(err, "cannot write to", path);
	return tool_send(fd, path, span_make(bytes, (size_t)got), err);
}

static bool
from_relay(int fd, const char *path, bool *open, struct err *err)
{
	uint8_t bytes[PIECE];
	ssize_t got = take(fd, bytes, path, err);

	if (got == -1)
		return false;
	*open = got > 0;
	return fsys_write(STDOUT_FILENO, span_make(bytes, (size_t)got),
	    "standard output", err);
}

int
pipe_smtp(const char *path, struct err *err)
{
	bool caller = true, relay = true, greeted = false, ok = true;
	int fd = tool_connect(path, WAIT_SECONDS, err);

	if (fd == -1)
		return EX_TEMPFAIL;
	while (ok && relay) {
		struct pollfd fds[2] = {
			/* who speaks before the greeting is refused */
			{ .fd = caller && greeted ? STDIN_FILENO : -1,
			    .events = POLLIN },
			{ .fd = fd, .events = POLLIN },
		};

		if (poll(fds, 2, -1) == -1) {
			ok = errno == EINTR ||
			    err_sys(err, "cannot wait for", path);
			continue;
		}
		greeted |= fds[1].revents != 0;
		if (fds[1].revents != 0)
			ok = from_relay(fd, path, &relay, err);
		else if (fds[0].revents != 0)
			ok = from_caller(fd, path, &caller, err);
	}
	close(fd);
	return ok ? EX_OK : EX_TEMPFAIL;
}
