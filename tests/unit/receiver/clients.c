/* SPDX-License-Identifier: ISC
 *
 * clients.c - tests of the counting of connections.
 */
#include "unit/receiver/suites.h"

#include "receiver/clients.h"

static struct addr
address(const char *text, uint16_t port)
{
	struct addr addr = { .port = 0 };

	CU_ASSERT_TRUE(addr_parse(span_of(text), &addr));
	addr.port = port;
	return addr;
}

static void
a_client_has_as_many_connections_as_are_allowed_and_no_more(void)
{
	struct clients clients;
	struct addr a = address("192.0.2.1", 1), b = address("192.0.2.2", 1);

	clients_init(&clients);
	CU_ASSERT_TRUE(clients_enter(&clients, a, 2));
	CU_ASSERT_TRUE(clients_enter(&clients, a, 2));
	CU_ASSERT_FALSE(clients_enter(&clients, a, 2));
	CU_ASSERT_TRUE(clients_enter(&clients, b, 2));
	CU_ASSERT_EQUAL(clients_count(&clients, a), 2);
	clients_leave(&clients, a);
	CU_ASSERT_TRUE(clients_enter(&clients, a, 2));
	clients_fini(&clients);
}

static void
another_port_or_spelling_is_not_another_client(void)
{
	struct clients clients;

	clients_init(&clients);
	CU_ASSERT_TRUE(clients_enter(&clients, address("192.0.2.1", 5), 1));
	CU_ASSERT_FALSE(clients_enter(&clients, address("192.0.2.1", 6), 1));
	CU_ASSERT_FALSE(clients_enter(&clients,
	    address("::ffff:192.0.2.1", 7), 1));
	clients_leave(&clients, address("192.0.2.1", 9));
	CU_ASSERT_EQUAL(clients_count(&clients, address("192.0.2.1", 0)), 0);
	clients_fini(&clients);
}

static void
a_network_of_64_bits_is_one_client(void)
{
	struct clients clients;

	clients_init(&clients);
	CU_ASSERT_TRUE(clients_enter(&clients,
	    address("2001:db8:1:2::1", 1), 1));
	CU_ASSERT_FALSE(clients_enter(&clients,
	    address("2001:db8:1:2:ffff::9", 1), 1));
	CU_ASSERT_TRUE(clients_enter(&clients,
	    address("2001:db8:1:3::1", 1), 1));
	clients_leave(&clients, address("2001:db8:1:2::5", 1));
	CU_ASSERT_EQUAL(clients_count(&clients,
	    address("2001:db8:1:2::1", 1)), 0);
	clients_fini(&clients);
}

static void
clients_that_have_left_cost_nothing(void)
{
	struct clients clients;

	clients_init(&clients);
	for (unsigned i = 0; i < 5000; i++) {
		struct addr a = { .port = 1 };

		memcpy(&a.ip, &i, sizeof i);
		CU_ASSERT_TRUE(clients_enter(&clients, a, 1));
		clients_leave(&clients, a);
	}
	CU_ASSERT_EQUAL(clients.map.count, 0);
	CU_ASSERT_TRUE(clients.map.room <= 64);
	clients_fini(&clients);
}

const struct unit_test clients_tests[] = {
	UNIT(a_client_has_as_many_connections_as_are_allowed_and_no_more),
	UNIT(another_port_or_spelling_is_not_another_client),
	UNIT(a_network_of_64_bits_is_one_client),
	UNIT(clients_that_have_left_cost_nothing),
	UNIT_END
};
