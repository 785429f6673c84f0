/* SPDX-License-Identifier: ISC
 *
 * reader.h - what a segment says, one finding after the other.
 *
 * The one place that decides what of a segment is mail.  The start, live
 * mail, the check of a spool and the fuzzers all ask it.  It knows no files:
 * bytes come from a function of its owner's, so it is tested row by row.
 *
 * A reader never drops anything but what was provably never promised.  That
 * is its rule:
 *
 *	Promised is what lies below `promised`, which its owner knows from
 *	writers and journals, or before any whole record, or before what
 *	was erased.
 *	Elsewhere a record that is cut off by the end of the file, or has a
 *	sector of zeros in it, is torn: a crash interrupted its writing, and
 *	its client never heard that it was accepted.
 *	Everything else that is not a whole record is damaged: it was whole
 *	once, and somebody waits for it.
 *	Bytes that the disk does not give out may be there tomorrow.
 *	What is sealed, but not understood, is a later program's.
 *
 * One call does bounded work: long searches are cut into pieces by
 * READER_MORE.
 */
#ifndef SPOOL_READER_H
#define SPOOL_READER_H

#include "base/buf.h"
#include "base/err.h"
#include "spool/ranges.h"
#include "spool/record.h"

#include <sys/types.h>

/*
 * Up to LENGTH bytes at AT into OUT; fewer only at the end of the file.
 * -1: they cannot be read, ERR tells.
 */
typedef ssize_t reader_fetch_fn(void *owner, uint64_t at, void *out,
    size_t length, struct err *err);

enum reader_step {
	READER_MESSAGE,		/* a record */
	READER_DAMAGED,		/* to be kept, and told of */
	READER_UNREADABLE,	/* to be left where it is, and tried again */
	READER_NEWER,		/* a later program's: to be left alone */
	READER_TORN,		/* never promised, nothing follows */
	READER_END,		/* nothing more, so far */
	READER_MORE		/* no finding yet: call again */
};

/* What was found FROM byte TO byte; spans lend the reader's memory. */
struct reader_found {
	uint64_t from, to;
	bool headed;		/* its record's header is sound: HEADER is set */
	bool enveloped;		/* and its envelope: ENVELOPE is set */
	bool foreign;		/* a sound header of another segment */
	bool empty;		/* zeros in place of a header */
	struct record_header header;
	struct span envelope;	/* encoded */
	char why[96];		/* for people; of a message: empty */
};

struct reader {
	/* its owner's, who may change them between two calls: */
	reader_fetch_fn *fetch;
	void *owner;
	uint64_t offset;	/* of the next record */
	uint64_t end;		/* do not look beyond */
	uint64_t promised;	/* what begins before it was promised */
	bool deep;		/* verify content that was promised, too */
	const struct ranges *erased;	/* stepped over; null: nothing was */
	/* what the segment's header says; edition 0: that is damaged, and the
	 * first record of the second edition tells the salt */
	uint8_t edition;
	uint64_t salt;
	bool single;

	/* its own: */
	enum { READER_AT_PLACE, READER_IN_BODY, READER_SEARCHING } state;
	uint64_t eof;		/* the file was seen to end here */
	struct buf buf;
	uint64_t buf_offset;
	struct reader_found bad;	/* what is looked into */
	struct err err;		/* of the last fetch that failed */
	uint64_t at;		/* IN_BODY, SEARCHING: so far */
	uint64_t seen;		/* SEARCHING: sectors were looked at so far */
	uint32_t crc;
	unsigned unreadable;	/* pages, in this search */
	bool zeros;		/* all of it is zero so far */
	bool torn;		/* it has a sector of zeros */
	bool cut_off;		/* it ends behind the file's end */
};

/* Begin at OFFSET, or behind the header of the segment. */
void reader_init(struct reader *reader, reader_fetch_fn *fetch, void *owner,
    uint64_t offset, uint64_t end);
void reader_fini(struct reader *reader);

/* Take edition, salt and kind from the header of the segment, as far as it
 * is sound.  False: ERR tells; ERR_FORMAT with EPROTO, a newer edition, is
 * the one that must stop the owner. */
bool reader_head(struct reader *reader, struct segment_header *header,
    struct err *err) MUST_CHECK;

/*
 * The next finding.  OUT is filled but for END and MORE.  The offset is
 * behind it then, except after UNREADABLE and TORN at the very end, which is
 * followed by END.
 */
enum reader_step reader_next(struct reader *reader,
    struct reader_found *out);

/* A reader_fetch_fn of a file; OWNER points to its descriptor. */
ssize_t reader_fetch_file(void *owner, uint64_t at, void *out, size_t length,
    struct err *err);

#endif
