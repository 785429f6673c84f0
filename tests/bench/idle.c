/* SPDX-License-Identifier: ISC
 *
 * idle.c - many connections that say nothing, and how fast a new client is
 * greeted beside them.
 */
#include "mailbench.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { GREET_MOST_MS = 10000, PROBES = 200 };

/* A blocking connection from 127.0.0.(2 + NUMBER % 100); -1: refused. */
static int
open_one(const struct sockaddr_in *to, int number)
{
	struct sockaddr_in from = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1)
		die("socket: too few descriptors for connection %d", number);
	from.sin_addr.s_addr = htonl(0x7f000002u + (uint32_t)number % 100);
	if (bind(fd, (void *)&from, sizeof from) == -1 ||
	    connect(fd, (const void *)to, sizeof *to) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

/* True: "220" arrived within GREET_MOST_MS. */
static bool
greeted(int fd)
{
	char code[512];
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, GREET_MOST_MS) == 1 &&
	    read(fd, code, sizeof code) >= 3 && memcmp(code, "220", 3) == 0;
}

int
idle_main(int argc, char **argv)
{
	struct sockaddr_in to = { 0 };
	struct samples samples = { 0 };
	int k, conns = 10000, held = 0, *fds;

	while ((k = getopt(argc, argv, "t:c:")) != -1) {
		if (k == 't')
			to = parse_addr(optarg);
		else if (k == 'c')
			conns = atoi(optarg);
		else
			return 2;
	}
	if (to.sin_port == 0 || conns < 1)
		die("idle needs -t ADDR:PORT and -c N");
	fds = xcalloc((size_t)conns, sizeof *fds);
	for (; held < conns && !stopping; held++)
		if ((fds[held] = open_one(&to, held)) == -1 ||
		    !greeted(fds[held]))
			break;
	fprintf(stderr, "holding %d\n", held);
	for (int i = 0; i < PROBES && !stopping; i++) {
		int64_t begun = now_ns();
		int fd = open_one(&to, i);

		if (fd == -1 || !greeted(fd))
			die("a new client was not greeted");
		sample_add(&samples, now_ns() - begun);
		close(fd);
	}
	printf("{\"held\":%d,", held);
	samples_json("greeted", &samples);
	printf("}\n");
	fflush(stdout);
	/* The caller reads our line, weighs the relay, then ends us. */
	while (!stopping)
		pause();
	return held == conns ? 0 : 1;
}
