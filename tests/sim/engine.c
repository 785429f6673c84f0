/* SPDX-License-Identifier: ISC
 *
 * engine.c - plays a trace to a plan, in simulated time.
 */
#include "sim.h"

#include "base/mem.h"
#include "base/must.h"

#include <string.h>

struct flight {
	struct heap_node end;
	uint32_t mail;
};

static const struct place *
place_of(const struct sim *sim, uint32_t mail)
{
	return &sim->world->places[sim->world->mails[mail].site];
}

void
sim_start(struct sim *sim, uint32_t mail)
{
	const struct mail *m = &sim->world->mails[mail];
	const struct place *place = place_of(sim, mail);
	struct flight *flight = mem_new(struct flight);

	flight->mail = mail;
	heap_put(&sim->ends, &flight->end, sim->now +
	    (place->dead ? SIM_TIMEOUT : place->took));
	if (place->dead)
		return;
	must(sim->waits[mail] == UINT32_MAX);
	sim->waits[mail] = (uint32_t)(sim->now - m->arrived);
	sim->left--;
	if (m->klass == CLASS_BULK && sim->now <= sim->world->flash)
		sim->by_sender[m->sender]++;
	if (sim->on_start != NULL)
		sim->on_start(sim->owner, sim, mail);
}

/* Long after all mail could have been delivered. */
static msec_t
doomsday(const struct world *world)
{
	msec_t last = world->count > 0 ?
	    world->mails[world->count - 1].arrived : 0;

	return 1000 * (last + MSEC_HOUR);
}

static msec_t
next_time(struct sim *sim)
{
	const struct heap_node *end = heap_first(&sim->ends);
	msec_t next = sim->plan->wake(sim->state);

	if (end != NULL && end->key < next)
		next = end->key;
	if (sim->next < sim->world->count &&
	    sim->world->mails[sim->next].arrived < next)
		next = sim->world->mails[sim->next].arrived;
	return next;
}

static void
play(struct sim *sim)
{
	const struct world *world = sim->world;
	struct heap_node *end;

	while (sim->next < world->count &&
	    world->mails[sim->next].arrived <= sim->now) {
		uint32_t mail = (uint32_t)sim->next++;

		if (sim->on_arrival != NULL)
			sim->on_arrival(sim->owner, sim, mail);
		sim->plan->arrived(sim->state, mail);
	}
	while ((end = heap_first(&sim->ends)) != NULL &&
	    end->key <= sim->now) {
		struct flight *flight = heap_item(end, struct flight, end);
		uint32_t mail = flight->mail;

		heap_remove(&sim->ends, end);
		mem_free(flight);
		sim->plan->ended(sim->state, mail, !place_of(sim, mail)->dead);
	}
	sim->plan->work(sim->state);
}

void
sim_run(struct sim *sim, const struct world *world, const struct plan *plan)
{
	sim->world = world;
	sim->plan = plan;
	sim->waits = mem_array(world->count, sizeof *sim->waits);
	memset(sim->waits, 0xff, world->count * sizeof *sim->waits);
	sim->by_sender = mem_array(world->sender_count,
	    sizeof *sim->by_sender);
	memset(sim->by_sender, 0, world->sender_count *
	    sizeof *sim->by_sender);
	heap_init(&sim->ends);
	for (size_t i = 0; i < world->count; i++)
		sim->left += !place_of(sim, (uint32_t)i)->dead;
	sim->state = plan->new(sim);
	while (sim->left > 0) {
		msec_t next = next_time(sim);

		must(next < doomsday(world));	/* else mail is lost */
		if (next > sim->now)
			sim->now = next;
		play(sim);
	}
}

void
sim_fini(struct sim *sim)
{
	struct heap_node *end;

	while ((end = heap_first(&sim->ends)) != NULL) {
		heap_remove(&sim->ends, end);
		mem_free(heap_item(end, struct flight, end));
	}
	heap_fini(&sim->ends);
	sim->plan->free(sim->state);
	mem_free(sim->waits);
	mem_free(sim->by_sender);
}
