/* SPDX-License-Identifier: ISC
 *
 * main.c - a flash sale, by three schedulers.
 *
 *	simulate [-n BULK] [-s SITES] [-r SEED]
 *
 * Prints for each how long mail to sites that answer waited until its
 * delivery began, how even the senders fared, and memory.  Fails when ours
 * is not plainly the better one for urgent mail and for small senders.
 * Without -n and -s there are two sales: one with much mail for few sites, and
 * one with mail for so many that memory is full of it.
 */
#include "sim.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { GREEDY = 3, SMALL = 50 };

/* What ours is held against. */
struct outcome {
	double urgent_p99, fairness;
};

static int
by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static double
seconds(const uint32_t *waits, size_t count, double share)
{
	return count == 0 ? 0 : waits[(size_t)((double)(count - 1) *
	    share)] / 1000.0;
}

/* Its p99 in seconds. */
static double
print_class(const struct sim *sim, uint8_t klass)
{
	uint32_t *waits = mem_array(sim->world->count, sizeof *waits);
	size_t n = 0;
	double p99;

	for (size_t i = 0; i < sim->world->count; i++)
		if (sim->world->mails[i].klass == klass &&
		    sim->waits[i] != UINT32_MAX)
			waits[n++] = sim->waits[i];
	qsort(waits, n, sizeof *waits, by_size);
	p99 = seconds(waits, n, 0.99);
	printf("%-8s %-8s %9zu %10.3f %10.3f %10.3f\n", sim->plan->name,
	    class_name(klass), n, seconds(waits, n, 0.5), p99,
	    seconds(waits, n, 1));
	mem_free(waits);
	return p99;
}

/* What each sender of bulk would have got of what was delivered while the
 * flash lasted, had all that want more got the same. */
static double
even_share(const double *demand, unsigned count, double total)
{
	double low = 0, high = total;

	for (int i = 0; i < 60; i++) {
		double level = (low + high) / 2, sum = 0;

		for (unsigned s = 0; s < count; s++)
			sum += demand[s] < level ? demand[s] : level;
		if (sum < total)
			low = level;
		else
			high = level;
	}
	return low;
}

/* Jain's index of what senders got, against an even share: 1 is fair. */
static double
fairness(const struct sim *sim)
{
	unsigned count = GREEDY + SMALL;
	double demand[GREEDY + SMALL] = { 0 }, total = 0;
	double sum = 0, squares = 0, level;

	for (size_t i = 0; i < sim->world->count; i++)
		if (sim->world->mails[i].klass == CLASS_BULK &&
		    sim->waits[i] != UINT32_MAX)
			demand[sim->world->mails[i].sender]++;
	for (unsigned s = 0; s < count; s++)
		total += sim->by_sender[s];
	level = even_share(demand, count, total);
	for (unsigned s = 0; s < count; s++) {
		double fair = demand[s] < level ? demand[s] : level;
		double x = fair > 0 ? sim->by_sender[s] / fair : 1;

		sum += x;
		squares += x * x;
	}
	return squares > 0 ? sum * sum / (count * squares) : 0;
}

static struct outcome
show(const struct world *world, const struct plan *plan)
{
	struct sim sim = { 0 };
	struct outcome outcome;

	sim_run(&sim, world, plan);
	outcome.urgent_p99 = print_class(&sim, CLASS_URGENT);
	print_class(&sim, CLASS_BULK);
	outcome.fairness = fairness(&sim);
	printf("%-8s fairness %.3f, memory %.1f MB, %.1f hours\n", plan->name,
	    outcome.fairness, (double)plan->memory(sim.state) / (1 << 20),
	    (double)sim.now / MSEC_HOUR);
	fflush(stdout);
	sim_fini(&sim);
	return outcome;
}

static bool
better(struct outcome ours, struct outcome other)
{
	return ours.urgent_p99 * 20 < other.urgent_p99 &&
	    ours.fairness > 0.95 && ours.fairness > other.fairness;
}

static void
introduce(const struct flash *flash, const struct world *world)
{
	unsigned dead = 0;

	for (unsigned i = 0; i < world->place_count; i++)
		dead += world->places[i].dead;
	printf("%zu messages of bulk in %lld s, %u %% of them by %u greedy "
	    "senders and the rest by %u\nsmall ones, and %zu urgent ones; %u "
	    "sites, %u of them dead and as many slow.\n", flash->bulk,
	    (long long)world->flash / 1000, 100 - world->small_percent,
	    flash->greedy, flash->small, world->count - flash->bulk,
	    world->place_count, dead);
	printf("How long mail for the others waited until its delivery began, "
	    "with\n  ours    postrider's own scheduler,\n"
	    "  rounds  Postfix's way: sites in turn, each first come first "
	    "served,\n  fifo    first come first served.\n\n");
	printf("%-8s %-8s %9s %10s %10s %10s\n", "", "class", "mail",
	    "p50 s", "p99 s", "most s");
}

static bool
play(const struct flash *flash)
{
	struct world *world = world_flash(flash);
	struct outcome ours, rounds, fifo;

	introduce(flash, world);
	ours = show(world, &plan_ours);
	rounds = show(world, &plan_rounds);
	fifo = show(world, &plan_fifo);
	world_free(&world);
	printf("\n");
	return better(ours, rounds) && better(ours, fifo);
}

int
main(int argc, char **argv)
{
	struct flash few = { .seed = 1, .bulk = 100000, .sites = 20,
	    .greedy = GREEDY, .small = SMALL }, many;
	bool given = false, good;
	int option;

	while ((option = getopt(argc, argv, "n:s:r:")) != -1)
		switch (option) {
		case 'n':
			few.bulk = strtoul(optarg, NULL, 10);
			given = true;
			break;
		case 's':
			few.sites = (unsigned)strtoul(optarg, NULL, 10);
			given = true;
			break;
		case 'r':
			few.seed = strtoull(optarg, NULL, 10);
			break;
		default:
			return 2;
		}
	if (few.bulk == 0 || few.sites == 0 || few.sites > 10000)
		return 2;
	good = play(&few);
	if (given)
		return good ? 0 : 1;
	many = few;
	many.bulk = 200000;
	many.sites = 1000;
	return play(&many) && good ? 0 : 1;
}
