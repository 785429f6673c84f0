/* SPDX-License-Identifier: ISC
 *
 * conn.c - tests of connections in clear.
 */
#include "unit/io/side.h"
#include "unit/io/suites.h"

#include "base/mem.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static void
put(struct sides *sides, const char *text)
{
	CU_ASSERT_EQUAL(write(sides->raw, text, strlen(text)),
	    (ssize_t)strlen(text));
}

static bool
near_has_input(struct sides *sides)
{
	return sides->near.told[CONN_INPUT] > 0;
}

static bool
near_ended(struct sides *sides)
{
	return sides->near.told[CONN_ENDED] > 0;
}

static void
input_is_lent_and_what_is_left_is_kept(void)
{
	struct sides s;

	sides_open_raw(&s, &side_limits);
	s.near.leave = true;
	put(&s, "EHLO a\r\nMA");
	sides_run(&s, near_has_input);
	CU_ASSERT_TRUE(span_is(conn_input(s.near.conn), "EHLO a\r\nMA"));
	conn_consume(s.near.conn, 8);
	CU_ASSERT_TRUE(span_is(conn_input(s.near.conn), "MA"));
	s.near.told[CONN_INPUT] = 0;
	put(&s, "IL\r\n");
	sides_run(&s, near_has_input);
	CU_ASSERT_TRUE(span_is(conn_input(s.near.conn), "MAIL\r\n"));
	sides_close(&s);
}

static void
nobody_is_called_while_paused_and_what_was_kept_comes_anew(void)
{
	struct sides s;

	sides_open_raw(&s, &side_limits);
	s.near.leave = true;
	s.near.pause = true;
	put(&s, "one");
	sides_run(&s, near_has_input);
	put(&s, "two");
	sides_idle(&s);
	CU_ASSERT_EQUAL(s.near.told[CONN_INPUT], 1);
	s.near.leave = s.near.pause = false;
	conn_resume(s.near.conn);
	CU_ASSERT_EQUAL(s.near.told[CONN_INPUT], 1);
	sides_idle(&s);
	CU_ASSERT_TRUE(span_is(buf_peek(&s.near.got), "onetwo"));
	sides_close(&s);
}

static void
no_more_is_kept_than_allowed(void)
{
	static const struct conn_limits tight = { 100, 1000, false };
	char *text = mem_alloc(5001);
	struct sides s;

	memset(text, 'x', 5000);
	sides_open_raw(&s, &tight);
	s.near.leave = true;
	put(&s, text);
	sides_run(&s, near_has_input);
	sides_idle(&s);
	CU_ASSERT_EQUAL(conn_input(s.near.conn).length, 100);
	s.near.leave = false;
	conn_consume(s.near.conn, 30);
	sides_idle(&s);
	CU_ASSERT_EQUAL(buf_length(&s.near.got), 5000 - 30);
	CU_ASSERT_EQUAL(s.near.largest, 100);
	mem_free(text);
	sides_close(&s);
}

static void
a_half_closed_peer_is_heard_to_the_end_and_answered(void)
{
	char reply[16];
	struct sides s;

	sides_open_raw(&s, &side_limits);
	s.near.pause = s.near.leave = true;
	put(&s, "QUIT\r\n");
	CU_ASSERT_EQUAL(shutdown(s.raw, SHUT_WR), 0);
	sides_run(&s, near_has_input);
	sides_idle(&s);
	CU_ASSERT_EQUAL(s.near.told[CONN_ENDED], 0);
	s.near.pause = s.near.leave = false;
	conn_resume(s.near.conn);
	sides_run(&s, near_ended);
	CU_ASSERT_TRUE(span_is(buf_peek(&s.near.got), "QUIT\r\n"));
	CU_ASSERT_STRING_EQUAL(s.near.why, "lost connection");
	conn_free(&s.near.conn);
	CU_ASSERT_EQUAL(read(s.raw, reply, sizeof reply), 0);
	sides_close(&s);
}

static size_t sent;

static bool
far_has_all(struct sides *sides)
{
	return buf_length(&sides->far.got) >= sent;
}

