/* SPDX-License-Identifier: ISC
 *
 * room.c - what is left of the disk, and whom that is enough for.
 */
#include "spool/room.h"

#include <sys/statvfs.h>

enum { FILE_BYTES = 64 << 10 };	/* what a file that can be made is worth */

/* A file system without a fixed number of files says that it has none, or
 * more than anybody needs. */
bool
room_left(int dir, uint64_t *out)
{
	struct statvfs fs;

	if (fstatvfs(dir, &fs) == -1)
		return false;
	*out = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (fs.f_files != 0 && fs.f_favail < *out / FILE_BYTES)
		*out = (uint64_t)fs.f_favail * FILE_BYTES;
	return true;
}

/* Less is worse here: what is missing to twice the floor is measured. */
enum mark
room_mark(enum mark before, const struct conf *conf, enum mail_class klass,
    uint64_t free)
{
	uint64_t floor = conf_floor(conf, klass);

	return mark_of(before, free >= 2 * floor ? 0 : 2 * floor - free,
	    floor);
}

/* marks.h: an eighth below where the level began; one that is slowed down
 * began at three quarters. */
uint64_t
room_wanted(const struct conf *conf, enum mail_class klass, enum mark mark)
{
	uint64_t floor = conf_floor(conf, klass), eighth = floor / 8;

	return floor + (mark == MARK_REFUSE ? eighth : 3 * eighth) + 1;
}
