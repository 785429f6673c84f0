/* SPDX-License-Identifier: ISC
 *
 * kept.h - writers hear when it is on stable storage where a segment ends.
 *
 * Until then a writer remembers the end and tells it to each new scheduler;
 * and if the segment broke, clients wait for it (spool/ends.c).
 */
#ifndef SCHEDULER_KEPT_H
#define SCHEDULER_KEPT_H

#include "spool/layout.h"

struct scheduler;
struct segment;

/* The writer of SEGMENT, whose end was written down, waits for that to be
 * durable; perhaps it is. */
void kept_want(struct scheduler *s, struct segment *segment);

/* The journal of SEGMENT was written or synced. */
void kept_look(struct scheduler *s, struct segment *segment);

/* Segment NAME will never be found again. */
void kept_tell(struct scheduler *s, struct segment_name name);

#endif
