/* SPDX-License-Identifier: ISC
 *
 * worker_frames.c - what the master says to a child.
 */
#include "worker/worker_inside.h"

#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

typedef void handler_fn(struct life *life, const struct frame *frame);

static void
copy_span(struct buf *to, struct span bytes)
{
	buf_fini(to);
	buf_init(to, SIZE_MAX);
	buf_append_span(to, bytes);
}

static void
on_conf(struct life *life, const struct frame *frame)
{
	struct worker *worker = &life->worker;
	struct conf *old = worker->conf, *conf;
	struct err err;

	conf = conf_parse(frame->conf.text, "configuration", &err);
	if (conf == NULL && !life->started) {
		worker_fail(life, "read the configuration", &err);
		return;
	}
	if (conf == NULL) {
		log_error("the new configuration is not used: %s", err.text);
		return;
	}
	worker->number = frame->conf.number;
	worker->conf = conf;
	copy_span(&worker->certificate, frame->conf.certificate);
	copy_span(&worker->key, frame->conf.key);
	if (life->started && life->ops->reload != NULL)
		life->ops->reload(worker, old);
	conf_free(&old);
}

static void
on_log(struct life *life, const struct frame *frame)
{
	struct utsname self = { .nodename = "" };
	char *program = mem_printf("postrider/%s",
	    role_name(life->worker.role));
	int old = life->log_fd;

	log_flush();
	uname(&self);
	life->log_fd = frame->fd;
	log_open(program, self.nodename, life->log_fd,
	    frame->log.kind == LOG_KIND_SYSLOG);
	mem_free(program);
	if (old != -1)
		close(old);
}

static void
on_board(struct life *life, const struct frame *frame)
{
	struct err err;

	if (life->board == NULL && frame->board.place < BOARD_ROWS) {
		life->board = board_map(frame->fd, &err);
		life->place = frame->board.place;
		if (life->board == NULL)
			worker_fail(life, "use the scoreboard", &err);
	}
	close(frame->fd);
}

/* The lock of the spool comes with its descriptor.  Whatever the role does
 * with its own, the spool stays locked until this process has ended. */
static void
keep_lock(struct life *life, int fd)
{
	if (life->spool_fd == -1)
		life->spool_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (life->spool_fd == -1)
		log_error("cannot keep the lock of the spool: %s",
		    strerror(errno));
}

static void
on_descriptor(struct life *life, const struct frame *frame)
{
	if (frame->kind == FRAME_SPOOL)
		keep_lock(life, frame->fd);
	if (life->ops->descriptor != NULL)
		life->ops->descriptor(&life->worker, frame);
	else
		close(frame->fd);
}

static void
on_go(struct life *life, const struct frame *frame)
{
	(void)frame;
	worker_go(life);
}

static void
on_drain(struct life *life, const struct frame *frame)
{
	(void)frame;
	worker_drain(life);
}

static void
on_reloaded(struct life *life, const struct frame *frame)
{
	if (life->ops->on_frame != NULL)
		life->ops->on_frame(&life->worker, life->worker.master,
		    frame);
}

void
worker_frame(void *owner, struct channel *channel, const struct frame *frame)
{
	static handler_fn *const handlers[FRAME_COUNT] = {
		[FRAME_CONF] = on_conf,
		[FRAME_LOG] = on_log,
		[FRAME_BOARD] = on_board,
		[FRAME_LISTEN] = on_descriptor,
		[FRAME_CONTROL] = on_descriptor,
		[FRAME_SUBMIT] = on_descriptor,
		[FRAME_SPOOL] = on_descriptor,
		[FRAME_PEER] = worker_peer_add,
		[FRAME_GO] = on_go,
		[FRAME_DRAIN] = on_drain,
		[FRAME_RELOADED] = on_reloaded,
	};

	(void)channel;
	if (handlers[frame->kind] != NULL)
		handlers[frame->kind](owner, frame);
	else if (frame->fd != -1)
		close(frame->fd);
}
