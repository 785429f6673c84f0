/* SPDX-License-Identifier: ISC
 *
 * channel.h - frames over one end of a socketpair, on the loop.
 *
 * What is sent is gathered and written once per loop turn, in one system
 * call; what arrives is read in large pieces and handed out frame by frame.
 * A peer that says what its role may not say, or sends garbage, is cut off.
 */
#ifndef WIRE_CHANNEL_H
#define WIRE_CHANNEL_H

#include "wire/frames.h"
#include "io/loop.h"

struct channel;

/* FRAME is valid during the call; frame->fd, if any, is the handler's. */
typedef void channel_frame_fn(void *owner, struct channel *channel,
    const struct frame *frame);
/* The peer is gone (WHY is CHANNEL_GONE) or broke the rules; the channel is
 * closed already and is freed after this returns. */
#define CHANNEL_GONE "it has gone"
typedef void channel_gone_fn(void *owner, struct channel *channel,
    const char *why);

/* FD (nonblocking stream socket) is owned by the channel from now on. */
struct channel *channel_new(struct loop *loop, int fd, enum role self,
    enum role peer, channel_frame_fn *on_frame, channel_gone_fn *on_gone,
    void *owner);
void channel_free(struct channel **channel);	/* on_gone is not called */

enum role channel_peer(const struct channel *channel);

/*
 * Queue FRAME.  frame->fd, when its kind has one, is duplicated: the caller
 * keeps its own.  Cannot fail: a broken channel swallows it.
 */
void channel_send(struct channel *channel, const struct frame *frame);

/* Bytes waiting to be written: for back-pressure. */
size_t channel_waiting(const struct channel *channel);

/* Write now as much as the socket takes. */
void channel_flush(struct channel *channel);

#endif
