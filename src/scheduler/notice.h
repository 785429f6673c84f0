/* SPDX-License-Identifier: ISC
 *
 * notice.h - the postmaster hears of damage that no sender can be told of.
 */
#ifndef SCHEDULER_NOTICE_H
#define SCHEDULER_NOTICE_H

#include "spool/reader.h"

struct scheduler;
struct segment;

/*
 * FOUND in SEGMENT is damaged and kept as FILE of corrupt/, and its envelope
 * cannot be read.  Once for a segment, and if there is a postmaster (bounce
 * in the configuration).
 */
void notice_damage(struct scheduler *s, struct segment *segment,
    const struct reader_found *found, const char *file);

#endif
