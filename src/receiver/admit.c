/* SPDX-License-Identifier: ISC
 *
 * admit.c - who gets in: the limits of connections.
 */
#include "receiver/admit.h"

#include "receiver/front.h"
#include "receiver/policy.h"

#include "base/fds.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* Connections of all receivers; what others have may be a moment old. */
static uint64_t
connections_now(const struct receiver *receiver)
{
	const struct board *all = receiver->worker->all;
	uint64_t sum = receiver->fronts.count;

	for (size_t i = 0; all != NULL && i < BOARD_ROWS; i++) {
		const struct board_row *row = &all->rows[i];

		if (row == receiver->worker->board ||
		    atomic_load_explicit(&row->pid,
		    memory_order_relaxed) == 0 ||
		    atomic_load_explicit(&row->role,
		    memory_order_relaxed) != ROLE_RECEIVER)
			continue;
		sum += atomic_load_explicit(
		    &row->metrics[METRIC_CONNECTIONS], memory_order_relaxed);
	}
	return sum;
}

/* A few bytes into a fresh socket always fit; if not, it is no loss. */
static void
turn_away(struct receiver *receiver, int fd, struct addr peer,
    const char *status, const char *text)
{
	msec_t now = loop_now(receiver->worker->loop);
	char line[512], address[ADDR_TEXT_SIZE];
	int length = snprintf(line, sizeof line, "421 %s %s %s\r\n", status,
	    receiver->rules.conf->hostname, text);

	(void)send(fd, line, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
	receiver->rules.refused++;
	if (now - receiver->told_refusal < MSEC_SECOND)
		return;
	receiver->told_refusal = now;
	log_info("refused: connect from unknown[%s]: 421 %s %s",
	    addr_text(peer, address), status, text);
}

static void
admit_local(struct listener *listener, int fd)
{
	struct ucred who;
	socklen_t length = sizeof who;
	struct client client;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &length) == -1) {
		log_warn("a local client cannot be known: %s",
		    strerror(errno));
		close(fd);
		return;
	}
	client = policy_local((uint32_t)who.uid);
	front_new(listener, fd, &client);
}

/* The last eighth of the connections is for those who may relay: strangers
 * can take the others, and shut nobody out who has mail for us.  The same
 * goes for descriptors, of which the very last are for their mail. */
static bool
has_room(const struct receiver *receiver, int fd, bool trusted)
{
	uint64_t most = receiver->rules.conf->connections;

	if (fds_beyond(fd, FDS_EIGHTHS - (trusted ? 1 : 2)))
		return false;
	if (!trusted)
		most -= most / 8;
	return connections_now(receiver) < most;
}

/* Connections of strangers in a minute. */
static bool
is_greedy(struct receiver *receiver, const struct client *client)
{
	if (client->trusted)
		return false;
	if (!timer_is_set(receiver->minute))
		timer_set(receiver->minute, HABITS_MS);
	return !habits_connect(&receiver->habits, client->address,
	    receiver->rules.conf->connections_per_minute, clock_wall());
}

void
admit(struct listener *listener, int fd, struct addr peer)
{
	struct receiver *receiver = listener->receiver;
	struct client client = { .trusted = true };

	if (listener->conf != NULL)
		client = policy_client(listener->conf, peer,
		    listener->tls != NULL);
	if (!has_room(receiver, fd, client.trusted))
		turn_away(receiver, fd, peer, "4.3.2",
		    "Too many connections, try again later");
	else if (listener->conf == NULL)
		admit_local(listener, fd);
	else if (is_greedy(receiver, &client))
		turn_away(receiver, fd, peer, "4.7.0",
		    "Too many connections from your address in a minute");
	else if (!clients_enter(&receiver->clients, peer,
	    receiver->rules.conf->connections_per_client))
		turn_away(receiver, fd, peer, "4.7.0",
		    "Too many connections from your address");
	else
		front_new(listener, fd, &client);
}
