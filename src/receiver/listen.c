/* SPDX-License-Identifier: ISC
 *
 * listen.c - where clients come from: listening sockets.
 *
 * Each socket is shared by all receivers.  A listener outlives its socket
 * as long as clients that came by it are there.
 */
#include "receiver/listen.h"

#include "receiver/admit.h"

#include "base/log.h"
#include "base/mem.h"

#include <unistd.h>

enum { ACCEPT_MOST = 16 };	/* in one go, so that others get on too */

static void
on_client(void *owner, int fd, struct addr peer)
{
	admit(owner, fd, peer);
}

/* ---- TLS ----------------------------------------------------------------- */

/* Make LISTENER's context anew; on failure the former one stays. */
static bool
renew_tls(struct listener *listener, struct err *err)
{
	const struct worker *worker = listener->receiver->worker;
	struct tls_context *fresh = NULL;

	if (listener->conf != NULL && listener->conf->tls != LISTEN_TLS_NONE &&
	    buf_length(&worker->certificate) > 0) {
		fresh = tls_server_context(buf_peek(&worker->certificate),
		    buf_peek(&worker->key), listener->text, err);
		if (fresh == NULL)
			return err_prefix(err, "%s", listener->text);
	} else if (listener->conf != NULL &&
	    listener->conf->tls == LISTEN_TLS_IMPLICIT)
		return err_set(err, ERR_CONFIG,
		    "%s: TLS needs a certificate", listener->text);
	tls_context_free(&listener->tls);
	listener->tls = fresh;
	listener->implicit_tls = listener->conf != NULL &&
	    listener->conf->tls == LISTEN_TLS_IMPLICIT;
	return true;
}

/* ---- the list ------------------------------------------------------------ */

static void
close_socket(struct listener *listener)
{
	door_free(&listener->door);
	if (listener->fd != -1)
		close(listener->fd);
	listener->fd = -1;
}

static void
free_unused(struct listener *listener)
{
	if (listener->fd != -1 || listener->users > 0)
		return;
	if (link_on_list(&listener->link))
		list_remove(&listener->receiver->listeners, &listener->link);
	tls_context_free(&listener->tls);
	mem_free(listener->text);
	mem_free(listener);
}

void
listener_release(struct listener *listener)
{
	listener->users--;
	free_unused(listener);
}

static void
watch_socket(struct listener *listener)
{
	struct loop *loop = listener->receiver->worker->loop;

	listener->door = door_new(loop, listener->fd, ACCEPT_MOST,
	    "a connection", on_client, listener);
}

/* Null: CONF has no such address. */
static const struct conf_listen *
conf_of(const struct conf *conf, const char *text)
{
	for (size_t i = 0; i < conf->listen_count; i++)
		if (strcmp(conf->listens[i].text, text) == 0)
			return &conf->listens[i];
	return NULL;
}

/* The listener with an open socket for TEXT (null: submission), or null. */
static struct listener *
find(struct receiver *receiver, const char *text)
{
	struct link *link = list_first(&receiver->listeners);

	for (; link != NULL; link = list_next(&receiver->listeners, link)) {
		struct listener *listener = list_item(link, struct listener,
		    link);

		if (listener->fd != -1 && (text == NULL ?
		    listener->text == NULL :
		    listener->text != NULL &&
		    strcmp(listener->text, text) == 0))
			return listener;
	}
	return NULL;
}

static void
start(struct listener *listener)
{
	struct err err;

	if (renew_tls(listener, &err))
		watch_socket(listener);
	else
		log_error("not listening: %s", err.text);
}

void
listeners_add(struct receiver *receiver, int fd, bool submit, uint32_t index)
{
	const struct conf *conf = receiver->worker->conf;
	const struct conf_listen *listen = NULL;
	struct listener *listener;

	if (!submit && index < conf->listen_count)
		listen = &conf->listens[index];
	if ((!submit && listen == NULL) || receiver->rules.draining) {
		close(fd);
		return;
	}
	listener = find(receiver, submit ? NULL : listen->text);
	if (listener != NULL) {		/* the same address, bound anew */
		close_socket(listener);
		listener->fd = fd;
	} else {
		listener = mem_new(struct listener);
		listener->receiver = receiver;
		listener->fd = fd;
		listener->text = submit ? NULL : mem_strdup(listen->text);
		list_append(&receiver->listeners, &listener->link);
	}
	listener->conf = listen;
	if (receiver->committer != NULL)
		start(listener);
}

bool
listeners_start(struct receiver *receiver, struct err *err)
{
	struct link *link = list_first(&receiver->listeners);

	for (; link != NULL; link = list_next(&receiver->listeners, link)) {
		struct listener *listener = list_item(link, struct listener,
		    link);

		if (!renew_tls(listener, err))
			return false;
		watch_socket(listener);
	}
	return true;
}

void
listeners_reload(struct receiver *receiver)
{
	struct link *link = list_first(&receiver->listeners), *next;
	struct err err;

	for (; link != NULL; link = next) {
		struct listener *listener = list_item(link, struct listener,
		    link);

		next = list_next(&receiver->listeners, link);
		if (listener->text == NULL)
			continue;
		listener->conf = conf_of(receiver->worker->conf,
		    listener->text);
		if (listener->conf == NULL) {
			close_socket(listener);
			free_unused(listener);
		} else if (!renew_tls(listener, &err))
			log_error("the former certificate stays: %s",
			    err.text);
	}
}

void
listeners_stop(struct receiver *receiver)
{
	struct link *link = list_first(&receiver->listeners), *next;

	for (; link != NULL; link = next) {
		next = list_next(&receiver->listeners, link);
		close_socket(list_item(link, struct listener, link));
		free_unused(list_item(link, struct listener, link));
	}
}
