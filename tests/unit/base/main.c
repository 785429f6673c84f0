/* SPDX-License-Identifier: ISC
 *
 * main.c - the tests of lib/base.
 */
#include "tests.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int
signal_of(void (*run)(void))
{
	static const struct rlimit no_core = { 0, 0 };
	int status = 0;
	pid_t pid = fork();

	CU_ASSERT_FATAL(pid != -1);
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &no_core);
		close(STDERR_FILENO);
		run();
		_exit(0);
	}
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

int
scratch_file(void)
{
	char path[] = "/tmp/postrider-base-XXXXXX";
	int fd = mkstemp(path);

	CU_ASSERT_FATAL(fd != -1);
	unlink(path);
	return fd;
}

int
main(int argc, char **argv)
{
	static const struct unit_suite suites[] = {
		{ "buf", buf_tests },
		{ "span", span_tests },
		{ "heap", heap_tests },
		{ "list", list_tests },
		{ "marks", mark_tests },
		{ "plain", plain_tests },
		{ "fds", fds_tests },
		{ "map", map_tests },
		{ "pace", pace_tests },
		{ "hash and crc32c", hash_tests },
		{ "rand and clock", rand_tests },
		{ "log", log_tests },
		{ "fsys", fsys_tests },
		{ "err", err_tests },
		{ "must, mem and crash", must_tests },
		{ NULL, NULL },
	};

	return unit_run(argc, argv, suites);
}
