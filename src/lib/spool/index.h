/* SPDX-License-Identifier: ISC
 *
 * index.h - what is not in memory: a Berkeley DB that may be lost.
 *
 * Opened by the scheduler alone.  A row is one entry: recipients of one
 * message that share a site.  Rows wait either for a time (a retry) or for
 * their turn in a site queue that is too long for memory.  Everything in it
 * can be rebuilt from segments and journals, except how often something was
 * tried and why it failed last.
 */
#ifndef SPOOL_INDEX_H
#define SPOOL_INDEX_H

#include "base/clock.h"
#include "base/err.h"
#include "base/span.h"
#include "spool/layout.h"
#include "spool/msgid.h"

struct index;

enum index_place {
	INDEX_DUE,		/* at `due` */
	INDEX_READY,		/* as soon as the site queue has room */
	INDEX_HELD		/* by the operator */
};

struct index_row {
	/* the key of the row: */
	struct msgid id;
	uint32_t first_rcpt;	/* the entry's first recipient */
	/* where it waits: */
	uint8_t place;
	uint8_t klass;
	uint64_t site;		/* hash of the site's name, 0: not known yet */
	uint64_t sender;	/* whose turn it takes there */
	usec_t due;		/* wall */
	/* what it is: */
	struct segment_name segment;
	uint64_t offset, size;	/* of the record */
	usec_t arrived;
	uint16_t attempts;
	uint8_t warned;
	struct span rcpts;	/* u32 little-endian each: those left */
	struct span domain;	/* of its recipients, for the routing */
	struct span reason;	/* why it was deferred, for people */
};

/*
 * Open (or make) the environment in directory PATH, which is absolute.  One
 * that is damaged or of another version is moved to PATH.broken-TIME; one
 * that was in use when the machine went down is emptied.  *FRESH is true
 * when the rows have to be rebuilt.  After the death of the process alone,
 * what index_flush() ended is there.
 */
struct index *index_open(const char *path, bool *fresh, struct err *err)
    MUST_CHECK;
/* Ends the batch, checkpoints, closes. */
void index_close(struct index **index);

/*
 * Changes gather in a transaction without sync and become visible at once;
 * index_flush() ends it.  Any failure: ERR_LIBRARY, and the index is to be
 * closed and opened again (it will be rebuilt).  Berkeley DB may then keep
 * the memory that it had (at most its cache of 32 MiB).
 */
/* Insert, or replace the row with the same id and first_rcpt. */
bool index_put(struct index *index, const struct index_row *row,
    struct err *err) MUST_CHECK;
/* *FOUND false: there was none. */
bool index_delete(struct index *index, struct msgid id, uint32_t first_rcpt,
    bool *found, struct err *err) MUST_CHECK;
bool index_flush(struct index *index, struct err *err) MUST_CHECK;
/* Much was changed since the last step of a checkpoint: one is due, so that
 * an opening after a crash has little to do again. */
bool index_is_behind(const struct index *index);
/* A small step of a checkpoint; call when index_is_behind(), and once a
 * second while anything changes. */
bool index_checkpoint(struct index *index, struct err *err) MUST_CHECK;
/* Give a 150th of the files to the disk.  After a step of a checkpoint, call
 * ten times a second until this says that there is no more. */
bool index_write_out(struct index *index);

/* FN returns false to stop.  It may put and delete rows: each walk sees the
 * state when it began a batch of 256. */
typedef bool index_row_fn(void *owner, const struct index_row *row);

/* Rows of ID, in order of first_rcpt. */
bool index_each_of(struct index *index, struct msgid id, index_row_fn *fn,
    void *owner, struct err *err) MUST_CHECK;
/* INDEX_DUE rows with due <= UNTIL by class, and in a class the earliest
 * first. */
bool index_each_due(struct index *index, usec_t until, index_row_fn *fn,
    void *owner, struct err *err) MUST_CHECK;
/* INDEX_READY rows of SITE and KLASS: sender by sender, of each the oldest
 * id first. */
bool index_each_ready(struct index *index, uint64_t site, uint8_t klass,
    index_row_fn *fn, void *owner, struct err *err) MUST_CHECK;
/*
 * The same in turns: up to EACH (1..256) rows of every sender, beginning
 * with the first not below *FROM, once around.  *FROM becomes whoever is
 * next.  *AROUND: all of them had their turn.
 */
bool index_each_turn(struct index *index, uint64_t site, uint8_t klass,
    uint64_t *from, unsigned each, bool *around, index_row_fn *fn,
    void *owner, struct err *err) MUST_CHECK;
/* All rows with id >= FROM, in order of id (for listings and rebuilds). */
bool index_each(struct index *index, struct msgid from, index_row_fn *fn,
    void *owner, struct err *err) MUST_CHECK;

/* Rows of a class that wait in the same way for a site, and if they wait for
 * their turn (INDEX_READY), of one sender. */
struct index_list {
	uint8_t klass, place;
	uint64_t site, sender;
};

/*
 * *LIST becomes the first that has rows, from itself on: among INDEX_READY
 * ones in order of site, class and sender, among the others in order of
 * class, place and site.  *ID is its first row's.  *FOUND false: none.
 */
bool index_next_list(struct index *index, struct index_list *list,
    struct msgid *id, bool *found, struct err *err) MUST_CHECK;
/* Up to MOST ids of LIST's rows into IDS, each once, from FROM on in order.
 * *COUNT < MOST: there are no more. */
bool index_list_ids(struct index *index, const struct index_list *list,
    struct msgid from, struct msgid *ids, size_t most, size_t *count,
    struct err *err) MUST_CHECK;

/* The earliest `due`; false with *DUE 0: none waits. */
bool index_next_due(struct index *index, usec_t *due);

uint64_t index_count(const struct index *index);

#endif
