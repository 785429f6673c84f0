/* SPDX-License-Identifier: ISC
 *
 * reroute.c - a new configuration: where the known domains lead now.
 */
#include "scheduler/settle.h"

#include "scheduler/hosts.h"
#include "scheduler/scheduler.h"

static bool
is_same_route(const struct conf_route *a, const struct conf_route *b)
{
	if (a->kind != b->kind || a->hop_count != b->hop_count)
		return false;
	for (size_t i = 0; i < a->hop_count; i++)
		if (strcmp(a->hops[i].host, b->hops[i].host) != 0 ||
		    a->hops[i].port != b->hops[i].port)
			return false;
	return true;
}

/* The hosts stay, but they may be of another block. */
static void
settle_known(struct scheduler *s, struct domain *domain)
{
	struct span list = span_make(domain->site->hosts,
	    domain->site->host_bytes);
	struct host_row row;

	domain->hosts = hosts_new();
	while (host_row_pull(&list, &row))
		hosts_add(domain->hosts, &row);
	routes_settle(s, domain, 0);
}

static void
leave_route(struct scheduler *s, struct domain *domain)
{
	domain->state = DOMAIN_NEW;
	domain->again = domain->pending > 0;
	routes_part(s, domain);
}

static void
reroute(struct scheduler *s, struct domain *domain, const struct conf *old)
{
	struct span name = span_of(domain->name);

	domain->expires = 0;
	if (!is_same_route(conf_route_for(old, name),
	    conf_route_for(s->conf, name)))
		leave_route(s, domain);
	else if (domain->site != NULL && domain->pending == 0)
		settle_known(s, domain);
	if (!routes_is_idle(domain))
		routes_refresh(s, domain);
}

/* Until a domain that is led there settles anew. */
static void
unfix(struct site *site)
{
	site->changed = site->changed || site->fixed;
	site->fixed = false;
}

void
routes_reload(struct scheduler *s, const struct conf *old)
{
	struct site *site;
	size_t at = 0;
	struct link *link;

	attention_forget_all(s);
	while ((site = map_each(&s->queue.sites, &at)) != NULL)
		unfix(site);
	for (link = list_first(&s->routes.ages); link != NULL;
	    link = list_next(&s->routes.ages, link))
		reroute(s, list_item(link, struct domain, age), old);
	at = 0;
	while ((site = map_each(&s->queue.sites, &at)) != NULL)
		site_apply(&s->queue, site, routes_policy(s, site));
}
