/* SPDX-License-Identifier: ISC
 *
 * fds.h - descriptors: how many there may be, and what is kept free.
 *
 * A process that has none left can do nothing, not even put itself right.
 * So whoever could take any number of them stops at a share of what there
 * is, and the last eighth is for what must always go on.
 */
#ifndef BASE_FDS_H
#define BASE_FDS_H

#include <stdbool.h>

enum { FDS_EIGHTHS = 8 };

/* How many this process may have open, now; at most a million. */
unsigned fds_most(void);

/*
 * FD was the lowest that was free (as the kernel gives them out).  Whether at
 * least EIGHTHS eighths of all that may be are taken then.
 */
bool fds_beyond(int fd, unsigned eighths);

#endif
