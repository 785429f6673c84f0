/* SPDX-License-Identifier: ISC
 *
 * site.c - one destination: its addresses, its jobs, its connections.
 */
#include "deliverer/site.h"

#include "base/log.h"
#include "base/mem.h"
#include "deliverer/courier.h"
#include "deliverer/detour.h"

#include <limits.h>

void
job_free(struct job **job)
{
	late_forget((*job)->site->deliverer, *job);
	segment_release(&(*job)->segment);
	mem_free(*job);
	*job = NULL;
}

/* ---- birth and death ---------------------------------------------------- */

struct site *
site_find(struct deliverer *d, uint32_t number)
{
	return map_find(&d->sites, span_make(&number, sizeof(number)));
}

static void
on_rest(void *owner)
{
	site_serve(owner);
}

static struct site *
site_new(struct deliverer *d, uint32_t number)
{
	struct site *site = mem_new(struct site);

	site->deliverer = d;
	site->number = number;
	site->rest = timer_new(d->loop, on_rest, site);
	site->pace = timer_new(d->loop, on_rest, site);
	list_init(&site->couriers);
	list_init(&site->idle);
	pool_init(&site->pool, 1);
	site->window = UINT_MAX;
	map_add(&d->sites, site);
	return site;
}

void
site_free(struct site **at)
{
	struct site *site = *at;

	*at = NULL;
	site_return_jobs(site);
	list_remove(&site->deliverer->leaving, &site->link);
	places_forget(site);
	service_forget(site);
	timer_free(&site->rest);
	timer_free(&site->pace);
	targets_fini(&site->targets);
	mem_free(site->name);
	mem_free(site->domain);
	mem_free(site->pattern);
	mem_free(site);
}

static void
set_limit(struct site *site)
{
	unsigned most = site->policy->connections;
	unsigned window = site->window < most ? site->window : most;
	unsigned beside = site->beside < most - window ? site->beside :
	    most - window;

	pool_set_limit(&site->pool, window + beside);
	site->pool.urgent = beside;
}

static bool
has_too_many(const struct site *site)
{
	return site->pool.idle + site->pool.busy > site->pool.limit;
}

void
site_set_window(struct site *site, unsigned window, unsigned beside)
{
	site->window = window > 0 ? window : 1;
	site->beside = beside;
	set_limit(site);
	while (has_too_many(site) && !list_empty(&site->idle))
		courier_quit(list_item(list_first(&site->idle),
		    struct courier, link));
}

static bool
is_ours(const void *owner, struct addr addr)
{
	const struct deliverer *d = owner;

	return own_listens(&d->own, d->conf, addr);
}

/* Connections that wait for mail, and may take none any more. */
static void
end_stale(struct site *site)
{
	struct link *link, *next;

	for (link = list_first(&site->idle); link != NULL; link = next) {
		struct courier *c = list_item(link, struct courier, link);

		next = list_next(&site->idle, link);
		if (courier_is_stale(c))
			courier_quit(c);
	}
}

void
site_reload(struct site *site)
{
	const struct conf *conf = site->deliverer->conf;

	/* A pattern that is gone: the scheduler will lead its mail to
	 * another site. */
	site->policy = conf_site_named(conf, span_of(site->pattern));
	if (site->policy == NULL)
		site->policy = conf_site_for(conf, span_of(site->domain),
		    NULL, 0);
	targets_drop_own(&site->targets, is_ours, site->deliverer,
	    site->fixed);
	set_limit(site);
	pool_set_reserve(&site->pool, site->policy->reserve,
	    site->deliverer->conf->large_bytes);
	end_stale(site);
}

static void
set_text(char **text, struct span value)
{
	mem_free(*text);
	*text = span_copy(value);
}

/* As the operator wants it. */
static void
forget_ailments(struct site *site)
{
	for (size_t i = 0; i < site->targets.count; i++)
		health_well(&site->deliverer->health,
		    site->targets.rows[i].addr);
}

