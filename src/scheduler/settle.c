/* SPDX-License-Identifier: ISC
 *
 * settle.c - a domain's hosts are known, or there are none.
 */
#include "scheduler/settle.h"

#include "base/mem.h"
#include "scheduler/astray.h"
#include "scheduler/control.h"
#include "scheduler/hosts.h"
#include "scheduler/scheduler.h"
#include "smtp/path.h"

#include <stdio.h>

enum {
	SITE_HOSTS_BYTES = 64 << 10,
	SITES_RESTING = 20000	/* kept to their rest's end, nobody there */
};

/* ---- sites ------------------------------------------------------------------------ */

/* One that rests would be tried at once if it came back as another. */
void
routes_drop_site(struct scheduler *s, struct site *site)
{
	if (!list_empty(&site->domains) || site->entries > 0 ||
	    site->attention != NULL)
		return;
	if (link_on_list(&site->astray))
		list_remove(&s->routes.astray, &site->astray);
	if (site_rests(site) && s->queue.sites.count <= SITES_RESTING)
		return;
	dispatch_forget_site(s, site);
	window_forget_site(s, site);
	site_free(&s->queue, site);
}

void
routes_leave_site(struct scheduler *s, struct domain *domain)
{
	struct site *site = domain->site;

	if (site == NULL)
		return;
	window_detach(domain);
	list_remove(&site->domains, &domain->at_site);
	domain->site = NULL;
	routes_drop_site(s, site);
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

static const struct conf_site *
policy_for(const struct scheduler *s, const struct domain *domain,
    const struct hosts *hosts)
{
	struct span names[HOSTS_MOST];

	for (size_t i = 0; i < hosts->count; i++)
		names[i] = span_of(hosts->rows[i].name);
	return conf_site_for(s->conf, span_of(domain->name), names,
	    hosts->count);
}

static struct site *
make_site(struct scheduler *s, const struct domain *domain,
    const struct hosts *hosts)
{
	const struct conf_site *policy = policy_for(s, domain, hosts);
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
	site_apply(&s->queue, site, policy);
	return site;
}

/* The newest answer counts; whoever delivers hears of a change.  Of another
 * order of addresses alone, which comes with each domain's answer, only now
 * and then. */
static void
set_hosts(struct site *site, const struct hosts *hosts, msec_t now)
{
	uint64_t hash = hosts_hash(hosts);
	struct buf list;
	struct span new;

	if (site->hosts != NULL && site->hosts_hash == hash &&
	    now < site->hosts_told + MSEC_MINUTE)
		return;
	site->hosts_hash = hash;
	site->hosts_told = now;
	buf_init(&list, SITE_HOSTS_BYTES);
	hosts_encode(hosts, &list);
	new = buf_peek(&list);
	if (new.length != site->host_bytes ||
	    memcmp(new.data, site->hosts, new.length) != 0) {
		mem_free(site->hosts);
		site->hosts = mem_alloc(new.length);
		memcpy(site->hosts, new.data, new.length);
		site->host_bytes = new.length;
		site->changed = true;
	}
	buf_fini(&list);
}

/* Its hosts are our operator's choice, for whatever mail they get. */
static void
fix(struct site *site, const struct domain *domain)
{
	if (!domain->fixed || site->fixed)
		return;
	site->fixed = true;
	site->changed = true;
}

void
routes_part(struct scheduler *s, struct domain *domain)
{
	struct site *site = domain->site;

	if (site == NULL)
		return;
	window_detach(domain);
	list_remove(&site->domains, &domain->at_site);
	domain->site = NULL;
	astray_note(s, site);
	pauses_part(s, site);
	routes_drop_site(s, site);
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
		window_place(s, list_item(link, struct entry, place),
		    PLACE_NEW);
	control_wake(s->control);
	scheduler_ask(s);
}

/* ---- outcomes ---------------------------------------------------------------------- */

void
routes_settle(struct scheduler *s, struct domain *domain, msec_t expires)
{
	struct hosts *hosts = domain->hosts;
	struct site *old = domain->site, *site;

	hosts_sort(hosts);
	site = make_site(s, domain, hosts);
	set_hosts(site, hosts, scheduler_now(s));
	fix(site, domain);
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
		if (site->domains.count == 2)
			site->changed = true;	/* it serves several now */
		pauses_join(s, site, domain->name);
		window_attach(s, domain);
		if (old != NULL) {
			astray_note(s, old);
			pauses_part(s, old);
			routes_drop_site(s, old);
		}
	}
	release_waiting(s, domain);
}

void
routes_fail(struct scheduler *s, struct domain *domain, uint8_t failure,
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
	routes_part(s, domain);
	window_failed(s, domain);
	release_waiting(s, domain);
}
