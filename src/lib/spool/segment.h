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
#include "spool/record.h"

/*
 * Open segment NAME of DIRS for reading and check its header.  -1: ERR.
 * Refuses anything but a regular file with one link.  ERR_FORMAT with
 * number ENODATA: a crash left it before anything in it was promised; it
 * may be removed.
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

/* One record as the scan meets it; spans lend the scanner's memory. */
struct scan_record {
	uint64_t offset;
	struct record_header header;
	struct span envelope;	/* encoded */
};

enum scan_step {
	SCAN_RECORD,		/* OUT is filled */
	SCAN_END,		/* nothing more, so far */
	SCAN_BROKEN		/* garbage at `offset`: scanner_skip_broken() */
};

/* A place in a segment, moving forward.  Reads in large pieces; bodies are
 * passed over unread unless `verify` is set. */
struct scanner {
	int fd;
	uint64_t offset;	/* of the next record */
	uint64_t end;		/* do not look beyond: durable end, file size */
	bool verify;		/* check content CRCs too (needed for tails) */
	enum { SCAN_UNKNOWN, SCAN_MANY, SCAN_SINGLE } kind;
	struct buf buf;
	uint64_t buf_offset;
};

/* FD stays the caller's. */
void scanner_init(struct scanner *scanner, int fd, uint64_t offset,
    uint64_t end, bool verify);
void scanner_fini(struct scanner *scanner);
/* SCAN_BROKEN: ERR tells (ERR_FORMAT; ERR_SYSTEM: it cannot be read). */
enum scan_step scanner_next(struct scanner *scanner, struct scan_record *out,
    struct err *err);

/*
 * After SCAN_BROKEN: look for the next valid record up to the end.  False:
 * there is none, all that follows is a torn tail; or it cannot be read, if
 * ERR's kind is not ERR_NONE.
 */
bool scanner_skip_broken(struct scanner *scanner, struct err *err);

/* A record read whole. */
struct record {
	struct record_header header;
	struct envelope *envelope;	/* owned */
	struct buf raw;		/* header, envelope and body as read */
	struct span body;	/* in RAW; stuffed, wire form */
};

/*
 * Read and verify the record of SIZE bytes (as committed, or of
 * record_size()) at OFFSET of FD.  ERR_FORMAT: damaged.
 */
bool record_read(int fd, uint64_t offset, uint64_t size, struct record *out,
    struct err *err) MUST_CHECK;
void record_fini(struct record *record);

/* Header and envelope only (for listings; the body is not verified). */
bool record_peek(int fd, uint64_t offset, struct record_header *header,
    struct envelope **envelope, struct err *err) MUST_CHECK;

/*
 * Large bodies in pieces: read up to LENGTH bytes of the body of RECORD's
 * HEADER at body offset AT.  The caller checks the CRC over all pieces.
 */
ssize_t record_read_body(int fd, uint64_t offset,
    const struct record_header *header, uint64_t at, void *out,
    size_t length, struct err *err) MUST_CHECK;

#endif
