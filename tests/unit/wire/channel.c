/* SPDX-License-Identifier: ISC
 *
 * channel.c - tests of frames over a socketpair.
 */
#include "wire/channel.h"
#include "unit/wire/suites.h"

#include "base/mem.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* Both ends, and what they heard. */
struct ends {
	struct loop *loop;
	struct channel *near, *far;
	int raw;		/* the far end, when it is no channel */
	unsigned count;		/* frames that NEAR heard */
	uint32_t sum;
	unsigned order_wrong;
	int fds[8];
	unsigned fd_count;
	char why[160];
	bool free_in_frame;
	bool late;
};

static struct ends e;

static void
on_frame(void *owner, struct channel *channel, const struct frame *frame)
{
	CU_ASSERT_PTR_EQUAL(owner, &e);
	CU_ASSERT_PTR_EQUAL(channel, e.near);
	e.count++;
	if (frame->fd != -1 && e.fd_count < 8)
		e.fds[e.fd_count++] = frame->fd;
	if (frame->kind == FRAME_LISTEN || frame->kind == FRAME_GO) {
		if (frame->go.unused != e.sum)
			e.order_wrong++;
		e.sum++;
	}
	if (e.free_in_frame)
		channel_free(&e.near);
	loop_stop(e.loop);
}

static void
on_gone(void *owner, struct channel *channel, const char *why)
{
	CU_ASSERT_PTR_EQUAL(owner, &e);
	CU_ASSERT_PTR_EQUAL(channel, e.near);
	snprintf(e.why, sizeof e.why, "%s", why);
	e.near = NULL;
	loop_stop(e.loop);
}

static void
far_frame(void *owner, struct channel *channel, const struct frame *frame)
{
	(void)owner;
	(void)channel;
	(void)frame;
	CU_FAIL("the far end heard something");
}

static void
open_ends(enum role near, enum role far, bool raw)
{
	int fds[2];

	memset(&e, 0, sizeof e);
	e.loop = loop_new();
	e.raw = -1;
	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
	e.near = channel_new(e.loop, fds[0], near, far, on_frame, on_gone,
	    &e);
	if (raw)
		e.raw = fds[1];
	else
		e.far = channel_new(e.loop, fds[1], far, near, far_frame,
		    NULL, &e);
}

static void
close_ends(void)
{
	channel_free(&e.near);
	channel_free(&e.far);
	if (e.raw != -1)
		close(e.raw);
	for (unsigned i = 0; i < e.fd_count; i++)
		close(e.fds[i]);
	loop_free(&e.loop);
}

static void
too_late(void *owner)
{
	(void)owner;
	e.late = true;
	loop_stop(e.loop);
}

/* Until NEAR has heard COUNT frames or its end. */
static void
run_until(unsigned count)
{
	struct timer *limit = timer_new(e.loop, too_late, NULL);

	timer_set(limit, 5000);
	while (e.count < count && e.why[0] == '\0' && !e.late)
		loop_run(e.loop);
	CU_ASSERT_FALSE(e.late);
	timer_free(&limit);
}

static void
frames_are_gathered_and_arrive_in_order(void)
{
	open_ends(ROLE_RECEIVER, ROLE_MASTER, false);
	for (uint32_t i = 0; i < 50000; i++)
		channel_send(e.far, &(struct frame){ FRAME_GO, -1,
		    { .go = { i } } });
	CU_ASSERT_EQUAL(channel_waiting(e.far), 50000 * 9);
	run_until(50000);
	CU_ASSERT_EQUAL(e.count, 50000);
	CU_ASSERT_EQUAL(e.order_wrong, 0);
	CU_ASSERT_EQUAL(channel_waiting(e.far), 0);
	close_ends();
}

static void
a_frame_larger_than_any_buffer_arrives_whole(void)
{
	size_t length = 15 << 20;
	uint8_t *text = mem_alloc(length);

	open_ends(ROLE_RECEIVER, ROLE_MASTER, false);
	channel_send(e.far, &(struct frame){ FRAME_CONF, -1,
	    { .conf = { 1, span_make(text, length), span_of("c"),
	    span_of("k") } } });
	channel_send(e.far, &(struct frame){ FRAME_GO, -1, { .go = { 0 } } });
	run_until(2);
	CU_ASSERT_EQUAL(e.count, 2);
	CU_ASSERT_EQUAL(e.order_wrong, 0);
	mem_free(text);
	close_ends();
}

/* FRAME, byte by byte with a turn of the loop between. */
static void
send_slowly(const struct frame *frame)
{
	struct buf *bytes = buf_new(4096);

	frame_encode(frame, bytes);
	for (size_t i = 0; i < buf_length(bytes); i++) {
		struct timer *turn = timer_new(e.loop, too_late, NULL);

		CU_ASSERT_EQUAL(write(e.raw, buf_peek(bytes).data + i, 1), 1);
		timer_set(turn, 0);
		loop_run(e.loop);
		timer_free(&turn);
		e.late = false;
	}
	buf_free(&bytes);
}

static void
frames_may_come_byte_by_byte(void)
{
	open_ends(ROLE_RECEIVER, ROLE_MASTER, true);
	for (uint32_t i = 0; i < 3; i++)
		send_slowly(&(struct frame){ FRAME_GO, -1,
		    { .go = { i } } });
	run_until(3);
	CU_ASSERT_EQUAL(e.count, 3);
	CU_ASSERT_EQUAL(e.order_wrong, 0);
	close_ends();
}

