/* SPDX-License-Identifier: ISC
 *
 * segment.h - reading what committers wrote.
 *
 * Used by the scheduler (headers and envelopes), the deliverers (whole
 * records, from a descriptor they were handed) and the offline tools.
 */
#ifndef SPOOL_SEGMENT_H
#define SPOOL_SEGMENT_H

#include "base/buf.h"
#include "spool/envelope.h"
#include "spool/layout.h"
#include "spool/ranges.h"
#include "spool/record.h"

/*
 * Open segment NAME of DIRS for reading.  -1: ERR.  Refuses anything but a
 * regular file with one link.  What is in it, a reader says (reader.h).
 */
int segment_open(const struct spool_dirs *dirs, struct segment_name name,
    struct err *err) MUST_CHECK;

/*
 * Whether a committer still appends to the segment open on FD.  A living
 * committer holds a lock on each of its segments: whoever starts while
 * segments are being written must not look beyond what the committer says
 * (commit_announce()), and must not remove them.
 */
bool segment_in_use(int fd);

/*
 * Removal has two steps, so that no power cut can leave messages without
 * the journal that says they are done: first the messages; then, with the
 * directory of KLASS synced in between, the journals of COUNT NAMES.
 */
/* *REMOVED false: a committer still appends to it; nothing was done. */
bool segment_remove(const struct spool_dirs *dirs, struct segment_name name,
    bool *removed, struct err *err) MUST_CHECK;
bool segment_remove_journals(const struct spool_dirs *dirs,
    enum mail_class klass, const struct segment_name *names, size_t count,
    struct err *err) MUST_CHECK;

/*
 * What is in RANGE is final, and a durable STATUS_ERASED says so: give its
 * whole blocks back to the file system (erase.c).  They read as zeros then;
 * nothing else changes its place.  Repeating it is harmless.  EOPNOTSUPP: this
 * file system cannot.
 */
bool segment_erase(const struct spool_dirs *dirs, struct segment_name name,
    struct range range, struct err *err) MUST_CHECK;
/* The whole blocks that would be given back; `from` is not below `to`: none. */
struct range segment_blocks(int fd, struct range range);
/* Nothing of RANGE takes room on disk; where that cannot be told: false. */
bool segment_is_hole(int fd, struct range range);

/* A record read whole. */
struct record {
	struct record_header header;
	struct envelope *envelope;	/* owned */
	struct buf raw;		/* header, envelope and body as read */
	struct span body;	/* in RAW; stuffed, wire form */
};

/*
 * Read and verify the record of SIZE bytes (as committed, or of
 * record_size()) at OFFSET of FD, which must be that of message ID (null:
 * whichever it is).  ERR_FORMAT: damaged, or another.
 */
bool record_read(int fd, uint64_t offset, const struct msgid *id,
    uint64_t size, struct record *out, struct err *err) MUST_CHECK;
void record_fini(struct record *record);

/* Whether the record at OFFSET is that of message ID; what cannot be read now
 * is taken to be. */
bool record_is(int fd, uint64_t offset, struct msgid id);

/* Header and envelope only, as above; the body is not verified. */
bool record_peek(int fd, uint64_t offset, const struct msgid *id,
    struct record_header *header, struct envelope **envelope,
    struct err *err) MUST_CHECK;

/*
 * Large bodies in pieces: read up to LENGTH bytes of the body of RECORD's
 * HEADER at body offset AT.  The caller checks the CRC over all pieces.
 */
ssize_t record_read_body(int fd, uint64_t offset,
    const struct record_header *header, uint64_t at, void *out,
    size_t length, struct err *err) MUST_CHECK;

#endif
