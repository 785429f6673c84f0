/* SPDX-License-Identifier: ISC
 *
 * corrupt.c - files of corrupt/: how one is written.
 *
 * The order of operations, which must not be changed:
 *
 *   the bytes are copied to NAME.new, its head last -> that is synced -> it
 *	gets its name -> the directory is synced -> only then may anybody give
 *	the bytes up where they stood.
 *
 * A crash before the name leaves NAME.new, which nobody believes and the next
 * try begins anew.  A file with the name, by a former life, is believed only
 * if it is of the same place and whole by its own CRC, and synced again: the
 * name may have been all that reached the disk.
 */
#include "spool/corrupt.h"

#include "base/crash.h"
#include "base/crc32c.h"
#include "base/fsys.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 64 << 10, PAGE = 4096, NEW_SIZE = CORRUPT_NAME_SIZE + 8 };

/* ---- the head ----------------------------------------------------------- */

static const char magic[] = "postrider corrupt 1\n";

void
corrupt_head_encode(const struct corrupt_note *note,
    uint8_t out[CORRUPT_HEAD_BYTES])
{
	char text[CORRUPT_HEAD_BYTES + 1], id[MSGID_TEXT + 1] = "-";
	char file[SEGMENT_FILE_SIZE];
	int length;

	if (note->has_id)
		msgid_text(note->id, id);
	length = snprintf(text, sizeof text, "%ssegment %s/%s\n"
	    "offset %" PRIu64 "\nbytes %" PRIu64 "\nlost %" PRIu64 "\n"
	    "crc32c %08" PRIx32 "\nwhen %lld\nid %s\nwhy %s\n\n", magic,
	    class_name(note->segment.klass),
	    segment_file(note->segment, "messages", file), note->offset,
	    note->bytes, note->lost, note->crc, (long long)note->when, id,
	    note->why);
	memset(out, '\n', CORRUPT_HEAD_BYTES);
	memcpy(out, text, length < CORRUPT_HEAD_BYTES ? (size_t)length :
	    CORRUPT_HEAD_BYTES);
}

static bool
parse_segment(const char *klass, const char *file, struct segment_name *out)
{
	for (out->klass = 0; out->klass < CLASS_COUNT; out->klass++)
		if (strcmp(class_name(out->klass), klass) == 0)
			return segment_file_parse(file, "messages", out);
	return false;
}

bool
corrupt_head_decode(const uint8_t in[CORRUPT_HEAD_BYTES],
    struct corrupt_note *out)
{
	char text[CORRUPT_HEAD_BYTES + 1], klass[16], file[40], id[24];
	uint8_t again[CORRUPT_HEAD_BYTES];
	long long when;

	*out = (struct corrupt_note){ .bytes = 0 };
	memcpy(text, in, CORRUPT_HEAD_BYTES);
	text[CORRUPT_HEAD_BYTES] = '\0';
	if (strncmp(text, magic, sizeof magic - 1) != 0 ||
	    sscanf(text + sizeof magic - 1, "segment %15[a-z]/%39s offset "
	    "%" SCNu64 " bytes %" SCNu64 " lost %" SCNu64 " crc32c %8" SCNx32
	    " when %lld id %23s why %127[^\n]", klass, file, &out->offset,
	    &out->bytes, &out->lost, &out->crc, &when, id, out->why) != 9 ||
	    !parse_segment(klass, file, &out->segment))
		return false;
	out->when = when;
	out->has_id = msgid_parse(span_of(id), &out->id);
	corrupt_head_encode(out, again);
	return memcmp(again, in, CORRUPT_HEAD_BYTES) == 0;
}

/* ---- copying ------------------------------------------------------------ */

/* Up to LENGTH bytes at AT; a page that cannot be read is zeros, and counted,
 * if that is wanted. */
static ssize_t
read_some(int fd, uint64_t at, uint8_t *out, size_t length, bool lost_too,
    struct corrupt_note *note, struct err *err)
{
	ssize_t n = fsys_read_at(fd, out, length, (off_t)at, "segment", err);
	size_t page = PAGE - at % PAGE;

	if (n != -1 || !lost_too || err->number != EIO)
		return n;
	if (length > page)
		length = page;
	n = fsys_read_at(fd, out, length, (off_t)at, "segment", err);
	if (n != -1 || err->number != EIO)
		return n;
	memset(out, 0, length);
	note->lost += length;
	return (ssize_t)length;
}

/* The bytes, and the head that says what they are. */
static bool
copy(int from, int to, bool lost_too, struct corrupt_note *note,
    const char *name, struct err *err)
{
	uint8_t piece[PIECE], head[CORRUPT_HEAD_BYTES];
	struct iovec iov = { head, sizeof head };
	uint64_t done = 0;

	note->crc = 0;
	note->lost = 0;
	while (done < note->bytes) {
		uint64_t rest = note->bytes - done;
		ssize_t n = read_some(from, note->offset + done, piece,
		    rest < PIECE ? (size_t)rest : PIECE, lost_too, note, err);
		struct iovec part = { piece, (size_t)n };

		if (n == -1)
			return false;
		if (n == 0)
			break;
		note->crc = crc32c(note->crc, piece, (size_t)n);
		if (!fsys_write_at(to, &part, 1, (off_t)(CORRUPT_HEAD_BYTES +
		    done), name, err))
			return false;
		done += (uint64_t)n;
	}
	note->bytes = done;
	corrupt_head_encode(note, head);
	return fsys_write_at(to, &iov, 1, 0, name, err);
}

