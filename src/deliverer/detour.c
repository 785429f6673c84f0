/* SPDX-License-Identifier: ISC
 *
 * detour.c - connections for mail that one host has put off, to another.
 */
#include "deliverer/detour.h"

enum { DETOUR_REST = 5000 };	/* ms after one that reached nobody */

/* OTHER can take JOB: at once or soon; BUSY: or when it is free again. */
static bool
is_way(const struct courier *other, const struct job *job, bool busy)
{
	if (avoid_has(job->avoid, other->tag))
		return false;
	switch (other->state) {
	case COURIER_DIALING:
		return other->avoid != 0;
	case COURIER_IDLE:
		return true;
	case COURIER_LEAVING:
		return false;
	default:
		return busy;
	}
}

static bool
has_way(const struct site *site, const struct job *job,
    const struct courier *but, bool busy)
{
	const struct list *all = &site->couriers;

	for (const struct link *link = list_first(all); link != NULL;
	    link = list_next(all, link)) {
		const struct courier *other = list_item(link, struct courier,
		    all);

		if (other != but && is_way(other, job, busy))
			return true;
	}
	return false;
}

void
detour_serve(struct site *site)
{
	struct deliverer *d = site->deliverer;
	msec_t now = loop_now(d->loop), wait = site->detour_at - now;
	const struct job *job;

	if (site->pool.shy == 0)
		return;
	if (wait <= 0)
		wait = pool_pace(&site->pool, clock_mono_usec()) / 1000 + 1;
	job = now < site->detour_at ? NULL : pool_shy(&site->pool);
	if (job == NULL && !timer_is_set(site->pace))
		timer_set(site->pace, wait);
	if (job == NULL || has_way(site, job, NULL, false))
		return;
	if (places_grant(site, job->klass == CLASS_URGENT))
		courier_new(site, job->avoid);
}

void
detour_leave(struct site *site)
{
	struct link *link = list_first(&site->idle), *next;

	for (; site->detours > 0 && link != NULL; link = next) {
		struct courier *courier = list_item(link, struct courier,
		    link);

		next = list_next(&site->idle, link);
		if (courier->detour && courier_is_spare(courier))
			courier_quit(courier);
	}
}

/* The first that has no way left; null: none. */
static struct job *
first_lost(const struct site *site, const struct courier *but)
{
	for (int klass = 0; klass < CLASS_COUNT; klass++) {
		const struct list *line = &site->pool.waiting[klass];

		for (struct link *link = list_first(line); link != NULL;
		    link = list_next(line, link)) {
			struct job *job = list_item(link, struct job, link);

			if (job->avoid != 0 && !has_way(site, job, but, true))
				return job;
		}
	}
	return NULL;
}

void
detour_failed(struct courier *c, const struct site_failure *failure)
{
	struct site *site = c->site;
	struct deliverer *d = site->deliverer;
	struct job *job;

	site->detour_at = loop_now(d->loop) +
	    conf_time(d->conf, DETOUR_REST);
	while (site->pool.shy > 0 && (job = first_lost(site, c)) != NULL) {
		pool_remove(&site->pool, job);
		site_put_off(site, job, failure);
	}
}
