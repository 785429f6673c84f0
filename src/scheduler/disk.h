/* SPDX-License-Identifier: ISC
 *
 * disk.h - says when there is too little room for mail of a class.
 *
 * Each receiver looks for itself, and decides; this is told once, for the
 * log and for status.
 */
#ifndef SCHEDULER_DISK_H
#define SCHEDULER_DISK_H

#include "base/marks.h"
#include "conf/conf.h"

struct scheduler;

struct disk {
	uint64_t free;		/* bytes, as last seen */
	uint8_t level[CLASS_COUNT];	/* enum mark */
};

/* At the start and each second: look, and log a change. */
void disk_care(struct scheduler *s);

/* "normal and bulk mail is refused: 32M free, 72M wanted"; null: all is taken.
 * In memory of its own until the next call. */
const char *disk_text(const struct scheduler *s);

#endif
