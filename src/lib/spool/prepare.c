/* SPDX-License-Identifier: ISC
 *
 * prepare.c - a spool that is fit to be used.
 *
 * Runs in the master, perhaps as root, over directories that less trusted
 * processes write to: everything is reached by descriptor, no symbolic link
 * is followed, and nothing with a second name is given away.
 */
#include "spool/layout.h"

#include "base/fsys.h"
#include "base/mem.h"
#include "spool/serves.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOBODY ((uid_t)-1)	/* leave the owner as it is */

struct owner {
	uid_t uid;
	gid_t gid;
};

static bool
gives_away(struct owner owner)
{
	return owner.uid != NOBODY && geteuid() == 0;
}

static bool
sync_parent(const char *path, struct err *err)
{
	char *copy = mem_strdup(path);
	const char *parent = dirname(copy);
	int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool done;

	if (fd == -1) {
		done = err_sys(err, "open directory", parent);
	} else {
		done = fsys_sync_dir(fd, parent, err);
		close(fd);
	}
	mem_free(copy);
	return done;
}

/* Make PATH's parents as mkdir -p does; what is made has a name for ever. */
static bool
make_parents(const char *path, struct err *err)
{
	char *copy = mem_strdup(path);
	bool done = true;

	for (char *at = strchr(copy + 1, '/'); at != NULL && done;
	    at = strchr(at + 1, '/')) {
		*at = '\0';
		if (mkdir(copy, 0755) == 0)
			done = sync_parent(copy, err);
		else if (errno != EEXIST)
			done = err_sys(err, "make directory", copy);
		*at = '/';
	}
	mem_free(copy);
	return done;
}

/* Give the file NAME of DIR to OWNER if FORMER had it. */
static bool
give_file(int dir, const char *name, uid_t former, struct owner owner,
    struct err *err)
{
	int fd = openat(dir, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	bool done = true;

	if (fd == -1)
		return true;	/* a link, or gone: not ours to give */
	if (fstat(fd, &st) == -1)
		done = err_sys(err, "stat", name);
	else if (S_ISREG(st.st_mode) && st.st_nlink == 1 &&
	    st.st_uid == former && fchown(fd, owner.uid, owner.gid) == -1)
		done = err_sys(err, "change owner of", name);
	close(fd);
	return done;
}

/* The configured user changed: what the former one wrote must stay readable
 * for the new one. */
static bool
give_files(int fd, uid_t former, struct owner owner, struct err *err)
{
	struct fsys_names names;
	const char *file = NULL;
	bool done;

	if (!fsys_names_open(&names, fd, "of the spool", err))
		return false;
	while ((done = fsys_names_next(&names, &file, err)) && file != NULL &&
	    (done = give_file(fd, file, former, owner, err)))
		;
	fsys_names_close(&names);
	return done;
}

static bool
give_dir(int fd, const char *name, struct owner owner, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return err_sys(err, "stat", name);
	if (st.st_uid == owner.uid && st.st_gid == owner.gid)
		return true;
	if (fchown(fd, owner.uid, owner.gid) == -1)
		return err_sys(err, "change owner of", name);
	return st.st_uid == owner.uid ||
	    give_files(fd, st.st_uid, owner, err);
}

/* Nobody but the owner, root, and our own group may write here. */
static bool
check_dir(int fd, const char *name, struct owner owner, struct err *err)
{
	struct stat st;
	uid_t uid = gives_away(owner) ? owner.uid : geteuid();
	gid_t gid = gives_away(owner) ? owner.gid : getegid();

	if (fstat(fd, &st) == -1)
		return err_sys(err, "stat", name);
	if ((st.st_mode & S_IWOTH) != 0)
		return err_set(err, ERR_SYSTEM,
		    "%s may be written by everybody (mode %03o)", name,
		    st.st_mode & 07777);
	if ((st.st_mode & S_IWGRP) != 0 && st.st_gid != gid)
		return err_set(err, ERR_SYSTEM,
		    "%s may be written by group %u, which is not ours", name,
		    (unsigned)st.st_gid);
	if (st.st_uid != uid && st.st_uid != 0)
		return err_set(err, ERR_SYSTEM,
		    "%s belongs to user %u, not to %u", name,
		    (unsigned)st.st_uid, (unsigned)uid);
	return true;
}

/* Make directory NAME under DIRFD if it is missing; its descriptor. */
static int
prepare_dir(int dirfd, const char *name, mode_t mode, struct owner owner,
    struct err *err)
{
	bool made = mkdirat(dirfd, name, mode) == 0;
	int fd = fsys_open_dir(dirfd, name, mode, err);

