/* SPDX-License-Identifier: ISC
 *
 * idheap.h - ids, the least of them at once.
 *
 * Made of any number of ids in a time that grows with it and no faster;
 * sorting them all before the first is needed would hold up a turn.
 */
#ifndef SCHEDULER_IDHEAP_H
#define SCHEDULER_IDHEAP_H

#include "spool/msgid.h"

#include <stddef.h>

struct idheap {
	struct msgid *ids;
	size_t count, room;
	size_t late;		/* came when it was in order */
};

/* All zero is an empty one. */
void idheap_fini(struct idheap *heap);

/* ID comes too, once idheap_order() was called if IN_ORDER is false.  What
 * comes late again and again takes no more and more room. */
void idheap_add(struct idheap *heap, struct msgid id, bool in_order);
void idheap_order(struct idheap *heap);

/* The least; null: there is none. */
static inline const struct msgid *
idheap_first(const struct idheap *heap)
{
	return heap->count == 0 ? NULL : &heap->ids[0];
}

/* Take off the least, and all that equal it. */
void idheap_take(struct idheap *heap);

#endif
