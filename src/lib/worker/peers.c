/* SPDX-License-Identifier: ISC
 *
 * peers.c - the other children that a child speaks to.
 *
 * Peers may come before the child has started; they are shown to the role
 * after that.
 */
#include "worker/worker_inside.h"

#include "base/log.h"
#include "base/mem.h"

#include <string.h>
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

/*
 * We cut it off, and it lives: the master sends no other one, and what it was
 * told of us is lost.  A new start of ours makes both whole; the scheduler
 * is worth more than any peer, and goes on without.
 */
static void
cut_off(struct life *life, const struct peer *peer, const char *why)
{
	struct err err;

	err_set(&err, ERR_PEER, "%s %u: %s", role_name(peer->role),
	    (unsigned)peer->number, why);
	if (life->worker.role == ROLE_SCHEDULER)
		log_error("%s", err.text);
	else
		worker_fail(life, "go on with its peer", &err);
}

/* The master has seen it too, and sends a new one. */
static void
on_gone(void *owner, struct channel *channel, const char *why)
{
	struct life *life = owner;
	struct peer *peer = find(life, channel);

	if (life->ops->on_gone != NULL)
		life->ops->on_gone(&life->worker, channel);
	if (strcmp(why, CHANNEL_GONE) != 0)
		cut_off(life, peer, why);
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
