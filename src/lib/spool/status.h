/* SPDX-License-Identifier: ISC
 *
 * status.h - what became of the messages of a segment.
 *
 * A journal beside each segment, appended by the scheduler alone.  Records
 * have a fixed size and a CRC each; a torn tail is ignored.  The journal is
 * the proof of delivery: a recipient with a final record is never tried
 * again.
 */
#ifndef SPOOL_STATUS_H
#define SPOOL_STATUS_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "spool/layout.h"

enum status_action {		/* RFC 3464, section 2.3.3, and our own */
	STATUS_DELIVERED = 1,	/* final from here … */
	STATUS_FAILED,
	STATUS_EXPIRED,
	STATUS_DELETED,		/* by the operator */
	STATUS_MOVED,		/* it lives in another segment: only first_edition.h
				 * writes this */
	STATUS_BROKEN,		/* quarantined */
	STATUS_FINAL_LAST = STATUS_BROKEN,	/* … to here */
	STATUS_WARNED,		/* a delay DSN was sent */
	STATUS_HELD, STATUS_RELEASED,
	STATUS_END,		/* the segment is used up to `offset` only */
	STATUS_CLASS,		/* it is of class `klass` from now on */
	STATUS_ERASED,		/* all from `offset` to `until` is final, and
				 * may be zeros by now: step over it */
	STATUS_LAST = STATUS_ERASED
};

enum { STATUS_ALL_RCPTS = 0xffffffff, STATUS_RECORD_BYTES = 48 };

struct status {
	uint64_t offset;	/* of the message's record in the segment */
	uint32_t rcpt;		/* or STATUS_ALL_RCPTS */
	uint8_t action;
	uint16_t code;		/* SMTP reply code */
	uint8_t enhanced[3];	/* 5.1.1 */
	usec_t at;		/* wall */
	struct segment_name to;	/* STATUS_MOVED: where it lives now */
	uint8_t klass;		/* STATUS_CLASS: the new one */
	uint64_t until;		/* STATUS_ERASED */
};

void status_encode(const struct status *status,
    uint8_t out[STATUS_RECORD_BYTES]);
/* False: torn or garbage. */
bool status_decode(const uint8_t in[STATUS_RECORD_BYTES], struct status *out);

/*
 * A journal being written.  Records gather; journal_flush() writes them in
 * one call; journal_sync() makes them durable.  A sync that fails is not
 * tried again on the same descriptor: what it was for waits again, and the
 * next flush writes it anew.
 */
struct journal {
	struct segment_name name;
	int fd;			/* -1: not open, though it may be written */
	struct buf waiting;
	struct buf written;	/* since the last sync that worked */
	uint64_t end;		/* of what is in the file */
	uint64_t put;		/* bytes of records added, ever */
	bool unsynced;
	bool fresh;		/* its directory entry was not synced yet */
};

void journal_init(struct journal *journal, struct segment_name name);
/* Closes; what waits is lost, so flush first. */
void journal_fini(struct journal *journal);
void journal_add(struct journal *journal, const struct status *status);
/* How many of the bytes that were `put` are on stable storage. */
uint64_t journal_durable(const struct journal *journal);
/* Makes the file if need be.  On failure what waits is kept. */
bool journal_flush(struct journal *journal, const struct spool_dirs *dirs,
    struct err *err) MUST_CHECK;
bool journal_sync(struct journal *journal, const struct spool_dirs *dirs,
    struct err *err) MUST_CHECK;

/*
 * The same sync by another thread, which is given the ticket: it syncs FD
 * (if FRESH, the directory after it) and nothing else; meanwhile the journal
 * may go on, through another descriptor.  At most one ticket of a journal is
 * out.
 */
struct journal_ticket {
	int fd;			/* the journal's, to be closed; -1: it has none */
	bool fresh;
	size_t bytes;		/* of `written`: what the sync is for */
};
void journal_sync_begin(struct journal *journal, struct journal_ticket *out);
/* Gives TICKET a descriptor of the journal of NAME, if it has none; in any
 * thread. */
bool journal_ticket_open(struct journal_ticket *ticket,
    const struct spool_dirs *dirs, struct segment_name name,
    struct err *err) MUST_CHECK;
/* It worked, or not: then what it was for waits to be written anew. */
void journal_sync_end(struct journal *journal,
    const struct journal_ticket *ticket, bool ok);

typedef void status_fn(void *owner, const struct status *status);
/*
 * Call FN for each valid record of the journal of NAME, in order; a missing
 * journal has none.  A torn tail is cut off, so that what is appended next
 * lines up (only with REPAIR).
 */
bool journal_read(const struct spool_dirs *dirs, struct segment_name name,
    bool repair, status_fn *fn, void *owner, struct err *err) MUST_CHECK;

#endif
