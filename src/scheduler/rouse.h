/* SPDX-License-Identifier: ISC
 *
 * rouse.h - sites that rest are tried because the operator wants it.
 */
#ifndef SCHEDULER_ROUSE_H
#define SCHEDULER_ROUSE_H

#include "scheduler/filter.h"

struct scheduler;
struct site;

/* False: SITE (may be null) did not rest. */
bool rouse_site(struct scheduler *s, struct site *site);

/* Whether sites and classes are all that FILTER asks for. */
bool rouse_may(const struct filter *filter);
/* Rouse the sites at which anything waits in line that FILTER means: how
 * much that is. */
uint64_t rouse_sites(struct scheduler *s, const struct filter *filter);

#endif
