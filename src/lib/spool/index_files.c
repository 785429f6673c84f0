/* SPDX-License-Identifier: ISC
 *
 * index_files.c - the directory of the index: made, emptied, moved, synced.
 */
#include "spool/index_inside.h"

#include "base/clock.h"
#include "base/fsys.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* The directory of PATH and its last name. */
static int
open_parent(const char *path, const char **name, struct err *err)
{
	const char *slash = strrchr(path, '/');
	char *parent;
	int fd;

	if (slash == NULL || slash[1] == '\0') {
		err_set(err, ERR_CONFIG, "index %s is not a full path", path);
		return -1;
	}
	*name = slash + 1;
	parent = slash == path ? mem_strdup("/") :
	    mem_strndup(path, (size_t)(slash - path));
	fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		err_sys(err, "open directory", parent);
	mem_free(parent);
	return fd;
}

int
files_open(const char *path, struct err *err)
{
	const char *name;
	int parent = open_parent(path, &name, err);
	int fd;

	if (parent == -1)
		return -1;
	fd = fsys_open_dir(parent, name, 0700, err);
	close(parent);
	return fd;
}

void
files_remove(int dirfd)
{
	struct fsys_names names;
	const char *file = NULL;
	bool done;
	struct err err;

	if (!fsys_names_open(&names, dirfd, "index", &err)) {
		log_warn("%s", err.text);
		return;
	}
	while ((done = fsys_names_next(&names, &file, &err)) && file != NULL)
		unlinkat(dirfd, file, 0);
	if (!done)
		log_warn("%s", err.text);
	fsys_names_close(&names);
}

static void
remove_one(int parent, const char *former)
{
	int fd = openat(parent, former, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);

	if (fd == -1)
		return;
	files_remove(fd);
	close(fd);
	unlinkat(parent, former, AT_REMOVEDIR);
}

/* Of broken ones, the last is kept for whoever wants to know why. */
static void
remove_former(int parent, const char *name)
{
	size_t length = strlen(name);
	struct fsys_names names;
	const char *file = NULL;
	struct err err;
	bool done;

	if (!fsys_names_open(&names, parent, "of the index", &err)) {
		log_warn("%s", err.text);
		return;
	}
	while ((done = fsys_names_next(&names, &file, &err)) && file != NULL)
		if (strncmp(file, name, length) == 0 &&
		    strncmp(file + length, ".broken-", 8) == 0)
			remove_one(parent, file);
	if (!done)
		log_warn("%s", err.text);
	fsys_names_close(&names);
}

bool
files_move_aside(const char *path, struct err *err)
{
	const char *name;
	char *aside;
	bool done;
	int parent = open_parent(path, &name, err);

	if (parent == -1)
		return false;
	remove_former(parent, name);
	aside = mem_printf("%s.broken-%lld", name,
	    (long long)(clock_wall() / 1000000));
	done = renameat(parent, name, parent, aside) == 0 ||
	    err_sys(err, "move aside", path);
	if (done)
		log_warn("index %s is not usable: moved to %s, and made anew",
		    path, aside);
	mem_free(aside);
	close(parent);
	return done;
}

static bool
sync_file(int dirfd, const char *name, struct err *err)
{
	int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	bool done;

	if (fd == -1)
		return errno == ENOENT || err_sys(err, "open", name);
	done = fdatasync(fd) == 0 || err_sys(err, "sync", name);
	close(fd);
	return done;
}

bool
files_sync(int dirfd, struct err *err)
{
	struct fsys_names names;
	const char *file = NULL;
	bool done;

	if (!fsys_names_open(&names, dirfd, "index", err))
		return false;
	while ((done = fsys_names_next(&names, &file, err)) && file != NULL)
		if (*file != '.' && !(done = sync_file(dirfd, file, err)))
			break;
	fsys_names_close(&names);
	return done && fsys_sync_dir(dirfd, "index", err);
}
