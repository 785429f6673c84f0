/* SPDX-License-Identifier: ISC
 *
 * corrupt_file.c - files of corrupt/: what is in one.
 *
 * Nothing in them is believed but what its CRC says.  A record's header knows
 * its place, so it is held against the offset in the file's head.
 */
#include "spool/corrupt.h"

#include "base/crc32c.h"
#include "base/fsys.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 64 << 10 };

/* ---- names -------------------------------------------------------------- */

static bool
ends_in(const char *name, const char *suffix)
{
	size_t length = strlen(name), most = strlen(suffix);

	return length > most && strcmp(name + length - most, suffix) == 0;
}

bool
corrupt_is_name(const char *name)
{
	return name[0] != '.' && strchr(name, '/') == NULL &&
	    strlen(name) < CORRUPT_NAME_SIZE &&
	    (ends_in(name, ".message") || ends_in(name, ".bytes"));
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The whole directory, or ERR. */
static bool
read_names(int dirfd, char ***names, size_t *count, struct err *err)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	size_t room = 0;
	bool done;

	if (dir == NULL) {
		if (fd != -1)
			close(fd);
		return err_sys(err, "read directory", "corrupt");
	}
	while (errno = 0, (entry = readdir(dir)) != NULL) {
		if (!corrupt_is_name(entry->d_name))
			continue;
		if (*count == room) {
			room = room * 2 + 16;
			*names = mem_resize(*names, room, sizeof **names);
		}
		(*names)[(*count)++] = mem_strdup(entry->d_name);
	}
	done = errno == 0 || err_sys(err, "read directory", "corrupt");
	closedir(dir);
	return done;
}

bool
corrupt_each(const struct spool_dirs *dirs, corrupt_name_fn *fn,
    void *owner, struct err *err)
{
	char **names = NULL;
	size_t count = 0;
	bool done = read_names(dirs->corrupt, &names, &count, err);
	bool more = done;

	if (count > 0)
		qsort(names, count, sizeof *names, by_name);
	for (size_t i = 0; i < count; i++) {
		more = more && fn(owner, names[i]);
		mem_free(names[i]);
	}
	mem_free(names);
	return done;
}

/* ---- one file ----------------------------------------------------------- */

/* What a name of a former version tells: "ID.message", or the segment and
 * the place. */
static void
note_by_name(const char *name, const struct stat *st,
    struct corrupt_note *note)
{
	size_t length = strlen(name);

	*note = (struct corrupt_note){
		.bytes = (uint64_t)st->st_size,
		.when = (usec_t)st->st_mtime * 1000000,
	};
	snprintf(note->why, sizeof note->why, "kept by a former version");
	note->has_id = length > MSGID_TEXT && name[MSGID_TEXT] == '.' &&
	    msgid_parse(span_make(name, MSGID_TEXT), &note->id);
}

static bool
read_note(struct corrupt_file *file, const char *name, struct err *err)
{
	uint8_t head[CORRUPT_HEAD_BYTES];
	struct stat st;
	ssize_t n = fsys_read_at(file->fd, head, sizeof head, 0, name, err);

	if (n == -1)
		return false;
	if (fstat(file->fd, &st) == -1)
		return err_sys(err, "look at", name);
	if (!S_ISREG(st.st_mode) || st.st_nlink > 1)
		return err_set(err, ERR_FORMAT, "%s is not a file with one "
		    "name", name);
	file->noted = n == sizeof head &&
	    corrupt_head_decode(head, &file->note);
	file->at = file->noted ? CORRUPT_HEAD_BYTES : 0;
	if (!file->noted)
		note_by_name(name, &st, &file->note);
	return true;
}

/* Header and envelope, if they are there and sound. */
static bool
read_envelope(struct corrupt_file *file, struct err *err)
{
	uint8_t head[RECORD_HEADER_BYTES];
	struct record_header *header = &file->header;
	uint8_t *bytes;
	ssize_t n = fsys_read_at(file->fd, head, sizeof head,
	    (off_t)file->at, "corrupt", err);

	if (n != sizeof head)
		return n != -1;
	file->headed = record_header_decode(head, file->note.offset,
	    header) == RECORD_OK && record_size(header) <= file->note.bytes;
	if (!file->headed)
		return true;
	bytes = mem_array(header->envelope_bytes + 1, 1);
	n = fsys_read_at(file->fd, bytes, header->envelope_bytes,
	    (off_t)(file->at + RECORD_HEADER_BYTES), "corrupt", err);
	if (n == (ssize_t)header->envelope_bytes && record_envelope_fits(
	    header, span_make(bytes, (size_t)n))) {
		struct err why;

		file->envelope = envelope_decode(span_make(bytes, (size_t)n),
		    &why);
	}
	mem_free(bytes);
	if (file->envelope != NULL &&
	    file->envelope->rcpt_count != header->rcpt_count)
		envelope_free(&file->envelope);
	return n != -1;
}

/* Whether envelope and content are as their CRC says. */
static bool
verify(struct corrupt_file *file, struct err *err)
{
	uint8_t piece[PIECE];
	uint64_t at = file->at + RECORD_HEADER_BYTES;
	uint64_t rest = file->header.envelope_bytes + file->header.body_bytes;
	uint32_t crc = 0;

	if (file->envelope == NULL)
		return true;
	while (rest > 0) {
		size_t length = rest < PIECE ? (size_t)rest : PIECE;
		ssize_t n = fsys_read_at(file->fd, piece, length, (off_t)at,
		    "corrupt", err);

		if (n == -1)
			return false;
		if ((size_t)n < length)
			return true;
		crc = crc32c(crc, piece, length);
		at += length;
		rest -= length;
	}
	file->whole = crc == file->header.content_crc;
	return true;
}

bool
corrupt_open(const struct spool_dirs *dirs, const char *name,
    struct corrupt_file *out, struct err *err)
{
	*out = (struct corrupt_file){ .fd = -1 };
	if (!corrupt_is_name(name))
		return err_set(err, ERR_FORMAT, "%s: not a file of corrupt/",
		    name);
	out->fd = openat(dirs->corrupt, name,
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (out->fd == -1)
		return err_sys(err, "open corrupt", name);
	if (read_note(out, name, err) && read_envelope(out, err) &&
	    verify(out, err))
		return true;
	corrupt_close(out);
	return false;
}

void
corrupt_close(struct corrupt_file *file)
{
	envelope_free(&file->envelope);
	if (file->fd != -1)
		close(file->fd);
	file->fd = -1;
}

ssize_t
corrupt_read_body(const struct corrupt_file *file, uint64_t at, void *out,
    size_t length, struct err *err)
{
	uint64_t from = file->headed ? RECORD_HEADER_BYTES +
	    (uint64_t)file->header.envelope_bytes : 0;
	uint64_t most = file->headed ? file->header.body_bytes :
	    file->note.bytes;

	if (at >= most)
		return 0;
	if (length > most - at)
		length = (size_t)(most - at);
	return fsys_read_at(file->fd, out, length,
	    (off_t)(file->at + from + at), "corrupt", err);
}

bool
corrupt_remove(const struct spool_dirs *dirs, const char *name,
    struct err *err)
{
	if (!corrupt_is_name(name))
		return err_set(err, ERR_FORMAT, "%s: not a file of corrupt/",
		    name);
	if (unlinkat(dirs->corrupt, name, 0) == -1)
		return err_sys(err, "remove corrupt", name);
	return fsys_sync_dir(dirs->corrupt, "corrupt", err);
}