static void
what_the_socket_does_not_take_waits_and_arrives_in_order(void)
{
	uint8_t *block = mem_alloc(1 << 20);
	struct sides s;

	sides_open(&s);
	for (size_t i = 0; i < 1 << 20; i++)
		block[i] = (uint8_t)(i * 7 + (i >> 8));
	conn_pause(s.far.conn);
	conn_send(s.near.conn, span_of("head"));
	conn_send(s.near.conn, span_make(block, 1 << 20));
	conn_send_v(s.near.conn, (struct span[]){ span_of("ta"),
	    span_make(NULL, 0), span_of("il") }, 3);
	CU_ASSERT_TRUE(conn_waiting(s.near.conn) > 0);
	sides_idle(&s);
	CU_ASSERT_EQUAL(s.near.told[CONN_SENT], 0);
	conn_resume(s.far.conn);
	sent = (1 << 20) + 8;
	sides_run(&s, far_has_all);
	CU_ASSERT_EQUAL(buf_length(&s.far.got), sent);
	CU_ASSERT_EQUAL(memcmp(buf_peek(&s.far.got).data, "head", 4), 0);
	CU_ASSERT_EQUAL(memcmp(buf_peek(&s.far.got).data + 4, block,
	    1 << 20), 0);
	CU_ASSERT_EQUAL(memcmp(buf_peek(&s.far.got).data + 4 + (1 << 20),
	    "tail", 4), 0);
	sides_idle(&s);
	CU_ASSERT_EQUAL(s.near.told[CONN_SENT], 1);
	CU_ASSERT_EQUAL(conn_waiting(s.near.conn), 0);
	mem_free(block);
	sides_close(&s);
}

static void
reading_rests_while_too_much_waits_to_be_written(void)
{
	static const struct conn_limits tight = { 4096, 1000, false };
	char *block = mem_alloc(1 << 20);
	struct sides s;
	size_t got = 0;

	sides_open_raw(&s, &tight);
	conn_send(s.near.conn, span_make(block, 1 << 20));
	CU_ASSERT_TRUE(conn_waiting(s.near.conn) > 1000);
	put(&s, "more work");
	sides_idle(&s);
	CU_ASSERT_EQUAL(s.near.told[CONN_INPUT], 0);
	while (got < 1 << 20) {
		ssize_t n = read(s.raw, block, 1 << 20);

		if (n > 0)
			got += (size_t)n;
		else
			sides_idle(&s);
	}
	sides_run(&s, near_has_input);
	CU_ASSERT_TRUE(span_is(buf_peek(&s.near.got), "more work"));
	mem_free(block);
	sides_close(&s);
}

static void
an_owner_may_free_its_conn_in_any_event(void)
{
	static const enum conn_event events[] = { CONN_INPUT, CONN_TIMEOUT,
	    CONN_ENDED, CONN_SENT };

	for (int i = 0; i < 4; i++) {
		char *block = mem_alloc(1 << 20);
		struct sides s;

		sides_open_raw(&s, &side_limits);
		s.near.free_in[events[i]] = true;
		if (events[i] == CONN_SENT)
			conn_send(s.near.conn, span_make(block, 1 << 20));
		sides_idle(&s);
		if (events[i] == CONN_SENT)
			while (read(s.raw, block, 1 << 20) > 0)
				sides_idle(&s);
		if (events[i] == CONN_INPUT)
			put(&s, "x");
		if (events[i] == CONN_TIMEOUT)
			conn_deadline(s.near.conn, 1);
		if (events[i] == CONN_ENDED) {
			close(s.raw);
			s.raw = -1;
		}
		sides_idle(&s);
		CU_ASSERT_EQUAL(s.near.told[events[i]], 1);
		CU_ASSERT_PTR_NULL(s.near.conn);
		mem_free(block);
		sides_close(&s);
	}
}

static void
a_deadline_is_told_once_and_can_be_stopped(void)
{
	struct sides s;

	sides_open_raw(&s, &side_limits);
	conn_deadline(s.near.conn, 1);
	sides_idle(&s);
	CU_ASSERT_EQUAL(s.near.told[CONN_TIMEOUT], 1);
	conn_deadline(s.near.conn, 1);
	conn_deadline(s.near.conn, MSEC_NEVER);
	sides_idle(&s);
	CU_ASSERT_EQUAL(s.near.told[CONN_TIMEOUT], 1);
	sides_close(&s);
}

/* The loop is late: the answer and the deadline fall into one turn. */
static void
answer_late(void *owner)
{
	put(owner, "250 Ok\r\n");
}

