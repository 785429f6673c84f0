/* SPDX-License-Identifier: ISC
 *
 * target.h - the addresses of a site, in the order in which to try them.
 */
#ifndef DELIVERER_TARGET_H
#define DELIVERER_TARGET_H

#include "base/clock.h"
#include "io/addr.h"
#include "deliverer/avoid.h"
#include "deliverer/health.h"

enum { TARGETS_MOST = 64 };	/* of one site; more are not tried */

struct target {
	char *host;		/* as the mail exchanger is called */
	char *text;		/* "mx1.example.org[192.0.2.1]:25" */
	struct addr addr;
	uint16_t preference;
	uint16_t tag;		/* see avoid.h */
	uint16_t number;	/* of the host, which may have several rows */
	unsigned users;		/* connections there, or on their way */
	uint32_t chance;	/* of its host: the order among equals */
	msec_t clear_until;	/* TLS failed lately: in clear until then */
	unsigned refusals;	/* messages in a row that it put off */
	bool own;		/* it is ourselves */
	bool proving;		/* a connection finds out whether it answers
				 * in order what goes ahead */
};

struct targets {
	struct target *rows;	/* null: none yet */
	size_t count;
	bool doubtful;		/* one of them may not be well */
	struct target *ours;	/* one that was dropped, for it is ourselves;
				 * null: none was */
};

/* Replace what is in TARGETS by HOSTS, a list of struct host_row.  What was
 * known of an address that is still there stays known. */
void targets_set(struct targets *targets, struct span hosts);
void targets_fini(struct targets *targets);

/*
 * Those that are OURS to OWNER go: to deliver there would be to talk to
 * ourselves.  Unless they are FIXED by a route, so do all that are not better
 * than the best of them (RFC 5321, section 5.1).
 */
void targets_drop_own(struct targets *targets,
    bool (*ours)(const void *owner, struct addr addr), const void *owner,
    bool fixed);

/* The bits of those that are to be avoided. */
uint64_t targets_avoided(const struct targets *targets, avoid_t avoid);
/* Whether one that need not be avoided is well. */
bool targets_elsewhere(const struct targets *targets, avoid_t avoid,
    const struct health *health, msec_t now);

/*
 * The one to try next: of those that are well, or due, and whose bit is not
 * in TRIED, one of the best preference; of equal hosts the one with the
 * fewest users, of a host the first address.  -1: there is none.
 */
int targets_next(const struct targets *targets, uint64_t tried,
    const struct health *health, msec_t now);

/* When nothing else is left: the first that was not tried; with IDLE, only
 * one that nobody tries now.  -1: there is none. */
int targets_resort(const struct targets *targets, uint64_t tried, bool idle,
    const struct health *health);

/* Whether the bits of all are in TRIED. */
bool targets_all(const struct targets *targets, uint64_t tried);

/* Whether another one than that with ADDR is well. */
bool targets_have_other(const struct targets *targets, struct addr addr,
    const struct health *health, msec_t now);

/* How many of better preference than PREFERENCE there are, well or not. */
size_t targets_better(const struct targets *targets, uint16_t preference,
    bool well, const struct health *health, msec_t now);

/* Whether one of them is not well. */
bool targets_doubted(const struct targets *targets,
    const struct health *health, msec_t now);

/* The one with ADDR; null: it is there no more. */
struct target *targets_find(struct targets *targets, struct addr addr);

#endif
