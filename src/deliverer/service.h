/* SPDX-License-Identifier: ISC
 *
 * service.h - sites for which jobs came, and their turn.
 *
 * To serve a site may mean to call its host, which takes as long as reading
 * the jobs of fifty.  So jobs are only put down as they are read, and sites
 * are served at the end of the turn: those that got urgent mail first, and of
 * the others as many as fit into a few milliseconds, so that neither the
 * connections nor the next urgent job wait for a crowd of sites.
 */
#ifndef DELIVERER_SERVICE_H
#define DELIVERER_SERVICE_H

#include "base/list.h"

#include <stdbool.h>

struct deliverer;
struct site;

struct service {
	struct list urgent, calm;	/* sites */
	struct turn_hook *hook;
};

void service_init(struct deliverer *deliverer);
void service_fini(struct deliverer *deliverer);

/* SITE got a job, maybe an URGENT one. */
void service_ask(struct site *site, bool urgent);
/* It is to be served no more. */
void service_forget(struct site *site);

#endif
