/* SPDX-License-Identifier: ISC
 *
 * cutshim.c - preloaded, each storage call in the spool is a place to stop.
 *
 * Before a call that changes the spool or syncs it, the process says on a
 * board shared with tests/crash/cuts who it is and what it is about to do,
 * and waits.  Meanwhile the harness stops everything, takes an image of the
 * disk, and lets all go on; or it answers with an error number, and the call
 * fails with that instead of being made.
 *
 * Files are told apart by device and inode, since descriptors are handed
 * about and /proc is out of reach in a jail.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { FRAMES = 16, FILES = 1024, NAME = 64, DATA_AT = 4096,
    DATA_MOST = 8 << 20 };
enum { NOBODY, WAITS, GO_ON };

/* tests/crash/cutlab.py knows this layout. */
struct board {
	uint32_t lock, state;
	uint32_t on;		/* 0: calls pass unseen */
	uint32_t count;		/* of those seen */
	uint32_t lie;		/* 1: syncs do nothing */
	uint32_t verdict;	/* fail with this number; 0: make the call */
	int32_t pid;
	uint32_t frame_count;
	uint64_t device;	/* of the spool */
	char program[32], call[16], file[NAME];
	uint64_t frames[FRAMES];	/* return addresses in the program */
	/* what the call does; the bytes it writes are at DATA_AT */
	uint64_t inode;		/* of the file, or of the directory */
	int64_t offset;
	uint64_t length, written;	/* bytes; those that are there */
	uint32_t flags, none;
	char other[NAME];	/* the former name */
};

struct deed {
	const char *call, *file, *other;
	int fd;			/* of the file, or of the directory */
	off_t offset;
	uint64_t length;
	const struct iovec *iov;
	int count;
	unsigned flags;
};

static struct board *board;
static uint64_t base;		/* of the program in memory */
static struct { ino_t inode; char name[NAME]; } files[FILES];

__attribute__((constructor)) static void
begin(void)
{
	const char *path = getenv("POSTRIDER_CUTS");
	void *frames[FRAMES];
	int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
	void *at;

	if (fd == -1)
		return;
	at = mmap(NULL, DATA_AT + DATA_MOST, PROT_READ | PROT_WRITE, MAP_SHARED,
	    fd, 0);
	close(fd);
	base = getauxval(AT_PHDR) - sizeof(Elf64_Ehdr);
	backtrace(frames, FRAMES);	/* loads what it needs, now */
	board = at == MAP_FAILED ? NULL : at;
}

static void
wait_while(uint32_t *word, uint32_t value)
{
	struct timespec most = { 1, 0 };

	syscall(SYS_futex, word, FUTEX_WAIT, value, &most, NULL, 0);
}

/* The spool's file that FD is open on, or FD's directory: its name. */
static const char *
name_of(int fd)
{
	struct stat st;

	if (board == NULL || board->on == 0 || fstat(fd, &st) == -1 ||
	    st.st_dev != board->device)
		return NULL;
	for (size_t i = 0; i < FILES; i++)
		if (files[(st.st_ino + i) % FILES].inode == st.st_ino)
			return files[(st.st_ino + i) % FILES].name;
	return S_ISDIR(st.st_mode) ? "spool" : "file";
}

static void
learn(int fd, const char *path)
{
	const char *slash = strrchr(path, '/');
	struct stat st;
	int kept = errno;

	if (board != NULL && fd != -1 && strcmp(path, ".") != 0 &&
	    fstat(fd, &st) == 0 && st.st_dev == board->device)
		for (size_t i = 0; i < FILES; i++) {
			size_t at = (st.st_ino + i) % FILES;

			if (files[at].inode != 0 &&
			    files[at].inode != st.st_ino)
				continue;
			files[at].inode = st.st_ino;
			strncpy(files[at].name,
			    slash == NULL ? path : slash + 1, NAME - 1);
			break;
		}
	errno = kept;
}

/* Whether PATH below DIRFD is of the spool. */
static int
is_ours(int dirfd, const char *path)
{
	const char *slash = strrchr(path, '/');
	char parent[4096] = ".";
	struct stat st;

	if (board == NULL || board->on == 0)
		return 0;
	if (slash != NULL && (size_t)(slash - path) < sizeof parent - 1) {
		memcpy(parent, path, (size_t)(slash - path) + 1);
		parent[slash - path + 1] = '\0';
	}
	return (slash == NULL && dirfd != AT_FDCWD ? fstat(dirfd, &st) :
	    fstatat(dirfd, parent, &st, 0)) == 0 &&
	    st.st_dev == board->device;
}

