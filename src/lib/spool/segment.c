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

/*
 * Whether a crash left the file before anything in it was promised: it ends
 * at its header, or the headers of a single message never came to the disk
 * and nothing else in it is a record.
 */
static bool
never_promised(int fd, const struct stat *st)
{
	uint8_t heads[SEGMENT_HEADER_BYTES + RECORD_HEADER_BYTES] = { 0 };
	struct scanner scanner;
	struct err err;
	bool found;

	if (st->st_size <= SEGMENT_HEADER_BYTES)
		return true;
	if (fsys_read_at(fd, heads, sizeof heads, 0, "segment", &err) == -1)
		return false;
	for (size_t i = 0; i < sizeof heads; i++)
		if (heads[i] != 0)
			return false;
	scanner_init(&scanner, fd, SEGMENT_HEADER_BYTES,
	    (uint64_t)st->st_size, true);
	scanner.kind = SCAN_MANY;
	found = scanner_skip_broken(&scanner, &err);
	scanner_fini(&scanner);
	return !found && err.kind == ERR_NONE;
}

static bool
check_header(int fd, struct segment_name name, const struct stat *st,
    struct err *err)
{
	uint8_t bytes[SEGMENT_HEADER_BYTES];
	struct segment_header header;
	ssize_t n = fsys_read_at(fd, bytes, sizeof bytes, 0, "header", err);

	if (n == -1)
		return false;
	if (n < (ssize_t)sizeof bytes)
		err_set(err, ERR_FORMAT, "segment without a header");
	else if (segment_header_decode(bytes, &header, err)) {
		if (header.klass == name.klass && header.slot == name.slot &&
		    header.sequence == name.sequence)
			return true;
		return err_set(err, ERR_FORMAT,
		    "segment says it is %s/%02u-%08x",
		    class_name(header.klass), header.slot, header.sequence);
	}
	if (never_promised(fd, st)) {
		err_set(err, ERR_FORMAT, "nothing was ever in it");
		err->number = ENODATA;
	}
	return false;
}

int
segment_open(const struct spool_dirs *dirs, struct segment_name name,
    struct err *err)
{
	char file[SEGMENT_FILE_SIZE];
	struct stat st;
	int fd = open_file(dirs, name, segment_file(name, "messages", file),
	    &st, err);

	if (fd == -1 || check_header(fd, name, &st, err))
		return fd;
	close(fd);
	err_prefix(err, "%s/%s", class_name(name.klass), file);
	return -1;
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
