/* SPDX-License-Identifier: ISC
 *
 * segment.c - segments as files: opened, looked after, removed.
 */
#include "spool/segment.h"

#include "base/fsys.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int
open_file(const struct spool_dirs *dirs, struct segment_name name,
    const char *file, struct stat *st, struct err *err)
{
	int fd = openat(dirs->classes[name.klass], file,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd == -1)
		err_sys(err, "open segment", file);
	else if (fstat(fd, st) == -1)
		err_sys(err, "stat segment", file);
	else if (!S_ISREG(st->st_mode) || st->st_nlink > 1)
		err_set(err, ERR_FORMAT, "segment %s is not a file with one "
		    "name", file);
	else
		return fd;
	if (fd != -1)
		close(fd);
	return -1;
}

int
segment_open(const struct spool_dirs *dirs, struct segment_name name,
    struct err *err)
{
	char file[SEGMENT_FILE_SIZE];
	struct stat st;
	int fd = open_file(dirs, name, segment_file(name, "messages", file),
	    &st, err);

	if (fd == -1)
		err_prefix(err, "%s/%s", class_name(name.klass), file);
	return fd;
}

bool
segment_in_use(int fd)
{
	if (flock(fd, LOCK_SH | LOCK_NB) == -1)
		return true;
	flock(fd, LOCK_UN);
	return false;
}

bool
segment_remove(const struct spool_dirs *dirs, struct segment_name name,
    bool *removed, struct err *err)
{
	char file[SEGMENT_FILE_SIZE];
	int dirfd = dirs->classes[name.klass];
	int fd;
	bool done = true;

	*removed = true;
	segment_file(name, "messages", file);
	fd = openat(dirfd, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_NOCTTY | O_CLOEXEC);
	if (fd == -1 && errno == ENOENT)
		return true;
	if (fd == -1)
		return err_sys(err, "open segment", file);
	if (flock(fd, LOCK_EX | LOCK_NB) == -1)
		*removed = false;
	else if (unlinkat(dirfd, file, 0) == -1)
		done = err_sys(err, "remove segment", file);
	close(fd);
	return done;
}

bool
segment_remove_journals(const struct spool_dirs *dirs, enum mail_class klass,
    const struct segment_name *names, size_t count, struct err *err)
{
	int dirfd = dirs->classes[klass];

	if (count == 0)
		return true;
	if (!fsys_sync_dir(dirfd, class_name(klass), err))
		return false;
	for (size_t i = 0; i < count; i++) {
		char file[SEGMENT_FILE_SIZE];

		segment_file(names[i], "status", file);
		if (unlinkat(dirfd, file, 0) == -1 && errno != ENOENT)
			return err_sys(err, "remove journal", file);
	}
	return true;
}