static void
each_descriptor_reaches_its_own_frame(void)
{
	int pipes[3][2];

	open_ends(ROLE_RECEIVER, ROLE_MASTER, false);
	for (uint32_t i = 0; i < 3; i++) {
		CU_ASSERT_EQUAL_FATAL(pipe2(pipes[i], O_CLOEXEC), 0);
		channel_send(e.far, &(struct frame){ FRAME_GO, -1,
		    { .go = { 2 * i } } });
		channel_send(e.far, &(struct frame){ FRAME_LISTEN,
		    pipes[i][1], { .listen = { 2 * i + 1 } } });
		/* The channel has a copy of its own. */
		CU_ASSERT_EQUAL(close(pipes[i][1]), 0);
	}
	run_until(6);
	CU_ASSERT_EQUAL_FATAL(e.fd_count, 3);
	CU_ASSERT_EQUAL(e.order_wrong, 0);
	for (int i = 0; i < 3; i++) {
		char byte = 'x';

		CU_ASSERT_EQUAL(fcntl(e.fds[i], F_GETFD), FD_CLOEXEC);
		CU_ASSERT_EQUAL(write(e.fds[i], &(char){ (char)('a' + i) },
		    1), 1);
		CU_ASSERT_EQUAL(read(pipes[i][0], &byte, 1), 1);
		CU_ASSERT_EQUAL(byte, 'a' + i);
		close(pipes[i][0]);
	}
	close_ends();
}

static void
a_frame_without_its_descriptor_ends_the_channel(void)
{
	struct buf *bytes = buf_new(4096);

	open_ends(ROLE_RECEIVER, ROLE_MASTER, true);
	frame_encode(&(struct frame){ FRAME_LISTEN, -1, { .listen = { 0 } } },
	    bytes);
	CU_ASSERT_EQUAL(write(e.raw, buf_peek(bytes).data,
	    buf_length(bytes)), (ssize_t)buf_length(bytes));
	run_until(1);
	CU_ASSERT_EQUAL(e.count, 0);
	CU_ASSERT_STRING_EQUAL(e.why, "listen came without its descriptor");
	buf_free(&bytes);
	close_ends();
}

static void
what_a_role_may_not_say_ends_the_channel_unheard(void)
{
	struct buf *bytes = buf_new(4096);

	open_ends(ROLE_SCHEDULER, ROLE_RECEIVER, true);
	frame_encode(&(struct frame){ FRAME_RESULT, -1, { .result = { 0 } } },
	    bytes);
	CU_ASSERT_EQUAL(write(e.raw, buf_peek(bytes).data,
	    buf_length(bytes)), (ssize_t)buf_length(bytes));
	run_until(1);
	CU_ASSERT_EQUAL(e.count, 0);
	CU_ASSERT_STRING_EQUAL(e.why,
	    "a receiver may not say result to a scheduler");
	buf_free(&bytes);
	close_ends();
}

static void
garbage_ends_the_channel(void)
{
	open_ends(ROLE_SCHEDULER, ROLE_RECEIVER, true);
	CU_ASSERT_EQUAL(write(e.raw, "\1\0\0\0\xff", 5), 5);
	run_until(1);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.why, "no such frame"));
	close_ends();
}

static void
what_came_before_the_end_is_heard(void)
{
	open_ends(ROLE_RECEIVER, ROLE_MASTER, false);
	for (uint32_t i = 0; i < 3; i++)
		channel_send(e.far, &(struct frame){ FRAME_GO, -1,
		    { .go = { i } } });
	channel_flush(e.far);
	channel_free(&e.far);
	/* Sending into the void harms nobody. */
	channel_send(e.near, &(struct frame){ FRAME_READY, -1,
	    { .ready = { 0 } } });
	run_until(4);
	CU_ASSERT_EQUAL(e.count, 3);
	CU_ASSERT_STRING_EQUAL(e.why, "it has gone");
	CU_ASSERT_PTR_NULL(e.near);
	close_ends();
}

static void
a_channel_may_be_freed_while_its_frame_is_handled(void)
{
	open_ends(ROLE_RECEIVER, ROLE_MASTER, false);
	e.free_in_frame = true;
	channel_send(e.far, &(struct frame){ FRAME_GO, -1, { .go = { 0 } } });
	channel_send(e.far, &(struct frame){ FRAME_GO, -1, { .go = { 1 } } });
	run_until(1);
	CU_ASSERT_EQUAL(e.count, 1);
	CU_ASSERT_PTR_NULL(e.near);
	CU_ASSERT_STRING_EQUAL(e.why, "");
	close_ends();
}

const struct unit_test channel_tests[] = {
	UNIT(frames_are_gathered_and_arrive_in_order),
	UNIT(a_frame_larger_than_any_buffer_arrives_whole),
	UNIT(frames_may_come_byte_by_byte),
	UNIT(each_descriptor_reaches_its_own_frame),
	UNIT(a_frame_without_its_descriptor_ends_the_channel),
	UNIT(what_a_role_may_not_say_ends_the_channel_unheard),
	UNIT(garbage_ends_the_channel),
	UNIT(what_came_before_the_end_is_heard),
	UNIT(a_channel_may_be_freed_while_its_frame_is_handled),
	UNIT_END
};
