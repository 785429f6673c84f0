/* SPDX-License-Identifier: ISC
 *
 * badsync.c - a disk whose syncs fail: preloaded, fdatasync() of a file whose
 * name ends in one of the words of $BAD_SYNC, and which holds more than 64
 * bytes, does its work and then says EIO.  Only while the first byte of the
 * file $BAD_SYNC_WHILE is a 1, if that is set; and only each
 * $BAD_SYNC_EACH-th time.
 *
 * Processes lock themselves into a jail, so the file is mapped before that,
 * and names are noted when files are opened.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES = 4096 };

int openat(int dirfd, const char *path, int flags, ...);
int fdatasync(int fd);

static const char *words, *each;
static const volatile char *now;
static ino_t meant[FILES];	/* of the files opened last */
static unsigned opened;

__attribute__((constructor)) static void
begin(void)
{
	const char *file = getenv("BAD_SYNC_WHILE");
	int fd = file == NULL ? -1 : open(file, O_RDONLY | O_CLOEXEC);

	words = getenv("BAD_SYNC");
	each = getenv("BAD_SYNC_EACH");
	if (fd == -1)
		return;
	now = mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
}

int
openat(int dirfd, const char *path, int flags, ...)
{
	int (*real)(int, const char *, int, ...) =
	    (int (*)(int, const char *, int, ...))dlsym(RTLD_NEXT, "openat");
	const char *end = strrchr(path, '.');
	struct stat st;
	va_list ap;
	int fd;

	va_start(ap, flags);
	fd = real(dirfd, path, flags,
	    (flags & O_CREAT) != 0 ? va_arg(ap, mode_t) : 0);
	va_end(ap);
	if (fd >= 0 && words != NULL && end != NULL && end[1] != '\0' &&
	    strstr(words, end) != NULL && fstat(fd, &st) == 0)
		meant[opened++ % FILES] = st.st_ino;
	return fd;
}

static int
is_meant(ino_t inode)
{
	for (unsigned i = 0; i < FILES; i++)
		if (meant[i] == inode)
			return 1;
	return 0;
}

static int
is_time(void)
{
	static unsigned count;

	if (now != NULL && *now != '1')
		return 0;
	return each == NULL || ++count % (unsigned)atoi(each) == 0;
}

int
fdatasync(int fd)
{
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
	int result = real(fd);
	struct stat st;

	if (result == 0 && fstat(fd, &st) == 0 && st.st_size > 64 &&
	    is_meant(st.st_ino) && is_time()) {
		errno = EIO;
		return -1;
	}
	return result;
}
