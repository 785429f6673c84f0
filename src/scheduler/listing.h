/* SPDX-License-Identifier: ISC
 *
 * listing.h - a message of the queue as JSON.
 */
#ifndef SCHEDULER_LISTING_H
#define SCHEDULER_LISTING_H

#include "scheduler/walk.h"

/* A row as in queue.list; ITEM's envelope was read. */
json_t *listing_row(struct scheduler *s, const struct item *item);

/* The same with what only queue.show tells. */
json_t *listing_long_row(struct scheduler *s, const struct item *item);

/* How far the start has come; null: everything is known. */
json_t *listing_loading(const struct scheduler *s);
/* The answer to status. */
json_t *listing_status(struct scheduler *s, usec_t born);

#endif
