/* SPDX-License-Identifier: ISC
 *
 * listen.h - the ports.
 */
#ifndef MASTER_LISTEN_H
#define MASTER_LISTEN_H

#include "master/master.h"

/*
 * The sockets for all addresses of CONF into OUT, in its order.  Those that
 * OLD has (by the same text) are taken over: their descriptors stand in
 * both.  False: ERR tells which address failed; OLD is as it was, OUT empty.
 */
bool listeners_open(const struct conf *conf, const struct listeners *old,
    struct listeners *out, struct err *err) MUST_CHECK;

const struct listener *listeners_find(const struct listeners *listeners,
    const char *text);

/* Close those whose text KEPT does not have (null: all), and free the list. */
void listeners_close(struct listeners *listeners,
    const struct listeners *kept);

/* The control socket and the socket for local submission beside it. */
bool sockets_open(struct master *master, struct err *err) MUST_CHECK;
void sockets_remove(struct master *master);

#endif
