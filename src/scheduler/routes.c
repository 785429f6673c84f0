/* SPDX-License-Identifier: ISC
 *
 * routes.c - from a recipient's domain to its site.
 */
#include "scheduler/routes.h"

#include "base/mem.h"
#include "io/addr.h"
#include "scheduler/hosts.h"
#include "scheduler/scheduler.h"
#include "scheduler/settle.h"
#include "smtp/path.h"

enum {
	IDLE_DOMAINS = 20000,	/* kept although nothing is for them */
	SWEEP_DOMAINS = 2000,	/* looked at in one sweep */
	EVICT_DOMAINS = 2	/* and for each new one, beyond these */
};

static struct span
domain_key(const void *value)
{
	const struct domain *domain = value;

	return span_of(domain->name);
}

/* The same in every life: rows of the index carry it.  Never 0. */
static uint64_t
stable_hash(struct span name)
{
	static const struct hash_key key = {
		0x706f737472696465, 0x722f646f6d61696e
	};
	uint64_t hash = hash_span(key, name);

	return hash != 0 ? hash : 1;
}

uint64_t
routes_hash(struct span name)
{
	char *lower = text_lower(span_copy(span_first(name, DOMAIN_MOST)));
	uint64_t hash = stable_hash(span_of(lower));

	mem_free(lower);
	return hash;
}

const char *
routes_failure(const struct domain *domain, bool *permanent)
{
	static const struct {
		uint8_t failure;
		bool permanent;
		const char *status;
	} rows[] = {
		{ ANSWER_NONE,		true,	"5.1.2" },
		{ ANSWER_NULL_MX,	true,	"5.1.10" },
		{ ANSWER_NO_ADDRESS,	true,	"5.4.4" },
		{ ANSWER_TEMPORARY,	false,	"4.4.3" },
		{ FAILURE_LOOP,		true,	"5.4.6" },
		{ FAILURE_SYNTAX,	true,	"5.1.3" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].failure == domain->failure) {
			*permanent = rows[i].permanent;
			return rows[i].status;
		}
	*permanent = false;
	return "4.3.0";
}

/* ---- looking up ------------------------------------------------------------------------ */

static void
add_address(struct hosts *hosts, const char *name, struct addr addr,
    uint16_t port, uint16_t preference)
{
	struct host_row row = {
		.preference = preference,
		.port = port,
		.name = span_of(name),
		.addresses = span_make(&addr.ip, sizeof addr.ip),
	};

	hosts_add(hosts, &row);
}

static void
begin_hosts(struct scheduler *s, struct domain *domain,
    const struct conf_route *route)
{
	struct addr addr;

	domain->hosts = hosts_new();
	domain->expires = MSEC_NEVER;
	for (size_t i = 0; i < route->hop_count && i < HOSTS_MOST; i++) {
		const struct conf_hop *hop = &route->hops[i];

		if (addr_parse(span_of(hop->host), &addr))
			add_address(domain->hosts, hop->host, addr,
			    hop->port, (uint16_t)i);
		else
			routes_ask(s, domain, QUESTION_HOST, hop->host, (uint16_t)i,
			    hop->port);
	}
	if (domain->pending == 0)
		routes_settle(s, domain, MSEC_NEVER);
}

static void
begin_literal(struct scheduler *s, struct domain *domain)
{
	struct addr addr;

	if (!addr_parse(span_of(domain->name), &addr)) {
		routes_fail(s, domain, FAILURE_SYNTAX, "Not an address literal");
		return;
	}
	domain->hosts = hosts_new();
	add_address(domain->hosts, domain->name, addr, 25, 0);
	routes_settle(s, domain, MSEC_NEVER);
}

static void
begin(struct scheduler *s, struct domain *domain)
{
	struct span name = span_of(domain->name);
	const struct conf_route *route = conf_route_for(s->conf, name);

	domain->state = DOMAIN_ASKING;
	domain->fixed = route->kind == ROUTE_HOSTS;
	hosts_free(&domain->hosts);
	if (route->kind == ROUTE_HOSTS)
		begin_hosts(s, domain, route);
	else if (name.length == 0)
		routes_fail(s, domain, FAILURE_SYNTAX, "Address without a domain");
	else if (name.data[0] == '[')
		begin_literal(s, domain);
	else
		routes_ask(s, domain, QUESTION_MX, domain->name, 0, 25);
}

void
routes_refresh(struct scheduler *s, struct domain *domain)
{
	if (domain->pending > 0)
		return;
	if (domain->state == DOMAIN_NEW ||
	    domain->expires <= scheduler_now(s))
		begin(s, domain);
}

