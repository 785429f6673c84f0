/* SPDX-License-Identifier: ISC
 *
 * sequence.c - numbers for segments, each given away once for ever.
 *
 * The file holds the first number that is in no block yet and the CRC-32C
 * of that, 4 bytes each.  It is changed under a lock, so two processes that
 * (wrongly, or while one drains) have the same slot get blocks of their own.
 */
#include "spool/sequence.h"

#include "base/clock.h"
#include "base/crash.h"
#include "base/crc32c.h"
#include "base/fsys.h"
#include "spool/bytes.h"
#include "spool/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 256, FILE_BYTES = 8 };

/* 2020-01-01; the clock counts up to half of all numbers only, so that one
 * that is wrong by a century cannot use them up. */
#define EPOCH_SECONDS 1577836800
#define CLOCK_MOST 0x7fffffff

void
sequence_init(struct sequence *sequence, int dirfd, uint16_t slot, mode_t mode)
{
	*sequence = (struct sequence){
		.dirfd = dirfd, .slot = slot, .mode = mode
	};
	pthread_mutex_init(&sequence->lock, NULL);
}

void
sequence_fini(struct sequence *sequence)
{
	pthread_mutex_destroy(&sequence->lock);
}

static uint32_t
from_clock(void)
{
	usec_t seconds = clock_wall() / 1000000 - EPOCH_SECONDS;

	if (seconds < 1)
		return 1;
	return seconds > CLOCK_MOST ? CLOCK_MOST : (uint32_t)seconds;
}

/* One more than the highest number of our slot in the directory. */
static bool
from_directory(const struct sequence *sequence, uint32_t *out,
    struct err *err)
{
	struct fsys_names names;
	const char *file = NULL;
	uint32_t above = 0;
	bool done;

	if (!fsys_names_open(&names, sequence->dirfd, "for sequence numbers",
	    err))
		return false;
	while ((done = fsys_names_next(&names, &file, err)) && file != NULL) {
		struct segment_name name = { 0 };

		if ((segment_file_parse(file, "messages", &name) ||
		    segment_file_parse(file, "status", &name)) &&
		    name.slot == sequence->slot && name.sequence >= above)
			above = name.sequence == UINT32_MAX ? UINT32_MAX :
			    name.sequence + 1;
	}
	fsys_names_close(&names);
	*out = above;
	return done;
}

/* The first free number, by the file or else by guess from above. */
static bool
find_free(const struct sequence *sequence, int fd, const char *file,
    uint32_t *out, struct err *err)
{
	uint8_t bytes[FILE_BYTES];
	ssize_t n = fsys_read_at(fd, bytes, sizeof bytes, 0, file, err);
	uint32_t clock = from_clock();

	if (n == -1)
		return false;
	if (n == FILE_BYTES && get_le(bytes + 4, 4) == crc32c(0, bytes, 4)) {
		*out = (uint32_t)get_le(bytes, 4);
		return true;
	}
	if (!from_directory(sequence, out, err))
		return false;
	if (*out < clock)
		*out = clock;
	return true;
}

static bool
store_free(const struct sequence *sequence, int fd, const char *file,
    uint32_t number, struct err *err)
{
	uint8_t bytes[FILE_BYTES];
	struct iovec iov = { bytes, sizeof bytes };

	put_le(bytes, number, 4);
	put_le(bytes + 4, crc32c(0, bytes, 4), 4);
	if (!fsys_write_at(fd, &iov, 1, 0, file, err))
		return false;
	CRASH_POINT("commit-numbers-written");
	if (fdatasync(fd) == -1)
		return err_sys(err, "sync", file);
	return fsys_sync_dir(sequence->dirfd, "of the class", err);
}

/* The file, open and locked. */
static int
open_locked(const struct sequence *sequence, const char *file,
    struct err *err)
{
	int fd = openat(sequence->dirfd, file,
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
	    sequence->mode);
	struct stat st;

	if (fd == -1) {
		err_sys(err, "open", file);
		return -1;
	}
	if (fstat(fd, &st) == -1 || flock(fd, LOCK_EX) == -1)
		err_sys(err, "lock", file);
	else if (!S_ISREG(st.st_mode))
		err_set(err, ERR_FORMAT, "%s is not a file", file);
	else
		return fd;
	close(fd);
	return -1;
}

static bool
reserve(struct sequence *sequence, struct err *err)
{
	char file[SEGMENT_FILE_SIZE];
	uint32_t number = 0;
	bool done = false;
	int fd;

	snprintf(file, sizeof file, "%02u.sequence", sequence->slot);
	fd = open_locked(sequence, file, err);
	if (fd == -1)
		return false;
	if (!find_free(sequence, fd, file, &number, err))
		goto out;
	if (number > UINT32_MAX - BLOCK) {
		err_set(err, ERR_LIMIT, "%s: no number is left", file);
		goto out;
	}
	if (!store_free(sequence, fd, file, number + BLOCK, err))
		goto out;
	sequence->next = number;
	sequence->end = number + BLOCK;
	done = true;
out:
	close(fd);
	return done;
}

bool
sequence_take(struct sequence *sequence, uint32_t *out, struct err *err)
{
	bool done = true;

	pthread_mutex_lock(&sequence->lock);
	if (sequence->next == sequence->end)
		done = reserve(sequence, err);
	if (done)
		*out = sequence->next++;
	pthread_mutex_unlock(&sequence->lock);
	return done;
}
