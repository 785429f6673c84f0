/* SPDX-License-Identifier: ISC
 *
 * pace.h - files that nobody syncs, brought to the disk at an even pace.
 *
 * The kernel keeps what was written for half a minute and then writes all of
 * it at once; whoever syncs another file meanwhile waits until that is over,
 * a quarter of a second for 200 MB.  So whoever writes much without a sync
 * has it written in small portions.  Nothing is durable because of this, and
 * nothing is waited for (but a disk with too much to do).
 */
#ifndef BASE_PACE_H
#define BASE_PACE_H

#include <sys/types.h>

/* A file that is appended to; zero at first, and for another file. */
struct pace {
	off_t begun;		/* the end of what was given to the disk */
};

/* Something was appended to FD: give the disk what has gathered, by portions
 * of 256 KiB.  Another sort of FD than a file is left alone. */
void pace_append(struct pace *pace, int fd);

/* A file that changes anywhere: of FD, part number PART of PARTS (at least
 * 256 KiB; a short file has fewer of them). */
void pace_part(int fd, unsigned part, unsigned parts);

#endif
