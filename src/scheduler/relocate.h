/* SPDX-License-Identifier: ISC
 *
 * relocate.h - a message in the queue comes to live in another record.
 */
#ifndef SCHEDULER_RELOCATE_H
#define SCHEDULER_RELOCATE_H

#include "scheduler/walk.h"

/* The other record: it has the same recipients in the same order. */
struct home {
	struct segment *segment;
	uint64_t offset, size;
	uint8_t klass;
};

/*
 * The recipients of ITEM that wait are added to WAITING, which is for all of
 * its recipients.  False: some of it flies, or is being reported.
 */
bool relocate_can(const struct item *item, struct rcpt_set *waiting);

/* Without an index, what is held waits in memory for ever. */
bool relocate_held(const struct item *item);
bool relocate_warned(const struct item *item);

/*
 * ITEM (relocate_can()) lives at TO: its old record is written off as moved
 * there, and memory and index follow.  With another class it goes into the
 * lines of that, behind what is there; in a more pressing one what waits for
 * a retry is due now.
 */
void relocate(struct scheduler *s, struct item *item, const struct home *to);

#endif
