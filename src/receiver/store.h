/* SPDX-License-Identifier: ISC
 *
 * store.h - the way into the spool: committer, large messages, free space,
 * and the news for the scheduler.
 */
#ifndef RECEIVER_STORE_H
#define RECEIVER_STORE_H

#include "receiver/front.h"

bool store_open(struct receiver *receiver, struct err *err) MUST_CHECK;
/* No front may be left. */
void store_close(struct receiver *receiver);

/* Note how much room the disk has; looks at most four times a second. */
void store_look_at_disk(struct receiver *receiver);

/* After each step of FRONT's session: pass a large message on as it grows,
 * or let go of one that was given up. */
void store_follow(struct front *front);

/* FRONT's message is whole: commit it; front_committed() follows, never
 * before the committer is asked, but perhaps from within. */
void store_commit(struct front *front);

/* FRONT is being freed; it has no commit under way. */
void store_forget(struct front *front);

/* The scheduler is new: tell it what there is. */
void store_announce(struct receiver *receiver);
/* The scheduler has it on disk where a segment ends. */
void store_kept(struct receiver *receiver, const struct frame_kept *kept);

#endif
