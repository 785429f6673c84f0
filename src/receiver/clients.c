/* SPDX-License-Identifier: ISC
 *
 * clients.c - how many connections each client has.
 *
 * Only clients that are connected cost anything.
 */
#include "receiver/clients.h"

#include "base/mem.h"
#include "base/must.h"
#include "wire/frames.h"

struct client_count {
	struct in6_addr ip;
	unsigned count;
};

static struct span
key_of(const void *value)
{
	const struct client_count *client = value;

	return span_make(&client->ip, sizeof client->ip);
}

void
clients_init(struct clients *clients)
{
	map_init(&clients->map, key_of);
	clients->crowd = NULL;
	clients->all = NULL;
}

void
clients_join(struct clients *clients, struct crowd *crowd,
    const struct board *all)
{
	clients->crowd = crowd;
	clients->all = all;
}

void
clients_fini(struct clients *clients)
{
	struct client_count *client;
	size_t at = 0;

	while ((client = map_each(&clients->map, &at)) != NULL)
		mem_free(client);
	map_fini(&clients->map);
}

struct in6_addr
clients_network(struct addr address)
{
	if (!addr_is_v4(address))
		memset(address.ip.s6_addr + 8, 0, 8);
	return address.ip;
}

static struct client_count *
find(const struct clients *clients, struct addr address)
{
	struct in6_addr ip = clients_network(address);

	return map_find(&clients->map, span_make(&ip, sizeof ip));
}

/* ---- the other receivers ----------------------------------------------- */

static uint64_t
hash_of(const struct clients *clients, struct addr address)
{
	struct in6_addr ip = clients_network(address);

	return hash_span(clients->all->key, span_make(&ip, sizeof ip));
}

static uint64_t
count_elsewhere(const struct clients *clients, uint64_t hash)
{
	const struct board *all = clients->all;
	uint64_t sum = 0;

	for (size_t i = 0; i < BOARD_ROWS; i++)
		if (&all->crowds[i] != clients->crowd &&
		    atomic_load(&all->rows[i].pid) != 0 &&
		    atomic_load(&all->rows[i].role) == ROLE_RECEIVER)
			sum += crowd_count(&all->crowds[i], hash);
	return sum;
}

/* Told before the others are asked: so nobody gets more than MOST. */
static bool
tell_others(const struct clients *clients, struct addr address,
    unsigned here, unsigned most)
{
	uint64_t hash;

	if (clients->all == NULL)
		return true;
	hash = hash_of(clients, address);
	crowd_enter(clients->crowd, hash);
	if (here + count_elsewhere(clients, hash) < most)
		return true;
	crowd_leave(clients->crowd, hash);
	return false;
}

/* ---- one by one ----------------------------------------------------------- */

bool
clients_enter(struct clients *clients, struct addr address, unsigned most)
{
	struct client_count *client = find(clients, address);
	unsigned here = client == NULL ? 0 : client->count;

	if (here >= most || !tell_others(clients, address, here, most))
		return false;
	if (client == NULL) {
		client = mem_new(struct client_count);
		client->ip = clients_network(address);
		map_add(&clients->map, client);
	}
	client->count++;
	return true;
}

void
clients_leave(struct clients *clients, struct addr address)
{
	struct client_count *client = find(clients, address);

	must(client != NULL && client->count > 0);
	if (clients->all != NULL)
		crowd_leave(clients->crowd, hash_of(clients, address));
	if (--client->count > 0)
		return;
	map_remove(&clients->map, key_of(client));
	mem_free(client);
}

unsigned
clients_count(const struct clients *clients, struct addr address)
{
	const struct client_count *client = find(clients, address);

	return client == NULL ? 0 : client->count;
}
