/* SPDX-License-Identifier: ISC
 *
 * birth.c - the first breath of a child.
 *
 * Signals that a terminal or a service manager sends to every process of a
 * group (^C, hangup, TERM) must not make the children leave in an order of
 * their own: the master decides, and tells them over the channel.
 */
#include "worker/worker_inside.h"

#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void
ignore_signals(void)
{
	/* SIGXFSZ: a file at its limit is an error of the write, not death */
	static const int ignored[] = { SIGPIPE, SIGINT, SIGHUP, SIGUSR1,
	    SIGUSR2, SIGXFSZ };
	sigset_t none;

	for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* As many descriptors as may be; a memory image of mail goes nowhere. */
static void
set_limits(void)
{
	enum { DESCRIPTORS = 1 << 20 };
	struct rlimit limit = { DESCRIPTORS, DESCRIPTORS };

	if (setrlimit(RLIMIT_NOFILE, &limit) == -1 &&
	    getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
	limit = (struct rlimit){ 0, 0 };
	(void)setrlimit(RLIMIT_CORE, &limit);
}

void
worker_birth(void)
{
	ignore_signals();
	set_limits();
	umask(077);
	tzset();		/* the jail has no time zones */
	(void)close_range(WORKER_MASTER_FD + 1, ~0u, 0);
}
