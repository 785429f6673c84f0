/* SPDX-License-Identifier: ISC
 *
 * late.h - jobs whose time runs out while they are here.
 *
 * A message that is to be returned at its deadline (DELIVERBY, mode R) must
 * not wait beyond that for a server that hangs, or for a connection.  At its
 * deadline a job that waits goes back to the scheduler, and a transaction
 * that has not come to its body ends with its connection.  From the body on
 * nobody can tell whether the server has the mail: that runs to its end.
 */
#ifndef DELIVERER_LATE_H
#define DELIVERER_LATE_H

#include "base/heap.h"

struct deliverer;
struct job;

struct late {
	struct heap jobs;	/* that are to be returned, by deadline */
	struct timer *timer;
};

void late_init(struct deliverer *deliverer);
void late_fini(struct deliverer *deliverer);

/* JOB has come, and is to be returned at its deadline. */
void late_watch(struct deliverer *deliverer, struct job *job);

/* JOB is over, or its body is on its way.  It may be unknown here. */
void late_forget(struct deliverer *deliverer, struct job *job);

#endif
