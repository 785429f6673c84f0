/* SPDX-License-Identifier: ISC
 *
 * removal.h - what the files about segments share; nobody else includes it.
 */
#ifndef SCHEDULER_REMOVAL_H
#define SCHEDULER_REMOVAL_H

#include "scheduler/syncer.h"

struct scheduler;

/* removal.c: time to sync and remove (a timer), and the batch's outcome. */
void removal_tick(void *scheduler);
void removal_done(void *scheduler, struct sync_job *jobs, size_t count);
/* Sync what is unsynced, and wait for it: no thread is there any more. */
void removal_all(struct scheduler *s);

/* segments.c: a journal failed, said once a minute; and the next tick. */
void segments_complain(struct scheduler *s, const struct err *err);
void segments_want_tick(struct scheduler *s);

#endif