bool
routes_is_idle(const struct domain *domain)
{
	if (domain->entries > 0 || domain->pending > 0)
		return false;
	for (int c = 0; c < CLASS_COUNT; c++)
		if (domain->spilled[c] > 0)
			return false;
	return true;
}

static void
domain_free(struct scheduler *s, struct domain *domain)
{
	routes_leave_site(s, domain);
	list_remove(&s->routes.ages, &domain->age);
	if (link_on_list(&domain->failed))
		list_remove(&s->window.failed, &domain->failed);
	map_remove(&s->routes.domains, domain_key(domain));
	hosts_free(&domain->hosts);
	mem_free(domain->why);
	mem_free(domain->name);
	mem_free(domain);
}

/* Each that comes pays for those that nobody needs any more, so that memory
 * does not grow with the destinations that there ever were. */
static void
make_room(struct scheduler *s)
{
	struct list *ages = &s->routes.ages;

	for (unsigned i = 0; i < EVICT_DOMAINS && ages->count > IDLE_DOMAINS;
	    i++) {
		struct link *link = list_first(ages);
		struct domain *domain = list_item(link, struct domain, age);

		if (routes_is_idle(domain)) {
			domain_free(s, domain);
			continue;
		}
		list_remove(ages, link);
		list_append(ages, link);
	}
}

static struct domain *
new_domain(struct scheduler *s, struct span name)
{
	struct domain *domain;

	make_room(s);
	domain = mem_new(struct domain);
	domain->name = span_copy(name);
	domain->hash = stable_hash(name);
	list_init(&domain->waiting);
	map_add(&s->routes.domains, domain);
	list_append(&s->routes.ages, &domain->age);
	return domain;
}

struct domain *
routes_domain(struct scheduler *s, struct span name)
{
	uint8_t lower[DOMAIN_MOST + 1];
	struct domain *domain;

	name = span_first(name, DOMAIN_MOST);
	for (size_t i = 0; i < name.length; i++) {
		uint8_t c = name.data[i];

		lower[i] = c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
	}
	name.data = lower;
	domain = map_find(&s->routes.domains, name);
	if (domain == NULL) {
		domain = new_domain(s, name);
	} else {
		list_remove(&s->routes.ages, &domain->age);
		list_append(&s->routes.ages, &domain->age);
	}
	routes_refresh(s, domain);
	return domain;
}

unsigned
routes_recipients(struct scheduler *s, const struct domain *domain)
{
	return conf_site_for(s->conf, span_of(domain->name), NULL,
	    0)->recipients;
}

const struct conf_site *
routes_policy(const struct scheduler *s, const struct site *site)
{
	struct span list = span_make(site->hosts, site->host_bytes);
	const struct conf_site *policy = conf_site_named(s->conf,
	    span_of(site->pattern));
	struct span names[HOSTS_MOST];
	struct host_row row;
	size_t count = 0;

	while (policy == NULL && count < HOSTS_MOST &&
	    host_row_pull(&list, &row))
		names[count++] = row.name;
	return policy != NULL ? policy :
	    conf_site_for(s->conf, span_of(""), names, count);
}

/* ---- care -------------------------------------------------------------------------------- */

static void
sweep_sites(struct scheduler *s)
{
	struct site *site;
	size_t at = 0;

	while ((site = map_each(&s->queue.sites, &at)) != NULL)
		routes_drop_site(s, site);
}

/* Stale ones first; fresh ones too when there are too many. */
void
routes_sweep(struct scheduler *s)
{
	struct list *ages = &s->routes.ages;
	struct link *link, *next;
	msec_t now = scheduler_now(s);
	unsigned looked = 0;

	for (link = list_first(ages); link != NULL &&
	    looked < SWEEP_DOMAINS; link = next, looked++) {
		struct domain *domain = list_item(link, struct domain, age);

		next = list_next(ages, link);
		if (routes_is_idle(domain) && (ages->count > IDLE_DOMAINS ||
		    domain->expires <= now))
			domain_free(s, domain);
		else if (!routes_is_idle(domain)) {
			list_remove(ages, link);
			list_append(ages, link);
		}
	}
	sweep_sites(s);
}

void
routes_init(struct scheduler *s)
{
	map_init(&s->routes.domains, domain_key);
	routes_questions_init(s);
	list_init(&s->routes.ages);
	list_init(&s->routes.astray);
}

void
routes_fini(struct scheduler *s)
{
	struct link *link;

	while ((link = list_first(&s->routes.ages)) != NULL)
		domain_free(s, list_item(link, struct domain, age));
	map_fini(&s->routes.domains);
	routes_questions_fini(s);
}
