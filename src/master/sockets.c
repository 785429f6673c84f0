/* SPDX-License-Identifier: ISC
 *
 * sockets.c - the control socket, and the one for local submission.
 *
 * The file of a master that died is in the way and is removed; whether it
 * died is found out by knocking.
 */
#include "master/listen.h"

#include "base/mem.h"

#include <errno.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 128, MODE_FOR_ALL = 0666 };

static char *
submit_path(const struct conf *conf)
{
	return mem_printf("%s.submit", conf->control);
}

static bool
address_of(const char *path, struct sockaddr_un *out, struct err *err)
{
	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof out->sun_path)
		return err_set(err, ERR_CONFIG,
		    "%s: longer than the %zu bytes that the system allows "
		    "for a socket", path, sizeof out->sun_path - 1);
	memcpy(out->sun_path, path, strlen(path));
	return true;
}

/* Remove what a dead master left at PATH. */
static bool
clear_path(const char *path, const struct sockaddr_un *address,
    struct err *err)
{
	struct stat st;
	bool lives;
	int fd;

	if (lstat(path, &st) == -1)
		return errno == ENOENT || err_sys(err, "look at", path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(err, ERR_SYSTEM,
		    "%s is in the way: it is no socket", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return err_sys(err, "make a socket for", path);
	lives = connect(fd, (const struct sockaddr *)address,
	    sizeof *address) == 0 || errno == EAGAIN;
	close(fd);
	if (lives) {
		err_set(err, ERR_SYSTEM,
		    "%s is in use: postriderd is running already", path);
		err->number = EADDRINUSE;
		return false;
	}
	if (unlink(path) == -1 && errno != ENOENT)
		return err_sys(err, "remove", path);
	return true;
}

/* The last directory of the path: /run is empty after each boot. */
static bool
make_parent(const char *path, struct err *err)
{
	char *copy = mem_strdup(path);
	const char *parent = dirname(copy);
	bool done = mkdir(parent, 0755) == 0 || errno == EEXIST ||
	    err_sys(err, "make directory", parent);

	mem_free(copy);
	return done;
}

static int
open_at(const char *path, struct err *err)
{
	struct sockaddr_un address;
	int fd;

	if (!address_of(path, &address, err) || !make_parent(path, err) ||
	    !clear_path(path, &address, err))
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd != -1 && bind(fd, (struct sockaddr *)&address,
	    sizeof address) == 0 && chmod(path, MODE_FOR_ALL) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	err_sys(err, "cannot listen on", path);
	if (fd != -1)
		close(fd);
	return -1;
}

bool
sockets_open(struct master *master, struct err *err)
{
	char *path = submit_path(master->conf);

	if (master->control_fd == -1)
		master->control_fd = open_at(master->conf->control, err);
	if (master->control_fd != -1)
		master->submit_fd = open_at(path, err);
	mem_free(path);
	return master->submit_fd != -1;
}

void
sockets_remove(struct master *master)
{
	char *path = submit_path(master->conf);

	if (master->submit_fd != -1)
		(void)unlink(path);
	if (master->control_fd != -1)
		(void)unlink(master->conf->control);
	mem_free(path);
}
