/* SPDX-License-Identifier: ISC
 *
 * places.c - the connections of all sites, and how many there may be.
 */
#include "deliverer/places.h"

#include "deliverer/courier.h"

#include <sys/resource.h>

enum {
	OTHERS = 256,		/* descriptors for segments that may come */
	IDLE_MOST = 4096,	/* some kilobytes each */
	HANG_LEAST = 3 * 1000,	/* ms that a host has for each step */
	HURRY = 500,		/* ms between two looks for those that had it */
	TRICKLE = 16		/* places for urgent mail, then one for other */
};

static void hurry_some(void *owner);

void
places_init(struct deliverer *d)
{
	struct places *places = &d->places;
	struct rlimit limit = { 0, 0 };

	places->hurry = timer_new(d->loop, hurry_some, d);
	list_init(&places->idle);
	list_init(&places->dialing);
	list_init(&places->wanting);
	list_init(&places->calm);
	places->leaving = places->passed = 0;
	places->trickle = false;
	places->most = 0;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
	    limit.rlim_cur < 1u << 30)
		places->most = limit.rlim_cur > 2 * OTHERS ?
		    (unsigned)limit.rlim_cur - OTHERS : OTHERS;
}

void
places_fini(struct places *places)
{
	timer_free(&places->hurry);
}

void
places_leave(struct courier *c)
{
	struct places *places = &c->deliverer->places;

	if (link_on_list(&c->place))
		list_remove(c->state == COURIER_DIALING ? &places->dialing :
		    &places->idle, &c->place);
}

void
places_idle(struct courier *c)
{
	struct list *idle = &c->deliverer->places.idle;

	places_leave(c);
	list_append(idle, &c->place);
	if (idle->count > IDLE_MOST)
		courier_quit(list_item(list_first(idle), struct courier,
		    place));
}

/* The one that waits longest gives up in its next turn, if there are too
 * many and it had its time.  False: there is none. */
static bool
hurry_oldest(struct deliverer *d)
{
	struct list *dialing = &d->places.dialing;
	struct courier *oldest;
	usec_t least = conf_time(d->conf, HANG_LEAST) * 1000;

	if (d->places.most == 0 || dialing->count <= d->places.most / 4)
		return false;
	oldest = list_item(list_first(dialing), struct courier, place);
	if (clock_mono_usec() - oldest->heard < least)
		return false;
	list_remove(dialing, &oldest->place);
	conn_deadline(oldest->conn, 1);
	return true;
}

/* Nobody calls any more who would hurry another: all wait for a place. */
static void
hurry_some(void *owner)
{
	struct deliverer *d = owner;

	while (hurry_oldest(d))
		;
	if (!list_empty(&d->places.wanting) || !list_empty(&d->places.calm))
		timer_set(d->places.hurry, conf_time(d->conf, HURRY));
}

void
places_heard(struct courier *c)
{
	places_leave(c);
	c->heard = clock_mono_usec();
	list_append(&c->deliverer->places.dialing, &c->place);
}

void
places_dialing(struct courier *c)
{
	places_heard(c);
	(void)hurry_oldest(c->deliverer);
}

/* ---- the line of those that want one ------------------------------------ */

static unsigned
most_for(const struct deliverer *d, bool urgent)
{
	unsigned most = d->places.most;

	return urgent ? most : most - (unsigned)((uint64_t)most *
	    d->conf->urgent_reserve / 100);
}

/* A quarter is left for those that are still leaving. */
static void
make_room(struct deliverer *d, bool urgent)
{
	struct places *places = &d->places;
	unsigned most = most_for(d, urgent);

	most -= most / 4;
	while (places->most > 0 && d->couriers - places->leaving >= most &&
	    !list_empty(&places->idle))
		courier_quit(list_item(list_first(&places->idle),
		    struct courier, place));
}

/* However many segments there are, some connections must carry their mail
 * for them to end. */
bool
places_full(const struct deliverer *d, bool urgent)
{
	unsigned most = most_for(d, urgent);

	return most > 0 && d->couriers > most / 4 &&
	    d->couriers + d->segments.by_number.count >= most;
}

/* Whoever waits already keeps its place in the line. */
static void
get_in_line(struct places *places, struct site *site, bool urgent)
{
	if (link_on_list(&site->wanting) && site->wants_urgently == urgent)
		return;
	places_forget(site);
	site->wants_urgently = urgent;
	list_append(urgent ? &places->wanting : &places->calm,
	    &site->wanting);
}

bool
places_grant(struct site *site, bool urgent)
{
	struct deliverer *d = site->deliverer;
	struct places *places = &d->places;
	bool trickle = places->trickle;

	places->trickle = false;
	make_room(d, urgent);
	if (!places_full(d, urgent || trickle))
		return true;
	get_in_line(places, site, urgent);
	if (!timer_is_set(places->hurry))
		timer_set(places->hurry, conf_time(d->conf, HURRY));
	return false;
}

/* The site whose turn it is; null: none can have a place now.  One that waits
 * with other mail may have one of those kept for urgent mail now and then, or
 * it would wait for as long as that comes. */
static struct site *
next_wanting(struct deliverer *d)
{
	struct places *places = &d->places;
	bool calm = !list_empty(&places->calm);
	struct list *from = &places->wanting;

	if (places_full(d, true))
		return NULL;
	places->trickle = calm && places->passed >= TRICKLE;
	if (places->trickle || (list_empty(from) && calm &&
	    !places_full(d, false)))
		from = &places->calm;
	if (list_empty(from))
		return NULL;
	places->passed = calm && from == &places->wanting ?
	    places->passed + 1 : 0;
	return list_item(list_take(from), struct site, wanting);
}

void
places_serve(struct deliverer *d)
{
	struct site *site;

	while ((site = next_wanting(d)) != NULL) {
		site_serve(site);
		d->places.trickle = false;
	}
}

void
places_forget(struct site *site)
{
	struct places *places = &site->deliverer->places;

	if (link_on_list(&site->wanting))
		list_remove(site->wants_urgently ? &places->wanting :
		    &places->calm, &site->wanting);
}

void
places_forget_all(struct places *places)
{
	while (list_take(&places->wanting) != NULL ||
	    list_take(&places->calm) != NULL)
		;
}
