/* SPDX-License-Identifier: ISC
 *
 * house_spool.c - the spool is there, and it is ours.
 *
 * Two locks.  One the master alone holds, as long as it lives; it tells a
 * second master from what a dead one left behind.  The other one belongs to
 * the descriptor of the spool that receivers and the scheduler are given:
 * it is free when the last of them has left, so that no two schedulers ever
 * work on one spool.
 */
#include "master/house.h"

#include "base/log.h"
#include "base/mem.h"
#include "spool/edition.h"
#include "spool/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum {
	ORPHANS_LEAVE = 30 * 1000,	/* ms that they may take */
	LOOK_AGAIN = 20
};

bool
house_edition(struct master *master, struct err *err)
{
	const char *path = master->conf->spool;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	unsigned edition;
	bool known;

	if (fd == -1)
		return true;	/* there is none; or house_spool() tells */
	known = edition_read(fd, &edition, err) || err->kind != ERR_CONFIG;
	close(fd);
	return known || err_prefix(err, "spool %s", path);
}

bool
house_spool(struct master *master, struct err *err)
{
	const struct conf *conf = master->conf;
	const struct passwd *pw;

	if (geteuid() != 0)
		return spool_prepare(conf->spool, (uid_t)-1, (gid_t)-1, err);
	pw = getpwnam(conf->user_scheduler);
	if (pw == NULL)
		return err_set(err, ERR_CONFIG, "there is no user %s",
		    conf->user_scheduler);
	return spool_prepare(conf->spool, pw->pw_uid, pw->pw_gid, err);
}

static int
open_dir(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		err_sys(err, "open directory", path);
	return fd;
}

static bool
lock_master(struct master *master, struct err *err)
{
	char *path = mem_printf("%s/jail", master->conf->spool);

	master->lock_fd = open_dir(path, err);
	mem_free(path);
	if (master->lock_fd == -1)
		return false;
	if (flock(master->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return true;
	if (errno == EWOULDBLOCK)
		return err_set(err, ERR_SYSTEM,
		    "spool %s is in use: postriderd is running already",
		    master->conf->spool);
	return err_sys(err, "lock", master->conf->spool);
}

static bool
lock_spool(struct master *master, struct err *err)
{
	const struct timespec pause = { 0, LOOK_AGAIN * 1000000L };
	const char *path = master->conf->spool;
	msec_t until = clock_mono() + ORPHANS_LEAVE;

	master->spool_fd = open_dir(path, err);
	if (master->spool_fd == -1)
		return false;
	while (flock(master->spool_fd, LOCK_EX | LOCK_NB) == -1) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(err, "lock", path);
		if (clock_mono() >= until)
			return err_set(err, ERR_SYSTEM, "spool %s is in use "
			    "by processes of a master that died, or by a "
			    "tool", path);
		if (!master->waited) {
			log_warn("waiting for the former processes to leave "
			    "spool %s", path);
			log_flush();
		}
		master->waited = true;
		nanosleep(&pause, NULL);
	}
	return true;
}

bool
house_lock(struct master *master, struct err *err)
{
	return lock_master(master, err) && lock_spool(master, err);
}
