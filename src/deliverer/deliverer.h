/* SPDX-License-Identifier: ISC
 *
 * deliverer.h - what this process has: sites, segments, connections.
 *
 *	site      a destination: its addresses, its jobs, its connections
 *	courier   one connection, from dialing to QUIT
 *	session   what is said over it (pure)
 *	pool      which job goes next, how many connections (pure)
 *
 * Jobs come from the scheduler and each is answered by one RESULT.
 */
#ifndef DELIVERER_DELIVERER_H
#define DELIVERER_DELIVERER_H

#include "base/list.h"
#include "base/map.h"
#include "conf/conf.h"
#include "io/loop.h"
#include "io/tls.h"
#include "wire/channel.h"
#include "worker/board.h"
#include "deliverer/health.h"
#include "deliverer/late.h"
#include "deliverer/own.h"
#include "deliverer/places.h"
#include "deliverer/segments.h"
#include "deliverer/service.h"

struct deliverer {
	struct loop *loop;
	const struct conf *conf;
	struct board_row *board;
	struct tls_context *tls;
	struct channel *scheduler;	/* null: there is none now */
	struct own own;
	struct health health;	/* of the hosts of all sites */
	struct map sites;	/* by number */
	size_t sites_most;	/* since memory was given back */
	struct list leaving;	/* sites that are gone, but for couriers */
	struct segments segments;
	struct places places;
	struct service service;	/* sites for which jobs came */
	struct late late;	/* jobs that are to be returned in time */
	unsigned couriers;	/* of all sites, until they are freed */
	bool draining;
	void (*drained)(void *owner);	/* draining, and all couriers left */
	void *owner;
	struct buf out, rows;	/* scratch, empty between two uses */
};

/* LOOP, CONF and BOARD are borrowed.  False: no TLS is to be had. */
bool deliverer_init(struct deliverer *deliverer, struct loop *loop,
    const struct conf *conf, struct board_row *board, struct err *err)
    MUST_CHECK;
void deliverer_fini(struct deliverer *deliverer);

/* A frame from the scheduler. */
void deliverer_frame(struct deliverer *deliverer, const struct frame *frame);

/* Another configuration, which takes the place of the one that was borrowed:
 * sites take their limits from it. */
void deliverer_reload(struct deliverer *deliverer, const struct conf *conf);

/*
 * The scheduler is gone; another one will number sites and segments anew.
 * Jobs that wait are dropped, and so are transactions whose body was not
 * sent; the others run to their end and are logged.
 */
void deliverer_orphaned(struct deliverer *deliverer);

/* What runs runs to its end, what waits goes back; calls `drained`. */
void deliverer_drain(struct deliverer *deliverer);

/* A courier was freed. */
void deliverer_lost_courier(struct deliverer *deliverer);

#endif
