/* SPDX-License-Identifier: ISC
 *
 * walk.h - through the queue, in order of id, a piece per turn.
 *
 * A walk sees messages in memory and in the index as one, also while they
 * go from one to the other.  What comes to the queue after it began may or
 * may not be met.  What the filter does not
 * mean is not looked at, as far as class and site tell (search.h).  Its
 * memory is the ids of the messages in memory when it began, of those that
 * came there meanwhile and are still ahead of it, and some read ahead: ten
 * bytes a message of the queue at the very most.
 */
#ifndef SCHEDULER_WALK_H
#define SCHEDULER_WALK_H

#include "scheduler/idheap.h"
#include "scheduler/queue.h"
#include "scheduler/search.h"
#include "scheduler/window.h"
#include "spool/envelope.h"

/* A message as a walk meets it. */
struct item {
	struct msgid id;
	struct message *message;	/* null: all of it is in the index */
	struct row *rows;	/* of the index */
	size_t row_count;
	struct segment *segment;
	uint64_t offset, size;
	usec_t arrived;
	uint8_t klass;
	struct envelope *envelope;	/* null: not read */
};

struct walk {
	struct scheduler *s;
	struct link link;	/* in scheduler->walks */
	struct filter filter;
	unsigned wants;
	struct idheap ids;	/* in memory, or asked for */
	bool collects;		/* those in memory, from here on: */
	size_t at;
	unsigned moves;		/* of the map, when AT was 0 */
	struct search search;	/* those in the index */
	struct msgid last;	/* the one that was met last */
	usec_t born;		/* wall; what came later need not be met */
	uint64_t count;		/* for those who count */
};

enum {				/* what a walk wants */
	WALK_ENVELOPE = 1,	/* read for each */
	WALK_DUE = 2,		/* only what waits for a time */
	WALK_HELD = 4,		/* only what is held */
	WALK_UNHELD = 8		/* only what is not, as far as the index goes */
};

/* FILTER's content is moved away. */
struct walk *walk_new(struct scheduler *s, struct filter *filter,
    unsigned wants);
void walk_free(struct walk **walk);

/* Handle ITEM; it is freed after. */
typedef void walk_fn(struct walk *walk, struct item *item, void *owner);

/* Call FN for those of the next MOST messages that match, or for some
 * milliseconds.  False: the walk is over. */
bool walk_on(struct walk *walk, unsigned most, walk_fn *fn, void *owner);

/* ROW comes to a list of the index, or leaves it: walks that are under way
 * and mean it are to meet its message all the same. */
void walks_note(struct scheduler *s, const struct index_row *row);

/* The message ID, whatever the filter.  False: it is not in the queue. */
bool walk_find(struct scheduler *s, struct msgid id, struct item *out);
void item_fini(struct item *item);

/* walk_match.c: whether MESSAGE may match, by what of it is in memory. */
bool walk_may_match(const struct walk *walk, const struct message *message);
/* Whether the message of ROW may, by what the row says. */
bool walk_may_mean(const struct walk *walk, const struct index_row *row);
/* Whether ITEM does; its envelope is read if that is needed. */
bool walk_matches(const struct walk *walk, struct item *item);

#endif