	if (fd == -1)
		return -1;
	if (made && fchmod(fd, mode) == -1)
		err_sys(err, "change mode of", name);
	else if ((!gives_away(owner) || give_dir(fd, name, owner, err)) &&
	    check_dir(fd, name, owner, err) &&
	    serves_sync(fd, name, err))
		return fd;
	close(fd);
	return -1;
}

static bool
prepare_inside(int root, mode_t mode, struct owner owner, struct err *err)
{
	const struct {
		const char *name;
		mode_t mode;
		bool given;
	} inside[] = {
		{ class_name(CLASS_URGENT), mode, true },
		{ class_name(CLASS_NORMAL), mode, true },
		{ class_name(CLASS_BULK), mode, true },
		{ "index", mode, true },
		{ "corrupt", mode, true },
		{ "jail", 0555, false },
	};

	for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) {
		int fd = prepare_dir(root, inside[i].name, inside[i].mode,
		    inside[i].given ? owner : (struct owner){ NOBODY, 0 },
		    err);

		if (fd == -1)
			return false;
		close(fd);
	}
	return true;
}

static bool
check_writable(int root, struct err *err)
{
	static const char probe[] = "writable";
	int fd = openat(root, probe,
	    O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	bool fit;

	if (fd == -1)
		return err_sys(err, "make", probe);
	close(fd);
	fit = serves_locks(root, "corrupt", probe, err);
	if (unlinkat(root, probe, 0) == -1 && fit)
		return err_sys(err, "remove", probe);
	return fit;
}

bool
spool_prepare(const char *path, uid_t uid, gid_t gid, struct err *err)
{
	struct owner owner = { uid, gid };
	mode_t mode = gives_away(owner) ? 0770 : 0700;
	bool done;
	int root;

	if (!make_parents(path, err))
		return err_prefix(err, "spool %s", path);
	root = prepare_dir(AT_FDCWD, path, mode, owner, err);
	if (root == -1)
		return err_prefix(err, "spool %s", path);
	done = prepare_inside(root, mode, owner, err) &&
	    check_writable(root, err) && fsys_sync_dir(root, path, err) &&
	    sync_parent(path, err);
	close(root);
	return done || err_prefix(err, "spool %s", path);
}

/* PATH is missing: can it be made where what is there of it ends? */
static bool
look_above(const char *path, struct err *err)
{
	char *above = mem_strdup(path);
	bool good = true;

	for (;;) {
		char *slash = strrchr(above, '/');

		if (slash == NULL || slash == above)
			break;
		*slash = '\0';
		if (access(above, W_OK | X_OK) == 0)
			break;
		if (errno == ENOENT)
			continue;
		good = err_sys(err, "make directories in", above);
		break;
	}
	mem_free(above);
	return good;
}

bool
spool_look(const char *path, uid_t uid, gid_t gid, struct err *err)
{
	struct owner owner = { uid, gid };
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	bool good;

	if (fd == -1 && errno == ENOENT)
		return look_above(path, err) ||
		    err_prefix(err, "spool %s", path);
	if (fd == -1)
		return err_sys(err, "spool", path);
	/* an owner who is given it will have the rest put right */
	if (gives_away(owner) && fstat(fd, &st) == 0) {
		owner.uid = st.st_uid;
		owner.gid = st.st_gid;
	}
	good = check_dir(fd, path, owner, err);
	close(fd);
	return good || err_prefix(err, "spool %s", path);
}
