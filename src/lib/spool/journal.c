/* SPDX-License-Identifier: ISC
 *
 * journal.c - what became of the messages of a segment: writing.
 *
 * Records are written at the end that we know, not appended: a write that
 * failed half way (the disk is full) is written over by the next try.
 */
#include "spool/status.h"

#include "base/crash.h"
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
	*journal = (struct journal){ .name = name, .fd = -1 };
	buf_init(&journal->waiting, WAITING_MOST);
	buf_init(&journal->written, WAITING_MOST);
}

void
journal_fini(struct journal *journal)
{
	if (journal->fd != -1)
		close(journal->fd);
	journal->fd = -1;
	buf_fini(&journal->waiting);
	buf_fini(&journal->written);
}

void
journal_add(struct journal *journal, const struct status *status)
{
	uint8_t bytes[STATUS_RECORD_BYTES];

	status_encode(status, bytes);
	must(buf_append(&journal->waiting, bytes, sizeof bytes));
}

/* Open the file; a torn tail will be written over. */
static bool
open_file(struct journal *journal, const struct spool_dirs *dirs,
    const char *file, struct err *err)
{
	struct stat st;
	int fd = openat(dirs->classes[journal->name.klass], file,
	    O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY |
	    O_CLOEXEC, 0600);

	if (fd == -1)
		return err_sys(err, "open journal", file);
	if (fstat(fd, &st) == -1)
		err_sys(err, "stat journal", file);
	else if (!S_ISREG(st.st_mode) || st.st_nlink > 1)
		err_set(err, ERR_FORMAT,
		    "journal %s is not a file with one name", file);
	else {
		uint64_t whole = (uint64_t)st.st_size -
		    (uint64_t)st.st_size % STATUS_RECORD_BYTES;

		/* after a failed sync, END goes before what is written */
		if (!journal->unsynced)
			journal->end = whole;
		journal->fresh = journal->fresh || st.st_size == 0;
		journal->fd = fd;
		return true;
	}
	close(fd);
	return false;
}

bool
journal_flush(struct journal *journal, const struct spool_dirs *dirs,
    struct err *err)
{
	struct span waiting = buf_peek(&journal->waiting);
	struct iovec iov = { (void *)waiting.data, waiting.length };
	char file[SEGMENT_FILE_SIZE];

	if (waiting.length == 0)
		return true;
	segment_file(journal->name, "status", file);
	if (journal->fd == -1 && !open_file(journal, dirs, file, err))
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

/* What was written since the last good sync waits again, before the rest. */
static void
write_anew(struct journal *journal)
{
	journal->end -= buf_length(&journal->written);
	must(buf_append_span(&journal->written, buf_peek(&journal->waiting)));
	buf_take(&journal->waiting, &journal->written);
	if (journal->fd != -1)
		close(journal->fd);
	journal->fd = -1;
}

bool
journal_sync(struct journal *journal, const struct spool_dirs *dirs,
    struct err *err)
{
	char file[SEGMENT_FILE_SIZE];

	if (!journal_flush(journal, dirs, err))
		return false;
	if (!journal->unsynced)
		return true;
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
journal_sync_begin(struct journal *journal, struct journal_ticket *out,
    struct err *err)
{
	char file[SEGMENT_FILE_SIZE];

	*out = (struct journal_ticket){
		.fd = fcntl(journal->fd, F_DUPFD_CLOEXEC, 0),
		.fresh = journal->fresh,
		.bytes = buf_length(&journal->written),
	};
	if (out->fd != -1)
		return true;
	return err_sys(err, "sync journal",
	    segment_file(journal->name, "status", file));
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
