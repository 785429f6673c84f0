/* SPDX-License-Identifier: ISC
 *
 * names.h - the names of senders, for those who have a rate.
 *
 * In memory and in the index a message carries but the key of its sender.
 * New mail tells the name as it is taken up; for mail that comes back from
 * the index it is read from the envelope, before any of it may go.
 */
#ifndef SCHEDULER_NAMES_H
#define SCHEDULER_NAMES_H

#include "spool/envelope.h"

#include <stdbool.h>
#include <stdint.h>

struct scheduler;

/* The key of the sender of ENVELOPE, whose name is known from now on. */
uint64_t names_of(struct scheduler *s, const struct envelope *envelope);

/* Read some of the names that are not known.  True: there are more. */
bool names_work(struct scheduler *s);

#endif
