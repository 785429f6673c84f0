/* SPDX-License-Identifier: ISC
 *
 * places.c - the connections of all sites, and how many there may be.
 */
#include "deliverer/places.h"

#include "deliverer/courier.h"

#include <sys/resource.h>

enum {
	OTHERS = 256,		/* descriptors that are no connections */
	IDLE_MOST = 4096,	/* some kilobytes each */
	HANG_LEAST = 3 * 1000	/* ms that a host has, whatever happens */
};

void
places_init(struct places *places)
{
	struct rlimit limit = { 0, 0 };

	list_init(&places->idle);
	list_init(&places->dialing);
	places->leaving = 0;
	places->most = 0;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
	    limit.rlim_cur < 1u << 30)
		places->most = limit.rlim_cur > 2 * OTHERS ?
		    (unsigned)limit.rlim_cur - OTHERS : OTHERS;
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
 * many and it had its time. */
static void
hurry_oldest(struct deliverer *d)
{
	struct list *dialing = &d->places.dialing;
	struct courier *oldest;
	usec_t least = conf_time(d->conf, HANG_LEAST) * 1000;

	if (d->places.most == 0 || dialing->count <= d->places.most / 4)
		return;
	oldest = list_item(list_first(dialing), struct courier, place);
	if (clock_mono_usec() - oldest->called < least)
		return;
	list_remove(dialing, &oldest->place);
	conn_deadline(oldest->conn, 1);
}

void
places_dialing(struct courier *c)
{
	places_leave(c);
	c->called = clock_mono_usec();
	list_append(&c->deliverer->places.dialing, &c->place);
	hurry_oldest(c->deliverer);
}

/* A quarter is left for those that are still leaving. */
void
places_make_room(struct deliverer *d)
{
	struct places *places = &d->places;
	unsigned most = places->most - places->most / 4;

	while (places->most > 0 && d->couriers - places->leaving >= most &&
	    !list_empty(&places->idle))
		courier_quit(list_item(list_first(&places->idle),
		    struct courier, place));
}
