/* SPDX-License-Identifier: ISC
 *
 * worker.h - what every child does.
 *
 * A child is born with its channel to the master as descriptor 3.  It gets
 * its configuration, descriptors and peers in frames, then GO: it enters
 * its jail, drops its privileges and works.  When the master is gone (end
 * of file) it finishes and leaves.
 */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include "conf/conf.h"
#include "io/loop.h"
#include "wire/channel.h"
#include "worker/board.h"

enum { WORKER_MASTER_FD = 3 };

struct worker {
	enum role role;
	unsigned number;
	struct loop *loop;
	struct conf *conf;	/* replaced on reload */
	struct buf certificate, key;	/* PEM; empty: none */
	struct channel *master;	/* null once the master is gone */
	struct board_row *board;	/* our row, never null after GO */
	struct crowd *crowd;	/* ours, for who has clients */
	_Atomic usec_t *urgent;	/* the board's */
	const struct board *all;	/* everybody's */
	bool draining;
};

/* What a role adds.  Any may be null. */
struct worker_ops {
	/* Before GO, still as root: open what the jail would hide. */
	bool (*prepare)(struct worker *worker, struct err *err);
	/* After GO and the drop of privileges.  False ends the process. */
	bool (*start)(struct worker *worker, struct err *err);
	/* A new configuration is in worker->conf; OLD is freed after. */
	void (*reload)(struct worker *worker, const struct conf *old);
	/* worker->draining is set; call worker_done() when finished. */
	void (*drain)(struct worker *worker);
	/* A peer, or a peer anew (the former one died); never before start.
	 * CHANNEL's frames go to on_frame, its end to on_gone; it is freed by
	 * the worker. */
	void (*peer)(struct worker *worker, struct channel *channel,
	    enum role role, unsigned number);
	/* What a peer says, and RELOADED from the master. */
	void (*on_frame)(struct worker *worker, struct channel *channel,
	    const struct frame *frame);
	void (*on_gone)(struct worker *worker, struct channel *channel);
	/* Descriptors: LISTEN, CONTROL, SUBMIT, SPOOL (also before start).
	 * After a reload LISTEN comes for addresses that are new, counted in
	 * the new configuration; those that are gone are for the role to
	 * close. */
	void (*descriptor)(struct worker *worker, const struct frame *frame);
	/* As root: live in SPOOL/jail, an empty directory. */
	bool jailed;
};

/* The whole life; returns the exit status for main(). */
int worker_main(enum role role, const struct worker_ops *ops, void *state);

/* The STATE given to worker_main(). */
void *worker_state(struct worker *worker);

/* The drain is done: leave the loop. */
void worker_done(struct worker *worker);

#endif
