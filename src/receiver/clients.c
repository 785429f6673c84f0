/* SPDX-License-Identifier: ISC
 *
 * clients.c - how many connections each client has.
 *
 * Only clients that are connected cost anything.
 */
#include "receiver/clients.h"

#include "base/mem.h"
#include "base/must.h"

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

static struct in6_addr
network_of(struct addr address)
{
	if (!addr_is_v4(address))
		memset(address.ip.s6_addr + 8, 0, 8);
	return address.ip;
}

static struct client_count *
find(const struct clients *clients, struct addr address)
{
	struct in6_addr ip = network_of(address);

	return map_find(&clients->map, span_make(&ip, sizeof ip));
}

bool
clients_enter(struct clients *clients, struct addr address, unsigned most)
{
	struct client_count *client = find(clients, address);

	if ((client == NULL ? 0 : client->count) >= most)
		return false;
	if (client == NULL) {
		client = mem_new(struct client_count);
		client->ip = network_of(address);
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
