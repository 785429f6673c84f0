/* SPDX-License-Identifier: ISC
 *
 * promises.c - the longest waits of postrider-scheduling(7), over random
 * traces.
 *
 *	promises [SEED [ROUNDS]]
 *
 * Each message's longest wait is worked out as it comes, from what waits
 * then, and held against how long it did wait.  In some traces some of the
 * senders have a rate: it is held against what they are given in any time,
 * and nobody else may wait longer for them.
 */
#include "sim.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ROUNDS = 150,
	MAILS_MOST = 3000,
	SENDERS = 4,		/* of each class */
	TRICKLE = 16, TRICKLE_WAIT = 1000,
	TURN = 20,		/* transactions to a trickle */
	TRICKLED = 2,		/* of a class, at most in a deliverer */
	FAIR = 4, OVERTAKEN = 3,	/* with deadlines */
	QUICK = 8 * 50,		/* ms: the mean that is to be under 50 rises by
				 * an eighth of these at first */
	PACED = 1,		/* ms that a pause in a round may be longer */
	SLACK = 5		/* ms: times are whole */
};

struct check {
	msec_t *most;		/* each mail's longest wait */
	unsigned senders[CLASS_COUNT];
	uint8_t first;		/* no mail is more pressing than this class */
	bool deadlines;		/* some urgent mail has them */
	double ahead[CLASS_COUNT * SENDERS];	/* of a rate: messages less
				 * those that it gave, the least so far */
	unsigned given[CLASS_COUNT * SENDERS];
	unsigned long limited, over;
	unsigned long crowded;	/* mail that found more than P before it */
	unsigned long checked[2], broken;
	msec_t longest[2], bound[2];	/* of all that were checked */
};

static uint64_t
up(uint64_t n, uint64_t d)
{
	return (n + d - 1) / d;
}

/* How many entries of its class may go before MAIL, and itself. */
static uint64_t
before(struct check *check, const struct sim *sim, const struct mail *mail)
{
	uint64_t own = ours_waiting(sim->state, mail->site, mail->klass,
	    mail->sender);
	uint64_t p = ours_handed(sim->state, mail->site, mail->klass);
	unsigned rounds = mail->klass == CLASS_URGENT ? 3 : 2;

	check->crowded += p > TRICKLED + (uint64_t)rounds *
	    sim->world->places[mail->site].connections;
	return p + check->senders[mail->klass] * (own + 1);
}

/* Connections for normal and bulk. */
static uint64_t
without_reserve(const struct place *place)
{
	unsigned reserve = place->reserved ? place->reserve : 1;

	return reserve < place->connections ? place->connections - reserve :
	    1;
}

static void
on_arrival(void *owner, struct sim *sim, uint32_t number)
{
	struct check *check = owner;
	const struct mail *mail = &sim->world->mails[number];
	const struct place *place = &sim->world->places[mail->site];
	uint64_t n = before(check, sim, mail), c = place->connections;
	uint64_t shared = without_reserve(place), trickles;
	msec_t t = place->took, most, step, ahead;

	if (mail->klass == CLASS_URGENT && check->deadlines)
		n = FAIR * (mail->deadline > 0 ? FAIR : 1) * n + OVERTAKEN;
	trickles = mail->klass == CLASS_BULK ? 0 : 2 * up(n, TRICKLE - 1);
	ahead = c > 1 && t < QUICK && mail->klass != CLASS_BULK ? t : 0;
	step = TRICKLE_WAIT + TURN * t / (msec_t)shared;
	if (mail->klass == CLASS_URGENT)
		most = t * (msec_t)up(n + trickles, c) + ahead;
	else if (mail->klass == check->first)
		most = (t + PACED) * (msec_t)up(n + trickles, shared) + t +
		    ahead;
	else
		most = (msec_t)(n + 1) * step + t;
	check->most[number] = most + SLACK;
}

static void
on_start(void *owner, struct sim *sim, uint32_t number)
{
	struct check *check = owner;
	const struct mail *mail = &sim->world->mails[number];
	bool calm = mail->klass != CLASS_URGENT;
	msec_t wait = sim->waits[number];

	if (world_limits(sim->world, mail->sender))
		return;
	check->checked[calm]++;
	if (wait > check->longest[calm]) {
		check->longest[calm] = wait;
		check->bound[calm] = check->most[number];
	}
	if (wait <= check->most[number])
		return;
	if (check->broken++ < 5)
		printf("%s mail %u waited %lld ms, most %lld: %u connections, "
		    "%lld ms each\n", class_name(mail->klass), number,
		    (long long)wait, (long long)check->most[number],
		    sim->world->places[mail->site].connections,
		    (long long)sim->world->places[mail->site].took);
}

