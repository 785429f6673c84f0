/* SPDX-License-Identifier: ISC
 *
 * status.c - what became of the messages of a segment: records, reading.
 *
 *	0 magic 4 | 4 action 1 | 5 enhanced code 3 | 8 offset 8 |
 *	16 recipient 4 | 20 reply code 2 | 22 zero 2 | 24 at 8 |
 *	32 zero 12 | 44 CRC-32C of the 44 before 4
 *
 * STATUS_MOVED has the segment it moved to at
 *
 *	32 class 1 | 33 zero 1 | 34 slot 2 | 36 sequence 4 | 40 zero 4
 *
 * STATUS_CLASS the new class of the message at 32, and STATUS_ERASED, whose
 * offset is where the range begins, the offset of what is behind it at
 *
 *	32 until 8 | 40 zero 4
 */
#include "spool/status.h"

#include "base/crc32c.h"
#include "base/fsys.h"
#include "spool/bytes.h"
#include "spool/record.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CRC_AT = 44, RECORDS_AT_ONCE = 512 };

static const uint8_t magic[4] = "PRst";

void
status_encode(const struct status *status, uint8_t out[STATUS_RECORD_BYTES])
{
	memset(out, 0, STATUS_RECORD_BYTES);
	memcpy(out, magic, sizeof magic);
	out[4] = status->action;
	memcpy(out + 5, status->enhanced, 3);
	put_le(out + 8, status->offset, 8);
	put_le(out + 16, status->rcpt, 4);
	put_le(out + 20, status->code, 2);
	put_le(out + 24, (uint64_t)status->at, 8);
	if (status->action == STATUS_MOVED) {
		out[32] = status->to.klass;
		put_le(out + 34, status->to.slot, 2);
		put_le(out + 36, status->to.sequence, 4);
	} else if (status->action == STATUS_CLASS) {
		out[32] = status->klass;
	} else if (status->action == STATUS_ERASED) {
		put_le(out + 32, status->until, 8);
	}
	put_le(out + CRC_AT, crc32c(0, out, CRC_AT), 4);
}

/* A range is of whole records. */
static bool
makes_sense(const struct status *status)
{
	if (status->action == STATUS_CLASS)
		return status->klass < CLASS_COUNT;
	return status->action != STATUS_ERASED ||
	    (status->offset >= SEGMENT_HEADER_BYTES &&
	    status->offset < status->until &&
	    status->offset % RECORD_ALIGN == 0 &&
	    status->until % RECORD_ALIGN == 0);
}

bool
status_decode(const uint8_t in[STATUS_RECORD_BYTES], struct status *out)
{
	if (memcmp(in, magic, sizeof magic) != 0 ||
	    get_le(in + CRC_AT, 4) != crc32c(0, in, CRC_AT) ||
	    in[4] < STATUS_DELIVERED || in[4] > STATUS_LAST)
		return false;
	*out = (struct status){
		.action = in[4],
		.enhanced = { in[5], in[6], in[7] },
		.offset = get_le(in + 8, 8),
		.rcpt = (uint32_t)get_le(in + 16, 4),
		.code = (uint16_t)get_le(in + 20, 2),
		.at = (usec_t)get_le(in + 24, 8),
	};
	if (out->action == STATUS_MOVED)
		out->to = (struct segment_name){
			.klass = in[32],
			.slot = (uint16_t)get_le(in + 34, 2),
			.sequence = (uint32_t)get_le(in + 36, 4),
		};
	if (out->action == STATUS_CLASS)
		out->klass = in[32];
	if (out->action == STATUS_ERASED)
		out->until = get_le(in + 32, 8);
	return makes_sense(out);
}

/* ---- a journal as it is read ------------------------------------------ */

/* Call FN for what is valid; *SOUND is the end of the last valid record. */
static bool
read_records(int fd, const char *file, uint64_t *sound, status_fn *fn,
    void *owner, struct err *err)
{
	uint8_t bytes[RECORDS_AT_ONCE * STATUS_RECORD_BYTES];
	uint64_t at = 0;
	ssize_t n;

	*sound = 0;
	do {
		n = fsys_read_at(fd, bytes, sizeof bytes, (off_t)at, file,
		    err);
		if (n == -1)
			return false;
		for (ssize_t i = 0; i + STATUS_RECORD_BYTES <= n;
		    i += STATUS_RECORD_BYTES) {
			struct status status;

			if (!status_decode(bytes + i, &status))
				continue;
			*sound = at + (uint64_t)i + STATUS_RECORD_BYTES;
			fn(owner, &status);
		}
		at += (uint64_t)n;
	} while ((size_t)n == sizeof bytes);
	return true;
}

/* Cut off what is behind SOUND; nobody else appends meanwhile. */
static bool
cut_tail(int fd, const char *file, uint64_t sound, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return err_sys(err, "stat journal", file);
	if ((uint64_t)st.st_size > sound && ftruncate(fd, (off_t)sound) == -1)
		return err_sys(err, "cut the torn tail of", file);
	return true;
}

bool
journal_read(const struct spool_dirs *dirs, struct segment_name name,
    bool repair, status_fn *fn, void *owner, struct err *err)
{
	char file[SEGMENT_FILE_SIZE];
	uint64_t sound;
	struct stat st;
	bool done;
	int fd;

	segment_file(name, "status", file);
	fd = openat(dirs->classes[name.klass], file,
	    (repair ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_NONBLOCK |
	    O_NOCTTY | O_CLOEXEC);
	if (fd == -1)
		return errno == ENOENT || err_sys(err, "open journal", file);
	if (fstat(fd, &st) == -1)
		done = err_sys(err, "stat journal", file);
	else if (!S_ISREG(st.st_mode) || st.st_nlink > 1)
		done = err_set(err, ERR_FORMAT,
		    "journal %s is not a file with one name", file);
	else
		done = read_records(fd, file, &sound, fn, owner, err) &&
		    (!repair || cut_tail(fd, file, sound, err));
	close(fd);
	return done;
}
