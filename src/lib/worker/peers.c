/* SPDX-License-Identifier: ISC
 *
 * peers.c - the other children that a child speaks to.
 *
 * Peers may come before the child has started; they are shown to the role
 * after that.
 */
#include "worker/worker_inside.h"

#include "base/mem.h"

#include <unistd.h>

static struct peer *
find(struct life *life, const struct channel *channel)
{
	struct link *link = list_first(&life->peers);

	for (; link != NULL; link = list_next(&life->peers, link)) {
		struct peer *peer = list_item(link, struct peer, link);

		if (peer->channel == channel)
			return peer;
	}
	return NULL;
}

static void
on_frame(void *owner, struct channel *channel, const struct frame *frame)
{
	struct life *life = owner;

	if (life->ops->on_frame != NULL)
		life->ops->on_frame(&life->worker, channel, frame);
	else if (frame->fd != -1)
		close(frame->fd);
}

/* The master has seen it too, and sends a new one. */
static void
on_gone(void *owner, struct channel *channel, const char *why)
{
	struct life *life = owner;
	struct peer *peer = find(life, channel);

	(void)why;
	if (life->ops->on_gone != NULL)
		life->ops->on_gone(&life->worker, channel);
	list_remove(&life->peers, &peer->link);
	mem_free(peer);
}

static void
open_peer(struct life *life, struct peer *peer)
{
	peer->channel = channel_new(life->worker.loop, peer->fd,
	    life->worker.role, peer->role, on_frame, on_gone, life);
	peer->fd = -1;
	if (life->ops->peer != NULL)
		life->ops->peer(&life->worker, peer->channel, peer->role,
		    peer->number);
}

void
worker_peer_add(struct life *life, const struct frame *frame)
{
	struct peer *peer;

	if (frame->peer.role >= ROLE_COUNT) {
		close(frame->fd);
		return;
	}
	peer = mem_new(struct peer);
	peer->role = (enum role)frame->peer.role;
	peer->number = frame->peer.number;
	peer->fd = frame->fd;
	list_append(&life->peers, &peer->link);
	if (life->started)
		open_peer(life, peer);
}

void
worker_peers_open(struct life *life)
{
	struct link *link = list_first(&life->peers);

	for (; link != NULL; link = list_next(&life->peers, link))
		open_peer(life, list_item(link, struct peer, link));
}

void
worker_peers_free(struct life *life)
{
	struct link *link;

	while ((link = list_take(&life->peers)) != NULL) {
		struct peer *peer = list_item(link, struct peer, link);

		if (peer->channel != NULL)
			channel_flush(peer->channel);
		channel_free(&peer->channel);
		if (peer->fd != -1)
			close(peer->fd);
		mem_free(peer);
	}
}