/* In any time T no more than rate * (T + 100 ms) are given, and one. */
static void
on_handed(void *owner, struct sim *sim, uint32_t number)
{
	struct check *check = owner;
	const struct mail *mail = &sim->world->mails[number];
	double rate = sim->world->rate, ahead;
	unsigned sender = mail->sender;

	if (!world_limits(sim->world, sender))
		return;
	ahead = check->given[sender] - rate * (double)sim->now / 1000;
	if (check->given[sender]++ == 0 || ahead < check->ahead[sender])
		check->ahead[sender] = ahead;
	check->limited++;
	if (ahead - check->ahead[sender] <= rate * 0.1 + 1e-6)
		return;
	if (check->over++ < 5)
		printf("sender %u got %.3f messages more than its rate\n",
		    sender, ahead - check->ahead[sender] - rate * 0.1);
}

/* Mail of KLASS for all places: LOAD times what these can take. */
static void
add_mail(struct world *world, uint64_t *state, uint8_t klass, size_t count,
    double load, struct check *check)
{
	double rate = 0;
	msec_t drain;

	for (unsigned i = 0; i < world->place_count; i++)
		rate += (double)world->places[i].connections /
		    (double)world->places[i].took;
	drain = (msec_t)((double)count / rate / load) + 1;
	check->senders[klass] = 1 + (unsigned)(sim_random(state) % SENDERS);
	for (size_t i = 0; i < count; i++)
		world->mails[world->count++] = (struct mail){
			.deadline = check->deadlines &&
			    sim_random(state) % 4 > 0 ? 1 +
			    (msec_t)(sim_random(state) % (uint64_t)drain) : 0,
			.arrived = (msec_t)(sim_random(state) %
			    (uint64_t)drain),
			.site = (uint16_t)(sim_random(state) %
			    world->place_count),
			.sender = (uint16_t)(klass * SENDERS +
			    sim_random(state) % check->senders[klass]),
			.klass = klass,
		};
}

static int
by_time(const void *a, const void *b)
{
	const struct mail *x = a, *y = b;

	return x->arrived < y->arrived ? -1 : x->arrived > y->arrived;
}

static struct place
random_place(uint64_t *state)
{
	struct place place = { 0 };

	place.connections = 1 + (unsigned)(sim_random(state) % 20);
	place.took = 1 + (msec_t)(sim_random(state) %
	    (sim_random(state) % 2 == 0 ? 60 : 2000));
	place.reserved = sim_random(state) % 2 == 0;
	place.reserve = (unsigned)(sim_random(state) % place.connections);
	return place;
}

/* A third of the worlds has bulk mail alone, another third no urgent mail.
 * There is from little to more than all sites can take. */
static struct world *
random_world(uint64_t *state, struct check *check)
{
	struct world *world = mem_new(struct world);
	size_t most = 100 + sim_random(state) % (MAILS_MOST / 2);

	world->place_count = 1 + (unsigned)(sim_random(state) % 3);
	world->places = mem_array(world->place_count,
	    sizeof *world->places);
	for (unsigned i = 0; i < world->place_count; i++)
		world->places[i] = random_place(state);
	world->sender_count = CLASS_COUNT * SENDERS;
	world->mails = mem_array(CLASS_COUNT * most, sizeof *world->mails);
	check->first = (uint8_t)(sim_random(state) % CLASS_COUNT);
	check->deadlines = sim_random(state) % 2 == 0;
	for (uint8_t c = check->first; c < CLASS_BULK; c++)
		add_mail(world, state, c, most,
		    0.1 + (double)(sim_random(state) % 20) / 10, check);
	add_mail(world, state, CLASS_BULK, most,
	    0.1 + (double)(sim_random(state) % 50) / 10, check);
	qsort(world->mails, world->count, sizeof *world->mails, by_time);
	if (sim_random(state) % 2 == 0)
		world->limited = 1 + (unsigned)(sim_random(state) % SENDERS);
	world->rate = (double)(1 + sim_random(state) % 50000) / 1000;
	return world;
}

static void
round_of(uint64_t *state, struct check *check)
{
	struct world *world = random_world(state, check);
	struct sim sim = { .on_arrival = on_arrival, .on_start = on_start,
	    .on_handed = on_handed, .owner = check };

	memset(check->given, 0, sizeof check->given);

	check->most = mem_array(world->count, sizeof *check->most);
	sim_run(&sim, world, &plan_ours);
	sim_fini(&sim);
	mem_free(check->most);
	world_free(&world);
}

int
main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	unsigned long rounds = argc > 2 ? strtoul(argv[2], NULL, 10) :
	    ROUNDS;
	struct check check = { 0 };
	uint64_t state = seed;

	while (rounds-- > 0)
		round_of(&state, &check);
	for (int calm = 0; calm < 2; calm++)
		printf("%s: %lu checked, longest wait %lld ms where %lld "
		    "may be\n", calm ? "others" : "urgent",
		    check.checked[calm], (long long)check.longest[calm],
		    (long long)check.bound[calm]);
	printf("rates: %lu checked, %lu over\n", check.limited, check.over);
	printf("seed %llu: %lu waited too long, %lu behind too many in a "
	    "deliverer\n", (unsigned long long)seed, check.broken,
	    check.crowded);
	return check.broken == 0 && check.crowded == 0 && check.over == 0 &&
	    check.limited > 0 && check.checked[0] > 0 && check.checked[1] > 0 ? 0 : 1;
}
