/* SPDX-License-Identifier: ISC
 *
 * settle.h - what the files about routes share; nobody else includes it.
 */
#ifndef SCHEDULER_SETTLE_H
#define SCHEDULER_SETTLE_H

#include "scheduler/routes.h"
#include "scheduler/site.h"

/* ---- settle.c -------------------------------------------------------------------- */

/* domain->hosts are all there are (at least one); they are good until
 * EXPIRES.  DOMAIN gets its site, and what waits for that goes there. */
void routes_settle(struct scheduler *s, struct domain *domain,
    msec_t expires);

/* There is no way to DOMAIN, because of FAILURE: what waits hears of it. */
void routes_fail(struct scheduler *s, struct domain *domain,
    uint8_t failure, const char *why);

/* DOMAIN, for which nothing is in memory, leads to no site any more. */
void routes_leave_site(struct scheduler *s, struct domain *domain);

/* The same with what waits at its site, which is placed anew, some at a time
 * (astray.h): by the state of DOMAIN. */
void routes_part(struct scheduler *s, struct domain *domain);

/* SITE goes if nothing leads or waits there, and it does not rest. */
void routes_drop_site(struct scheduler *s, struct site *site);

/* ---- routes.c ---------------------------------------------------------------------- */

/* Nothing is for DOMAIN, and nobody was asked about it. */
bool routes_is_idle(const struct domain *domain);

/* ---- questions.c ------------------------------------------------------------------- */

void routes_questions_init(struct scheduler *s);
void routes_questions_fini(struct scheduler *s);

/* Ask for the mail hosts of DOMAIN, or (KIND) for the addresses of its
 * route's host NAME, the HOPth, at PORT. */
void routes_ask(struct scheduler *s, struct domain *domain, uint8_t kind,
    const char *name, uint16_t hop, uint16_t port);

#endif
