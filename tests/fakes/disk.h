/* SPDX-License-Identifier: ISC
 *
 * disk.h - a disk that fails, or waits, when a test says so.
 *
 * Linked with --wrap for the calls below, so it stands between the program
 * and libc.  It counts and remembers the calls of every thread.
 */
#ifndef TESTS_DISK_H
#define TESTS_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum disk_call {
	DISK_OPENAT,		/* that makes files */
	DISK_PWRITEV, DISK_FDATASYNC, DISK_FSYNC, DISK_FTRUNCATE,
	DISK_UNLINKAT, DISK_FALLOCATE,
	DISK_PREAD, DISK_FLOCK, DISK_READDIR,	/* these are not remembered */
	DISK_CALLS
};

struct disk_event {
	enum disk_call call;
	char name[32];		/* of the file in its directory */
	ino_t inode;		/* of the file; 0: the call opened none */
	bool directory;
	bool fine;
};

/* As new: nothing fails, nothing is remembered. */
void disk_reset(void);
/* The Nth CALL from now on (1: the next) fails with NUMBER; then, if FOR_EVER,
 * all that follow do. */
void disk_fail(enum disk_call call, unsigned n, int number, bool for_ever);
/* FN is called in the middle of the next CALL: after a file was made, before
 * anything else was done. */
void disk_meanwhile(enum disk_call call, void (*fn)(void *owner),
    void *owner);
/* No pwritev takes more than MOST bytes (0: as it likes). */
void disk_short_writes(size_t most);
/* Bytes FROM to TO of files whose path has PART in it (null: of none) are not
 * given out: EIO, or fewer bytes if there are some before. */
void disk_lose(const char *part, off_t from, off_t to);
/* fdatasync of files whose path has PART in it waits for disk_release(). */
void disk_hold(const char *part);
void disk_release(void);
/* How many wait. */
unsigned disk_waiting(void);

unsigned disk_count(enum disk_call call);
/* The events so far, oldest first; their number. */
size_t disk_events(const struct disk_event **out);

/* The place among the events of the first CALL from FROM on about a file whose
 * name begins with HEAD and ends in TAIL, and that was FINE or not; DISK_NEVER
 * if there is none, or FROM is that. */
enum { DISK_NEVER = -1 };
int disk_find(enum disk_call call, const char *head, const char *tail,
    int from, bool fine);
/* The first that was fine about the file NAME; and the last. */
int disk_first(enum disk_call call, const char *name, int from);
int disk_last(enum disk_call call, const char *name);

#endif
