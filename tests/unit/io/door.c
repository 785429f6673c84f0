/* SPDX-License-Identifier: ISC
 *
 * door.c - tests of listening sockets.
 */
#include "io/door.h"

#include "base/fds.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"
#include "unit/io/suites.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS = 3, LIMIT = 64 };

static struct house {
	struct loop *loop;
	struct door *door;
	struct timer *end;
	int fd, log;
	int clients[CLIENTS];
	unsigned came, turns, wanted;
	bool leave; /* the first that comes has the door freed */
} house;

static void
stop(void *owner)
{
	(void)owner;
	loop_stop(house.loop);
}

static void
on_client(void *owner, int fd, struct addr peer)
{
	(void)owner, (void)peer;
	CU_ASSERT_NOT_EQUAL(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	CU_ASSERT_NOT_EQUAL(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	close(fd);
	if (house.leave)
		door_free(&house.door);
	if (++house.came == house.wanted)
		loop_stop(house.loop);
}

/* A socket without a file, and CLIENTS that knock. */
static void
set_up(unsigned most)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	socklen_t length = sizeof name.sun_family;

	house = (struct house){ .loop = loop_new(), .wanted = CLIENTS };
	house.end = timer_new(house.loop, stop, NULL);
	house.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	must(bind(house.fd, (struct sockaddr *)&name, length) == 0 &&
	    listen(house.fd, CLIENTS) == 0);
	length = sizeof name;
	must(getsockname(house.fd, (struct sockaddr *)&name, &length) == 0);
	for (int i = 0; i < CLIENTS; i++) {
		house.clients[i] = socket(AF_UNIX, SOCK_STREAM, 0);
		must(connect(house.clients[i], (struct sockaddr *)&name,
			 length) == 0);
	}
	house.door =
	    door_new(house.loop, house.fd, most, "a test", on_client, NULL);
}

static void
tear_down(void)
{
	door_free(&house.door);
	timer_free(&house.end);
	for (int i = 0; i < CLIENTS; i++)
		close(house.clients[i]);
	close(house.fd);
	loop_free(&house.loop);
}

static void
all_who_knock_come_in(void)
{
	set_up(1);
	timer_set(house.end, 5000);
	loop_run(house.loop);
	CU_ASSERT_EQUAL(house.came, CLIENTS);
	tear_down();
}

static void
a_door_may_be_freed_by_who_comes_in(void)
{
	set_up(CLIENTS);
	house.leave = true;
	timer_set(house.end, 20);
	loop_run(house.loop);
	CU_ASSERT_EQUAL(house.came, 1);
	CU_ASSERT_PTR_NULL(house.door);
	tear_down();
}

static unsigned
lines_logged(void)
{
	char text[8192];
	ssize_t n = pread(house.log, text, sizeof text, 0);
	unsigned lines = 0;

	for (ssize_t i = 0; i < n; i++)
		lines += text[i] == '\n';
	return lines;
}

/* Takes all descriptors that are left, and gives back one at a time. */
static int taken[LIMIT], taken_count;

static void
take_all(void)
{
	int fd;

	taken_count = 0;
	while ((fd = dup(house.fd)) != -1)
		taken[taken_count++] = fd;
}

static void
give_back(void)
{
	while (taken_count > 0)
		close(taken[--taken_count]);
}

static clock_t
cpu_of_a_second(void)
{
	clock_t before = clock();

	timer_set(house.end, 1000);
	loop_run(house.loop);
	return clock() - before;
}

/* The kernel says again and again that somebody is there. */
static void
without_descriptors_it_waits_and_says_so_once_a_second(void)
{
	struct rlimit before, limit;
	clock_t used;

	set_up(CLIENTS);
	house.log = fileno(tmpfile());
	log_open("test", "host", house.log, false);
	must(getrlimit(RLIMIT_NOFILE, &before) == 0);
	limit = before;
	limit.rlim_cur = LIMIT;
	must(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	take_all();
	used = cpu_of_a_second();
	log_flush();
	CU_ASSERT_EQUAL(house.came, 0);
	CU_ASSERT_TRUE(used < CLOCKS_PER_SEC / 5);
	CU_ASSERT_TRUE(lines_logged() >= 1);
	CU_ASSERT_TRUE(lines_logged() <= 2);
	give_back();
	timer_set(house.end, 5000);
	loop_run(house.loop);
	CU_ASSERT_EQUAL(house.came, CLIENTS);
	must(setrlimit(RLIMIT_NOFILE, &before) == 0);
	log_open("test", "host", STDERR_FILENO, false);
	tear_down();
}

const struct unit_test door_tests[] = { UNIT(all_who_knock_come_in),
	UNIT(a_door_may_be_freed_by_who_comes_in),
	UNIT(without_descriptors_it_waits_and_says_so_once_a_second),
	UNIT_END };
