/* SPDX-License-Identifier: ISC
 *
 * commit.c - the moment a message becomes a promise.
 *
 * The order of operations, for the messages that gathered in a lane:
 *
 *	 1. If the lane's segment is full: it is closed, for good.
 *	 2. If the lane has no segment: a number that was never used is
 *	    taken (sequence.c: durably marked as used before).
 *	 3. The file is made, exclusively, and locked, so that nobody
 *	    removes it while we append.
 *	 4. Its header is written
 *	 5. and synced,
 *	 6. and the directory is synced: the file has a name for ever.
 *	 7. The records are written behind what is durable, in one call,
 *	 8. and synced.  From here on they are on stable storage.
 *	 9. The loop is told: the scheduler hears ARRIVED,
 *	10. and each client hears 250.
 *
 * Nothing of 9 and 10 happens before 8 returned success, and 8 not before
 * 6 did.  A process that dies in between leaves records that were never
 * promised: the scheduler takes them up if they are whole.  (The client,
 * which heard nothing, sends again: a duplicate, not a loss.)
 *
 * When 7 or 8 fails the segment is dead, and the next batch gets a new one.
 * A client may hear that its message was refused (451) only when it is sure
 * that nobody will ever find it:
 *
 *	11. A segment without an older message loses its name, and the
 *	    directory is synced.  Where both worked, that is all: 15.
 *	12. Otherwise the file is cut off behind what was durable before (or,
 *	    where that fails, marked as cut there).
 *	13. If no sync of it has failed, it is synced once more: then the cut
 *	    is durable.  After a failed sync that would prove nothing: what
 *	    the kernel still holds of those pages cannot be trusted, and a
 *	    second sync finds them marked clean.
 *	14. The scheduler hears BROKEN with that position, and makes that
 *	    durable in a file of its own.  Until it says so the segment stays
 *	    locked, so that nobody reads it who did not hear (ends.c).
 *	15. The clients hear 451: after 11 or 13 at once, else after 14.
 *
 * Where none of this is known within some seconds, a client gets no answer:
 * its connection is closed, and it will send again, as after a crash.
 *
 * Appending is plain: with files allocated in advance (unwritten, or zeroed
 * and used again) a sync costs about the same on ext4, and a file that is
 * used again may show old records as new ones.
 */
#include "spool/commit.h"

#include "base/crash.h"
#include "base/crc32c.h"
#include "base/fsys.h"
#include "base/mem.h"
#include "spool/lane.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_TRIES = 1000, PARTS = 3 };

/* ---- a new segment ---------------------------------------------------- */

static bool
write_header(const struct lane *lane, const struct lane_segment *segment,
    bool single, struct err *err)
{
	struct segment_name name = segment->name;
	struct segment_header header = {
		.edition = EDITION_SECOND,
		.klass = name.klass, .slot = name.slot,
		.sequence = name.sequence,
		.node = lane->committer->options.node,
		.created = clock_wall(),
		.single = single,
		.salt = segment->salt,
	};
	uint8_t bytes[SEGMENT_HEADER_BYTES];
	struct iovec iov = { bytes, sizeof bytes };
	char file[SEGMENT_FILE_SIZE];

	segment_header_encode(&header, bytes);
	return fsys_write_at(segment->fd, &iov, 1, 0,
	    segment_file(name, "messages", file), err);
}

/* A salt for a new segment: 0 would be none. */
static bool
make_salt(uint64_t *out, struct err *err)
{
	do
		if (getrandom(out, sizeof *out, 0) != sizeof *out)
			return err_sys(err, "make", "a random number");
	while (*out == 0);
	return true;
}

