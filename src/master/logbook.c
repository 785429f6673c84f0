/* SPDX-License-Identifier: ISC
 *
 * logbook.c - where everybody's lines go.
 *
 * A syslog daemon that was started again has another socket, and what is
 * sent to the former one arrives nowhere.  The children are jailed: they
 * keep their lines and tell the master, which connects once more, at most
 * once a second, and hands the socket to everybody.  At boot the daemon may
 * come after us; until then lines go to stderr.
 */
#include "master/logbook.h"
#include "master/children.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <unistd.h>

#define DEV_LOG "/dev/log"

enum { LOOK_AGAIN = 1000 };	/* ms */

/* ---- opening ------------------------------------------------------------------ */

static int
connect_syslog(void)
{
	static const struct sockaddr_un address = { .sun_family = AF_UNIX,
	    .sun_path = DEV_LOG };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd != -1 && connect(fd, (const struct sockaddr *)&address,
	    sizeof address) == -1) {
		int number = errno;

		close(fd);
		errno = number;
		return -1;
	}
	return fd;
}

static int
copy(int from, struct err *err)
{
	int fd = fcntl(from, F_DUPFD_CLOEXEC, 3);

	if (fd == -1)
		err_sys(err, "copy", "the descriptor of the log");
	return fd;
}

static int
open_file(const char *path, struct err *err)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC |
	    O_NOCTTY | O_NONBLOCK, 0640);

	if (fd == -1)
		err_sys(err, "open the log", path);
	return fd;
}

/* Mail matters more than its log.  By a reload stderr may be shut: then what
 * was open serves on. */
static int
instead_of_syslog(const struct master *master, enum log_kind *kind,
    struct err *err)
{
	if (master->log_fd == -1) {
		*kind = LOG_KIND_STDERR;
		return copy(STDERR_FILENO, err);
	}
	*kind = master->log_kind;
	return copy(master->log_fd, err);
}

int
logbook_fresh(const struct master *master, const struct conf *conf,
    enum log_kind *kind, struct err *err)
{
	int fd;

	*kind = conf->log;
	if (conf->log == LOG_KIND_FILE)
		return open_file(conf->log_path, err);
	if (conf->log == LOG_KIND_STDERR)
		return copy(STDERR_FILENO, err);
	fd = connect_syslog();
	if (fd != -1)
		return fd;
	log_warn(DEV_LOG ": %s: %s until it is there", strerror(errno),
	    master->log_fd == -1 ? "logging to stderr" :
	    "the log stays where it is");
	return instead_of_syslog(master, kind, err);
}

void
logbook_take(struct master *master, int fd, enum log_kind kind)
{
	struct utsname self = { .nodename = "" };
	int old = master->log_fd;

	log_flush();
	uname(&self);
	log_open("postrider/master", self.nodename, fd,
	    kind == LOG_KIND_SYSLOG);
	master->log_fd = fd;
	master->log_kind = kind;
	master->log_lost = false;
	if (old != -1)
		close(old);
}

bool
logbook_open(struct master *master, struct err *err)
{
	enum log_kind kind;
	int fd = logbook_fresh(master, master->conf, &kind, err);

	if (fd == -1)
		return false;
	logbook_take(master, fd, kind);
	return true;
}

/* ---- once more ------------------------------------------------------------------ */

static void
hand_out(struct master *master)
{
	struct link *link = list_first(&master->children);

	for (; link != NULL; link = list_next(&master->children, link))
		tell_log(master, list_item(link, struct child, link));
}

void
logbook_again(struct master *master, struct child *asker, uint32_t token)
{
	enum log_kind kind;
	struct err err;
	int fd = logbook_fresh(master, master->conf, &kind, &err);

	if (fd == -1) {
		log_error("the log stays as it was: %s", err.text);
		tell_outcome(asker, token, false, err.text);
		return;
	}
	logbook_take(master, fd, kind);
	hand_out(master);
	log_info("log opened anew");
	tell_outcome(asker, token, true, "");
}

void
logbook_lost(struct master *master)
{
	master->log_lost = true;
	logbook_look(master);
}

static bool
is_wanting(const struct master *master)
{
	return master->conf->log == LOG_KIND_SYSLOG &&
	    (master->log_kind != LOG_KIND_SYSLOG || master->log_lost ||
	    log_is_lost());
}

static bool
find(struct master *master)
{
	int fd = connect_syslog();

	if (fd == -1)
		return false;
	logbook_take(master, fd, LOG_KIND_SYSLOG);
	hand_out(master);
	return true;
}

void
logbook_look(struct master *master)
{
	msec_t now = clock_mono();

	if (!is_wanting(master) || now < master->log_look)
		return;
	master->log_look = now + LOOK_AGAIN;
	if (find(master))
		log_info("logging to " DEV_LOG ", which is a new one");
}

void
logbook_close(struct master *master)
{
	if (master->conf != NULL && is_wanting(master))
		(void)find(master);
	log_close();
}
