/* SPDX-License-Identifier: ISC
 *
 * conn_inside.h - a connection from within: for conn*.c alone.
 */
#ifndef IO_CONN_INSIDE_H
#define IO_CONN_INSIDE_H

#include "io/conn.h"

enum conn_state {
	CONN_CONNECTING,
	CONN_OPEN,		/* in clear, or over TLS when tls is not null */
	CONN_SECURING,		/* handshake, after what waits has left */
	CONN_FINISHING,		/* the owner has gone; output leaves */
	CONN_DRAINING,		/* our end is shut; input is thrown away */
	CONN_OVER		/* CONN_ENDED was told, or is about to be */
};

struct conn {
	struct loop *loop;
	conn_fn *fn;
	void *owner;
	struct watch *watch;
	struct timer *deadline, *kick;	/* kick: work left for the loop */
	struct orphan *orphan;	/* FINISHING, DRAINING */
	struct tls *tls;
	struct conn_limits limits;
	struct buf kept, out;
	struct span lent;	/* of the scratch buffer, in CONN_INPUT */
	struct addr peer;
	size_t drained;
	msec_t finish_by;	/* FINISHING, DRAINING: monotonic */
	int fd;
	enum conn_state state;
	unsigned want;
	bool paused;
	bool busy;		/* in the owner's function */
	bool dead;		/* freed by the owner while busy */
	bool again;		/* kept input is to be delivered anew */
	bool peer_shut;		/* end of file was read */
	bool out_broken;	/* nothing can be written any more */
	bool looked;		/* after the deadline, for what came in time */
	bool starved;		/* no descriptor, port or memory to connect */
	bool read_wants_write, write_wants_read;	/* TLS */
	char why[80];
};

/* False: the conn is gone, do not touch it. */
bool conn_tell(struct conn *conn, enum conn_event event);

/* Do the rest from the loop, in its next turn. */
void conn_kick(struct conn *conn);

/* Watch for what the conn waits for now. */
void conn_rewatch(struct conn *conn);

/* The connection is of no more use: WHY, unless that is known already.
 * The conn may be gone afterwards. */
void conn_end(struct conn *conn, const char *why);

/* Whether input is wanted now. */
bool conn_may_read(const struct conn *conn);

/* Read and deliver what there is; the conn may be gone afterwards. */
void conn_take_input(struct conn *conn);

/* Input may be waited for again: watch, and kick for what no watch tells. */
void conn_read_on(struct conn *conn);

/* Lend the owner what there is, and keep what is left.  False: gone. */
bool conn_deliver(struct conn *conn);

void conn_set_why(struct conn *conn, const char *why);

/* Write what waits.  Never tells the owner. */
void conn_write_out(struct conn *conn);

/* FINISHING and DRAINING: go on; frees CONN when it is through. */
void conn_finish_step(struct conn *conn);

/* Close everything; the memory too unless the owner is being called. */
void conn_destroy(struct conn *conn);

#endif
