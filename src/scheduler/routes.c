/* SPDX-License-Identifier: ISC
 *
 * routes.c - from a recipient's domain to its site.
 */
#include "scheduler/routes.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"
#include "io/addr.h"
#include "scheduler/control.h"
#include "scheduler/hosts.h"
#include "scheduler/scheduler.h"
#include "smtp/path.h"

#include <stdio.h>

enum {
	SITE_HOSTS_BYTES = 64 << 10,
	IDLE_DOMAINS = 20000,	/* kept although nothing is for them */
	SWEEP_DOMAINS = 2000	/* looked at in one sweep */
};

struct question {
	uint32_t token;
	struct domain *domain;
	uint8_t kind;
	uint16_t hop;		/* its place among the hosts of a route */
	uint16_t port;
	char *name;
};

static void begin(struct scheduler *s, struct domain *domain);

static struct span
domain_key(const void *value)
{
	const struct domain *domain = value;

	return span_of(domain->name);
}

static struct span
question_key(const void *value)
{
	const struct question *question = value;

	return span_make(&question->token, sizeof question->token);
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

/* ---- sites ------------------------------------------------------------------------ */

static void
drop_site(struct scheduler *s, struct site *site)
{
	if (!list_empty(&site->domains) || site->entries > 0)
		return;
	dispatch_forget_site(s, site);
	window_forget_site(s, site);
	site_free(&s->queue, site);
}

static void
leave_site(struct scheduler *s, struct domain *domain)
{
	struct site *site = domain->site;

	if (site == NULL)
		return;
	window_detach(domain);
	list_remove(&site->domains, &domain->at_site);
	domain->site = NULL;
	drop_site(s, site);
}

/* For people: the first host, and how many more. */
static void
name_site(const struct hosts *hosts, char out[DOMAIN_MOST + 32])
{
	int length = snprintf(out, DOMAIN_MOST + 32, "%.*s:%u", DOMAIN_MOST,
	    hosts->rows[0].name, hosts->rows[0].port);

	if (hosts->count > 1 && length > 0 && length < DOMAIN_MOST + 32)
		snprintf(out + length, (size_t)(DOMAIN_MOST + 32 - length),
		    "+%zu", hosts->count - 1);
}

static struct site *
make_site(struct scheduler *s, const struct domain *domain,
    const struct hosts *hosts)
{
	const struct conf_site *policy = conf_site_for(s->conf,
	    span_of(domain->name), span_of(hosts->rows[0].name));
	char name[DOMAIN_MOST + 32];
	struct buf key;
	struct site *site;

	buf_init(&key, SITE_HOSTS_BYTES);
	hosts_key(hosts, policy->pattern, &key);
	site = site_find(&s->queue, (const char *)buf_peek(&key).data);
	if (site == NULL) {
		name_site(hosts, name);
		site = site_new(&s->queue,
		    (const char *)buf_peek(&key).data, name, domain->name);
	}
	buf_fini(&key);
	site_limit(&s->queue, site, policy->connections,
	    policy->recipients);
	return site;
}

/* The newest answer counts; whoever delivers hears of a change. */
static void
set_hosts(struct site *site, const struct hosts *hosts)
{
	struct buf list;
	struct span new;

	buf_init(&list, SITE_HOSTS_BYTES);
	hosts_encode(hosts, &list);
	new = buf_peek(&list);
	if (new.length != site->host_bytes ||
	    memcmp(new.data, site->hosts, new.length) != 0) {
		mem_free(site->hosts);
		site->hosts = mem_alloc(new.length);
		memcpy(site->hosts, new.data, new.length);
		site->host_bytes = new.length;
		site->told = 0;
	}
	buf_fini(&list);
}

/* Entries in the lines of OLD that follow DOMAIN go where it leads now. */
static void
move_entries(struct scheduler *s, struct domain *domain, struct site *old)
{
	for (int c = 0; c < CLASS_COUNT; c++) {
		struct link *link, *next;

		for (link = list_first(&old->ready[c]); link != NULL;
		    link = next) {
			struct entry *entry = list_item(link, struct entry,
			    place);

			next = list_next(&old->ready[c], link);
			if (entry->domain != domain)
				continue;
			entry_pull(&s->queue, entry);
			entry->site = NULL;
			window_place(s, entry, true);
		}
	}
}

static void
release_waiting(struct scheduler *s, struct domain *domain)
{
	struct list waiting;
	struct link *link;

	/* Entries may come to wait again: each is placed once. */
	list_init(&waiting);
	while ((link = list_first(&domain->waiting)) != NULL) {
		struct entry *entry = list_item(link, struct entry, place);

		entry_pull(&s->queue, entry);
		list_append(&waiting, &entry->place);
	}
	while ((link = list_take(&waiting)) != NULL)
		window_place(s, list_item(link, struct entry, place), false);
	control_wake(s->control);
	scheduler_ask(s);
}

/* ---- outcomes ---------------------------------------------------------------------- */

static void
settle(struct scheduler *s, struct domain *domain, msec_t expires)
{
	struct hosts *hosts = domain->hosts;
	struct site *old = domain->site, *site;

	hosts_sort(hosts);
	site = make_site(s, domain, hosts);
	set_hosts(site, hosts);
	hosts_free(&domain->hosts);
	domain->state = DOMAIN_KNOWN;
	domain->expires = expires;
	if (site != old) {
		if (old != NULL) {
			window_detach(domain);
			list_remove(&old->domains, &domain->at_site);
		}
		domain->site = site;
		list_append(&site->domains, &domain->at_site);
		pauses_join(s, site, domain->name);
		window_attach(s, domain);
		if (old != NULL) {
			move_entries(s, domain, old);
			drop_site(s, old);
		}
	}
	release_waiting(s, domain);
}

static void
fail(struct scheduler *s, struct domain *domain, uint8_t failure,
    const char *why)
{
	hosts_free(&domain->hosts);
	if (failure == ANSWER_TEMPORARY && domain->site != NULL) {
		/* What was known is better than nothing, for a while. */
		domain->state = DOMAIN_KNOWN;
		domain->expires = scheduler_now(s) +
		    conf_time(s->conf, s->conf->resolver_negative);
		return;
	}
	domain->state = DOMAIN_FAILED;
	domain->failure = failure;
	mem_free(domain->why);
	domain->why = mem_strdup(why);
	domain->expires = scheduler_now(s) +
	    conf_time(s->conf, s->conf->resolver_negative);
	if (domain->site != NULL) {
		struct site *old = domain->site;

		window_detach(domain);
		list_remove(&old->domains, &domain->at_site);
		domain->site = NULL;
		move_entries(s, domain, old);
		drop_site(s, old);
	}
	window_failed(s, domain);
	release_waiting(s, domain);
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

/* ---- questions ---------------------------------------------------------------------- */

static void
send_question(struct scheduler *s, const struct question *question)
{
	struct frame frame = { .kind = FRAME_QUESTION, .fd = -1 };

	if (s->routes.resolver == NULL)
		return;
	frame.question.token = question->token;
	frame.question.kind = question->kind;
	frame.question.name = span_of(question->name);
	channel_send(s->routes.resolver, &frame);
}

static void
ask(struct scheduler *s, struct domain *domain, uint8_t kind,
    const char *name, uint16_t hop, uint16_t port)
{
	struct question *question = mem_new(struct question);

	question->token = ++s->routes.next_token;
	question->domain = domain;
	question->kind = kind;
	question->hop = hop;
	question->port = port;
	question->name = mem_strdup(name);
	map_add(&s->routes.questions, question);
	domain->pending++;
	send_question(s, question);
}

static void
question_free(struct question *question)
{
	mem_free(question->name);
	mem_free(question);
}

void
routes_resolver(struct scheduler *s, struct channel *resolver)
{
	struct question *question;
	size_t at = 0;

	s->routes.resolver = resolver;
	if (resolver == NULL) {
		control_wake(s->control);
		return;
	}
	while ((question = map_each(&s->routes.questions, &at)) != NULL)
		send_question(s, question);
}

static msec_t
at_least_a_minute(const struct scheduler *s, msec_t ttl)
{
	msec_t minute = conf_time(s->conf, MSEC_MINUTE);

	return ttl > minute ? ttl : minute;
}

/* A host of a route by its name: all its addresses at our port. */
static void
add_hop(struct hosts *hosts, const struct question *question,
    const struct frame_answer *answer)
{
	struct span list = answer->hosts;
	struct host_row row;

	while (host_row_pull(&list, &row)) {
		row.preference = question->hop;
		row.port = question->port;
		row.name = span_of(question->name);
		hosts_add(hosts, &row);
	}
}

/* A fixed host that has no address is our operator's mistake, or a DNS that
 * is not there: never a reason to return mail. */
static void
hop_answered(struct scheduler *s, const struct question *question,
    const struct frame_answer *answer)
{
	struct domain *domain = question->domain;
	msec_t ttl = (msec_t)answer->ttl * MSEC_SECOND;
	msec_t expires = scheduler_now(s) + at_least_a_minute(s, ttl);

	if (answer->status == ANSWER_OK)
		add_hop(domain->hosts, question, answer);
	if (expires < domain->expires)
		domain->expires = expires;
	if (domain->pending > 0)
		return;
	if (domain->hosts->count > 0)
		settle(s, domain, domain->expires);
	else
		fail(s, domain, ANSWER_TEMPORARY,
		    "no address of the route's hosts was found");
}

static const char *
why_not(const struct frame_answer *answer, char *out, size_t size)
{
	static const char *const texts[] = {
		[ANSWER_NONE] = "Host or domain name not found",
		[ANSWER_NULL_MX] = "Domain does not accept mail (null MX)",
		[ANSWER_NO_ADDRESS] = "No mail host of the domain has an "
		    "address",
		[ANSWER_TEMPORARY] = "Name server did not answer",
	};
	const char *text = answer->status <= ANSWER_TEMPORARY ?
	    texts[answer->status] : NULL;

	if (text == NULL)
		text = "Name server gave no useful answer";
	if (answer->text.length == 0)
		return text;
	snprintf(out, size, "%s: %.*s", text,
	    answer->text.length < 200 ? (int)answer->text.length : 200,
	    (const char *)answer->text.data);
	return out;
}

static void
mx_answered(struct scheduler *s, struct domain *domain,
    const struct frame_answer *answer)
{
	msec_t ttl = (msec_t)answer->ttl * MSEC_SECOND;
	struct span list = answer->hosts;
	struct host_row row;
	char text[320];

	if (answer->status != ANSWER_OK) {
		fail(s, domain, answer->status, why_not(answer, text,
		    sizeof text));
		return;
	}
	while (host_row_pull(&list, &row))
		hosts_add(domain->hosts, &row);
	if (domain->hosts->count == 0) {
		fail(s, domain, ANSWER_NO_ADDRESS,
		    "No mail host of the domain has an address");
		return;
	}
	hosts_drop_from(domain->hosts, s->conf->hostname);
	if (domain->hosts->count == 0) {
		fail(s, domain, FAILURE_LOOP,
		    "Mail for the domain loops back to this host");
		return;
	}
	settle(s, domain, scheduler_now(s) + at_least_a_minute(s, ttl));
}

void
routes_answer(struct scheduler *s, const struct frame_answer *answer)
{
	struct question *question = map_remove(&s->routes.questions,
	    span_make(&answer->token, sizeof answer->token));

	if (question == NULL)
		return;
	question->domain->pending--;
	if (question->kind == QUESTION_HOST)
		hop_answered(s, question, answer);
	else
		mx_answered(s, question->domain, answer);
	question_free(question);
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

	domain->expires = MSEC_NEVER;
	for (size_t i = 0; i < route->hop_count && i < HOSTS_MOST; i++) {
		const struct conf_hop *hop = &route->hops[i];

		if (addr_parse(span_of(hop->host), &addr))
			add_address(domain->hosts, hop->host, addr,
			    hop->port, (uint16_t)i);
		else
			ask(s, domain, QUESTION_HOST, hop->host, (uint16_t)i,
			    hop->port);
	}
	if (domain->pending == 0)
		settle(s, domain, MSEC_NEVER);
}

static void
begin_literal(struct scheduler *s, struct domain *domain)
{
	struct addr addr;

	if (!addr_parse(span_of(domain->name), &addr)) {
		fail(s, domain, FAILURE_SYNTAX, "Not an address literal");
		return;
	}
	add_address(domain->hosts, domain->name, addr, 25, 0);
	settle(s, domain, MSEC_NEVER);
}

static void
begin(struct scheduler *s, struct domain *domain)
{
	struct span name = span_of(domain->name);
	const struct conf_route *route = conf_route_for(s->conf, name);

	domain->state = DOMAIN_ASKING;
	hosts_free(&domain->hosts);
	domain->hosts = hosts_new();
	if (route->kind == ROUTE_HOSTS)
		begin_hosts(s, domain, route);
	else if (name.length == 0)
		fail(s, domain, FAILURE_SYNTAX, "Address without a domain");
	else if (name.data[0] == '[')
		begin_literal(s, domain);
	else
		ask(s, domain, QUESTION_MX, domain->name, 0, 25);
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

static struct domain *
new_domain(struct scheduler *s, struct span name)
{
	struct domain *domain = mem_new(struct domain);

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
	return conf_site_for(s->conf, span_of(domain->name),
	    span_of(""))->recipients;
}

/* ---- care -------------------------------------------------------------------------------- */

static bool
is_idle(const struct domain *domain)
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
	leave_site(s, domain);
	list_remove(&s->routes.ages, &domain->age);
	if (link_on_list(&domain->failed))
		list_remove(&s->window.failed, &domain->failed);
	map_remove(&s->routes.domains, domain_key(domain));
	hosts_free(&domain->hosts);
	mem_free(domain->why);
	mem_free(domain->name);
	mem_free(domain);
}

static void
sweep_sites(struct scheduler *s)
{
	struct site *site;
	size_t at = 0;

	while ((site = map_each(&s->queue.sites, &at)) != NULL)
		drop_site(s, site);
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
		if (is_idle(domain) && (ages->count > IDLE_DOMAINS ||
		    domain->expires <= now))
			domain_free(s, domain);
		else if (!is_idle(domain)) {
			list_remove(ages, link);
			list_append(ages, link);
		}
	}
	sweep_sites(s);
}

/* Also those that nothing is for now: their domains are looked up later. */
static void
limit_anew(struct scheduler *s, struct site *site)
{
	struct span list = span_make(site->hosts, site->host_bytes);
	const struct conf_site *policy;
	struct host_row row;

	if (!host_row_pull(&list, &row))
		return;
	policy = conf_site_for(s->conf, span_of(site->domain), row.name);
	site_limit(&s->queue, site, policy->connections,
	    policy->recipients);
}

void
routes_reload(struct scheduler *s)
{
	struct site *site;
	size_t at = 0;
	struct link *link;

	for (link = list_first(&s->routes.ages); link != NULL;
	    link = list_next(&s->routes.ages, link)) {
		struct domain *domain = list_item(link, struct domain, age);

		domain->expires = 0;
		if (!is_idle(domain))
			routes_refresh(s, domain);
	}
	while ((site = map_each(&s->queue.sites, &at)) != NULL)
		limit_anew(s, site);
}

void
routes_init(struct scheduler *s)
{
	map_init(&s->routes.domains, domain_key);
	map_init(&s->routes.questions, question_key);
	list_init(&s->routes.ages);
}

void
routes_fini(struct scheduler *s)
{
	struct question *question;
	struct link *link;
	size_t at = 0;

	while ((question = map_each(&s->routes.questions, &at)) != NULL) {
		map_remove(&s->routes.questions, question_key(question));
		question_free(question);
	}
	while ((link = list_first(&s->routes.ages)) != NULL)
		domain_free(s, list_item(link, struct domain, age));
	map_fini(&s->routes.domains);
	map_fini(&s->routes.questions);
}
