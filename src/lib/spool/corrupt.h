/* SPDX-License-Identifier: ISC
 *
 * corrupt.h - files of corrupt/: bytes of a segment that were set aside, and
 * where they came from.
 *
 *	512 bytes of text: lines "name value", an empty line, then line feeds
 *	the bytes, as they stood in the segment
 *
 * Files that former versions made are the bytes alone.
 */
#ifndef SPOOL_CORRUPT_H
#define SPOOL_CORRUPT_H

#include "base/clock.h"
#include "base/err.h"
#include "spool/envelope.h"
#include "spool/layout.h"
#include "spool/record.h"

enum {
	CORRUPT_HEAD_BYTES = 512,
	CORRUPT_NAME_SIZE = 96,
	CORRUPT_WHY_SIZE = 128
};

struct corrupt_note {
	struct segment_name segment;
	uint64_t offset;	/* where the bytes stood */
	uint64_t bytes;
	uint64_t lost;		/* of these: could not be read, zeros here */
	uint32_t crc;		/* CRC-32C of the bytes */
	usec_t when;		/* wall */
	bool has_id;		/* they are, or were, a record … */
	struct msgid id;	/* … of this message */
	char why[CORRUPT_WHY_SIZE];
};

void corrupt_head_encode(const struct corrupt_note *note,
    uint8_t out[CORRUPT_HEAD_BYTES]);
/* False: it is none. */
bool corrupt_head_decode(const uint8_t in[CORRUPT_HEAD_BYTES],
    struct corrupt_note *out);

/*
 * Keep the bytes that NOTE names (segment, offset, bytes, id, when, why) of
 * the segment open on FD; the rest of NOTE is filled, and `bytes` is less if
 * the file ends before.  NAME becomes the file's.
 *
 * True: they are on stable storage under that name.  False: ERR tells, and
 * nothing is there that was not; ERR_SYSTEM with EIO: a page cannot be read,
 * unless LOST_TOO: then there are zeros in its place.
 */
bool corrupt_keep(const struct spool_dirs *dirs, int fd, bool lost_too,
    struct corrupt_note *note, char name[CORRUPT_NAME_SIZE],
    struct err *err) MUST_CHECK;

/* ---- looking at them (corrupt_file.c) ------------------------------------- */

/* Whether NAME is one of a kept file, not one that is being written. */
bool corrupt_is_name(const char *name);

struct corrupt_file {
	int fd;
	struct corrupt_note note;	/* of a former version: as far as its
					 * name tells */
	bool noted;		/* the file itself has it */
	uint64_t at;		/* in the file: of the bytes */
	bool headed;		/* HEADER is sound */
	struct record_header header;
	struct envelope *envelope;	/* null: it cannot be read */
	bool whole;		/* header, envelope and content are */
};

/* Open NAME of corrupt/ and see what is in it.  False: ERR. */
bool corrupt_open(const struct spool_dirs *dirs, const char *name,
    struct corrupt_file *out, struct err *err) MUST_CHECK;
void corrupt_close(struct corrupt_file *file);

/* Up to LENGTH bytes of the content (wire form) at AT of it, as far as there
 * are any.  -1: ERR. */
ssize_t corrupt_read_body(const struct corrupt_file *file, uint64_t at,
    void *out, size_t length, struct err *err) MUST_CHECK;

/* Remove NAME, durably. */
bool corrupt_remove(const struct spool_dirs *dirs, const char *name,
    struct err *err) MUST_CHECK;

/* Call FN with each name, in order; it ends early when FN says so. */
typedef bool corrupt_name_fn(void *owner, const char *name);
bool corrupt_each(const struct spool_dirs *dirs, corrupt_name_fn *fn,
    void *owner, struct err *err) MUST_CHECK;

#endif
