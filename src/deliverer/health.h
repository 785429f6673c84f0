/* SPDX-License-Identifier: ISC
 *
 * health.h - which hosts failed lately, whatever site they belong to (pure).
 *
 * A host that fails is left alone for a time, which doubles with each
 * failure in a row.  When it is over one connection tries the host, and the
 * others do without it until that one has been told how it stands.
 */
#ifndef DELIVERER_HEALTH_H
#define DELIVERER_HEALTH_H

#include "base/clock.h"
#include "base/list.h"
#include "base/map.h"
#include "io/addr.h"

enum { HEALTH_KEY = 18 };	/* address and port */

/* A host that failed, or that keeps somebody waiting. */
struct ailment {
	struct link age;	/* by the last failure */
	uint8_t key[HEALTH_KEY];
	unsigned failures;	/* in a row */
	msec_t until;		/* left alone until then */
	bool talks;		/* it lets us in, and takes no mail */
	const void *trier;	/* the one who tries it; null: nobody */
	char *why;
};

struct health {
	struct map ailments;	/* by address and port */
	struct list ages;
};

enum health_state {
	HEALTH_WELL,
	HEALTH_DUE,		/* it failed; one may try it now */
	HEALTH_ILL		/* it failed, or one tries it already */
};

void health_init(struct health *health);
void health_fini(struct health *health);

enum health_state health_of(const struct health *health, struct addr addr,
    msec_t now);
/* Null: it is well. */
const struct ailment *health_find(const struct health *health,
    struct addr addr);

/* WHO tries a host; one that is due is left to it. */
void health_try(struct health *health, struct addr addr, const void *who,
    msec_t now);

/* The host keeps WHO waiting.  True: WHO goes on waiting, for all; false:
 * somebody else does so already. */
bool health_hangs(struct health *health, struct addr addr, const void *who,
    const char *why, msec_t now);

/*
 * The host failed WHO because of WHY.  It is left alone for BASE ms after the
 * first failure; those that others see while it is left alone count for
 * nothing.  True: it is left alone from now on.
 */
bool health_failed(struct health *health, struct addr addr, const void *who,
    const char *why, msec_t now, msec_t base);

/* The same of a host that lets us in and puts all mail off. */
bool health_refused(struct health *health, struct addr addr, const void *who,
    const char *why, msec_t now, msec_t base);
/* Whether it is left alone for that: that it talks is no news. */
bool health_refuses(const struct health *health, struct addr addr,
    msec_t now);

/* It is well.  True: it was not. */
bool health_well(struct health *health, struct addr addr);

/* WHO does not try it any more, and learned nothing. */
void health_leave(struct health *health, struct addr addr, const void *who,
    msec_t now);

#endif
