/* SPDX-License-Identifier: ISC
 *
 * fds.c - descriptors: how many there may be, and what is kept free.
 */
#include "base/fds.h"

#include <sys/resource.h>

enum { FDS_MOST = 1 << 20 };

unsigned
fds_most(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1 || limit.rlim_cur > FDS_MOST)
		return FDS_MOST;
	return (unsigned)limit.rlim_cur;
}

bool
fds_beyond(int fd, unsigned eighths)
{
	return fd >= 0 && (unsigned)fd >= fds_most() / FDS_EIGHTHS * eighths;
}
