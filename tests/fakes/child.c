/* SPDX-License-Identifier: ISC
 *
 * child.c - a child that does nothing but tell what the master told it.
 *
 * For tests of the master: called postrider-receiver and so on, it takes
 * that role and logs each event as a line.  A receiver answers each client
 * with one line.  With FAKE_FAIL set to its role it refuses to start; with
 * FAKE_STUBBORN it never leaves; with FAKE_RUDE it answers a reload by
 * something that it may not say.
 */
#include "worker/worker.h"

#include "base/log.h"
#include "io/addr.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LISTENERS_MOST = 16 };

static const char *role_text;
static struct {
	struct watch *watch;
	int fd;
} listeners[LISTENERS_MOST];
static unsigned listener_count, peer_count;

static bool
asked_to(const char *what)
{
	const char *wish = getenv(what);

	return wish != NULL && strcmp(wish, role_text) == 0;
}

static void
on_client(void *owner, unsigned ready)
{
	int fd = accept(*(int *)owner, NULL, NULL);
	char line[64];
	int n = snprintf(line, sizeof line, "220 fake %d\r\n", (int)getpid());

	(void)ready;
	if (fd == -1)
		return;
	(void)!write(fd, line, (size_t)n);
	close(fd);
}

static void
serve(struct worker *worker, unsigned i)
{
	listeners[i].watch = watch_new(worker->loop, listeners[i].fd,
	    WATCH_READ, on_client, &listeners[i].fd);
}

static bool
start(struct worker *worker, struct err *err)
{
	log_info("started number=%u host=%s uid=%d listeners=%u key=%zu",
	    worker->number, worker->conf->hostname, (int)getuid(),
	    listener_count, buf_length(&worker->key));
	if (asked_to("FAKE_FAIL"))
		return err_set(err, ERR_CONFIG, "it was told to fail");
	for (unsigned i = 0; i < listener_count; i++)
		serve(worker, i);
	return true;
}

static void
descriptor(struct worker *worker, const struct frame *frame)
{
	log_info("got %s %u", frame_name(frame->kind), frame->listen.index);
	if (frame->kind != FRAME_LISTEN ||
	    listener_count == LISTENERS_MOST) {
		close(frame->fd);
		return;
	}
	listeners[listener_count++].fd = frame->fd;
	if (worker->master != NULL && worker->board != NULL)
		serve(worker, listener_count - 1);
}

static void
reload(struct worker *worker, const struct conf *old)
{
	(void)old;
	log_info("reloaded listens=%zu errors=%u key=%zu",
	    worker->conf->listen_count, worker->conf->errors,
	    buf_length(&worker->key));
	if (asked_to("FAKE_RUDE"))
		(void)!write(WORKER_MASTER_FD, "\1\0\0\0\xff", 5);
}

static void
drain(struct worker *worker)
{
	log_info("draining");
	if (!asked_to("FAKE_STUBBORN"))
		worker_done(worker);
}

static void
peer(struct worker *worker, struct channel *channel, enum role role,
    unsigned number)
{
	(void)worker;
	(void)channel;
	log_info("met %s %u peers=%u", role_name(role), number, ++peer_count);
}

static void
on_gone(struct worker *worker, struct channel *channel)
{
	(void)worker;
	log_info("lost %s peers=%u", role_name(channel_peer(channel)),
	    --peer_count);
}

int
main(int argc, char **argv)
{
	static const struct worker_ops ops = { .start = start,
	    .reload = reload, .drain = drain, .peer = peer,
	    .on_gone = on_gone, .descriptor = descriptor };

	(void)argc;
	role_text = strchr(basename(argv[0]), '-');
	role_text = role_text == NULL ? "" : role_text + 1;
	for (int role = 0; role < ROLE_COUNT; role++)
		if (strcmp(role_name((enum role)role), role_text) == 0)
			return worker_main((enum role)role, &ops, NULL);
	fprintf(stderr, "child: call me postrider-ROLE\n");
	return 64;
}
