/* SPDX-License-Identifier: ISC
 *
 * target.h - the addresses of a site, in the order in which to try them.
 */
#ifndef DELIVERER_TARGET_H
#define DELIVERER_TARGET_H

#include "base/clock.h"
#include "io/addr.h"

enum { TARGETS_MOST = 64 };	/* of one site; more are not tried */

/* Whether it answers what goes ahead in order: see session_ahead.c. */
enum target_order { TARGET_UNPROVED, TARGET_PROVING, TARGET_PROVED };

struct target {
	char *host;		/* as the mail exchanger is called */
	char *text;		/* "mx1.example.org[192.0.2.1]:25" */
	struct addr addr;
	msec_t bad_until;	/* it failed lately: others go first */
	msec_t clear_until;	/* TLS failed lately: in clear until then */
	uint8_t order;		/* enum target_order */
};

struct targets {
	struct target rows[TARGETS_MOST];
	size_t count;
};

/* Replace what is in TARGETS by HOSTS, a list of struct host_row.  What was
 * known of an address that is still there stays known. */
void targets_set(struct targets *targets, struct span hosts);
void targets_fini(struct targets *targets);

/*
 * The one to try next: the first whose bit is not in TRIED and that did not
 * fail lately; else the first that was not tried.  -1: all were tried.
 */
int targets_next(const struct targets *targets, uint64_t tried, msec_t now);

/* The one with ADDR; null: it is there no more. */
struct target *targets_find(struct targets *targets, struct addr addr);

#endif
