/* SPDX-License-Identifier: ISC
 *
 * pace.c - writeback, begun by us in small portions.
 */
#include "base/pace.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	PORTION = 256 << 10,
	PAGE = 4096
};

/* A failure means that the kernel does it in its own time. */
static void
begin(int fd, off_t from, off_t length)
{
	(void)sync_file_range(fd, from, length, SYNC_FILE_RANGE_WRITE);
}

void
pace_append(struct pace *pace, int fd)
{
	off_t end = lseek(fd, 0, SEEK_CUR);

	if (end < pace->begun)
		pace->begun = 0;	/* truncated, or no file */
	if (end - pace->begun < PORTION)
		return;
	end -= end % PAGE;	/* that page is written to again soon */
	begin(fd, pace->begun, end - pace->begun);
	pace->begun = end;
}

void
pace_part(int fd, unsigned part, unsigned parts)
{
	struct stat st;
	off_t length;

	if (fstat(fd, &st) == -1)
		return;
	length = st.st_size / parts;
	length -= length % PAGE;
	length += PAGE;
	if (length < PORTION)
		length = PORTION;
	if (part * length < st.st_size)
		begin(fd, part * length, length);
}
