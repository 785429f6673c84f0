/* SPDX-License-Identifier: ISC
 *
 * world.c - the trace of a flash sale.
 */
#include "sim.h"

#include "base/mem.h"

#include <stdlib.h>

enum {
	LOAD = 3,		/* times what all sites take */
	URGENT_PERCENT = 1,
	SMALL_PERCENT = 10,	/* of bulk, by all small senders together */
	APPS = 10		/* senders of urgent mail */
};

uint64_t
sim_random(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

static uint64_t
below(uint64_t *state, uint64_t most)
{
	return sim_random(state) % most;
}

/* The time in which all sites together can take COUNT messages. */
static msec_t
make_places(struct world *world, size_t count, uint64_t *state)
{
	double rate = 0;

	for (unsigned i = 0; i < world->place_count; i++) {
		struct place *place = &world->places[i];

		place->connections = 20;
		place->took = 100 + (msec_t)below(state, 400);
		place->dead = i % 10 == 3;
		if (i % 10 == 7)
			place->took = 3000 + (msec_t)below(state, 4000);
		rate += (double)place->connections / (double)place->took;
	}
	return (msec_t)((double)count / rate);
}

static int
by_time(const void *a, const void *b)
{
	const struct mail *x = a, *y = b;

	return x->arrived < y->arrived ? -1 : x->arrived > y->arrived;
}

struct world *
world_flash(const struct flash *flash)
{
	size_t urgent = flash->bulk * URGENT_PERCENT / 100;
	struct world *world = mem_new(struct world);
	uint64_t state = flash->seed;
	msec_t drain;

	world->place_count = flash->sites;
	world->places = mem_array(flash->sites, sizeof *world->places);
	world->sender_count = flash->greedy + flash->small + APPS;
	drain = make_places(world, flash->bulk, &state);
	world->flash = drain / LOAD + 1;
	world->small_percent = SMALL_PERCENT;
	world->count = flash->bulk + urgent;
	world->mails = mem_array(world->count, sizeof *world->mails);
	for (size_t i = 0; i < world->count; i++) {
		struct mail *mail = &world->mails[i];
		bool bulk = i < flash->bulk;
		unsigned first = bulk ? 0 : flash->greedy + flash->small;
		unsigned senders = bulk ? flash->greedy : APPS;

		if (bulk && below(&state, 100) < SMALL_PERCENT) {
			first = flash->greedy;
			senders = flash->small;
		}
		*mail = (struct mail){
			.arrived = (msec_t)below(&state, (uint64_t)(bulk ?
			    world->flash : drain)),
			.site = (uint16_t)below(&state, flash->sites),
			.sender = (uint16_t)(first + below(&state, senders)),
			.klass = bulk ? CLASS_BULK : CLASS_URGENT,
		};
	}
	qsort(world->mails, world->count, sizeof *world->mails, by_time);
	return world;
}

void
world_free(struct world **world)
{
	mem_free((*world)->mails);
	mem_free((*world)->places);
	mem_free(*world);
	*world = NULL;
}
