/* SPDX-License-Identifier: ISC
 *
 * fsys.c - files, with every error seen.
 */
#include "base/fsys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <string.h>
#include <unistd.h>

/* Take COUNT written bytes off the front of the vector. */
static void
advance(struct iovec **iov, int *count, size_t written)
{
	while (*count > 0 && written >= (*iov)->iov_len) {
		written -= (*iov)->iov_len;
		(*iov)++;
		(*count)--;
	}
	if (*count > 0) {
		(*iov)->iov_base = (uint8_t *)(*iov)->iov_base + written;
		(*iov)->iov_len -= written;
	}
}

bool
fsys_write_at(int fd, struct iovec *iov, int count, off_t offset,
    const char *which, struct err *err)
{
	enum { MOST = 1024 };	/* IOV_MAX on Linux */

	while (count > 0) {
		ssize_t n = pwritev(fd, iov, count > MOST ? MOST : count,
		    offset);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(err, "write", which);
		offset += n;
		advance(&iov, &count, (size_t)n);
		if (n == 0 && count > 0) {
			errno = ENOSPC;
			return err_sys(err, "write", which);
		}
	}
	return true;
}

bool
fsys_write(int fd, struct span s, const char *which, struct err *err)
{
	while (s.length > 0) {
		ssize_t n = write(fd, s.data, s.length);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(err, "write", which);
		s = span_skip(s, (size_t)n);
	}
	return true;
}

ssize_t
fsys_read_at(int fd, void *out, size_t length, off_t offset,
    const char *which, struct err *err)
{
	size_t got = 0;

	while (got < length) {
		ssize_t n = pread(fd, (uint8_t *)out + got, length - got,
		    offset + (off_t)got);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			err_sys(err, "read", which);
			return -1;
		}
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

static bool
read_all(int fd, struct buf *out, const char *path, struct err *err)
{
	enum { PIECE = 8192 };
	uint8_t piece[PIECE];

	for (;;) {
		ssize_t n = read(fd, piece, sizeof piece);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(err, "read", path);
		if (n == 0)
			return true;
		if (!buf_append(out, piece, (size_t)n))
			return err_set(err, ERR_LIMIT,
			    "read %s: over %zu bytes", path, out->most);
	}
}

bool
fsys_read_file(const char *path, struct buf *out, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	bool done;

	if (fd == -1)
		return err_sys(err, "open", path);
	done = read_all(fd, out, path, err);
	close(fd);
	return done;
}

bool
fsys_sync_data(int fd, const char *which, struct err *err)
{
	uint8_t byte;

	if (fdatasync(fd) == -1)
		return err_sys(err, "sync", which);
	return fsys_read_at(fd, &byte, sizeof byte, 0, which, err) != -1;
}

static bool
write_beside(int dirfd, const char *new, struct span text, bool durable,
    struct err *err)
{
	struct err late;
	int fd = openat(dirfd, new,
	    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
	bool ok;

	if (fd == -1)
		return err_sys(err, "write", new);
	ok = fsys_write(fd, text, new, err);
	if (ok && durable && fsync(fd) == -1)
		ok = err_sys(err, "sync", new);
	return fsys_close(fd, new, ok ? err : &late) && ok;
}

bool
fsys_replace(int dirfd, const char *name, const char *new,
    struct span text, bool durable, struct err *err)
{
	if (!write_beside(dirfd, new, text, durable, err))
		return false;
	if (renameat(dirfd, new, dirfd, name) == -1)
		return err_sys(err, "rename", new);
	return !durable || fsys_sync_dir(dirfd, name, err);
}

bool
fsys_names_open(struct fsys_names *names, int dirfd, const char *which,
    struct err *err)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*names = (struct fsys_names){ .which = which };
	if (fd != -1)
		names->dir = fdopendir(fd);
	if (names->dir != NULL)
		return true;
	err_sys(err, "read directory", which);
	if (fd != -1)
		close(fd);
	return false;
}

bool
fsys_names_next(struct fsys_names *names, const char **name, struct err *err)
{
	const struct dirent *entry;

	do {
		errno = 0;
		entry = readdir(names->dir);
		if (entry == NULL && errno != 0)
			return err_sys(err, "read directory", names->which);
	} while (entry != NULL && (strcmp(entry->d_name, ".") == 0 ||
	    strcmp(entry->d_name, "..") == 0));
	*name = entry != NULL ? entry->d_name : NULL;
	return true;
}

void
fsys_names_close(struct fsys_names *names)
{
	if (names->dir != NULL)
		closedir(names->dir);
	names->dir = NULL;
}

bool
fsys_sync_dir(int dirfd, const char *which, struct err *err)
{
	if (fsync(dirfd) == -1)
		return err_sys(err, "fsync directory", which);
	return true;
}

int
fsys_open_dir(int dirfd, const char *name, mode_t mode, struct err *err)
{
	int fd;

	if (mkdirat(dirfd, name, mode) == -1 && errno != EEXIST) {
		err_sys(err, "make directory", name);
		return -1;
	}
	fd = openat(dirfd, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		err_sys(err, "open directory", name);
	return fd;
}

bool
fsys_close(int fd, const char *which, struct err *err)
{
	if (close(fd) == -1 && errno != EINTR)
		return err_sys(err, "close", which);
	return true;
}
