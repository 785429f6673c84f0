/* SPDX-License-Identifier: ISC
 *
 * channel.c - frames over one end of a socketpair, on the loop.
 *
 * A descriptor travels with the first byte of its frame: the kernel keeps
 * it there, so that descriptors and frames arrive in the same order and the
 * next frame that has one takes the next one that came.
 */
#include "wire/channel.h"

#include "base/mem.h"
#include "base/must.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	PIECE_BYTES = 128 << 10,	/* of one read */
	TURN_BYTES = 256 << 10,	/* read from one channel in a turn */
	SOCKET_BYTES = 1 << 20,
	IN_MOST = 17 << 20,	/* over the largest frame */
	FDS_MOST = 16		/* came, and their frame did not yet */
};

/* A descriptor to go with the byte at AT of all that was ever queued. */
struct passenger {
	uint64_t at;
	int fd;
};

struct channel {
	struct loop *loop;
	struct watch *watch;
	struct turn_hook *hook;
	struct timer *end;	/* tells the end from the loop */
	channel_frame_fn *on_frame;
	channel_gone_fn *on_gone;
	void *owner;
	enum role self, peer;
	int fd;
	bool busy, dead;	/* in the owner's function; freed there */
	bool broken;		/* what is sent is swallowed */
	struct buf in, out;
	uint64_t written;	/* bytes that ever left */
	struct passenger *passengers;
	size_t passenger_count, passenger_room;
	int fds[FDS_MOST];	/* came, in order */
	size_t fd_count;
	char why[160];
};

static uint8_t scratch[PIECE_BYTES];

enum role
channel_peer(const struct channel *channel)
{
	return channel->peer;
}

size_t
channel_waiting(const struct channel *channel)
{
	return buf_length(&channel->out);
}

/* ---- the end -------------------------------------------------------------- */

static void
drop_output(struct channel *channel)
{
	buf_fini(&channel->out);
	for (size_t i = 0; i < channel->passenger_count; i++)
		close(channel->passengers[i].fd);
	mem_free(channel->passengers);
	channel->passengers = NULL;
	channel->passenger_count = channel->passenger_room = 0;
}

static void
shut(struct channel *channel)
{
	watch_free(&channel->watch);
	turn_hook_free(&channel->hook);
	timer_free(&channel->end);
	drop_output(channel);
	for (size_t i = 0; i < channel->fd_count; i++)
		close(channel->fds[i]);
	channel->fd_count = 0;
	if (channel->fd != -1)
		close(channel->fd);
	channel->fd = -1;
	channel->broken = true;
}

static void
destroy(struct channel *channel)
{
	shut(channel);
	channel->dead = true;
	if (channel->busy)
		return;
	buf_fini(&channel->in);	/* a frame being handled points into it */
	mem_free(channel);
}

void
channel_free(struct channel **channel)
{
	if (*channel == NULL)
		return;
	destroy(*channel);
	*channel = NULL;
}

/* Only from the loop, and never while busy. */
static void
gone(struct channel *channel)
{
	shut(channel);
	channel->busy = true;
	if (channel->on_gone != NULL)
		channel->on_gone(channel->owner, channel, channel->why);
	channel->busy = false;
	destroy(channel);
}

static void
on_end(void *owner)
{
	gone(owner);
}

/* Cut the peer off; it is told from the loop. */
static void __attribute__((format(printf, 2, 3)))
fail(struct channel *channel, const char *fmt, ...)
{
	va_list ap;

	if (channel->broken)
		return;
	channel->broken = true;
	drop_output(channel);
	va_start(ap, fmt);
	vsnprintf(channel->why, sizeof channel->why, fmt, ap);
	va_end(ap);
	watch_want(channel->watch, 0);
	timer_set(channel->end, 0);
}

/* ---- out ------------------------------------------------------------------ */

static ssize_t
put(struct channel *channel, size_t length, int fd)
{
	struct iovec iov = { channel->out.data + channel->out.start, length };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .bytes = { 0 } };
	struct cmsghdr *cmsg;
	ssize_t n;

	if (fd != -1) {
		msg.msg_control = control.bytes;
		msg.msg_controllen = sizeof control.bytes;
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(cmsg), &fd, sizeof fd);
	}
	do
		n = sendmsg(channel->fd, &msg, MSG_NOSIGNAL);
	while (n == -1 && errno == EINTR);
	return n;
}

