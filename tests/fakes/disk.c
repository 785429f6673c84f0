/* SPDX-License-Identifier: ISC
 *
 * disk.c - a disk that fails, or waits, when a test says so.
 */
#include "fakes/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

int __real_openat(int dirfd, const char *path, int flags, mode_t mode);
ssize_t __real_pwritev(int fd, const struct iovec *iov, int count, off_t at);
int __real_fdatasync(int fd);
int __real_fsync(int fd);
int __real_ftruncate(int fd, off_t length);
int __real_unlinkat(int dirfd, const char *path, int flags);
ssize_t __real_pread(int fd, void *out, size_t length, off_t at);
int __real_flock(int fd, int operation);
int __real_fallocate(int fd, int mode, off_t from, off_t length);
struct dirent *__real_readdir(DIR *dir);

int __wrap_openat(int dirfd, const char *path, int flags, ...);
ssize_t __wrap_pwritev(int fd, const struct iovec *iov, int count, off_t at);
int __wrap_fdatasync(int fd);
int __wrap_fsync(int fd);
int __wrap_ftruncate(int fd, off_t length);
int __wrap_unlinkat(int dirfd, const char *path, int flags);
ssize_t __wrap_pread(int fd, void *out, size_t length, off_t at);
int __wrap_flock(int fd, int operation);
int __wrap_fallocate(int fd, int mode, off_t from, off_t length);
struct dirent *__wrap_readdir(DIR *dir);

enum { EVENTS_MOST = 4096 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t released = PTHREAD_COND_INITIALIZER;
static struct {
	unsigned count;
	unsigned fail_at;	/* 0: never */
	int number;
	bool for_ever;
	void (*meanwhile)(void *owner);	/* null: nothing happens */
	void *owner;
} calls[DISK_CALLS];
static struct disk_event events[EVENTS_MOST];
static size_t event_count, short_most;
static const char *hold;
static unsigned waiting;
static const char *lost;
static off_t lost_from, lost_to;

void
disk_reset(void)
{
	pthread_mutex_lock(&lock);
	memset(calls, 0, sizeof calls);
	event_count = short_most = 0;
	hold = NULL;
	lost = NULL;
	pthread_cond_broadcast(&released);
	pthread_mutex_unlock(&lock);
}

void
disk_fail(enum disk_call call, unsigned n, int number, bool for_ever)
{
	pthread_mutex_lock(&lock);
	calls[call].fail_at = calls[call].count + n;
	calls[call].number = number;
	calls[call].for_ever = for_ever;
	pthread_mutex_unlock(&lock);
}

void
disk_meanwhile(enum disk_call call, void (*fn)(void *owner), void *owner)
{
	pthread_mutex_lock(&lock);
	calls[call].owner = owner;
	calls[call].meanwhile = fn;
	pthread_mutex_unlock(&lock);
}

void
disk_short_writes(size_t most)
{
	pthread_mutex_lock(&lock);
	short_most = most;
	pthread_mutex_unlock(&lock);
}

void
disk_hold(const char *part)
{
	pthread_mutex_lock(&lock);
	hold = part;
	pthread_mutex_unlock(&lock);
}

void
disk_release(void)
{
	pthread_mutex_lock(&lock);
	hold = NULL;
	pthread_cond_broadcast(&released);
	pthread_mutex_unlock(&lock);
}

unsigned
disk_waiting(void)
{
	unsigned count;

	pthread_mutex_lock(&lock);
	count = waiting;
	pthread_mutex_unlock(&lock);
	return count;
}

unsigned
disk_count(enum disk_call call)
{
	unsigned count;

	pthread_mutex_lock(&lock);
	count = calls[call].count;
	pthread_mutex_unlock(&lock);
	return count;
}

size_t
disk_events(const struct disk_event **out)
{
	*out = events;
	return event_count;
}

int
disk_find(enum disk_call call, const char *head, const char *tail, int from,
    bool fine)
{
	int found = DISK_NEVER;

	pthread_mutex_lock(&lock);
	for (int i = from; i >= 0 && i < (int)event_count &&
	    found == DISK_NEVER; i++) {
		const char *name = events[i].name;
		size_t length = strlen(name);

		if (events[i].call == call && events[i].fine == fine &&
		    strncmp(name, head, strlen(head)) == 0 &&
		    length >= strlen(tail) &&
		    strcmp(name + length - strlen(tail), tail) == 0)
			found = i;
	}
	pthread_mutex_unlock(&lock);
	return found;
}

int
disk_first(enum disk_call call, const char *name, int from)
{
	int at = disk_find(call, name, "", from, true);

	while (at != DISK_NEVER && strcmp(events[at].name, name) != 0)
		at = disk_find(call, name, "", at + 1, true);
	return at;
}

int
disk_last(enum disk_call call, const char *name)
{
	int last = DISK_NEVER, at = disk_first(call, name, 0);

	for (; at != DISK_NEVER; at = disk_first(call, name, at + 1))
		last = at;
	return last;
}

/* Whether this call is to fail; errno is set. */
static bool
fails(enum disk_call call)
{
	bool bad;

	pthread_mutex_lock(&lock);
	calls[call].count++;
	bad = calls[call].fail_at != 0 &&
	    (calls[call].count == calls[call].fail_at ||
	    (calls[call].for_ever && calls[call].count > calls[call].fail_at));
	errno = bad ? calls[call].number : errno;
	pthread_mutex_unlock(&lock);
	return bad;
}

/* What is to happen meanwhile happens once. */
static void
let_happen(enum disk_call call)
{
	void (*fn)(void *);
	void *owner;

	pthread_mutex_lock(&lock);
	fn = calls[call].meanwhile;
	owner = calls[call].owner;
	calls[call].meanwhile = NULL;
	pthread_mutex_unlock(&lock);
	if (fn != NULL)
		fn(owner);
}

static void
path_of(int fd, char *path, size_t room)
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, path, room - 1);
	path[n > 0 ? n : 0] = '\0';
}

