/* SPDX-License-Identifier: ISC
 *
 * drain.h - leaving in good order.
 */
#ifndef MASTER_DRAIN_H
#define MASTER_DRAIN_H

#include "master/master.h"

/* Start to leave; WHY is for the log.  Nothing when that has begun. */
void drain_begin(struct master *master, const char *why);

/* A child has gone: is it the next ones' turn? */
void drain_step(struct master *master);

void drain_limit(void *master);

#endif
