/* SPDX-License-Identifier: ISC
 *
 * serves.c - whether a file system serves for a spool.
 */
#include "spool/serves.h"

#include "base/fsys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Those that a spool may meet; magic numbers of statfs(2). */
static const struct {
	unsigned long magic;
	const char *name;
} kinds[] = {
	{ 0xef53, "ext4" }, { 0x58465342, "xfs" }, { 0x9123683e, "btrfs" },
	{ 0x6969, "NFS" }, { 0xff534d42, "CIFS" }, { 0xfe534d42, "SMB" },
	{ 0x65735546, "FUSE" }, { 0x01021997, "9P" },
	{ 0x794c7630, "overlay" }, { 0x01021994, "tmpfs" },
	{ 0x2fc12fc1, "ZFS" }, { 0x4d44, "FAT" },
};

/* ERR, which tells of a system call: the file system of FD cannot do WHAT. */
static bool
cannot(int fd, const char *what, struct err *err)
{
	int number = err->number;
	char name[32] = "of an unknown kind";
	struct statfs fs;

	if (fstatfs(fd, &fs) == 0) {
		snprintf(name, sizeof name, "of kind 0x%lx",
		    (unsigned long)fs.f_type & 0xffffffff);
		for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
			if (kinds[i].magic ==
			    ((unsigned long)fs.f_type & 0xffffffff))
				snprintf(name, sizeof name, "%s",
				    kinds[i].name);
	}
	err_set(err, ERR_SYSTEM, "its file system (%s) cannot %s: %s; a spool "
	    "wants one on a disk of this machine, such as ext4 or xfs", name,
	    what, strerror(number));
	err->number = number;
	return false;
}

bool
serves_sync(int dir, const char *name, struct err *err)
{
	return fsys_sync_dir(dir, name, err) ||
	    cannot(dir, "sync a directory", err);
}

/* By a descriptor of its own: a lock is of an open file. */
static bool
lock_one(int dir, const char *name, int flags, const char *what,
    struct err *err)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | flags);
	bool done;

	if (fd == -1)
		return err_sys(err, "open", name);
	/* somebody else has it: so it can be had */
	done = flock(fd, LOCK_EX | LOCK_NB) == 0 || errno == EWOULDBLOCK;
	if (!done) {
		err_sys(err, "lock", name);
		cannot(dir, what, err);
	}
	close(fd);
	return done;
}

bool
serves_locks(int root, const char *inside, const char *probe,
    struct err *err)
{
	return lock_one(root, inside, O_DIRECTORY, "lock a directory", err) &&
	    lock_one(root, probe, O_NONBLOCK, "lock a file", err);
}