static void
what_came_in_time_is_told_before_the_deadline(void)
{
	struct sides s;
	struct timer *timer;

	sides_open_raw(&s, &side_limits);
	s.near.free_in[CONN_TIMEOUT] = true;
	timer = timer_new(s.loop, answer_late, &s);
	timer_set(timer, 0);
	conn_deadline(s.near.conn, 0);
	sides_run(&s, near_has_input);
	CU_ASSERT_EQUAL(s.near.told[CONN_TIMEOUT], 0);
	sides_idle(&s);
	CU_ASSERT_EQUAL(s.near.told[CONN_TIMEOUT], 1);
	CU_ASSERT_EQUAL(s.near.told[CONN_INPUT], 1);
	timer_free(&timer);
	sides_close(&s);
}

struct flood {
	struct sides sides;
	struct timer *timer;
};

static void
send_more(void *owner)
{
	struct flood *flood = owner;

	put(&flood->sides, "NOOP\r\n");
	timer_set(flood->timer, 0);
}

static void
be_out_of_time(struct side *side, enum conn_event event)
{
	if (event == CONN_INPUT)
		conn_deadline(side->conn, 0);
}

static bool
near_is_out_of_time(struct sides *sides)
{
	return sides->near.told[CONN_TIMEOUT] > 0;
}

/* Each look finds something. */
static void
whoever_sends_without_a_pause_does_not_hold_off_its_end(void)
{
	struct flood flood;
	struct sides *s = &flood.sides;

	sides_open_raw(s, &side_limits);
	s->near.extra = be_out_of_time;
	s->near.free_in[CONN_TIMEOUT] = true;
	flood.timer = timer_new(s->loop, send_more, &flood);
	timer_set(flood.timer, 0);
	conn_deadline(s->near.conn, 0);
	sides_run(s, near_is_out_of_time);
	CU_ASSERT_PTR_NULL(s->near.conn);
	timer_free(&flood.timer);
	sides_close(s);
}

static void
stop_waiting(struct side *side, enum conn_event event)
{
	if (event == CONN_INPUT)
		conn_deadline(side->conn, MSEC_NEVER);
}

static void
an_answer_in_time_keeps_its_connection(void)
{
	struct sides s;
	struct timer *timer;

	sides_open_raw(&s, &side_limits);
	s.near.extra = stop_waiting;
	timer = timer_new(s.loop, answer_late, &s);
	timer_set(timer, 0);
	conn_deadline(s.near.conn, 0);
	sides_run(&s, near_has_input);
	sides_idle(&s);
	CU_ASSERT_EQUAL(s.near.told[CONN_TIMEOUT], 0);
	timer_free(&timer);
	sides_close(&s);
}

/* ---- over the network ------------------------------------------------------- */

static struct addr
listener(int *fd)
{
	struct addr here;
	struct sockaddr_storage ss;
	socklen_t length;

	CU_ASSERT_TRUE_FATAL(addr_parse(span_of("127.0.0.1"), &here));
	length = addr_to_sockaddr(here, &ss);
	*fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CU_ASSERT_EQUAL_FATAL(bind(*fd, (struct sockaddr *)&ss, length), 0);
	CU_ASSERT_EQUAL_FATAL(getsockname(*fd, (struct sockaddr *)&ss,
	    &length), 0);
	return addr_of_sockaddr((struct sockaddr *)&ss);
}

static bool
near_connected_or_ended(struct sides *sides)
{
	return sides->near.told[CONN_CONNECTED] > 0 ||
	    sides->near.told[CONN_ENDED] > 0;
}

static void
connecting_succeeds_from_the_loop(void)
{
	struct sides s;
	struct addr to;
	char text[8];
	int fd, peer;

	sides_open_raw(&s, &side_limits);
	conn_free(&s.near.conn);
	to = listener(&fd);
	CU_ASSERT_EQUAL_FATAL(listen(fd, 5), 0);
	s.near.conn = conn_connect(s.loop, to, &side_limits, side_event,
	    &s.near);
	conn_send(s.near.conn, span_of("early"));
	CU_ASSERT_EQUAL(s.near.told[CONN_CONNECTED], 0);
	sides_run(&s, near_connected_or_ended);
	CU_ASSERT_EQUAL(s.near.told[CONN_CONNECTED], 1);
	peer = accept(fd, NULL, NULL);
	CU_ASSERT_TRUE_FATAL(peer >= 0);
	sides_idle(&s);
	CU_ASSERT_EQUAL(read(peer, text, sizeof text), 5);
	CU_ASSERT_EQUAL(conn_peer(s.near.conn).port, to.port);
	CU_ASSERT_TRUE(addr_is_v4(conn_local(s.near.conn)));
	close(peer);
	close(fd);
	sides_close(&s);
}