static void
copy_data(const struct deed *deed)
{
	uint8_t *to = (uint8_t *)board + DATA_AT;

	board->written = 0;
	for (int i = 0; i < deed->count; i++) {
		size_t n = deed->iov[i].iov_len;

		if (n > DATA_MOST - board->written)
			n = DATA_MOST - board->written;
		memcpy(to + board->written, deed->iov[i].iov_base, n);
		board->written += n;
	}
}

static void
describe(const struct deed *deed)
{
	const char *slash = strrchr(deed->file, '/');
	struct stat st = { 0 };
	void *frames[FRAMES];
	int count = backtrace(frames, FRAMES);

	board->pid = getpid();
	strncpy(board->program, program_invocation_short_name,
	    sizeof board->program - 1);
	strncpy(board->call, deed->call, sizeof board->call - 1);
	strncpy(board->file, slash == NULL ? deed->file : slash + 1, NAME - 1);
	strncpy(board->other, deed->other == NULL ? "" : deed->other,
	    NAME - 1);
	if (deed->fd != AT_FDCWD)
		fstat(deed->fd, &st);
	board->inode = st.st_ino;
	board->offset = deed->offset;
	board->length = deed->length;
	board->flags = deed->flags;
	copy_data(deed);
	board->frame_count = 0;
	for (int i = 0; i < count; i++)
		board->frames[board->frame_count++] =
		    (uint64_t)(uintptr_t)frames[i] - base;
}

/* Berkeley DB writes much that no start after a power cut believes: a
 * sixteenth of it will do. */
static int
is_tedious(const char *file)
{
	size_t length = strlen(file);
	static uint32_t count;

	return (strncmp(file, "log.", 4) == 0 ||
	    (length > 3 && strcmp(file + length - 3, ".db") == 0)) &&
	    __atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST) % 16 != 1;
}

/* Whether DEED is to be done; else errno says why not. */
static int
pass(const struct deed *deed)
{
	uint32_t none = 0, verdict;

	if (is_tedious(deed->file))
		return 1;
	__atomic_add_fetch(&board->count, 1, __ATOMIC_SEQ_CST);
	while (!__atomic_compare_exchange_n(&board->lock, &none, 1, 0,
	    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
		none = 0;
		wait_while(&board->lock, 1);
	}
	describe(deed);
	board->verdict = 0;
	__atomic_store_n(&board->state, WAITS, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&board->state, __ATOMIC_SEQ_CST) == WAITS &&
	    board->on != 0)
		wait_while(&board->state, WAITS);
	verdict = board->verdict;
	__atomic_store_n(&board->state, NOBODY, __ATOMIC_SEQ_CST);
	__atomic_store_n(&board->lock, 0, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &board->lock, FUTEX_WAKE, 1, NULL, NULL, 0);
	errno = (int)verdict;
	return verdict == 0;
}

static int
may(struct deed deed)
{
	deed.file = name_of(deed.fd);
	return deed.file == NULL || pass(&deed);
}

/* The same of a name below a directory. */
static int
may_at(struct deed deed)
{
	return !is_ours(deed.fd, deed.file) || pass(&deed);
}

/* Where write() writes. */
static off_t
place(int fd)
{
	struct stat st;

	if (board == NULL || board->on == 0)
		return 0;
	if ((fcntl(fd, F_GETFL) & O_APPEND) != 0 && fstat(fd, &st) == 0)
		return st.st_size;
	return lseek(fd, 0, SEEK_CUR);
}

static int
lies(void)
{
	return board != NULL && board->lie != 0;
}

/* ---- the calls ----------------------------------------------------------- */

#define DEED(...) ((struct deed){ __VA_ARGS__ })

ssize_t
pwritev(int fd, const struct iovec *iov, int n, off_t at)
{
	return may(DEED("pwritev", .fd = fd, .iov = iov, .count = n,
	    .offset = at)) ? syscall(SYS_pwritev, fd, iov, n, at, 0) : -1;
}

ssize_t
pwrite(int fd, const void *data, size_t n, off_t at)
{
	struct iovec iov = { (void *)(uintptr_t)data, n };

	return may(DEED("pwrite", .fd = fd, .iov = &iov, .count = 1,
	    .offset = at)) ? syscall(SYS_pwrite64, fd, data, n, at) : -1;
}

