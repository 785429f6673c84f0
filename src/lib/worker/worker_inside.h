/* SPDX-License-Identifier: ISC
 *
 * worker_inside.h - a child from within: for lib/worker alone.
 */
#ifndef WORKER_WORKER_INSIDE_H
#define WORKER_WORKER_INSIDE_H

#include "worker/worker.h"

#include "base/list.h"

/* A peer: from PEER on, with a channel as soon as the child has started. */
struct peer {
	struct link link;
	struct channel *channel;
	enum role role;
	unsigned number;
	int fd;			/* until there is a channel */
};

struct life {
	struct worker worker;	/* what the role sees; first */
	const struct worker_ops *ops;
	void *state;
	struct board *board;	/* what worker.all lends */
	struct timer *beat, *limit;
	struct timer *log;	/* to ask for another one */
	struct sigwatch *term;
	struct list peers;
	uint32_t place;
	int log_fd;		/* -1: none yet */
	int spool_fd;		/* keeps the spool locked; -1: none */
	bool started;
	int status;		/* for main() */
};

/* birth.c: what is done first of all. */
void worker_birth(void);

/*
 * jail.c: leave everything behind that the role does not need.  As root:
 * enter SPOOL/jail if JAILED and become the role's user; that it cannot be
 * undone is checked.
 */
bool worker_jail(const struct worker *worker, bool jailed, struct err *err)
    MUST_CHECK;

/* peers.c */
void worker_peer_add(struct life *life, const struct frame *frame);
void worker_peers_open(struct life *life);
void worker_peers_free(struct life *life);

/* worker_frames.c: what the master says. */
void worker_frame(void *life, struct channel *channel,
    const struct frame *frame);

/* worker.c: something that must not fail did; the process ends. */
void worker_fail(struct life *life, const char *what, const struct err *err);
void worker_drain(struct life *life);
void worker_go(struct life *life);

#endif