static void
a_refused_connection_ends_with_its_reason(void)
{
	struct sides s;
	struct addr to;
	int fd;

	sides_open_raw(&s, &side_limits);
	conn_free(&s.near.conn);
	to = listener(&fd);	/* bound, and nobody listens */
	s.near.conn = conn_connect(s.loop, to, &side_limits, side_event,
	    &s.near);
	CU_ASSERT_EQUAL(s.near.told[CONN_ENDED], 0);
	sides_run(&s, near_connected_or_ended);
	CU_ASSERT_EQUAL(s.near.told[CONN_CONNECTED], 0);
	CU_ASSERT_STRING_EQUAL(s.near.why, "Connection refused");
	close(fd);
	sides_close(&s);
}

static void
a_connection_that_cannot_start_ends_from_the_loop(void)
{
	struct addr to = { .port = 25 };
	struct sides s;

	sides_open_raw(&s, &side_limits);
	conn_free(&s.near.conn);
	CU_ASSERT_TRUE_FATAL(addr_parse(span_of("255.255.255.255"), &to));
	to.port = 25;
	s.near.conn = conn_connect(s.loop, to, &side_limits, side_event,
	    &s.near);
	CU_ASSERT_EQUAL(s.near.told[CONN_ENDED], 0);
	sides_run(&s, near_connected_or_ended);
	CU_ASSERT_EQUAL(s.near.told[CONN_ENDED], 1);
	CU_ASSERT_TRUE(s.near.why[0] != '\0');
	sides_close(&s);
}

/* The peer's text until end of file or error; its length or -1. */
static ssize_t
read_to_end(int fd, char *out, size_t room)
{
	size_t got = 0;

	for (;;) {
		ssize_t n = read(fd, out + got, room - got);

		if (n == -1)
			return -1;
		if (n == 0)
			return (ssize_t)got;
		got += (size_t)n;
	}
}

static void
a_last_reply_outlives_unread_input(void)
{
	struct sides s;
	struct addr to;
	char text[64];
	int fd, client, server;
	struct sockaddr_storage ss;
	socklen_t length;

	sides_open_raw(&s, &side_limits);
	conn_free(&s.near.conn);
	to = listener(&fd);
	CU_ASSERT_EQUAL_FATAL(listen(fd, 5), 0);
	client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	length = addr_to_sockaddr(to, &ss);
	CU_ASSERT_EQUAL_FATAL(connect(client, (struct sockaddr *)&ss, length),
	    0);
	server = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	CU_ASSERT_EQUAL(write(client, "much", 4), 4);
	s.near.conn = conn_accepted(s.loop, server, &side_limits, side_event,
	    &s.near);
	conn_send(s.near.conn, span_of("421 bye\r\n"));
	conn_finish(&s.near.conn, 1000);
	CU_ASSERT_PTR_NULL(s.near.conn);
	sides_idle(&s);
	CU_ASSERT_EQUAL(write(client, "more", 4), 4);
	sides_idle(&s);
	CU_ASSERT_EQUAL(read_to_end(client, text, sizeof text), 9);
	close(client);
	sides_idle(&s);
	CU_ASSERT_EQUAL(s.near.told[CONN_ENDED], 0);
	CU_ASSERT_EQUAL(fcntl(server, F_GETFD), -1);
	close(fd);
	sides_close(&s);
}

static void
what_still_ends_is_ended_with_its_loop(void)
{
	static const size_t waits[] = { 0, 1 << 20 };

	for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
		char *block = mem_alloc(1 << 20);
		struct sides s;
		int fd;

		sides_open_raw(&s, &side_limits);
		fd = conn_fd(s.near.conn);
		conn_send(s.near.conn, span_make(block, waits[i]));
		CU_ASSERT_EQUAL(conn_waiting(s.near.conn) > 0, i == 1);
		conn_finish(&s.near.conn, 60 * MSEC_SECOND);
		sides_idle(&s);
		CU_ASSERT_EQUAL(fcntl(fd, F_GETFD), FD_CLOEXEC);
		sides_close(&s);
		CU_ASSERT_EQUAL(fcntl(fd, F_GETFD), -1);
		CU_ASSERT_EQUAL(s.near.told[CONN_ENDED], 0);
		mem_free(block);
	}
}

