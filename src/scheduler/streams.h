/* SPDX-License-Identifier: ISC
 *
 * streams.h - lists of the index, merged by id.
 */
#ifndef SCHEDULER_STREAMS_H
#define SCHEDULER_STREAMS_H

#include "spool/index.h"

enum { STREAMS_MOST = 16384 };

struct stream;

struct streams {
	struct stream *heap;	/* by their next ids, once in order */
	size_t count, room;
	struct msgid *ids;	/* read ahead: each has a share of them … */
	size_t ahead;		/* … of so many */
};

/* All zero is none. */
void streams_fini(struct streams *streams);

/* LIST, which begins with FIRST.  False: there are STREAMS_MOST already. */
bool streams_add(struct streams *streams, const struct index_list *list,
    struct msgid first) MUST_CHECK;
/* All are there. */
void streams_order(struct streams *streams);

/* The least id; false: there is none. */
bool streams_first(const struct streams *streams, struct msgid *out);
/* Take it off, wherever it stands. */
bool streams_take(struct streams *streams, struct index *index,
    struct err *err) MUST_CHECK;

#endif
