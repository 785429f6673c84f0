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
	TRICKLE = 16		/* places for more pressing mail, then one */
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
	for (int what = 0; what < PLACE_KINDS; what++) {
		list_init(&places->wanting[what]);
		places->passed[what] = 0;
	}
	places->trickle = false;
	places->leaving = 0;
	places->most = 0;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
	    limit.rlim_cur < 1u << 30)
		places->most = limit.rlim_cur > 2 * OTHERS ?
		    (unsigned)limit.rlim_cur - OTHERS :
		    (unsigned)limit.rlim_cur / 2;
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

static bool
any_wants(const struct places *places)
{
	for (int what = 0; what < PLACE_KINDS; what++)
		if (!list_empty(&places->wanting[what]))
			return true;
	return false;
}

/* Nobody calls any more who would hurry another: all wait for a place. */
static void
hurry_some(void *owner)
{
	struct deliverer *d = owner;

	while (hurry_oldest(d))
		;
	if (any_wants(&d->places))
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
most_for(const struct deliverer *d, enum place_for what)
{
	unsigned most = d->places.most;
	unsigned kept = (unsigned)((uint64_t)most * d->conf->urgent_reserve /
	    100);

	if (what == PLACE_KNOWN)
		return most;
	return most - (what == PLACE_URGENT ? kept / 2 : kept);
}

/* A quarter is left for those that are still leaving. */
static void
make_room(struct deliverer *d, enum place_for what)
{
	struct places *places = &d->places;
	unsigned most = most_for(d, what);

	most -= most / 4;
	while (places->most > 0 && d->couriers - places->leaving >= most &&
	    !list_empty(&places->idle))
		courier_quit(list_item(list_first(&places->idle),
		    struct courier, place));
}

/* However many segments there are, some connections must carry their mail
 * for them to end. */
bool
places_full(const struct deliverer *d, enum place_for what)
{
	unsigned most = most_for(d, what);

	return most > 0 && d->couriers > most / 4 &&
	    d->couriers + d->segments.by_number.count >= most;
}

/* Whoever waits already keeps its place in the line. */
static void
get_in_line(struct places *places, struct site *site, enum place_for what)
{
	if (link_on_list(&site->wanting) && site->wants == what)
		return;
	places_forget(site);
	site->wants = what;
	list_append(&places->wanting[what], &site->wanting);
}

bool
places_grant(struct site *site, bool urgent)
{
	struct deliverer *d = site->deliverer;
	struct places *places = &d->places;
	enum place_for what = !urgent ? PLACE_CALM :
	    site->answers ? PLACE_KNOWN : PLACE_URGENT;
	bool trickle = places->trickle;

	places->trickle = false;
	make_room(d, what);
	if (!places_full(d, trickle ? PLACE_KNOWN : what))
		return true;
	get_in_line(places, site, what);
	if (!timer_is_set(places->hurry))
		timer_set(places->hurry, conf_time(d->conf, HURRY));
	return false;
}

/* Who may have a place now; PLACE_KINDS: nobody.  Who was passed over often
 * has one of those that are kept for others, or it would wait for as long as
 * these come. */
static enum place_for
whose_turn(struct deliverer *d)
{
	struct places *places = &d->places;
	int what;

	places->trickle = true;
	if (places_full(d, PLACE_KNOWN))
		return PLACE_KINDS;
	for (what = 0; what < PLACE_KINDS; what++)
		if (!list_empty(&places->wanting[what]) &&
		    places->passed[what] >= TRICKLE)
			return (enum place_for)what;
	places->trickle = false;
	while (what-- > 0)
		if (!list_empty(&places->wanting[what]))
			return places_full(d, (enum place_for)what) ?
			    PLACE_KINDS : (enum place_for)what;
	return PLACE_KINDS;
}

static struct site *
take_turn(struct places *places, enum place_for turn)
{
	for (int what = 0; what < PLACE_KINDS; what++)
		if (what == (int)turn || list_empty(&places->wanting[what]))
			places->passed[what] = 0;
		else
			places->passed[what]++;
	return list_item(list_take(&places->wanting[turn]), struct site,
	    wanting);
}

void
places_serve(struct deliverer *d)
{
	enum place_for turn;

	while ((turn = whose_turn(d)) != PLACE_KINDS)
		site_serve(take_turn(&d->places, turn));
	d->places.trickle = false;
}

void
places_forget(struct site *site)
{
	if (link_on_list(&site->wanting))
		list_remove(&site->deliverer->places.wanting[site->wants],
		    &site->wanting);
}

void
places_forget_all(struct places *places)
{
	for (int what = 0; what < PLACE_KINDS; what++)
		while (list_take(&places->wanting[what]) != NULL)
			;
}
