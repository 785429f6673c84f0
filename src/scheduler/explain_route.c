/* SPDX-License-Identifier: ISC
 *
 * explain_route.c - where an address goes, and by which rules.
 *
 * The domain is looked up as it would be for a message; the answer waits
 * until the resolver has spoken; when there is none, it says so.
 */
#include "base/mem.h"
#include "scheduler/client.h"
#include "scheduler/explain.h"
#include "scheduler/scheduler.h"
#include "smtp/path.h"

struct route_task {
	struct task task;
	char *domain;
};

/* ---- the answer -------------------------------------------------------------------- */

static json_t *
route_object(const struct conf *conf, struct span domain)
{
	const struct conf_route *route = conf_route_for(conf, domain);
	json_t *object = explain_options(BLOCK_ROUTE, route);

	json_object_set_new(object, "pattern", json_string(route->pattern));
	return object;
}

/* Its hosts have a part in it, if they are known. */
static json_t *
policy_object(const struct scheduler *s, const struct domain *domain)
{
	const struct conf_site *policy = domain->site != NULL ?
	    routes_policy(s, domain->site) :
	    conf_site_for(s->conf, span_of(domain->name), NULL, 0);
	json_t *object = explain_options(BLOCK_SITE, policy);

	json_object_set_new(object, "pattern", json_string(policy->pattern));
	return object;
}

static json_t *
lookup_object(const struct scheduler *s, const struct domain *domain)
{
	static const char *const states[] = {
		[DOMAIN_NEW] = "asking", [DOMAIN_ASKING] = "asking",
		[DOMAIN_KNOWN] = "known", [DOMAIN_FAILED] = "failed"
	};
	json_t *object = json_pack("{s:s}", "state", states[domain->state]);
	bool permanent;

	if (domain->expires != MSEC_NEVER && domain->expires > 0)
		json_object_set_new(object, "kept_ms", json_integer(
		    domain->expires > scheduler_now(s) ?
		    domain->expires - scheduler_now(s) : 0));
	if (domain->state != DOMAIN_FAILED)
		return object;
	json_object_set_new(object, "status",
	    json_string(routes_failure(domain, &permanent)));
	json_object_set_new(object, "permanent", json_boolean(permanent));
	json_object_set_new(object, "why", json_string(domain->why));
	return object;
}

static json_t *
answer(const struct scheduler *s, const struct domain *domain)
{
	json_t *row = json_pack("{s:s, s:o, s:o, s:o, s:o}",
	    "domain", domain->name,
	    "route", route_object(s->conf, span_of(domain->name)),
	    "policy", policy_object(s, domain),
	    "lookup", lookup_object(s, domain),
	    "classes", explain_classes(s->conf));

	if (domain->site != NULL) {
		json_object_set_new(row, "hosts",
		    explain_hosts(s, domain->site));
		json_object_set_new(row, "site", explain_site(s,
		    domain->site));
	}
	return row;
}

/* ---- waiting for it ------------------------------------------------------------------ */

static enum task_step
on_route(struct task *task, struct client *client)
{
	struct route_task *t = (struct route_task *)task;
	struct scheduler *s = client->control->s;
	struct domain *domain = routes_domain(s, span_of(t->domain));

	if (domain->state == DOMAIN_ASKING && s->routes.resolver != NULL)
		return TASK_WAITS;
	client_row(client, answer(s, domain));
	client_end(client, EX_OK, NULL);
	return TASK_DONE;
}

static void
free_route(struct task *task, struct scheduler *s)
{
	struct route_task *t = (struct route_task *)task;

	(void)s;
	mem_free(t->domain);
	mem_free(t);
}

void
request_route(struct client *client, const json_t *request)
{
	const char *domain = request_text(request, "domain");
	struct route_task *t;

	if (domain == NULL || (domain[0] != '[' &&
	    !domain_is_valid(span_of(domain)))) {
		client_end(client, EX_USAGE, "whose route? a domain is "
		    "expected");
		return;
	}
	t = mem_new(struct route_task);
	t->task = (struct task){ .on = on_route, .free = free_route };
	t->domain = mem_strdup(domain);
	client_start(client, &t->task);
}
