/* SPDX-License-Identifier: ISC
 *
 * daemon.c - into the background.
 *
 * Who starts us learns whether mail can be taken: the first process ends
 * only when all children are ready, or when we have failed.
 */
#include "master/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

bool
daemon_stdio(struct err *err)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
		if (fd == -1)
			return err_sys(err, "open", "/dev/null");
	} while (fd <= STDERR_FILENO);
	close(fd);
	return true;
}

static void __attribute__((noreturn))
wait_for(pid_t pid, int fd)
{
	int status = 0;
	char byte;
	ssize_t n;

	do
		n = read(fd, &byte, 1);
	while (n == -1 && errno == EINTR);
	if (n == 1)
		_exit(EX_OK);
	if (waitpid(pid, &status, 0) == pid && WIFEXITED(status))
		_exit(WEXITSTATUS(status));
	_exit(EX_SOFTWARE);
}

bool
daemon_start(int *parent_fd, struct err *err)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) == -1)
		return err_sys(err, "make", "a pipe");
	pid = fork();
	if (pid == -1)
		return err_sys(err, "go into", "the background");
	if (pid > 0) {
		close(ends[1]);
		wait_for(pid, ends[0]);
	}
	close(ends[0]);
	*parent_fd = ends[1];
	if (setsid() == -1)
		return err_sys(err, "make", "a session");
	if (chdir("/") == -1)
		return err_sys(err, "enter", "/");
	return true;
}

void
daemon_quiet(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null == -1)
		return;
	(void)dup2(null, STDIN_FILENO);
	(void)dup2(null, STDOUT_FILENO);
	(void)dup2(null, STDERR_FILENO);
	close(null);
}
