/* SPDX-License-Identifier: ISC
 *
 * fsys.h - files, with every error seen.
 */
#ifndef BASE_FSYS_H
#define BASE_FSYS_H

#include "base/buf.h"
#include "base/err.h"

#include <sys/types.h>
#include <sys/uio.h>

/*
 * Write all of IOV at OFFSET of FD; interrupted and short writes are taken
 * up again.  IOV is used up.  WHICH names the file for ERR.
 */
bool fsys_write_at(int fd, struct iovec *iov, int count, off_t offset,
    const char *which, struct err *err) MUST_CHECK;

/* Append all of S to FD (opened with O_APPEND, or a pipe). */
bool fsys_write(int fd, struct span s, const char *which, struct err *err)
    MUST_CHECK;

/*
 * Up to LENGTH bytes at OFFSET; fewer only at the end of the file.
 * -1: ERR tells.
 */
ssize_t fsys_read_at(int fd, void *out, size_t length, off_t offset,
    const char *which, struct err *err) MUST_CHECK;

/* The whole file at PATH into OUT; over OUT's most is ERR_LIMIT. */
bool fsys_read_file(const char *path, struct buf *out, struct err *err)
    MUST_CHECK;

/*
 * fdatasync of FD (open for reading too), and a look whether its file system
 * is still there: one that is being shut down may let a sync of what it has
 * just dropped return 0, but lets nothing be read after that.
 */
bool fsys_sync_data(int fd, const char *which, struct err *err) MUST_CHECK;

/*
 * The file NAME of the directory open on DIRFD becomes TEXT, whole or not at
 * all: it is written beside as NEW, and renamed.  DURABLE: the file is synced
 * before, and the directory after.
 */
bool fsys_replace(int dirfd, const char *name, const char *new,
    struct span text, bool durable, struct err *err) MUST_CHECK;

/*
 * The names in a directory, whose end is told from an error: readdir()
 * returns null for both.
 */
struct fsys_names {
	void *dir;		/* DIR */
	const char *which;	/* names it for ERR; borrowed */
};

/* Of the directory open on DIRFD, which is not touched. */
bool fsys_names_open(struct fsys_names *names, int dirfd, const char *which,
    struct err *err) MUST_CHECK;
/* The next one, "." and ".." left out; *NAME is null at the end, and valid
 * until the next call. */
bool fsys_names_next(struct fsys_names *names, const char **name,
    struct err *err) MUST_CHECK;
void fsys_names_close(struct fsys_names *names);

/* fsync of the directory open on DIRFD, named WHICH. */
bool fsys_sync_dir(int dirfd, const char *which, struct err *err) MUST_CHECK;

/*
 * The directory NAME under DIRFD (AT_FDCWD for a path), made with MODE if
 * it is missing, opened without following a symbolic link.
 * -1: ERR tells, also when it is something other than a directory.
 */
int fsys_open_dir(int dirfd, const char *name, mode_t mode, struct err *err)
    MUST_CHECK;

/* Close and say so if the kernel reports a late write error. */
bool fsys_close(int fd, const char *which, struct err *err);

#endif
