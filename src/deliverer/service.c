/* SPDX-License-Identifier: ISC
 *
 * service.c - sites for which jobs came, and their turn.
 */
#include "deliverer/service.h"

#include "deliverer/deliverer.h"
#include "deliverer/site.h"

enum { TURN_USEC = 2000 };	/* for sites without urgent mail */

static void
on_turn_end(void *owner)
{
	struct deliverer *d = owner;
	struct service *service = &d->service;
	usec_t until = clock_mono_usec() + TURN_USEC;
	struct link *link;

	while ((link = list_take(&service->urgent)) != NULL)
		site_serve(list_item(link, struct site, service));
	while ((link = list_take(&service->calm)) != NULL) {
		site_serve(list_item(link, struct site, service));
		if (clock_mono_usec() >= until)
			break;
	}
	if (!list_empty(&service->calm))
		turn_hook_ask(service->hook);
}

void
service_init(struct deliverer *d)
{
	list_init(&d->service.urgent);
	list_init(&d->service.calm);
	d->service.hook = turn_hook_new(d->loop, on_turn_end, d);
}

void
service_fini(struct deliverer *d)
{
	turn_hook_free(&d->service.hook);
}

void
service_ask(struct site *site, bool urgent)
{
	struct service *service = &site->deliverer->service;

	if (link_on_list(&site->service) && (site->serve_first || !urgent))
		return;
	service_forget(site);
	site->serve_first = urgent;
	list_append(urgent ? &service->urgent : &service->calm,
	    &site->service);
	turn_hook_ask(service->hook);
}

void
service_forget(struct site *site)
{
	struct service *service = &site->deliverer->service;

	if (link_on_list(&site->service))
		list_remove(site->serve_first ? &service->urgent :
		    &service->calm, &site->service);
}
