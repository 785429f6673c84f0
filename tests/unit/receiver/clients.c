/* SPDX-License-Identifier: ISC
 *
 * clients.c - tests of the counting of connections.
 */
#include "unit/receiver/suites.h"

#include "receiver/clients.h"
#include "wire/frames.h"

#include <sys/mman.h>
#include <unistd.h>

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

/* A board with two receivers and a deliverer. */
static struct board *
board_of_two(void)
{
	static const uint8_t roles[] = { ROLE_MASTER, ROLE_RECEIVER,
	    ROLE_RECEIVER, ROLE_DELIVERER };
	struct err err;
	int fd = -1;
	struct board *board = board_make(&fd, &err);

	CU_ASSERT_PTR_NOT_NULL_FATAL(board);
	close(fd);
	for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
		board->rows[i].role = roles[i];
		board->rows[i].pid = (int32_t)i + 100;
	}
	return board;
}

static void
all_receivers_count_together(void)
{
	struct addr a = address("192.0.2.1", 1), b = address("192.0.2.2", 1);
	struct board *board = board_of_two();
	struct clients one, two;

	clients_init(&one);
	clients_init(&two);
	clients_join(&one, &board->crowds[1], board);
	clients_join(&two, &board->crowds[2], board);
	CU_ASSERT_TRUE(clients_enter(&one, a, 3));
	CU_ASSERT_TRUE(clients_enter(&two, a, 3));
	CU_ASSERT_TRUE(clients_enter(&two, a, 3));
	for (int i = 0; i < 5; i++) {	/* who is refused is not counted */
		CU_ASSERT_FALSE(clients_enter(&one, a, 3));
		CU_ASSERT_FALSE(clients_enter(&two, a, 3));
	}
	CU_ASSERT_TRUE(clients_enter(&one, b, 1));
	clients_leave(&two, a);
	CU_ASSERT_TRUE(clients_enter(&one, a, 3));
	CU_ASSERT_FALSE(clients_enter(&two, a, 3));
	CU_ASSERT_EQUAL(clients_count(&one, a), 2);
	clients_fini(&one);
	clients_fini(&two);
	munmap(board, sizeof *board);
}

static void
clients_of_a_receiver_that_died_may_come_again(void)
{
	struct addr a = address("2001:db8::1", 1);
	struct board *board = board_of_two();
	struct clients one, two;

	clients_init(&one);
	clients_init(&two);
	clients_join(&one, &board->crowds[1], board);
	clients_join(&two, &board->crowds[2], board);
	CU_ASSERT_TRUE(clients_enter(&one, a, 1));
	CU_ASSERT_FALSE(clients_enter(&two, a, 1));
	board_clear(board, 1);
	CU_ASSERT_TRUE(clients_enter(&two, a, 1));
	board->rows[1].pid = 200;	/* its successor */
	clients_leave(&two, a);
	CU_ASSERT_TRUE(clients_enter(&two, a, 1));
	clients_fini(&one);
	clients_fini(&two);
	munmap(board, sizeof *board);
}

/* They would be shut out by what is no client. */
static void
what_processes_of_another_role_have_does_not_count(void)
{
	struct addr a = address("192.0.2.1", 1);
	struct board *board = board_of_two();
	struct clients one;

	clients_init(&one);
	clients_join(&one, &board->crowds[1], board);
	for (size_t i = 0; i < CROWD_COUNTERS; i++) {
		board->crowds[3].one[i] = board->crowds[9].one[i] = 7;
		board->crowds[3].two[i] = board->crowds[9].two[i] = 7;
		board->crowds[2].one[i] = 7;	/* one row is not enough */
	}
	CU_ASSERT_TRUE(clients_enter(&one, a, 1));
	clients_fini(&one);
	munmap(board, sizeof *board);
}

const struct unit_test clients_tests[] = {
	UNIT(a_client_has_as_many_connections_as_are_allowed_and_no_more),
	UNIT(another_port_or_spelling_is_not_another_client),
	UNIT(a_network_of_64_bits_is_one_client),
	UNIT(all_receivers_count_together),
	UNIT(clients_of_a_receiver_that_died_may_come_again),
	UNIT(what_processes_of_another_role_have_does_not_count),
	UNIT(clients_that_have_left_cost_nothing),
	UNIT_END
};
