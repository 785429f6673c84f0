/* SPDX-License-Identifier: ISC
 *
 * jail.c - leave everything behind that the role does not need.
 *
 * As root the order is: open the jail, enter it, give up groups, then the
 * group, then the user, then try to come back.  An ordinary user has little
 * to give up; what needs root is left out.
 */
#include "worker/worker_inside.h"

#include "base/fsys.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

struct identity {
	uid_t uid;
	gid_t gid;
};

static bool
look_up(const char *name, struct identity *out, struct err *err)
{
	const struct passwd *pw;

	errno = 0;
	pw = getpwnam(name);
	if (pw == NULL)
		return errno == 0 ?
		    err_set(err, ERR_CONFIG, "there is no user %s", name) :
		    err_sys(err, "look up user", name);
	*out = (struct identity){ pw->pw_uid, pw->pw_gid };
	return true;
}

/*
 * The role's user.  Those who share the spool share its group, which is
 * that of the scheduler's user.
 */
static bool
identity_of(const struct worker *worker, struct identity *out,
    struct err *err)
{
	const struct conf *conf = worker->conf;
	const char *const users[ROLE_COUNT] = {
		[ROLE_RECEIVER] = conf->user_receiver,
		[ROLE_SCHEDULER] = conf->user_scheduler,
		[ROLE_DELIVERER] = conf->user_deliverer,
		[ROLE_RESOLVER] = conf->user_resolver,
	};
	struct identity spool;

	if (!look_up(users[worker->role], out, err))
		return false;
	if (worker->role == ROLE_RECEIVER) {
		if (!look_up(conf->user_scheduler, &spool, err))
			return false;
		out->gid = spool.gid;
		/* Segments are for the scheduler to read, and to give back
		 * parts of. */
		if (out->uid != spool.uid)
			umask(007);
	}
	if (out->uid == 0)
		return err_set(err, ERR_CONFIG,
		    "the %s must not run as root: see `user'",
		    role_name(worker->role));
	return true;
}

static bool
enter(const struct conf *conf, struct err *err)
{
	char *path = mem_printf("%s/jail", conf->spool);
	int fd = fsys_open_dir(AT_FDCWD, path, 0555, err);
	bool done = fd != -1;

	if (done && (fchdir(fd) == -1 || chroot(".") == -1 ||
	    chdir("/") == -1))
		done = err_sys(err, "enter", path);
	if (fd != -1)
		close(fd);
	mem_free(path);
	return done;
}

static bool
become(const struct identity *identity, struct err *err)
{
	if (setgroups(0, NULL) == -1)
		return err_sys(err, "give up", "the groups");
	if (setresgid(identity->gid, identity->gid, identity->gid) == -1)
		return err_sys(err, "change", "the group");
	if (setresuid(identity->uid, identity->uid, identity->uid) == -1)
		return err_sys(err, "change", "the user");
	if (setuid(0) != -1 || seteuid(0) != -1 ||
	    (identity->gid != 0 && (setgid(0) != -1 || setegid(0) != -1)))
		return err_set(err, ERR_SYSTEM,
		    "root's rights could be taken back");
	(void)prctl(PR_SET_DUMPABLE, 0);
	return true;
}

bool
worker_jail(const struct worker *worker, bool jailed, struct err *err)
{
	struct identity identity;

	if (geteuid() == 0) {
		if (!identity_of(worker, &identity, err))
			return false;
		if (jailed && !enter(worker->conf, err))
			return false;
		if (!become(&identity, err))
			return false;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return err_sys(err, "refuse", "new privileges");
	return true;
}
