/* SPDX-License-Identifier: ISC
 *
 * index_files.c - the directory of the index: made, emptied, moved, synced.
 */
#include "spool/index_inside.h"

#include "base/clock.h"
#include "base/fsys.h"
#include "base/log.h"
#include "base/mem.h"

#include <dirent.h>
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
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (dir == NULL) {
		if (fd != -1)
			close(fd);
		return;
	}
	while ((entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			unlinkat(dirfd, entry->d_name, 0);
	closedir(dir);
}

/* Of broken ones, the last is kept for whoever wants to know why. */
static void
remove_former(int parent, const char *name)
{
	size_t length = strlen(name);
	int fd = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		int former;

		if (strncmp(entry->d_name, name, length) != 0 ||
		    strncmp(entry->d_name + length, ".broken-", 8) != 0)
			continue;
		former = openat(parent, entry->d_name, O_RDONLY |
		    O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (former == -1)
			continue;
		files_remove(former);
		close(former);
		unlinkat(parent, entry->d_name, AT_REMOVEDIR);
	}
	if (dir != NULL)
		closedir(dir);
	else if (fd != -1)
		close(fd);
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
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	bool done = true;

	if (dir == NULL) {
		if (fd != -1)
			close(fd);
		return err_sys(err, "read directory", "index");
	}
	while (done && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			done = sync_file(dirfd, entry->d_name, err);
	closedir(dir);
	return done && fsys_sync_dir(dirfd, "index", err);
}
