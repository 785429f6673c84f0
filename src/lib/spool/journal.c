/* SPDX-License-Identifier: ISC
 *
 * journal.c - what became of the messages of a segment: writing.
 *
 * Records are written at the end that we know, not appended: a write that
 * failed half way (the disk is full) is written over by the next try.
 */
#include "spool/status.h"

#include "base/crash.h"
#include "base/fds.h"
#include "base/fsys.h"
#include "base/must.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of records in memory.  They are written each turn of the loop; who cannot
 * write them must stop making more. */
enum { WAITING_MOST = 256 << 20 };

void
journal_init(struct journal *journal, struct segment_name name)
{
	/* One that is there may have been made by a process that died before
	 * its name was synced. */
	*journal = (struct journal){ .name = name, .fd = -1, .fresh = true };
	buf_init(&journal->waiting, WAITING_MOST);
	buf_init(&journal->written, WAITING_MOST);
}

static void
close_file(struct journal *journal)
{
	if (journal->fd != -1)
		close(journal->fd);
	journal->fd = -1;
}

void
journal_fini(struct journal *journal)
{
	close_file(journal);
	buf_fini(&journal->waiting);
	buf_fini(&journal->written);
}

void
journal_add(struct journal *journal, const struct status *status)
{
	uint8_t bytes[STATUS_RECORD_BYTES];

	status_encode(status, bytes);
	must(buf_append(&journal->waiting, bytes, sizeof bytes));
	journal->put += sizeof bytes;
}

uint64_t
journal_durable(const struct journal *journal)
{
	return journal->put - buf_length(&journal->waiting) -
	    buf_length(&journal->written);
}

/* The journal of NAME, made if FLAGS say so; -1: ERR. */
static int
open_named(const struct spool_dirs *dirs, struct segment_name name,
    int flags, struct stat *st, struct err *err)
{
	char file[SEGMENT_FILE_SIZE];
	int fd = openat(dirs->classes[name.klass],
	    segment_file(name, "status", file), flags | O_WRONLY |
	    O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);

	if (fd == -1) {
		err_sys(err, "open journal", file);
		return -1;
	}
	if (fstat(fd, st) == -1)
		err_sys(err, "stat journal", file);
	else if (!S_ISREG(st->st_mode) || st->st_nlink > 1)
		err_set(err, ERR_FORMAT,
		    "journal %s is not a file with one name", file);
	else
		return fd;
	close(fd);
	return -1;
}

/* Open the file; a torn tail will be written over. */
static bool
open_file(struct journal *journal, const struct spool_dirs *dirs,
    struct err *err)
{
	struct stat st;
	int fd = open_named(dirs, journal->name, O_CREAT, &st, err);

	if (fd == -1)
		return false;
	/* after a failed sync, END goes before what is written */
	if (!journal->unsynced)
		journal->end = (uint64_t)st.st_size -
		    (uint64_t)st.st_size % STATUS_RECORD_BYTES;
	journal->fd = fd;
	return true;
}

/*
 * Many segments may have news at once: of the descriptors that there are,
 * the last three eighths are for others.  What was written lasts all the
 * same, and whoever syncs it opens it again.
 */
static void
close_if_many(struct journal *journal)
{
	if (fds_beyond(journal->fd, 5))
		close_file(journal);
}

static bool
write_waiting(struct journal *journal, const struct spool_dirs *dirs,
    struct err *err)
{
	struct span waiting = buf_peek(&journal->waiting);
	struct iovec iov = { (void *)waiting.data, waiting.length };
	char file[SEGMENT_FILE_SIZE];

	if (waiting.length == 0)
		return true;
	segment_file(journal->name, "status", file);
	if (journal->fd == -1 && !open_file(journal, dirs, err))
		return false;
	CRASH_POINT("status-waiting");
	if (!fsys_write_at(journal->fd, &iov, 1, (off_t)journal->end, file,
	    err))
		return false;
	CRASH_POINT("status-written");
	journal->end += waiting.length;
	journal->unsynced = true;
	must(buf_append_span(&journal->written, waiting));
	buf_clear(&journal->waiting);
	return true;
}

bool
journal_flush(struct journal *journal, const struct spool_dirs *dirs,
    struct err *err)
{
	bool ok = write_waiting(journal, dirs, err);

	close_if_many(journal);
	return ok;
}

/* What was written since the last good sync waits again, before the rest. */
static void
write_anew(struct journal *journal)
{
	journal->end -= buf_length(&journal->written);
	must(buf_append_span(&journal->written, buf_peek(&journal->waiting)));
	buf_take(&journal->waiting, &journal->written);
	close_file(journal);
}

static bool
sync_written(struct journal *journal, const struct spool_dirs *dirs,
    struct err *err)
{
	char file[SEGMENT_FILE_SIZE];

	if (!write_waiting(journal, dirs, err))
		return false;
	if (!journal->unsynced)
		return true;
	if (journal->fd == -1 && !open_file(journal, dirs, err))
		return false;
	if (fdatasync(journal->fd) == -1) {
		err_sys(err, "sync journal",
		    segment_file(journal->name, "status", file));
		write_anew(journal);
		return false;
	}
	if (journal->fresh &&
	    !fsys_sync_dir(dirs->classes[journal->name.klass],
	    class_name(journal->name.klass), err))
		return false;
	CRASH_POINT("status-synced");
	journal->fresh = journal->unsynced = false;
	buf_clear(&journal->written);
	return true;
}

bool
journal_sync(struct journal *journal, const struct spool_dirs *dirs,
    struct err *err)
{
	bool ok = sync_written(journal, dirs, err);

	close_if_many(journal);
	return ok;
}

void
journal_sync_begin(struct journal *journal, struct journal_ticket *out)
{
	*out = (struct journal_ticket){
		.fd = journal->fd,
		.fresh = journal->fresh,
		.bytes = buf_length(&journal->written),
	};
	journal->fd = -1;
}

bool
journal_ticket_open(struct journal_ticket *ticket,
    const struct spool_dirs *dirs, struct segment_name name, struct err *err)
{
	struct stat st;

	if (ticket->fd == -1)
		ticket->fd = open_named(dirs, name, 0, &st, err);
	return ticket->fd != -1;
}

void
journal_sync_end(struct journal *journal,
    const struct journal_ticket *ticket, bool ok)
{
	if (!ok) {
		write_anew(journal);
		return;
	}
	CRASH_POINT("status-synced");
	if (ticket->fresh)
		journal->fresh = false;
	buf_skip(&journal->written, ticket->bytes);
	journal->unsynced = buf_length(&journal->written) > 0;
	if (!journal->unsynced)
		buf_clear(&journal->written);
}
