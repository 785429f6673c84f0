/* SPDX-License-Identifier: ISC
 *
 * master.h - the process that starts, watches, introduces and reloads.
 *
 * The master binds the ports, holds the keys and remains what it was
 * started as; so it reads nothing but its configuration and a handful of
 * frames, and touches no mail.
 */
#ifndef MASTER_MASTER_H
#define MASTER_MASTER_H

#include "base/list.h"
#include "conf/conf_notice.h"
#include "io/loop.h"
#include "wire/channel.h"
#include "worker/board.h"

#include <sys/types.h>

/* A child, alive or to be born anew. */
struct child {
	struct link link;
	struct master *master;
	enum role role;
	unsigned number;	/* of its role, from 0 */
	uint32_t place;		/* its row on the board */
	pid_t pid;		/* 0: not alive */
	struct channel *channel;	/* null: not alive, or about to die */
	struct timer *timer;	/* alive: to kill it; else: to start it */
	msec_t born, pause;
	bool ready, stuck;
	bool retired;		/* not needed any more: leaves for good */
	bool renewed;		/* leaves, for another one is wanted */
};

/* A listening socket of the network. */
struct listener {
	char *text;		/* as in the configuration */
	int fd;
};

struct listeners {
	struct listener *rows;
	size_t count;
};

enum stage {			/* of leaving, in this order */
	STAGE_NONE, STAGE_RECEIVERS, STAGE_DELIVERERS, STAGE_REST, STAGE_END
};

struct master {
	const char *conf_path;
	char *conf_names[CONF_NOTICE_NAMES]; /* it is known by */
	bool foreground;
	int status;		/* for main() */

	struct conf *conf;
	struct buf certificate, key;	/* PEM; empty: none */
	struct listeners listeners;
	int control_fd, submit_fd;
	int notice_fd; /* -1: the tools must do without */
	int log_fd;
	enum log_kind log_kind;	/* what is open, not what was wished */
	bool log_lost;		/* a child says that it leads nowhere */
	msec_t log_look;	/* not before then look for another one */
	int spool_fd;		/* locked as long as any child uses it */
	int lock_fd;		/* locked as long as the master lives */
	bool waited;		/* for children that a dead master left */
	struct board *board;
	int board_fd;
	msec_t notice_due;	/* to be put up again */
	int term;		/* of the certificate, as last told */
	int parent_fd;		/* who waits for us to be ready; -1: nobody */

	struct loop *loop;
	struct list children;
	bool apart;		/* a deliverer apart is wanted */
	bool ready;		/* all children were ready once */
	enum stage stage;
	struct timer *stage_limit, *beat;
};

#endif
