/* SPDX-License-Identifier: ISC
 *
 * window.h - what is in memory and what is in the index.
 *
 * Memory holds a window of the queue: conf->window entries.  What must wait
 * for a time (INDEX_DUE) or by order (INDEX_HELD), and what does not fit
 * (INDEX_READY, by the hash of its domain), is a row in the index.  Mail
 * that is delivered at the first try never touches it.
 *
 * The index may fail at any time.  Then entries wait in memory instead, the
 * index is opened anew, and all segments are read again: the spool wins.
 */
#ifndef SCHEDULER_WINDOW_H
#define SCHEDULER_WINDOW_H

#include "base/buf.h"
#include "io/loop.h"
#include "scheduler/queue.h"
#include "scheduler/rcpt_set.h"
#include "scheduler/sketch.h"
#include "spool/index.h"

struct scheduler;
struct site;

struct window {
	struct index *index;	/* null: there is none now */
	char *path;
	struct buf rcpts;	/* scratch for rows */
	struct timer *timer;	/* the next due row */
	struct timer *out;	/* the index has something for the disk */
	usec_t next_due;	/* no row is due before; wall */
	bool dirty;		/* the batch of this turn is not ended */
	bool checkpoint;	/* something changed since the last one */
	bool broken;		/* to be opened anew at the turn's end */
	msec_t tried;		/* when that was last tried */
	struct list hungry;	/* sites whose lines may be refilled */
	struct list shrinking;	/* sites that do not answer, with long lines */
	struct list failed;	/* domains with rows that are to hear of it */
	struct msgid sweep;	/* where the sweep goes on */
	struct sketch senders;	/* who has INDEX_READY rows, of what */
};

enum place {
	PLACE_NEW,		/* at the end, or to the index if need be */
	PLACE_MOVED,		/* at the end, in memory: from another site */
	PLACE_FRONT,		/* it was in hand already: before the others */
	PLACE_LOADED,		/* from the index: stays in memory */
	PLACE_AGED		/* to be warned of or given up; then as new */
};

void window_init(struct scheduler *s);
/* Without an index there is mail all the same; it is tried again. */
void window_open(struct scheduler *s);
/* What is in memory and was tried before becomes rows; closes. */
void window_close(struct scheduler *s);

/*
 * ENTRY (idle, with its domain) goes where it belongs now: a ready line,
 * its domain, the index, or (no way to its domain) back to its sender.
 */
void window_place(struct scheduler *s, struct entry *entry, enum place how);

/* ENTRY is to wait until DUE (wall) because of WHY; it leaves memory. */
void window_park(struct scheduler *s, struct entry *entry, usec_t due,
    const char *why);

/* ENTRY leaves memory and comes back in its turn. */
void window_spill(struct scheduler *s, struct entry *entry);

/* The site does not answer: few of its entries stay in memory.  The others
 * leave it some at a time. */
void window_shrink(struct scheduler *s, struct site *site);
/* The slice of a turn.  True: there is more. */
bool window_shrink_some(struct scheduler *s);

/* Work of the turn's end.  True: there is more. */
bool window_work(struct scheduler *s);
/* End the transaction of this turn. */
void window_flush(struct scheduler *s);
/* Once a second. */
void window_care(struct scheduler *s);

/* A line of SITE got shorter. */
void window_hungry(struct scheduler *s, struct site *site);

/* Sender blocks may have changed. */
void window_reload(struct scheduler *s);

/* DOMAIN leads to a site now, or does so no more. */
void window_attach(struct scheduler *s, struct domain *domain);
void window_detach(struct domain *domain);
void window_forget_site(struct scheduler *s, struct site *site);
/* DOMAIN has no site: what waits for it in the index is to hear of it. */
void window_failed(struct scheduler *s, struct domain *domain);

/* ---- while segments are read again (claim.c) ---------------------------------- */

/* Recipients of ID, of class KLASS, whose record is at OFFSET of SEGMENT, that
 * the index looks after are added to SET; rows that SET says are done with
 * go. */
void window_claim(struct scheduler *s, struct segment *segment,
    uint64_t offset, struct msgid id, uint8_t klass, struct rcpt_set *set);

/* Whether the index has rows of ID that are of another record, which is
 * there. */
bool window_has_other(struct scheduler *s, const struct segment *segment,
    uint64_t offset, struct msgid id);

/* All segments were read. */
void window_complete(struct scheduler *s);

/* ---- for the operator ----------------------------------------------------------- */

/* An index row, copied. */
struct row {
	struct index_row row;	/* its spans point below */
	uint8_t *rcpts;
	char *domain, *reason;
};
void row_copy(const struct index_row *from, struct row *to);
void row_fini(struct row *row);
uint32_t row_rcpt_count(const struct row *row);
uint32_t row_rcpt(const struct row *row, uint32_t at);

/*
 * A row that arrived well after NOW came by a clock that was ahead, and would
 * wait for that time.  It counts as come now, and waits from now on as long
 * as it was to wait from then.  False: it is none, and untouched.
 */
bool row_set_right(struct index_row *row, usec_t now);

/* Take ROW out of the index; what becomes of it is the caller's.  False: it
 * is not (or not yet) part of the queue, or the index failed. */
bool window_take(struct scheduler *s, const struct row *row) MUST_CHECK;

/* The same of one that is known to be of the queue, wherever its record is. */
bool window_remove(struct scheduler *s, const struct row *row) MUST_CHECK;

/* Take all rows of MESSAGE out of the index: so many recipients. */
uint32_t window_take_all(struct scheduler *s, const struct message *message);

/* Take ROW out of the index into memory and place it.  Nothing happens when
 * it is not (or not yet) part of the queue. */
void window_load(struct scheduler *s, const struct row *row,
    enum place how);

/* The segment of ROW; null: ROW is not (or not yet) part of the queue. */
struct segment *window_segment(const struct scheduler *s,
    const struct index_row *row);

/* ROW is left over from a former life. */
void window_drop(struct scheduler *s, const struct row *row);

/* Held back by its sender (FUTURERELEASE), who comes before the operator
 * who only wants things to go on. */
bool window_row_is_early(const struct scheduler *s, const struct row *row);

/* NEW, with the same key, takes the place of ROW. */
void window_rewrite(struct scheduler *s, const struct row *row,
    struct index_row *new);

/* Change how ROW waits. */
void window_move(struct scheduler *s, const struct row *row,
    enum index_place place, usec_t due);

/* For the parts of the window: a failure of the index; counting of rows. */
void window_fail(struct scheduler *s, const struct err *err);
/* An INDEX_READY row of DOMAIN more, or one less. */
void window_row_added(struct scheduler *s, struct domain *domain,
    uint8_t klass, uint64_t sender);
void window_row_removed(struct scheduler *s, struct domain *domain,
    uint8_t klass, uint64_t sender);
/* All that is counted as being in the index is not. */
void window_forget_rows(struct scheduler *s);

#endif