/* The descriptor that boards now, or -1; LENGTH is what may go with it:
 * up to where the next one boards. */
static int
boarding(const struct channel *channel, size_t *length)
{
	const struct passenger *first = channel->passengers;
	size_t next = 0;
	int fd = -1;

	*length = buf_length(&channel->out);
	if (channel->passenger_count > 0 && first->at == channel->written) {
		fd = first->fd;
		next = 1;
	}
	if (next < channel->passenger_count)
		*length = (size_t)(first[next].at - channel->written);
	return fd;
}

static void
departed(struct channel *channel)
{
	close(channel->passengers[0].fd);
	channel->passenger_count--;
	memmove(channel->passengers, channel->passengers + 1,
	    channel->passenger_count * sizeof channel->passengers[0]);
}

void
channel_flush(struct channel *channel)
{
	if (channel->broken)
		return;
	while (buf_length(&channel->out) > 0) {
		size_t length;
		int fd = boarding(channel, &length);
		ssize_t n = put(channel, length, fd);

		if (n == -1 && errno == EAGAIN)
			break;
		if (n == -1) {
			/* A peer that has gone is heard to its end first:
			 * reading will find it. */
			if (errno != EPIPE && errno != ECONNRESET)
				fail(channel, "send: %s", strerror(errno));
			drop_output(channel);
			break;
		}
		if (fd != -1)
			departed(channel);
		channel->written += (uint64_t)n;
		buf_skip(&channel->out, (size_t)n);
	}
	if (buf_length(&channel->out) == 0)
		buf_clear(&channel->out);
	if (!channel->broken)
		watch_want(channel->watch, WATCH_READ |
		    (buf_length(&channel->out) > 0 ? WATCH_WRITE : 0u));
}

static void
on_turn_end(void *owner)
{
	channel_flush(owner);
}

static void
add_passenger(struct channel *channel, int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (copy == -1) {
		fail(channel, "a descriptor cannot be sent: %s",
		    strerror(errno));
		return;
	}
	if (channel->passenger_count == channel->passenger_room) {
		channel->passenger_room = channel->passenger_room * 2 + 4;
		channel->passengers = mem_resize(channel->passengers,
		    channel->passenger_room, sizeof channel->passengers[0]);
	}
	channel->passengers[channel->passenger_count++] = (struct passenger){
	    channel->written + buf_length(&channel->out), copy };
}

void
channel_send(struct channel *channel, const struct frame *frame)
{
	must(frame_may(frame->kind, channel->self, channel->peer));
	if (channel->broken)
		return;
	if (frame_has_fd(frame->kind))
		add_passenger(channel, frame->fd);
	if (channel->broken)
		return;
	frame_encode(frame, &channel->out);
	if (buf_length(&channel->out) > 0)
		turn_hook_ask(channel->hook);
}

/* ---- in ------------------------------------------------------------------- */

/* False: the peer is cut off. */
static bool
take_descriptors(struct channel *channel, struct msghdr *msg)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);

	for (; cmsg != NULL; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		size_t count;
		int fd;

		if (cmsg->cmsg_level != SOL_SOCKET ||
		    cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof fd;
		for (size_t i = 0; i < count; i++) {
			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof fd,
			    sizeof fd);
			if (channel->fd_count == FDS_MOST) {
				close(fd);
				fail(channel, "too many descriptors");
			} else
				channel->fds[channel->fd_count++] = fd;
		}
	}
	if (msg->msg_flags & MSG_CTRUNC)
		fail(channel, "a descriptor was lost: too many are open");
	return !channel->broken;
}

/* As recv(), into TO. */
static ssize_t
get(struct channel *channel, uint8_t *to, size_t room)
{
	struct iovec iov = { to, room };
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(4 * sizeof(int))];
	} control;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = control.bytes,
	    .msg_controllen = sizeof control.bytes };
	ssize_t n;

	do
		n = recvmsg(channel->fd, &msg, MSG_CMSG_CLOEXEC);
	while (n == -1 && errno == EINTR);
	if (n > 0 && !take_descriptors(channel, &msg))
		n = 0;		/* fail() has the reason */
	return n;
}

