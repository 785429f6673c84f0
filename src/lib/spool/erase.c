/* SPDX-License-Identifier: ISC
 *
 * erase.c - what is final in the middle of a segment is given back.
 *
 * Only whole blocks of the file system are: those at the edges of a range,
 * which hold a part of a record beside it, are not even written to.
 */
#include "spool/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK_LEAST = 4096, BLOCK_MOST = 64 << 10 };

struct range
segment_blocks(int fd, struct range range)
{
	uint64_t block = BLOCK_LEAST;
	struct stat st;

	if (fstat(fd, &st) == 0 && st.st_blksize > BLOCK_LEAST)
		block = st.st_blksize < BLOCK_MOST ?
		    (uint64_t)st.st_blksize : BLOCK_MOST;
	range.from = (range.from + block - 1) / block * block;
	range.to = range.to / block * block;
	return range;
}

bool
segment_is_hole(int fd, struct range range)
{
	off_t data = lseek(fd, (off_t)range.from, SEEK_DATA);

	if (data == -1)
		return errno == ENXIO;
	return (uint64_t)data >= range.to;
}

bool
segment_erase(const struct spool_dirs *dirs, struct segment_name name,
    struct range range, struct err *err)
{
	char file[SEGMENT_FILE_SIZE];
	struct stat st;
	bool done = false;
	int fd;

	segment_file(name, "messages", file);
	fd = openat(dirs->classes[name.klass], file, O_RDWR | O_NOFOLLOW |
	    O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd == -1)
		return err_sys(err, "open segment", file);
	range = segment_blocks(fd, range);
	if (fstat(fd, &st) == -1)
		err_sys(err, "stat segment", file);
	else if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
		err_set(err, ERR_FORMAT, "segment %s is not a file with one "
		    "name", file);
	else if (range.from >= range.to || fallocate(fd,
	    FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)range.from,
	    (off_t)(range.to - range.from)) == 0)
		done = true;
	else
		err_sys(err, "give back a part of", file);
	close(fd);
	return done;
}
