/* SPDX-License-Identifier: ISC
 *
 * change.h - what an operator does to messages.  Each counts the messages
 * that were changed in WALK.
 */
#ifndef SCHEDULER_CHANGE_H
#define SCHEDULER_CHANGE_H

#include "scheduler/walk.h"

/* Gone without a report; what flies goes if it comes back. */
walk_fn change_delete;

/* Nothing is tried any more; what flies runs to its end. */
walk_fn change_hold;
walk_fn change_release;

/* What waits for a time is due now, and sites that rest are tried.  A flush
 * leaves alone what its sender asked us to hold. */
walk_fn change_retry;
walk_fn change_flush;

#endif