void
site_set(struct deliverer *d, const struct frame_site *frame)
{
	struct site *site = site_find(d, frame->site);

	if (site == NULL)
		site = site_new(d, frame->site);
	set_text(&site->name, frame->name);
	set_text(&site->domain, frame->domain);
	set_text(&site->pattern, frame->policy);
	site->fixed = frame->fixed;
	targets_set(&site->targets, frame->hosts);
	if (frame->anew)
		forget_ailments(site);
	site_reload(site);
}

bool
site_gone(struct site *site)
{
	struct deliverer *d = site->deliverer;

	map_remove(&d->sites, span_make(&site->number, sizeof(site->number)));
	service_forget(site);
	list_append(&d->leaving, &site->link);
	site->gone = true;
	while (!list_empty(&site->idle))
		courier_quit(list_item(list_first(&site->idle), struct courier,
		    link));
	if (!list_empty(&site->couriers))
		return true;
	site_free(&site);
	return false;
}

void
site_lost_courier(struct site *site)
{
	if (site->deliverer->draining)
		site_return_jobs(site);
	if (!site->gone)
		site_serve(site);
	else if (list_empty(&site->couriers))
		site_free(&site);
}

/* ---- work --------------------------------------------------------------- */

static struct job *
next_job(struct site *site, const struct courier *courier)
{
	usec_t wait = pool_pace(&site->pool, clock_mono_usec());
	struct taker taker = courier_taker(courier);
	struct job *job = pool_take_for(&site->pool, &taker);

	if (job == NULL && wait > 0 && pool_waiting(&site->pool) > 0)
		timer_set(site->pace, wait / 1000 + 1);
	return job;
}

/* A host that was left alone may be tried again, beside those that work. */
static void
try_again(struct site *site)
{
	struct deliverer *d = site->deliverer;
	struct targets *targets = &site->targets;
	msec_t now = loop_now(d->loop);
	int next;

	if (!targets->doubtful)
		return;
	targets->doubtful = targets_doubted(targets, &d->health, now);
	next = targets_next(targets, 0, &d->health, now);
	if (next != -1 && !places_full(d, PLACE_CALM) && health_of(&d->health,
	    targets->rows[next].addr, now) == HEALTH_DUE)
		courier_new(site, 0);
}

/* What one may not have, for it avoids its host, another may. */
static void
give_out(struct site *site)
{
	struct link *link = list_first(&site->idle);

	while (link != NULL && pool_waiting(&site->pool) > 0) {
		struct courier *courier = list_item(link, struct courier,
		    link);
		struct job *job;

		if (courier_is_stale(courier)) {
			courier_quit(courier);
			link = list_first(&site->idle);
			continue;
		}
		job = next_job(site, courier);
		if (job != NULL) {
			courier_begin(courier, job);
			link = list_first(&site->idle);
		} else if (site->pool.shy > 0 || courier->detour) {
			link = list_next(&site->idle, link);
		} else {
			return;
		}
	}
}

void
site_serve(struct site *site)
{
	struct deliverer *d = site->deliverer;
	unsigned wants;

	detour_leave(site);
	give_out(site);
	if (site->gone || d->draining || timer_is_set(site->rest))
		return;
	wants = pool_wants(&site->pool, loop_now(d->loop));
	while (wants-- > 0 && places_grant(site, pool_coming(&site->pool) <
	    site->pool.waiting[CLASS_URGENT].count))
		courier_new(site, 0);
	detour_serve(site);
	if (site->pool.busy > 0)
		try_again(site);
}

/* ---- what its servers do -------------------------------------------------- */

/* The scheduler asks nothing; it takes it for good news if it probes. */
void
site_talks(struct site *site)
{
	struct frame frame = { .kind = FRAME_TALKS, .fd = -1 };
	const struct job *job = pool_first(&site->pool);
	struct channel *scheduler = site->deliverer->scheduler;

	if (site->window != 1 || site->pool.idle + site->pool.busy > 1 ||
	    job == NULL || scheduler == NULL)
		return;
	frame.talks.job = job->number;
	channel_send(scheduler, &frame);
}

void
site_one_by_one(struct site *site, const char *relay)
{
	if (!site->one_by_one)
		log_info("%s: %s did not answer the commands that followed a "
		    "message at once, or before that message; they wait for "
		    "its reply from now on", site->name, relay);
	site->one_by_one = true;
}
