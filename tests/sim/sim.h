/* SPDX-License-Identifier: ISC
 *
 * sim.h - hours of mail in seconds: a trace, an engine, three schedulers.
 *
 * The engine plays a trace (who sends what to which site, and when) to a
 * plan, in simulated time.  A plan starts deliveries; the engine ends them
 * after the time that the site takes.  "ours" is the scheduler's core and
 * the deliverer's lines as they are; the others show the difference.
 */
#ifndef TESTS_SIM_H
#define TESTS_SIM_H

#include "base/clock.h"
#include "base/heap.h"
#include "conf/conf.h"

enum { SIM_TIMEOUT = 30 * 1000 };	/* ms to find out that one is dead */

struct mail {
	msec_t arrived;
	msec_t deadline;	/* 0: none */
	uint16_t site, sender;
	uint8_t klass;
};

struct place {			/* a site, as it really is */
	unsigned connections;
	msec_t took;		/* by a transaction */
	bool dead;
	bool reserved;		/* so many are its reserve; else the default */
	unsigned reserve;
};

struct world {
	struct mail *mails;	/* in order of time */
	size_t count;
	struct place *places;
	unsigned place_count, sender_count;
	unsigned limited;	/* senders 0, LIMITED, 2 LIMITED … have a
				 * rate; 0: nobody has */
	double rate;		/* theirs: messages a second */
	msec_t flash;		/* when the last bulk mail arrives */
	unsigned small_percent;	/* of the bulk mail, by small senders */
};

struct flash {
	uint64_t seed;
	size_t bulk;
	unsigned sites;
	unsigned greedy, small;	/* senders of bulk */
};

/* 1 % urgent, 10 % of the sites slow and 10 % dead; three times as much as
 * the sites take, until the last bulk mail has arrived. */
struct world *world_flash(const struct flash *flash);
void world_free(struct world **world);

/* A generator of the same numbers everywhere. */
uint64_t sim_random(uint64_t *state);

struct sim;

struct plan {
	const char *name;
	void *(*new)(struct sim *sim);
	void (*free)(void *state);
	/* MAIL came; it may be started in work(). */
	void (*arrived)(void *state, uint32_t mail);
	/* Start what can start now. */
	void (*work)(void *state);
	/* MAIL was delivered, or (its site is dead) was not. */
	void (*ended)(void *state, uint32_t mail, bool delivered);
	/* When it has something to do by itself. */
	msec_t (*wake)(void *state);
	/* Bytes of memory for what waits, at most so far. */
	size_t (*memory)(void *state);
};

extern const struct plan plan_ours, plan_fifo, plan_rounds;

struct sim {
	const struct world *world;
	const struct plan *plan;
	void *state;
	struct heap ends;	/* of what is under way */
	msec_t now;
	size_t next;		/* mail that arrives next */
	size_t left;		/* mail to live sites that did not start yet */
	uint32_t *waits;	/* ms, of each mail; UINT32_MAX: not started */
	uint32_t *by_sender;	/* bulk mail started until the flash was over */
	/* for those who check each mail, as it comes and as it starts; null:
	 * nobody */
	void (*on_arrival)(void *owner, struct sim *sim, uint32_t mail);
	void (*on_start)(void *owner, struct sim *sim, uint32_t mail);
	/* … and as the scheduler hands it out. */
	void (*on_handed)(void *owner, struct sim *sim, uint32_t mail);
	void *owner;
};

/* Whether SENDER has a rate. */
static inline bool
world_limits(const struct world *world, unsigned sender)
{
	return world->limited > 0 && sender % world->limited == 0;
}

/* Play all; until every mail to a live site was started. */
void sim_run(struct sim *sim, const struct world *world,
    const struct plan *plan);
void sim_fini(struct sim *sim);
/* A delivery of MAIL begins. */
void sim_start(struct sim *sim, uint32_t mail);

/* What waits at PLACE, for those who check: entries of KLASS by SENDER, and
 * jobs of KLASS that a deliverer has but has not begun. */
size_t ours_waiting(const void *state, unsigned place, unsigned klass,
    unsigned sender);
size_t ours_handed(const void *state, unsigned place, unsigned klass);

#endif
