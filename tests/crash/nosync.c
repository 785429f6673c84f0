/* SPDX-License-Identifier: ISC
 *
 * nosync.c - a disk that lies: preloaded, every sync succeeds and does
 * nothing.  The negative control of the power-cut test, which must catch it.
 */
int fsync(int fd);
int fdatasync(int fd);

int
fsync(int fd)
{
	(void)fd;
	return 0;
}

int
fdatasync(int fd)
{
	(void)fd;
	return 0;
}
