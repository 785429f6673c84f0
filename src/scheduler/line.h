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
 * past the others with deadlines alone.  A turn is for what its sender has had
 * here for longest; if all of that has deadlines, for the earliest, and only
 * one of LINE_FAIR turns for the other.
 *
 * A share whose sender has used up its rate (sender.h) is set aside when it
 * would be next, and comes back with a token, to the place it had.
 */
#ifndef SCHEDULER_LINE_H
#define SCHEDULER_LINE_H

#include "base/heap.h"
#include "base/list.h"
#include "base/map.h"
#include "base/span.h"

struct entry;
struct queue;
struct sender;

enum {
	LINE_FAIR = 4,		/* of so many picks one goes by turns */
	LINE_LOOK = 8,		/* shares that are looked at for a small one */
	LINE_COST_BYTES = 64 << 10,
	LINE_COST_MOST = 16
};

struct line {
	size_t count;		/* entries */
	struct list turns;	/* shares, the next one first */
	struct heap due;	/* of these, those with a deadline */
	unsigned picks;
	struct list parked;	/* shares that wait for their sender's rate */
	size_t parked_count;	/* entries of these */
	uint64_t freed;		/* senders with a rate that could have more
				 * entries here than they had, so far */
};

/* Entries that do not wait for their senders' rates, as far as is known. */
static inline size_t
line_length(const struct line *line)
{
	return line->count - line->parked_count;
}

/* What one sender has in a line. */
struct share {
	struct share_key {
		const struct line *line;
		uint64_t sender;
	} key;
	struct link turn;	/* on line->turns, or line->parked */
	struct list entries;
	int credit;		/* served while above 0 */
	unsigned served;	/* of its turns, with deadlines alone */
	uint8_t klass;
	bool had_turn;		/* when it was parked */
	struct heap due;	/* entries with a deadline, if it is urgent */
	struct heap_node first_due;	/* on line->due, by the first of these */
	struct sender *sender;	/* null: no sender has a rate */
	struct link mine;	/* on sender->shares */
	struct link wait;	/* on sender->waiting, while parked */
};

static inline bool
share_is_parked(const struct share *share)
{
	return link_on_list(&share->wait);
}

/* The shares of all lines, by line and sender; values are struct share. */
void line_shares_init(struct map *shares);

void line_init(struct line *line);
/* It is empty. */
void line_fini(struct line *line);

/* ENTRY joins the share of its sender, at its end; or at its front, and
 * then its share is the next one. */
void line_add(struct queue *queue, struct line *line, struct entry *entry,
    bool front);
void line_remove(struct queue *queue, struct line *line,
    struct entry *entry);

/* Whether an entry may go, or all wait for their senders' rates. */
bool line_ready(struct queue *queue, struct line *line);

/* Take off the entry that is to go next; null: none may go. */
struct entry *line_take(struct queue *queue, struct line *line);

/* The same, but whoever is due first goes first, always. */
struct entry *line_take_first(struct queue *queue, struct line *line);

/* The same where no message over LARGE bytes may go: shares that have one
 * first are passed over, some at a time, and lose their turn by that. */
bool line_ready_small(struct queue *queue, struct line *line, uint64_t large);
struct entry *line_take_small(struct queue *queue, struct line *line,
    uint64_t large);

/* SHARE is parked, and takes its turns again. */
void line_release(struct share *share);

/* Entries of SENDER. */
size_t line_share(const struct map *shares, const struct line *line,
    uint64_t sender);

/* Walk all: null begins, and null is the end.  Get the next before the
 * present one is removed; removing may let some be met twice. */
struct entry *line_next(const struct line *line, const struct entry *entry);
/* Whoever would go last, and before ENTRY the next to last; null: nobody.
 * Get it before ENTRY is removed. */
struct entry *line_last(const struct line *line);
struct entry *line_before(const struct line *line,
    const struct entry *entry);

/* The key of a sender, the same in every life. */
uint64_t line_sender(struct span name);

#endif