/* The next descriptor that came belongs to FRAME.  False: none came. */
static bool
take_own_descriptor(struct channel *channel, struct frame *frame)
{
	if (!frame_has_fd(frame->kind))
		return true;
	if (channel->fd_count == 0)
		return false;
	frame->fd = channel->fds[0];
	channel->fd_count--;
	memmove(channel->fds, channel->fds + 1,
	    channel->fd_count * sizeof channel->fds[0]);
	return true;
}

/* False: the channel is gone or broken. */
static bool
handle(struct channel *channel, struct frame *frame)
{
	if (!frame_may(frame->kind, channel->peer, channel->self)) {
		fail(channel, "a %s may not say %s to a %s",
		    role_name(channel->peer), frame_name(frame->kind),
		    role_name(channel->self));
		return false;
	}
	if (!take_own_descriptor(channel, frame)) {
		fail(channel, "%s came without its descriptor",
		    frame_name(frame->kind));
		return false;
	}
	channel->busy = true;
	channel->on_frame(channel->owner, channel, frame);
	channel->busy = false;
	if (channel->dead) {
		destroy(channel);
		return false;
	}
	return !channel->broken;
}

/* Hand out the whole frames at the front of IN.  False: as handle(). */
static bool
hand_out(struct channel *channel, struct span *in)
{
	struct frame frame;
	struct err err;

	for (;;) {
		switch (frame_decode(in, &frame, &err)) {
		case FRAME_MORE:
			return true;
		case FRAME_BAD:
			fail(channel, "%s", err.text);
			return false;
		case FRAME_DONE:
			if (!handle(channel, &frame))
				return false;
		}
	}
}

/* One read.  False: nothing more is to be read now. */
static bool
take_piece(struct channel *channel, size_t *got)
{
	bool straight = buf_length(&channel->in) == 0;
	uint8_t *to = straight ? scratch :
	    buf_reserve(&channel->in, PIECE_BYTES);
	struct span in;
	ssize_t n;

	must(to != NULL);
	n = get(channel, to, PIECE_BYTES);
	if (n == -1 && errno == EAGAIN)
		return false;
	if (n <= 0) {
		fail(channel, "%s", n == 0 || errno == ECONNRESET ? CHANNEL_GONE :
		    strerror(errno));
		return false;
	}
	*got += (size_t)n;
	if (!straight)
		buf_added(&channel->in, (size_t)n);
	in = straight ? span_make(scratch, (size_t)n) :
	    buf_peek(&channel->in);
	if (!hand_out(channel, &in))
		return false;
	if (straight)
		buf_append_span(&channel->in, in);
	else {
		buf_skip(&channel->in, buf_length(&channel->in) - in.length);
		if (in.length == 0)
			buf_clear(&channel->in);
	}
	return (size_t)n == PIECE_BYTES;
}

static void
on_ready(void *owner, unsigned ready)
{
	struct channel *channel = owner;
	size_t got = 0;

	if (ready & WATCH_WRITE)
		channel_flush(channel);
	if ((ready & WATCH_READ) == 0 || channel->broken)
		return;
	while (take_piece(channel, &got) && got < TURN_BYTES)
		;
}

/* ---- birth ---------------------------------------------------------------- */

/* Large buffers, so that a busy peer seldom makes us wait; beyond the
 * system's limit only as root. */
static void
widen(int fd)
{
	int size = SOCKET_BYTES;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) ==
	    -1)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size,
		    sizeof size);
}

struct channel *
channel_new(struct loop *loop, int fd, enum role self, enum role peer,
    channel_frame_fn *on_frame, channel_gone_fn *on_gone, void *owner)
{
	struct channel *channel = mem_new(struct channel);

	channel->loop = loop;
	channel->fd = fd;
	channel->self = self;
	channel->peer = peer;
	channel->on_frame = on_frame;
	channel->on_gone = on_gone;
	channel->owner = owner;
	buf_init(&channel->in, IN_MOST);
	buf_init(&channel->out, SIZE_MAX);
	widen(fd);
	channel->hook = turn_hook_new(loop, on_turn_end, channel);
	channel->end = timer_new(loop, on_end, channel);
	channel->watch = watch_new(loop, fd, WATCH_READ, on_ready, channel);
	return channel;
}
