/* SPDX-License-Identifier: ISC
 *
 * move.h - messages are copied to another segment, and then live there.
 *
 * To change their class, or because their segment is to go (compact.h).  The
 * order of operations is in move.c, what a start makes of a move that was
 * cut short in spool/origin.h.
 */
#ifndef SCHEDULER_MOVE_H
#define SCHEDULER_MOVE_H

#include "scheduler/copies.h"
#include "scheduler/relocate.h"
#include "spool/commit.h"

enum move_end {
	MOVE_DONE,
	MOVE_SKIPPED,		/* it flies, or is being reported, or went */
	MOVE_FAILED		/* it stays as it was; the error tells */
};

/* What became of a move that was begun. */
typedef void move_done_fn(void *cookie, enum move_end end,
    const struct err *err);

struct move {
	struct link link;	/* in moves->under_way or ->large */
	struct scheduler *s;
	struct msgid id;
	struct segment *from;	/* pinned */
	uint64_t offset, size;	/* there */
	uint8_t klass;		/* to go to */
	struct envelope *envelope;	/* of the copy */
	uint32_t waiting;	/* recipients */
	move_done_fn *done;
	void *cookie;
	/* a large one, while it is copied: */
	struct commit_stream *stream;
	struct record_header header;
	uint64_t at;		/* of the body, copied so far */
	struct dot seen;	/* of the body so far */
	uint32_t crc;
};

struct moves {
	struct list under_way;	/* handed over to the committer */
	struct list large;	/* the first is being copied */
	struct timer *timer;	/* the stream has room again */
	bool written;		/* an original is written off in this turn */
	struct copies copies;
};

void moves_init(struct scheduler *s);
/* Before the committer ends: what is not handed over to it is not moved. */
void moves_stop(struct scheduler *s);
void moves_fini(struct scheduler *s);

/*
 * Begin to move ITEM to class KLASS.  MOVE_DONE: DONE is called later, with
 * how it ended.  Otherwise DONE is not called; ERR tells why of MOVE_FAILED.
 */
enum move_end move_begin(struct scheduler *s, struct item *item,
    enum mail_class klass, move_done_fn *done, void *cookie,
    struct err *err) MUST_CHECK;

/* The turn, when status records have been written.  True: there is more. */
bool moves_work(struct scheduler *s);

/* ---- move_large.c ---------------------------------------------------------- */

/* MOVE, whose envelope is known, is copied in pieces, in its turn. */
void move_large(struct scheduler *s, struct move *move);
bool moves_large_work(struct scheduler *s);
void moves_large_stop(struct scheduler *s);

/* ---- what move_large.c needs of move.c -------------------------------------- */

commit_done_fn move_copied;

/* MOVE ends so, and is freed. */
void move_end(struct move *move, enum move_end end, const struct err *err);

/* The record of MOVE is damaged: it goes the way of all such. */
void move_is_damaged(struct move *move, const struct err *err);

#endif
