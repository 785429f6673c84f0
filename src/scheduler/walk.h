/* SPDX-License-Identifier: ISC
 *
 * walk.h - through the whole queue, in order of id, a piece per turn.
 *
 * A walk sees messages in memory and in the index as one.  What comes to the
 * queue after it began may or may not be met.  Its memory is the ids of the
 * messages in memory when it began: bounded by the window.
 */
#ifndef SCHEDULER_WALK_H
#define SCHEDULER_WALK_H

#include "scheduler/filter.h"
#include "scheduler/queue.h"
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
	struct filter filter;
	bool needs_envelope;
	struct msgid *ids;	/* in memory, or asked for; sorted */
	size_t id_count, id_at;
	struct msgid found[64];	/* the next in the index */
	size_t found_count, found_at;
	struct msgid from;	/* where the index is read on */
	bool index_over;
	uint64_t count;		/* for those who count */
};

/* FILTER's content is moved away. */
struct walk *walk_new(struct scheduler *s, struct filter *filter,
    bool needs_envelope);
void walk_free(struct walk **walk);

/* Handle ITEM; it is freed after. */
typedef void walk_fn(struct walk *walk, struct item *item, void *owner);

/* Call FN for up to MOST messages that match.  False: the walk is over. */
bool walk_on(struct walk *walk, unsigned most, walk_fn *fn, void *owner);

/* The message ID, whatever the filter.  False: it is not in the queue. */
bool walk_find(struct scheduler *s, struct msgid id, struct item *out);
void item_fini(struct item *item);

#endif
