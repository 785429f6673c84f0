/* SPDX-License-Identifier: ISC
 *
 * rivals.c - two other ways, as they are often found.
 *
 * "fifo": who came first goes first, over so many processes.  "rounds":
 * of 20,000 messages that are looked at, sites take turns, each first come
 * first served; what waits longer is taken in as there is room, alternately
 * new mail and mail that failed before.  Neither knows classes or senders.
 */
#include "sim.h"

#include "base/mem.h"

enum {
	PROCESSES = 500,
	ACTIVE = 20000,
	RETRY = 300 * 1000,
	NONE = UINT32_MAX
};

/* A chain of mail through `next`. */
struct chain {
	uint32_t first, last;
};

struct rival {
	struct sim *sim;
	uint32_t *next;
	struct chain incoming, deferred;	/* deferred: in order of time */
	msec_t *due;		/* of deferred mail */
	unsigned busy;
	size_t known, most;	/* in memory */
	/* rounds */
	struct chain *jobs;	/* of each site */
	unsigned *running;
	msec_t *dead_until;
	size_t active;
	unsigned turn;
	bool old_next;
};

static void
push(struct rival *r, struct chain *chain, uint32_t mail)
{
	r->next[mail] = NONE;
	if (chain->first == NONE)
		chain->first = mail;
	else
		r->next[chain->last] = mail;
	chain->last = mail;
}

static uint32_t
pull(struct rival *r, struct chain *chain)
{
	uint32_t mail = chain->first;

	if (mail != NONE)
		chain->first = r->next[mail];
	return mail;
}

static unsigned
site_of(const struct rival *r, uint32_t mail)
{
	return r->sim->world->mails[mail].site;
}

static void *
rival_new(struct sim *sim)
{
	unsigned places = sim->world->place_count;
	struct rival *r = mem_new(struct rival);

	r->sim = sim;
	r->next = mem_array(sim->world->count, sizeof *r->next);
	r->due = mem_array(sim->world->count, sizeof *r->due);
	r->jobs = mem_array(places, sizeof *r->jobs);
	r->running = mem_array(places, sizeof *r->running);
	r->dead_until = mem_array(places, sizeof *r->dead_until);
	r->incoming.first = r->deferred.first = NONE;
	for (unsigned i = 0; i < places; i++) {
		r->jobs[i].first = NONE;
		r->running[i] = 0;
		r->dead_until[i] = 0;
	}
	return r;
}

static void
rival_free(void *state)
{
	struct rival *r = state;

	mem_free(r->next);
	mem_free(r->due);
	mem_free(r->jobs);
	mem_free(r->running);
	mem_free(r->dead_until);
	mem_free(r);
}

static void
defer(struct rival *r, uint32_t mail)
{
	r->due[mail] = r->sim->now + RETRY;
	push(r, &r->deferred, mail);
}

static void
rival_arrived(void *state, uint32_t mail)
{
	struct rival *r = state;

	push(r, &r->incoming, mail);
	if (++r->known > r->most)
		r->most = r->known;
}

static bool
deferred_is_due(const struct rival *r)
{
	return r->deferred.first != NONE &&
	    r->due[r->deferred.first] <= r->sim->now;
}

static msec_t
rival_wake(void *state)
{
	const struct rival *r = state;

	return r->deferred.first == NONE || deferred_is_due(r) ?
	    MSEC_NEVER : r->due[r->deferred.first];
}

/* ---- fifo --------------------------------------------------------------- */

static void
fifo_work(void *state)
{
	struct rival *r = state;

	while (deferred_is_due(r))
		push(r, &r->incoming, pull(r, &r->deferred));
	while (r->busy < PROCESSES && r->incoming.first != NONE) {
		r->busy++;
		sim_start(r->sim, pull(r, &r->incoming));
	}
}

static void
fifo_ended(void *state, uint32_t mail, bool delivered)
{
	struct rival *r = state;

	r->busy--;
	if (delivered)
		r->known--;
	else
		defer(r, mail);
}

static size_t
fifo_memory(void *state)
{
	return ((const struct rival *)state)->most * 64;
}

const struct plan plan_fifo = {
	"fifo", rival_new, rival_free, rival_arrived, fifo_work, fifo_ended,
	rival_wake, fifo_memory
};

/* ---- rounds ------------------------------------------------------------- */

/* The next to be looked at: new and old in turn. */
static uint32_t
take_in(struct rival *r)
{
	bool old = deferred_is_due(r) &&
	    (r->old_next || r->incoming.first == NONE);

	r->old_next = !old;
	return pull(r, old ? &r->deferred : &r->incoming);
}

static void
fill_active(struct rival *r)
{
	uint32_t mail;

	while (r->active < ACTIVE && (mail = take_in(r)) != NONE) {
		if (r->dead_until[site_of(r, mail)] > r->sim->now) {
			defer(r, mail);
			continue;
		}
		r->active++;
		push(r, &r->jobs[site_of(r, mail)], mail);
	}
}

static void
rounds_work(void *state)
{
	struct rival *r = state;
	unsigned places = r->sim->world->place_count, idle = 0;

	fill_active(r);
	while (r->busy < PROCESSES && idle < places) {
		unsigned site = r->turn++ % places;

		idle++;
		if (r->jobs[site].first == NONE || r->running[site] >=
		    r->sim->world->places[site].connections)
			continue;
		idle = 0;
		r->busy++;
		r->running[site]++;
		sim_start(r->sim, pull(r, &r->jobs[site]));
	}
}

/* A site that is dead takes all that was looked at for it with it. */
static void
rounds_ended(void *state, uint32_t mail, bool delivered)
{
	struct rival *r = state;
	unsigned site = site_of(r, mail);
	uint32_t other;

	r->busy--;
	r->running[site]--;
	r->active--;
	if (delivered) {
		r->known--;
		return;
	}
	r->dead_until[site] = r->sim->now + RETRY;
	defer(r, mail);
	while ((other = pull(r, &r->jobs[site])) != NONE) {
		r->active--;
		defer(r, other);
	}
}

static size_t
rounds_memory(void *state)
{
	const struct rival *r = state;

	return (r->most < ACTIVE ? r->most : ACTIVE) * 400;
}

const struct plan plan_rounds = {
	"rounds", rival_new, rival_free, rival_arrived, rounds_work,
	rounds_ended, rival_wake, rounds_memory
};