ssize_t
writev(int fd, const struct iovec *iov, int n)
{
	return may(DEED("writev", .fd = fd, .iov = iov, .count = n,
	    .offset = place(fd))) ? syscall(SYS_writev, fd, iov, n) : -1;
}

ssize_t
write(int fd, const void *data, size_t n)
{
	struct iovec iov = { (void *)(uintptr_t)data, n };

	return may(DEED("write", .fd = fd, .iov = &iov, .count = 1,
	    .offset = place(fd))) ? syscall(SYS_write, fd, data, n) : -1;
}

int
fdatasync(int fd)
{
	if (!may(DEED("fdatasync", .fd = fd)))
		return -1;
	return lies() ? 0 : (int)syscall(SYS_fdatasync, fd);
}

int
fsync(int fd)
{
	if (!may(DEED("fsync", .fd = fd)))
		return -1;
	return lies() ? 0 : (int)syscall(SYS_fsync, fd);
}

int
sync_file_range(int fd, off_t at, off_t n, unsigned flags)
{
	return may(DEED("sync_file_range", .fd = fd)) ?
	    (int)syscall(SYS_sync_file_range, fd, at, n, flags) : -1;
}

int
ftruncate(int fd, off_t n)
{
	return may(DEED("ftruncate", .fd = fd, .offset = n)) ?
	    (int)syscall(SYS_ftruncate, fd, n) : -1;
}

int
fallocate(int fd, int mode, off_t at, off_t n)
{
	return may(DEED("fallocate", .fd = fd, .offset = at,
	    .length = (uint64_t)n, .flags = (unsigned)mode)) ?
	    (int)syscall(SYS_fallocate, fd, mode, at, n) : -1;
}

int
mkdirat(int dirfd, const char *path, mode_t mode)
{
	return may_at(DEED("mkdirat", path, .fd = dirfd)) ?
	    (int)syscall(SYS_mkdirat, dirfd, path, mode) : -1;
}

int
unlinkat(int dirfd, const char *path, int flags)
{
	return may_at(DEED("unlinkat", path, .fd = dirfd)) ?
	    (int)syscall(SYS_unlinkat, dirfd, path, flags) : -1;
}

int
linkat(int from, const char *old, int to, const char *path, int flags)
{
	return may_at(DEED("linkat", path, .other = old, .fd = to)) ?
	    (int)syscall(SYS_linkat, from, old, to, path, flags) : -1;
}

int
renameat(int from, const char *old, int to, const char *path)
{
	return may_at(DEED("renameat", path, .other = old, .fd = to)) ?
	    (int)syscall(SYS_renameat2, from, old, to, path, 0) : -1;
}

int
mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

int
unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

int
rename(const char *old, const char *path)
{
	return renameat(AT_FDCWD, old, AT_FDCWD, path);
}

static int
open_at(int dirfd, const char *path, int flags, mode_t mode)
{
	struct stat st;
	int fd;

	/* a file that is there already is not made */
	if ((flags & O_CREAT) != 0 && is_ours(dirfd, path) &&
	    (fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    (flags & (O_TRUNC | O_EXCL)) != 0) &&
	    !pass(&DEED("openat", path, .fd = dirfd,
	    .flags = (unsigned)flags)))
		return -1;
	fd = (int)syscall(SYS_openat, dirfd, path, flags, mode);
	learn(fd, path);
	return fd;
}

#define OPENS(name, first, dirfd)					\
int									\
name(first const char *path, int flags, ...)				\
{									\
	mode_t mode = 0;						\
	va_list ap;							\
									\
	if ((flags & (O_CREAT | O_TMPFILE)) != 0) {			\
		va_start(ap, flags);					\
		mode = va_arg(ap, mode_t);				\
		va_end(ap);						\
	}								\
	return open_at(dirfd, path, flags, mode);			\
}

#define NONE
#define AT int at,
OPENS(open, NONE, AT_FDCWD)
OPENS(open64, NONE, AT_FDCWD)
OPENS(openat, AT, at)
OPENS(openat64, AT, at)

ssize_t pwrite64(int fd, const void *data, size_t n, off_t at)
    __attribute__((alias("pwrite")));
ssize_t pwritev64(int fd, const struct iovec *iov, int n, off_t at)
    __attribute__((alias("pwritev")));
int ftruncate64(int fd, off_t n) __attribute__((alias("ftruncate")));
int fallocate64(int fd, int mode, off_t at, off_t n)
    __attribute__((alias("fallocate")));