static void
add_event(enum disk_call call, const char *path, const struct stat *st,
    bool fine)
{
	const char *slash = strrchr(path, '/');
	struct disk_event event = {
		.call = call, .inode = st->st_ino,
		.directory = S_ISDIR(st->st_mode), .fine = fine
	};

	snprintf(event.name, sizeof event.name, "%s",
	    slash != NULL ? slash + 1 : path);
	pthread_mutex_lock(&lock);
	if (event_count < EVENTS_MOST)
		events[event_count++] = event;
	pthread_mutex_unlock(&lock);
}

static void
remember(enum disk_call call, int fd, bool fine)
{
	int number = errno;
	struct stat st = { 0 };
	char path[512] = "";

	if (fd != -1) {
		fstat(fd, &st);
		path_of(fd, path, sizeof path);
	}
	add_event(call, path, &st, fine);
	errno = number;
}

static bool
is_held(int fd)
{
	char path[512];

	if (hold == NULL)
		return false;
	path_of(fd, path, sizeof path);
	return strstr(path, hold) != NULL;
}

int
__wrap_openat(int dirfd, const char *path, int flags, ...)
{
	mode_t mode = 0;
	int fd;

	if ((flags & O_CREAT) != 0) {
		va_list ap;

		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	/* only what makes files is ever to fail */
	if ((flags & O_CREAT) == 0)
		return __real_openat(dirfd, path, flags, mode);
	fd = fails(DISK_OPENAT) ? -1 :
	    __real_openat(dirfd, path, flags, mode);
	remember(DISK_OPENAT, fd, fd != -1);
	let_happen(DISK_OPENAT);
	return fd;
}

ssize_t
__wrap_pwritev(int fd, const struct iovec *iov, int count, off_t at)
{
	struct iovec first = iov[0];
	ssize_t n;

	if (fails(DISK_PWRITEV)) {
		remember(DISK_PWRITEV, fd, false);
		return -1;
	}
	if (short_most > 0) {
		if (first.iov_len > short_most)
			first.iov_len = short_most;
		n = __real_pwritev(fd, &first, 1, at);
	} else {
		n = __real_pwritev(fd, iov, count, at);
	}
	remember(DISK_PWRITEV, fd, n != -1);
	return n;
}

int
__wrap_fdatasync(int fd)
{
	int result;

	pthread_mutex_lock(&lock);
	waiting++;
	while (is_held(fd))
		pthread_cond_wait(&released, &lock);
	waiting--;
	pthread_mutex_unlock(&lock);
	result = fails(DISK_FDATASYNC) ? -1 : __real_fdatasync(fd);
	remember(DISK_FDATASYNC, fd, result == 0);
	return result;
}

int
__wrap_fsync(int fd)
{
	int result = fails(DISK_FSYNC) ? -1 : __real_fsync(fd);

	remember(DISK_FSYNC, fd, result == 0);
	return result;
}

int
__wrap_ftruncate(int fd, off_t length)
{
	int result = fails(DISK_FTRUNCATE) ? -1 :
	    __real_ftruncate(fd, length);

	remember(DISK_FTRUNCATE, fd, result == 0);
	return result;
}

int
__wrap_unlinkat(int dirfd, const char *path, int flags)
{
	struct stat st = { 0 };
	int result, number;

	fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW);
	result = fails(DISK_UNLINKAT) ? -1 :
	    __real_unlinkat(dirfd, path, flags);
	number = errno;
	add_event(DISK_UNLINKAT, path, &st, result == 0);
	errno = number;
	return result;
}

void
disk_lose(const char *part, off_t from, off_t to)
{
	lost = part;
	lost_from = from;
	lost_to = to;
}

static bool
is_lost(int fd)
{
	char path[512];

	if (lost == NULL)
		return false;
	path_of(fd, path, sizeof path);
	return strstr(path, lost) != NULL;
}

ssize_t
__wrap_pread(int fd, void *out, size_t length, off_t at)
{
	if (fails(DISK_PREAD))
		return -1;
	if (is_lost(fd) && at < lost_to && at + (off_t)length > lost_from) {
		if (at >= lost_from) {
			errno = EIO;
			return -1;
		}
		length = (size_t)(lost_from - at);
	}
	return __real_pread(fd, out, length, at);
}

int
__wrap_flock(int fd, int operation)
{
	let_happen(DISK_FLOCK);
	return fails(DISK_FLOCK) ? -1 : __real_flock(fd, operation);
}

int
__wrap_fallocate(int fd, int mode, off_t from, off_t length)
{
	int result = fails(DISK_FALLOCATE) ? -1 :
	    __real_fallocate(fd, mode, from, length);

	remember(DISK_FALLOCATE, fd, result == 0);
	return result;
}

struct dirent *
__wrap_readdir(DIR *dir)
{
	return fails(DISK_READDIR) ? NULL : __real_readdir(dir);
}
