/* SPDX-License-Identifier: ISC
 *
 * side.c - two ends of a connection on one loop, for the tests of conn.
 */
#include "unit/io/side.h"
#include "unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

const struct conn_limits side_limits = { 65536, 1 << 20, false };

static struct loop *running;

void
side_event(void *owner, struct conn *conn, enum conn_event event)
{
	struct side *side = owner;

	CU_ASSERT_PTR_EQUAL(side->conn, conn);
	side->told[event]++;
	if (event == CONN_ENDED)
		snprintf(side->why, sizeof side->why, "%s", conn_why(conn));
	if (event == CONN_INPUT && !side->leave) {
		struct span in = conn_input(conn);

		CU_ASSERT_TRUE(in.length > 0);
		if (in.length > side->largest)
			side->largest = in.length;
		buf_append_span(&side->got, in);
		conn_consume(conn, in.length);
		CU_ASSERT_EQUAL(conn_input(conn).length, 0);
	}
	if (event == CONN_INPUT && side->pause)
		conn_pause(conn);
	if (side->extra != NULL)
		side->extra(side, event);
	if (side->free_in[event])
		conn_free(&side->conn);
	else if (side->finish_in[event])
		conn_finish(&side->conn, 1000);
	loop_stop(running);
}

static void
open_pair(struct sides *sides, int fds[2])
{
	memset(sides, 0, sizeof *sides);
	sides->loop = running = loop_new();
	sides->raw = -1;
	buf_init(&sides->near.got, SIZE_MAX);
	buf_init(&sides->far.got, SIZE_MAX);
	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
}

void
sides_open_raw(struct sides *sides, const struct conn_limits *limits)
{
	int fds[2];

	open_pair(sides, fds);
	sides->near.conn = conn_accepted(sides->loop, fds[0], limits,
	    side_event, &sides->near);
	sides->raw = fds[1];
}

void
sides_open(struct sides *sides)
{
	int fds[2];

	open_pair(sides, fds);
	sides->near.conn = conn_accepted(sides->loop, fds[0], &side_limits,
	    side_event, &sides->near);
	sides->far.conn = conn_accepted(sides->loop, fds[1], &side_limits,
	    side_event, &sides->far);
}

void
sides_close(struct sides *sides)
{
	conn_free(&sides->near.conn);
	conn_free(&sides->far.conn);
	if (sides->raw != -1)
		close(sides->raw);
	buf_fini(&sides->near.got);
	buf_fini(&sides->far.got);
	loop_free(&sides->loop);
}

static bool late;

static void
too_late(void *owner)
{
	(void)owner;
	late = true;
	loop_stop(running);
}

static void
wake(void *owner)
{
	timer_set(*(struct timer **)owner, 1);
	loop_stop(running);
}

void
sides_run(struct sides *sides, bool (*done)(struct sides *sides))
{
	struct timer *limit = timer_new(sides->loop, too_late, NULL);
	struct timer *tick = timer_new(sides->loop, wake, &tick);

	late = false;
	timer_set(limit, 5000);
	timer_set(tick, 1);
	while (!done(sides) && !late)
		loop_run(sides->loop);
	CU_ASSERT_FALSE(late);
	timer_free(&limit);
	timer_free(&tick);
}

static int idle_turns;

static bool
idle_done(struct sides *sides)
{
	(void)sides;
	return idle_turns++ >= 5;
}

void
sides_idle(struct sides *sides)
{
	idle_turns = 0;
	sides_run(sides, idle_done);
}
