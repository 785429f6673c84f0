/* SPDX-License-Identifier: ISC
 *
 * spent.h - tokens that were used, and whose meter is gone (pure).
 *
 * Sites and senders without mail are forgotten after a while, but not what
 * they used of their rates: who comes back before its next token waits for
 * that.  Of very many, those are forgotten first whose token comes first.
 */
#ifndef SCHEDULER_SPENT_H
#define SCHEDULER_SPENT_H

#include "base/clock.h"
#include "base/heap.h"
#include "base/map.h"

enum {
	SPENT_MOST = 32768,
	SPENT_SLOW = 1000000000	/* ns: a rate whose next life asks for it */
};

struct spent_row {
	struct heap_node due;	/* when the next token comes, monotonic ms */
	uint64_t key;
	int64_t step, next;	/* of the meter, ns */
};

struct spent {
	struct map rows;	/* by key */
	struct heap dues;
	bool changed;		/* a slow meter gave a token, or had it back */
};

void spent_init(struct spent *spent);
void spent_fini(struct spent *spent);

/* The key of meter WHICH of what is called NAME, the same in every life. */
uint64_t spent_key(struct span name, unsigned which);

/* The meter with KEY is gone.  It gave a token each STEP ns, and the next one
 * comes at NEXT (monotonic ns). */
void spent_keep(struct spent *spent, uint64_t key, int64_t step,
    int64_t next);

/* It is back.  False: nothing is known of it, so it has a token. */
bool spent_take(struct spent *spent, uint64_t key, int64_t *step,
    int64_t *next);

/* What has its next token by NOW need not be remembered. */
void spent_wake(struct spent *spent, msec_t now);

#endif
