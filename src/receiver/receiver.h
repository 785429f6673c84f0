/* SPDX-License-Identifier: ISC
 *
 * receiver.h - the receiver process: what its parts share.
 */
#ifndef RECEIVER_RECEIVER_H
#define RECEIVER_RECEIVER_H

#include "receiver/clients.h"
#include "receiver/rules.h"

#include "base/list.h"
#include "spool/commit.h"
#include "worker/worker.h"

enum { HABITS_MS = 10 * 1000 };	/* between two looks at them */

struct receiver {
	struct worker *worker;
	struct rules rules;
	struct buf reply;	/* replies of the session at hand */

	struct list fronts;	/* struct front: clients */
	struct list listeners;	/* struct listener */
	struct clients clients;
	struct habits habits;	/* of strangers */
	struct timer *minute;	/* some of these may be over */
	msec_t told_refusal;	/* when a refused connection was last logged */

	int spool_fd;		/* -1: not given yet */
	struct spool_dirs dirs;
	struct committer *committer;	/* null before the start */
	msec_t disk_looked;	/* when the free space was last looked at */
	struct list throttled;	/* fronts whose disk is slower than they */
	struct timer *unthrottle;
	struct list slowed;	/* fronts whose reply is late on purpose */
	struct timer *unslow;

	struct channel *scheduler;	/* null: gone */

	struct timer *leave;	/* drained: leave in the next turn */
};

/* A front is gone: when draining, perhaps the last one. */
void receiver_front_gone(struct receiver *receiver);

#endif
