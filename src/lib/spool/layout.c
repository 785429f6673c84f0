/* SPDX-License-Identifier: ISC
 *
 * layout.c - the spool directory: what is where, and under which name.
 */
#include "spool/layout.h"

#include "base/fsys.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

const char *
segment_file(struct segment_name name, const char *suffix,
    char out[SEGMENT_FILE_SIZE])
{
	snprintf(out, SEGMENT_FILE_SIZE, "%02u-%08" PRIx32 ".%s", name.slot,
	    name.sequence, suffix);
	return out;
}

/* Read what might be a name, write it again and compare: so each segment
 * has one spelling only. */
bool
segment_name_is(struct segment_name a, struct segment_name b)
{
	return a.klass == b.klass && a.slot == b.slot &&
	    a.sequence == b.sequence;
}

bool
segment_file_parse(const char *file, const char *suffix,
    struct segment_name *out)
{
	struct segment_name name = { .klass = out->klass };
	char again[SEGMENT_FILE_SIZE], *end;
	unsigned long slot, sequence;

	if (strlen(file) >= SEGMENT_FILE_SIZE || *file < '0' || *file > '9')
		return false;
	slot = strtoul(file, &end, 10);
	if (*end != '-' || slot > UINT16_MAX)
		return false;
	sequence = strtoul(end + 1, &end, 16);
	if (sequence > UINT32_MAX)
		return false;
	name.slot = (uint16_t)slot;
	name.sequence = (uint32_t)sequence;
	if (strcmp(segment_file(name, suffix, again), file) != 0)
		return false;
	*out = name;
	return true;
}

bool
spool_dirs_open_at(struct spool_dirs *dirs, int root, const char *path,
    struct err *err)
{
	static const int flags =
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	const char *name = "corrupt";

	*dirs = (struct spool_dirs){ .root = -1, .corrupt = -1 };
	for (unsigned c = 0; c < CLASS_COUNT; c++)
		dirs->classes[c] = -1;
	dirs->corrupt = openat(root, name, flags);
	if (dirs->corrupt == -1)
		goto bad;
	for (unsigned c = 0; c < CLASS_COUNT; c++) {
		name = class_name(c);
		dirs->classes[c] = openat(root, name, flags);
		if (dirs->classes[c] == -1)
			goto bad;
	}
	dirs->root = root;
	dirs->path = mem_strdup(path);
	return true;
bad:
	err_sys(err, "open directory", name);
	spool_dirs_close(dirs);
	return err_prefix(err, "spool %s", path);
}

bool
spool_dirs_open(struct spool_dirs *dirs, const char *path, struct err *err)
{
	int root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (root == -1)
		return err_sys(err, "open spool", path);
	if (spool_dirs_open_at(dirs, root, path, err))
		return true;
	close(root);
	return false;
}

static void
close_and_forget(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

void
spool_dirs_close(struct spool_dirs *dirs)
{
	for (unsigned c = 0; c < CLASS_COUNT; c++)
		close_and_forget(&dirs->classes[c]);
	close_and_forget(&dirs->corrupt);
	close_and_forget(&dirs->root);
	mem_free(dirs->path);
	dirs->path = NULL;
}

int
spool_lock(const struct spool_dirs *dirs, struct err *err)
{
	/* Opened anew: a lock belongs to an open file, and ours may have been
	 * handed around. */
	int fd = openat(dirs->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1) {
		err_sys(err, "open spool", dirs->path);
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	if (errno == EWOULDBLOCK)
		err_set(err, ERR_LIMIT,
		    "spool %s is in use by a running scheduler or tool",
		    dirs->path);
	else
		err_sys(err, "lock spool", dirs->path);
	close(fd);
	return -1;
}
