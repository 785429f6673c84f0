/* SPDX-License-Identifier: ISC
 *
 * introduce.c - what a child is told, and to whom it may speak.
 *
 * All mail passes the scheduler: everybody else speaks to it and to nobody
 * else.  Each pair gets a socketpair of its own; the master keeps no end.
 */
#include "master/children.h"
#include "master/listen.h"

#include "base/log.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void
tell(struct child *child, const struct frame *frame)
{
	if (child->channel != NULL)
		channel_send(child->channel, frame);
}

static void
tell_fd(struct child *child, enum frame_kind kind, int fd)
{
	tell(child, &(struct frame){ .kind = kind, .fd = fd });
}

void
tell_conf(struct master *master, struct child *child)
{
	struct span none = span_make(NULL, 0);
	struct buf text;
	bool keys = child->role == ROLE_RECEIVER;

	buf_init(&text, SIZE_MAX);
	conf_dump(master->conf, false, &text);
	tell(child, &(struct frame){ FRAME_CONF, -1, { .conf = {
	    .number = child->number, .text = buf_peek(&text),
	    .certificate = keys ? buf_peek(&master->certificate) : none,
	    .key = keys ? buf_peek(&master->key) : none } } });
	buf_fini(&text);
}

void
tell_log(struct master *master, struct child *child)
{
	tell(child, &(struct frame){ FRAME_LOG, master->log_fd, { .log = {
	    (uint8_t)master->log_kind } } });
}

void
tell_outcome(struct child *asker, uint32_t token, bool ok, const char *text)
{
	if (asker != NULL)
		tell(asker, &(struct frame){ FRAME_RELOADED, -1,
		    { .reloaded = { token, ok, span_of(text) } } });
}

void
tell_listeners(struct master *master, struct child *child,
    const struct listeners *former)
{
	for (size_t i = 0; i < master->listeners.count; i++) {
		const struct listener *row = &master->listeners.rows[i];

		if (listeners_find(former, row->text) != NULL)
			continue;
		tell(child, &(struct frame){ FRAME_LISTEN, row->fd,
		    { .listen = { (uint32_t)i } } });
	}
}

static void
tell_peer(struct child *child, const struct child *other, int fd)
{
	tell(child, &(struct frame){ FRAME_PEER, fd, { .peer = {
	    (uint8_t)other->role, other->number } } });
	close(fd);
}

static void
pair(struct child *a, struct child *b)
{
	int ends[2];

	if (a->channel == NULL || b->channel == NULL)
		return;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
	    ends) == -1) {
		log_error("cannot introduce the %s to the %s: %s",
		    role_name(a->role), role_name(b->role), strerror(errno));
		return;
	}
	tell_peer(a, b, ends[0]);
	tell_peer(b, a, ends[1]);
}

static void
tell_peers(struct master *master, struct child *child)
{
	struct link *link = list_first(&master->children);

	for (; link != NULL; link = list_next(&master->children, link)) {
		struct child *other = list_item(link, struct child, link);

		if ((child->role == ROLE_SCHEDULER) !=
		    (other->role == ROLE_SCHEDULER))
			pair(child, other);
	}
}

void
introduce(struct master *master, struct child *child)
{
	static const struct listeners none;

	tell_conf(master, child);
	tell_log(master, child);
	tell(child, &(struct frame){ FRAME_BOARD, master->board_fd,
	    { .board = { child->place } } });
	if (child->role == ROLE_RECEIVER) {
		tell_listeners(master, child, &none);
		tell_fd(child, FRAME_SUBMIT, master->submit_fd);
	}
	if (child->role == ROLE_SCHEDULER)
		tell_fd(child, FRAME_CONTROL, master->control_fd);
	if (child->role == ROLE_RECEIVER || child->role == ROLE_SCHEDULER)
		tell_fd(child, FRAME_SPOOL, master->spool_fd);
	tell_peers(master, child);
	tell_fd(child, FRAME_GO, -1);
}