static void
finishing_in_an_event_sends_what_waits(void)
{
	char *block = mem_alloc(1 << 20);
	size_t got = 0;
	struct sides s;
	ssize_t n;

	sides_open_raw(&s, &side_limits);
	s.near.finish_in[CONN_INPUT] = true;
	conn_send(s.near.conn, span_make(block, 1 << 20));
	put(&s, "QUIT\r\n");
	sides_run(&s, near_has_input);
	CU_ASSERT_PTR_NULL(s.near.conn);
	while (got < 1 << 20 && (n = read(s.raw, block, 1 << 20)) != 0) {
		if (n > 0)
			got += (size_t)n;
		sides_idle(&s);
	}
	CU_ASSERT_EQUAL(got, 1 << 20);
	CU_ASSERT_EQUAL(read(s.raw, block, 1), 0);
	close(s.raw);
	s.raw = -1;
	sides_idle(&s);
	mem_free(block);
	sides_close(&s);
}

static void
what_the_peer_said_before_it_went_is_heard_after_a_failed_write(void)
{
	struct sides s;

	sides_open_raw(&s, &side_limits);
	put(&s, "554 no\r\n");
	close(s.raw);
	s.raw = -1;
	conn_send(s.near.conn, span_of("DATA\r\n"));
	CU_ASSERT_EQUAL(s.near.told[CONN_ENDED], 0);
	sides_run(&s, near_ended);
	CU_ASSERT_TRUE(span_is(buf_peek(&s.near.got), "554 no\r\n"));
	conn_send(s.near.conn, span_of("RCPT\r\n"));
	CU_ASSERT_EQUAL(conn_waiting(s.near.conn), 0);
	sides_idle(&s);
	CU_ASSERT_EQUAL(s.near.told[CONN_ENDED], 1);
	sides_close(&s);
}

/* One that quits ends; another is told when it reads on. */
static void
broken_output_ends_a_paused_connection_that_quits(void)
{
	for (int quits = 0; quits < 2; quits++) {
		struct conn_limits limits = side_limits;
		struct sides s;

		limits.quits = quits == 1;
		sides_open_raw(&s, &limits);
		conn_pause(s.near.conn);
		close(s.raw);
		s.raw = -1;
		conn_send(s.near.conn, span_of("DATA\r\n"));
		CU_ASSERT_EQUAL(s.near.told[CONN_ENDED], 0);
		sides_idle(&s);
		CU_ASSERT_EQUAL(s.near.told[CONN_ENDED], (unsigned)quits);
		if (quits == 0) {
			conn_resume(s.near.conn);
			sides_run(&s, near_ended);
		}
		sides_close(&s);
	}
}

const struct unit_test conn_tests[] = {
	UNIT(input_is_lent_and_what_is_left_is_kept),
	UNIT(nobody_is_called_while_paused_and_what_was_kept_comes_anew),
	UNIT(no_more_is_kept_than_allowed),
	UNIT(a_half_closed_peer_is_heard_to_the_end_and_answered),
	UNIT(what_the_socket_does_not_take_waits_and_arrives_in_order),
	UNIT(reading_rests_while_too_much_waits_to_be_written),
	UNIT(an_owner_may_free_its_conn_in_any_event),
	UNIT(a_deadline_is_told_once_and_can_be_stopped),
	UNIT(what_came_in_time_is_told_before_the_deadline),
	UNIT(an_answer_in_time_keeps_its_connection),
	UNIT(whoever_sends_without_a_pause_does_not_hold_off_its_end),
	UNIT(connecting_succeeds_from_the_loop),
	UNIT(a_refused_connection_ends_with_its_reason),
	UNIT(a_connection_that_cannot_start_ends_from_the_loop),
	UNIT(a_last_reply_outlives_unread_input),
	UNIT(what_still_ends_is_ended_with_its_loop),
	UNIT(finishing_in_an_event_sends_what_waits),
	UNIT(what_the_peer_said_before_it_went_is_heard_after_a_failed_write),
	UNIT(broken_output_ends_a_paused_connection_that_quits),
	UNIT_END
};
