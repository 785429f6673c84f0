/* SPDX-License-Identifier: ISC
 *
 * line.h - a ready line: what of one class waits for one site, in turns.
 *
 * Each sender with entries in the line has a share of it.  Shares take turns
 * (deficit round robin: an entry costs 1 and 1 more for each 64 KiB, 16 at
 * most; a turn is worth 1), so a message waits for its own sender's older
 * ones and for one entry of each other sender a turn, however many these
 * have.  A share lives while it has entries: memory is bounded by them.
 *
 * In the urgent line entries with a deadline go first, earliest deadline
 * first; but of LINE_FAIR picks one goes by turns, so that no sender gets
 * past the others with deadlines alone.
 */
#ifndef SCHEDULER_LINE_H
#define SCHEDULER_LINE_H

#include "base/heap.h"
#include "base/list.h"
#include "base/map.h"
#include "base/span.h"

struct entry;

enum {
	LINE_FAIR = 4,		/* of so many picks one goes by turns */
	LINE_COST_BYTES = 64 << 10,
	LINE_COST_MOST = 16
};

struct line {
	size_t count;		/* entries */
	struct list turns;	/* shares, the next one first */
	struct heap due;	/* entries with a deadline, if it is urgent */
	unsigned picks;
};

/* What one sender has in a line. */
struct share {
	struct share_key {
		const struct line *line;
		uint64_t sender;
	} key;
	struct link turn;
	struct list entries;
	int credit;		/* served while above 0 */
};

/* The shares of all lines, by line and sender; values are struct share. */
void line_shares_init(struct map *shares);

void line_init(struct line *line);
/* It is empty. */
void line_fini(struct line *line);

/* ENTRY joins the share of its sender, at its end; or at its front, and
 * then its share is the next one. */
void line_add(struct map *shares, struct line *line, struct entry *entry,
    bool front);
void line_remove(struct map *shares, struct line *line, struct entry *entry);

/* Take off the entry that is to go next; null: the line is empty. */
struct entry *line_take(struct map *shares, struct line *line);

/* The same, but whoever is due first goes first, always. */
struct entry *line_take_first(struct map *shares, struct line *line);

/* Entries of SENDER. */
size_t line_share(const struct map *shares, const struct line *line,
    uint64_t sender);

/* Walk all: null begins, and null is the end.  Get the next before the
 * present one is removed. */
struct entry *line_next(const struct line *line, const struct entry *entry);
/* Whoever would go last. */
struct entry *line_last(const struct line *line);

/* The key of a sender, the same in every life. */
uint64_t line_sender(struct span name);

#endif
