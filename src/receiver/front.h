/* SPDX-License-Identifier: ISC
 *
 * front.h - one client: its connection, its session, and their time.
 *
 * The glue between the session machine and the outside: it fulfils wishes
 * and keeps the clock.  A front whose client has left stays until the
 * committer has told what became of its message.
 */
#ifndef RECEIVER_FRONT_H
#define RECEIVER_FRONT_H

#include "receiver/listen.h"
#include "receiver/receiver.h"
#include "receiver/session.h"

#include "io/conn.h"

struct front {
	struct link link;	/* receiver->fronts */
	struct link throttled;	/* receiver->throttled, or on no list */
	struct receiver *receiver;
	struct listener *listener;	/* counted there */
	struct conn *conn;	/* null: the client has left */
	struct session session;
	msec_t ends;		/* the session's last moment, monotonic */
	bool committing;	/* the committer has our message */
	struct link late;	/* receiver->slowed: committed, not told yet */
	msec_t answer_at;	/* when it is told */
	bool choked;		/* waits until its replies have left */
	struct commit_stream *stream;	/* of a large message; or null */
	struct msgid stream_id;	/* whose */
};

/* A new client on FD, which is owned from now on. */
void front_new(struct listener *listener, int fd,
    const struct client *client);

/* What became of the message.  If nobody knows, its client gets no answer:
 * the connection ends. */
void front_committed(struct front *front, enum commit_end end);

/* The disk has caught up: read on. */
void front_read_on(struct front *front);

/* Shutting down: end it if nothing is under way, else hurry it. */
void front_drain(struct front *front);

#endif
