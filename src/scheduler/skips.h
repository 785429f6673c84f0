/* SPDX-License-Identifier: ISC
 *
 * skips.h - which hosts the deliverers leave alone, for people who ask.
 *
 * Each deliverer tells of hosts of sites that have several; nothing is
 * decided by it here.
 */
#ifndef SCHEDULER_SKIPS_H
#define SCHEDULER_SKIPS_H

#include "base/list.h"
#include "base/map.h"
#include "io/addr.h"
#include "wire/frames.h"

struct scheduler;

enum { SKIP_KEY = 20, SKIP_WHY = 200 };

struct skip {
	struct link age;	/* by when it was told */
	uint8_t key[SKIP_KEY];	/* deliverer, address, port */
	unsigned failures;	/* in a row; 0: it only keeps us waiting */
	msec_t until;		/* monotonic: then one connection tries it */
	char why[SKIP_WHY];
};

struct skips {
	struct map by_key;
	struct list ages;
};

void skips_init(struct scheduler *s);
void skips_fini(struct scheduler *s);

/* Deliverer NUMBER tells of a host; it is gone. */
void skips_told(struct scheduler *s, unsigned number,
    const struct frame_host *host);
void skips_lost(struct scheduler *s, unsigned number);

/* Null: deliverer NUMBER uses the host with ADDR. */
const struct skip *skips_find(const struct scheduler *s, unsigned number,
    struct addr addr);

#endif