static bool
copy_synced(const struct spool_dirs *dirs, int from, bool lost_too,
    struct corrupt_note *note, const char *new, struct err *err)
{
	int to = openat(dirs->corrupt, new, O_RDWR | O_CREAT | O_TRUNC |
	    O_CLOEXEC | O_NOFOLLOW, 0600);
	bool done;

	if (to == -1)
		return err_sys(err, "make corrupt", new);
	done = copy(from, to, lost_too, note, new, err);
	if (done && fsync(to) == -1)
		done = err_sys(err, "sync", new);
	if (close(to) == -1 && done)
		done = err_sys(err, "close", new);
	return done;
}

/* ---- what is there already ---------------------------------------------- */

enum there { THERE_NOTHING, THERE_SAME, THERE_OTHER };

/* Whether what is behind the head is what it says. */
static bool
is_whole(int fd, const struct corrupt_note *note)
{
	uint8_t piece[PIECE];
	uint32_t crc = 0;
	uint64_t at = 0;
	struct err err;
	ssize_t n;

	while ((n = fsys_read_at(fd, piece, sizeof piece,
	    (off_t)(CORRUPT_HEAD_BYTES + at), "corrupt", &err)) > 0) {
		crc = crc32c(crc, piece, (size_t)n);
		at += (uint64_t)n;
	}
	return n == 0 && at == note->bytes && crc == note->crc;
}

/* Whether a file that a former version made, or began, is of these bytes: it
 * has nothing that they have not. */
static bool
is_beginning(int fd, int from, const struct corrupt_note *note)
{
	uint8_t piece[PIECE], ours[PIECE];
	uint64_t at = 0;
	struct err err;
	ssize_t n;

	while ((n = fsys_read_at(fd, piece, sizeof piece, (off_t)at,
	    "corrupt", &err)) > 0) {
		if ((uint64_t)n > note->bytes - at || fsys_read_at(from, ours,
		    (size_t)n, (off_t)(note->offset + at), "segment",
		    &err) != n || memcmp(piece, ours, (size_t)n) != 0)
			return false;
		at += (uint64_t)n;
	}
	return n == 0;
}

static bool
is_same_place(const struct corrupt_note *a, const struct corrupt_note *b)
{
	return a->segment.klass == b->segment.klass &&
	    a->segment.slot == b->segment.slot &&
	    a->segment.sequence == b->segment.sequence &&
	    a->offset == b->offset;
}

/* What is under NAME: the bytes that NOTE names (then NOTE becomes its own),
 * something else, or nothing worth to be kept. */
static enum there
look(const struct spool_dirs *dirs, const char *name, int from,
    struct corrupt_note *note)
{
	uint8_t head[CORRUPT_HEAD_BYTES];
	struct corrupt_note other;
	enum there there = THERE_OTHER;
	struct err err;
	int fd = openat(dirs->corrupt, name,
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd == -1)
		return errno == ENOENT ? THERE_NOTHING : THERE_OTHER;
	if (fsys_read_at(fd, head, sizeof head, 0, "corrupt", &err) !=
	    sizeof head || !corrupt_head_decode(head, &other)) {
		if (is_beginning(fd, from, note))
			there = THERE_NOTHING;
	} else if (is_same_place(&other, note)) {
		there = THERE_NOTHING;
		if (other.lost == 0 && other.bytes == note->bytes &&
		    is_whole(fd, &other) && fsync(fd) == 0) {
			there = THERE_SAME;
			*note = other;
		}
	}
	close(fd);
	return there;
}

/* A record goes by its id; if another one has that, or there is none, by its
 * place, which is its own. */
static enum there
choose_name(const struct spool_dirs *dirs, int from,
    struct corrupt_note *note, char name[CORRUPT_NAME_SIZE])
{
	char id[MSGID_TEXT + 1];
	enum there there = THERE_OTHER;

	if (note->has_id) {
		snprintf(name, CORRUPT_NAME_SIZE, "%s.message",
		    msgid_text(note->id, id));
		there = look(dirs, name, from, note);
	}
	if (there != THERE_OTHER)
		return there;
	snprintf(name, CORRUPT_NAME_SIZE, "%s%s%s-%02u-%08" PRIx32
	    "-%" PRIu64 ".%s", note->has_id ? msgid_text(note->id, id) : "",
	    note->has_id ? "-" : "", class_name(note->segment.klass),
	    note->segment.slot, note->segment.sequence, note->offset,
	    note->has_id ? "message" : "bytes");
	return look(dirs, name, from, note) == THERE_SAME ? THERE_SAME :
	    THERE_NOTHING;
}

bool
corrupt_keep(const struct spool_dirs *dirs, int fd, bool lost_too,
    struct corrupt_note *note, char name[CORRUPT_NAME_SIZE], struct err *err)
{
	char new[NEW_SIZE];

	if (choose_name(dirs, fd, note, name) == THERE_SAME)
		return fsys_sync_dir(dirs->corrupt, "corrupt", err);
	snprintf(new, sizeof new, "%s.new", name);
	if (!copy_synced(dirs, fd, lost_too, note, new, err)) {
		unlinkat(dirs->corrupt, new, 0);
		return false;
	}
	CRASH_POINT("quarantine-copied");
	if (renameat(dirs->corrupt, new, dirs->corrupt, name) == -1) {
		err_sys(err, "rename", new);
		unlinkat(dirs->corrupt, new, 0);
		return false;
	}
	CRASH_POINT("quarantine-named");
	return fsys_sync_dir(dirs->corrupt, "corrupt", err);
}
