/* SPDX-License-Identifier: ISC
 *
 * listen.h - where clients come from: listening sockets.
 */
#ifndef RECEIVER_LISTEN_H
#define RECEIVER_LISTEN_H

#include "receiver/receiver.h"

#include "io/door.h"
#include "io/tls.h"

struct listener {
	struct link link;	/* receiver->listeners, or on no list */
	struct receiver *receiver;
	char *text;		/* as in the configuration; null: submission */
	const struct conf_listen *conf;	/* in the current configuration */
	int fd;			/* -1: closed, only clients are left */
	struct door *door;
	struct tls_context *tls;	/* null: no TLS here */
	bool implicit_tls;
	unsigned users;		/* fronts that came by it */
};

/*
 * Take the socket FD: the one of conf->listens[INDEX], or the submission
 * socket (SUBMIT).  It is watched from listeners_start() on, or at once
 * when that was before.
 */
void listeners_add(struct receiver *receiver, int fd, bool submit,
    uint32_t index);

bool listeners_start(struct receiver *receiver, struct err *err) MUST_CHECK;

/* The configuration is new: follow it, close what is not in it any more. */
void listeners_reload(struct receiver *receiver);

/* Take no more clients. */
void listeners_stop(struct receiver *receiver);

/* One of LISTENER's fronts is gone. */
void listener_release(struct listener *listener);

#endif
