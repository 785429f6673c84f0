/* SPDX-License-Identifier: ISC
 *
 * spawn.c - a new process, by fork and exec.
 *
 * The child gets its channel as descriptor 3, nothing to read on 0, and
 * none of the master's descriptors: all of those close on exec.  A pipe that
 * also does tells whether exec worked.
 */
#include "master/spawn.h"

#include "base/mem.h"
#include "worker/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Where the programs are; a build tree may say so in the environment. */
static char *
program_of(enum role role)
{
	const char *where = secure_getenv("POSTRIDER_LIBEXEC");

	return mem_printf("%s/postrider-%s",
	    where == NULL ? POSTRIDER_LIBEXEC : where, role_name(role));
}

static bool
place(int fd, int at)
{
	if (fd != at)
		return dup2(fd, at) != -1;
	return fcntl(fd, F_SETFD, 0) != -1;
}

static void __attribute__((noreturn))
become(const char *program, int last_words, int channel, int tell)
{
	char *argv[] = { (char *)(uintptr_t)program, NULL };
	int number, null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null != -1 && place(null, STDIN_FILENO) &&
	    place(null, STDOUT_FILENO) &&
	    place(last_words == -1 ? null : last_words, STDERR_FILENO) &&
	    place(channel, WORKER_MASTER_FD))
		execv(program, argv);
	number = errno;
	(void)!write(tell, &number, sizeof number);
	_exit(127);
}

/* 0: PID runs its program; else the error number for which it does not. */
static int
exec_result(int fd)
{
	int number = 0;
	ssize_t n;

	do
		n = read(fd, &number, sizeof number);
	while (n == -1 && errno == EINTR);
	return n == (ssize_t)sizeof number ? number : 0;
}

static bool
run(const char *program, int last_words, int channel, pid_t *pid,
    struct err *err)
{
	int tell[2], number;

	if (pipe2(tell, O_CLOEXEC) == -1)
		return err_sys(err, "make a pipe for", program);
	*pid = fork();
	if (*pid == 0) {
		/* Not 3, which is about to be replaced. */
		int high = fcntl(tell[1], F_DUPFD_CLOEXEC, 16);

		become(program, last_words, channel,
		    high == -1 ? tell[1] : high);
	}
	close(tell[1]);
	if (*pid == -1) {
		close(tell[0]);
		return err_sys(err, "start", program);
	}
	number = exec_result(tell[0]);
	close(tell[0]);
	if (number == 0)
		return true;
	(void)waitpid(*pid, NULL, 0);
	*pid = 0;
	errno = number;
	return err_sys(err, "run", program);
}

bool
spawn(enum role role, int last_words, pid_t *pid, int *fd, struct err *err)
{
	char *program;
	int ends[2];
	bool done;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
	    ends) == -1)
		return err_sys(err, "make a socketpair for",
		    role_name(role));
	program = program_of(role);
	done = run(program, last_words, ends[1], pid, err);
	mem_free(program);
	close(ends[1]);
	if (done)
		*fd = ends[0];
	else
		close(ends[0]);
	return done;
}
