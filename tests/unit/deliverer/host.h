/* SPDX-License-Identifier: ISC
 *
 * host.h - a small SMTP server that does what its rules say, and remembers
 * what it was told.
 */
#ifndef TESTS_DELIVERER_HOST_H
#define TESTS_DELIVERER_HOST_H

#include "base/buf.h"
#include "base/list.h"
#include "io/conn.h"

enum { HOST_MAILS_MOST = 64 };

struct host {
	/* rules; a reply is text without CRLF, "" = silence, and "!" at its
	 * beginning closes after what follows */
	const char *greeting, *ehlo, *starttls, *mail, *rcpt, *data, *dot;
	unsigned mail_from;	/* `mail` counts from this transaction on */
	unsigned most;		/* connections; more are greeted with 421 */
	bool forgetful;		/* of what comes in one piece with the dot */
	bool hasty;		/* it answers that before a dot that is held */
	const char *refuse;	/* RCPT with this in it: 550 5.1.1 */
	struct tls_context *tls;
	/* what happened */
	unsigned accepted, open, quits, secured;
	unsigned transactions, holding;	/* dots that wait for host_release() */
	bool hold;		/* do not answer the dot */
	char *mails[HOST_MAILS_MOST];	/* bodies, in order */
	size_t mail_count;
	struct buf heard;	/* commands */
	/* workings */
	struct loop *loop;
	uint16_t port;
	int fd;
	struct watch *watch;
	struct list guests;
};

/* Listen at a free port of 127.0.0.1.  HOST is zeroed but for its rules. */
void host_open(struct host *host, struct loop *loop);
void host_close(struct host *host);
/* Nobody listens any more: the port refuses. */
void host_shut(struct host *host);

/* Answer all dots that wait. */
void host_release(struct host *host);
/* Close all connections without a word. */
void host_hang_up(struct host *host);

#endif