/* Whether the journal of a former segment NAME is still there. */
static bool
journal_exists(const struct lane *lane, struct segment_name name)
{
	char file[SEGMENT_FILE_SIZE];
	struct stat st;

	return fstatat(lane->dirfd, segment_file(name, "status", file), &st,
	    AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

/* Lock the new file on FD; *GONE when it was removed before we could. */
static bool
lock_file(int fd, const char *file, bool *gone, struct err *err)
{
	struct stat st;

	while (flock(fd, LOCK_EX) == -1)
		if (errno != EINTR)
			return err_sys(err, "lock", file);
	if (fstat(fd, &st) == -1)
		return err_sys(err, "stat", file);
	*gone = st.st_nlink == 0;
	return true;
}

/* Make the file of OUT's name.  *TAKEN: that name cannot be used. */
static bool
make_file(struct lane *lane, struct lane_segment *out, bool *taken,
    struct err *err)
{
	char file[SEGMENT_FILE_SIZE];

	*taken = false;
	segment_file(out->name, "messages", file);
	out->fd = openat(lane->dirfd, file,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    lane->committer->options.mode);
	if (out->fd == -1) {
		*taken = errno == EEXIST;
		return err_sys(err, "make segment", file);
	}
	CRASH_POINT("commit-segment-made");
	if (!lock_file(out->fd, file, taken, err)) {
		commit_unmake_segment(lane, out);
		return false;
	}
	if (*taken) {
		close(out->fd);
		out->fd = -1;
		return err_set(err, ERR_SYSTEM, "segment %s vanished", file);
	}
	if (journal_exists(lane, out->name)) {
		*taken = true;
		commit_unmake_segment(lane, out);
		return err_set(err, ERR_SYSTEM, "segment %s had a journal",
		    file);
	}
	return true;
}

bool
commit_make_segment(struct lane *lane, bool single, struct lane_segment *out,
    struct err *err)
{
	bool taken = true, made = false;

	*out = (struct lane_segment){
		.fd = -1, .end = SEGMENT_HEADER_BYTES,
		.name = {
			.klass = (uint8_t)lane->klass,
			.slot = lane->committer->options.slot,
		},
	};
	for (unsigned i = 0; taken && !made && i < NAME_TRIES; i++) {
		if (!sequence_take(&lane->sequence, &out->name.sequence, err))
			return false;
		CRASH_POINT("commit-numbered");
		made = make_file(lane, out, &taken, err);
	}
	if (!made)
		return false;
	CRASH_POINT("commit-segment-locked");
	if (!make_salt(&out->salt, err) ||
	    !write_header(lane, out, single, err)) {
		commit_unmake_segment(lane, out);
		return false;
	}
	CRASH_POINT("commit-header-written");
	return true;
}

void
commit_unmake_segment(struct lane *lane, struct lane_segment *segment)
{
	char file[SEGMENT_FILE_SIZE];

	unlinkat(lane->dirfd, segment_file(segment->name, "messages", file),
	    0);
	close(segment->fd);
	segment->fd = -1;
}

/* Steps 2 to 6. */
static bool
open_segment(struct lane *lane, struct err *err)
{
	struct lane_segment *segment = &lane->segment;
	char file[SEGMENT_FILE_SIZE];

	if (!commit_make_segment(lane, false, segment, err))
		return false;
	if (!fsys_sync_data(segment->fd,
	    segment_file(segment->name, "messages", file), err)) {
		commit_unmake_segment(lane, segment);
		return false;
	}
	CRASH_POINT("commit-header-synced");
	if (!fsys_sync_dir(lane->dirfd, class_name(lane->klass), err)) {
		commit_unmake_segment(lane, segment);
		return false;
	}
	CRASH_POINT("commit-segment-named");
	return true;
}

void
commit_close_segment(struct lane *lane, struct lane_result *result)
{
	if (lane->segment.fd == -1)
		return;
	lane_result_add_news(result, COMMIT_CLOSED, lane->segment.name,
	    lane->segment.end);
	close(lane->segment.fd);	/* all of it was synced */
	lane->segment.fd = -1;
}

/* SEGMENT, which holds nothing that was promised, loses its name for good. */
static bool
unname(struct lane *lane, struct lane_segment *segment)
{
	char file[SEGMENT_FILE_SIZE];
	struct err ignored;

	segment_file(segment->name, "messages", file);
	if (unlinkat(lane->dirfd, file, 0) == -1 && errno != ENOENT)
		return false;
	CRASH_POINT("commit-unnamed");
	if (!fsys_sync_dir(lane->dirfd, class_name(lane->klass), &ignored))
		return false;
	CRASH_POINT("commit-unnamed-synced");
	close(segment->fd);
	segment->fd = -1;
	return true;
}

/* SEGMENT ends where it was durable.  Where no way of saying so works,
 * BROKEN still tells the scheduler. */
static bool
cut(struct lane_segment *segment)
{
	uint8_t mark[RECORD_HEADER_BYTES];
	struct iovec iov = { mark, sizeof mark };
	struct err ignored;

	if (ftruncate(segment->fd, (off_t)segment->end) == 0)
		return true;
	record_cut_encode(EDITION_SECOND, segment->salt, segment->end, mark);
	return fsys_write_at(segment->fd, &iov, 1, (off_t)segment->end,
	    "cut", &ignored);
}

void
commit_break_segment(struct lane *lane, struct lane_segment *segment,
    struct lane_result *result, bool believed)
{
	result->end = COMMIT_REFUSED;
	result->segment = segment->name;
	CRASH_POINT("commit-broken");
	if (segment->end == SEGMENT_HEADER_BYTES && unname(lane, segment))
		return;
	believed = cut(segment) && believed;
	CRASH_POINT("commit-cut");
	if (!believed || fsync(segment->fd) == -1)
		result->end = COMMIT_UNSURE;
	CRASH_POINT("commit-cut-synced");
	lane_result_add_news(result, COMMIT_BROKEN, segment->name,
	    segment->end);
	result->broken_fd = segment->fd;
	segment->fd = -1;
}

/* ---- a batch ---------------------------------------------------------- */

void
commit_head(struct lane_message *message,
    const struct lane_segment *segment, uint64_t offset, uint64_t body_bytes,
    uint32_t envelope_crc, uint32_t content_crc)
{
	struct record_header header = {
		.edition = EDITION_SECOND,
		.salt = segment->salt,
		.id = message->id,
		.klass = segment->name.klass,
		.rcpt_count = message->rcpt_count,
		.envelope_bytes = message->envelope_bytes,
		.body_bytes = body_bytes,
		.content_crc = content_crc,
		.envelope_crc = envelope_crc,
	};

	message->offset = offset;
	message->size = record_size(&header);
	record_header_encode(&header, offset, message->head);
}

/* Encode MESSAGE's record for OFFSET; its parts go to IOV. */
static int
place(const struct lane *lane, struct lane_message *message, uint64_t offset,
    struct iovec *iov)
{
	static const uint8_t zero[RECORD_ALIGN];
	struct span body = buf_peek(&message->body);
	size_t head = RECORD_HEADER_BYTES + message->envelope_bytes;
	size_t padding = -(head + body.length) & (RECORD_ALIGN - 1);
	uint32_t crc = crc32c(0, message->head + RECORD_HEADER_BYTES,
	    message->envelope_bytes);
	int parts = 0;

	commit_head(message, &lane->segment, offset, body.length, crc,
	    crc32c(crc, body.data, body.length));
	iov[parts++] = (struct iovec){ message->head, head };
	if (body.length > 0)
		iov[parts++] = (struct iovec){ (void *)body.data,
		    body.length };
	if (padding > 0)
		iov[parts++] = (struct iovec){ (void *)zero, padding };
	return parts;
}

/* Step 7; *TO is where it will end. */
static bool
write_records(struct lane *lane, struct list *messages, uint64_t *to,
    struct err *err)
{
	struct lane_segment *segment = &lane->segment;
	struct iovec *iov = mem_array(PARTS * messages->count, sizeof *iov);
	char file[SEGMENT_FILE_SIZE];
	uint64_t at = segment->end;
	int parts = 0;
	bool written;

	segment_file(segment->name, "messages", file);
	for (struct link *l = list_first(messages); l != NULL;
	    l = list_next(messages, l)) {
		struct lane_message *message =
		    list_item(l, struct lane_message, link);

		parts += place(lane, message, at, iov + parts);
		at += message->size;
	}
	written = fsys_write_at(segment->fd, iov, parts,
	    (off_t)segment->end, file, err);
	mem_free(iov);
	*to = at;
	return written;
}

/* Step 8. */
static bool
sync_records(struct lane *lane, uint64_t to, struct err *err)
{
	struct lane_segment *segment = &lane->segment;
	char file[SEGMENT_FILE_SIZE];

	segment_file(segment->name, "messages", file);
	CRASH_POINT("commit-written");
	if (!fsys_sync_data(segment->fd, file, err))
		return false;
	CRASH_POINT("commit-synced");
	segment->end = to;
	return true;
}

void
commit_batch(struct lane *lane, struct lane_result *result)
{
	struct lane_segment *segment = &lane->segment;
	uint64_t to;
	bool written;

	if (segment->fd != -1 &&
	    segment->end >= lane->committer->options.segment_bytes)
		commit_close_segment(lane, result);
	if (segment->fd == -1 && !open_segment(lane, &result->err))
		return;
	written = write_records(lane, &result->messages, &to, &result->err);
	if (!written || !sync_records(lane, to, &result->err)) {
		commit_break_segment(lane, segment, result, !written);
		return;
	}
	result->end = COMMIT_DONE;
	result->segment = segment->name;
	lane_result_add_news(result, COMMIT_GREW, segment->name,
	    segment->end);
}
