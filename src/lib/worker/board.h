/* SPDX-License-Identifier: ISC
 *
 * board.h - the scoreboard: numbers each process writes and all may read.
 *
 * Shared memory made by the master, a row per process.  A row is written by
 * its process alone, with relaxed atomics; a reader may see numbers of
 * different moments, which is good enough for people and graphs.
 */
#ifndef WORKER_BOARD_H
#define WORKER_BOARD_H

#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "worker/crowd.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

enum { BOARD_ROWS = 128 };

/* A metric is one row: name, unit, text (see board.c for the table). */
enum metric {
	METRIC_CONNECTIONS,		/* open now */
	METRIC_CONNECTIONS_TOTAL,
	METRIC_ACCEPTED,		/* messages answered 250 */
	METRIC_ACCEPTED_BYTES,
	METRIC_REFUSED,			/* commands or messages answered 4yz/5yz */
	METRIC_COMMITS,			/* syncs */
	METRIC_QUEUED_URGENT, METRIC_QUEUED_NORMAL, METRIC_QUEUED_BULK,
	METRIC_IN_MEMORY,		/* entries */
	METRIC_IN_INDEX,
	METRIC_IN_FLIGHT,
	METRIC_SITES,
	METRIC_SEGMENTS,
	METRIC_CORRUPT,			/* files in corrupt/ */
	METRIC_UNREADABLE, METRIC_UNKEPT, METRIC_NEWER,	/* ranges */
	METRIC_DELIVERED, METRIC_FAILED, METRIC_DEFERRED,	/* recipients */
	METRIC_EXPIRED,
	METRIC_BOUNCES,			/* DSNs made */
	METRIC_MOVED,			/* messages, to another class */
	METRIC_COMPACTED, METRIC_COMPACTED_BYTES,	/* within their class */
	METRIC_QUESTIONS,		/* to the DNS */
	METRIC_COUNT
};

struct board_row {
	_Atomic int32_t pid;		/* 0: nobody */
	_Atomic uint8_t role;
	_Atomic uint32_t number;
	_Atomic int64_t born;		/* wall usec */
	_Atomic int64_t beat;		/* monotonic ms of the last loop turn */
	_Atomic uint64_t metrics[METRIC_COUNT];
};

struct board {
	struct board_row rows[BOARD_ROWS];
	_Atomic usec_t urgent;	/* monotonic: when such mail came last */
	struct hash_key key;	/* for the crowds */
	struct crowd crowds[BOARD_ROWS];	/* the receivers' clients */
};

const char *metric_name(enum metric metric);
const char *metric_text(enum metric metric);

static inline void
board_add(struct board_row *row, enum metric metric, int64_t count)
{
	atomic_fetch_add_explicit(&row->metrics[metric], (uint64_t)count,
	    memory_order_relaxed);
}

static inline void
board_set(struct board_row *row, enum metric metric, uint64_t value)
{
	atomic_store_explicit(&row->metrics[metric], value,
	    memory_order_relaxed);
}

/* The row at PLACE is nobody's now; what its process counted is no more. */
void board_clear(struct board *board, uint32_t place);

/* Sum over all rows. */
uint64_t board_sum(const struct board *board, enum metric metric);

/* The master makes it (*FD: to hand on); children map what they are given. */
struct board *board_make(int *fd, struct err *err) MUST_CHECK;
struct board *board_map(int fd, struct err *err) MUST_CHECK;

#endif
