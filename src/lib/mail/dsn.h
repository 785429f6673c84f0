/* SPDX-License-Identifier: ISC
 *
 * dsn.h - delivery status notifications (RFC 3461, 3462/6522, 3464).
 *
 * Makes the content of a report; whoever calls it sends it from the null
 * reverse-path.
 */
#ifndef MAIL_DSN_H
#define MAIL_DSN_H

#include "base/buf.h"
#include "base/clock.h"

enum dsn_action { DSN_FAILED, DSN_DELAYED, DSN_DELIVERED, DSN_RELAYED,
	DSN_EXPIRED };

struct dsn_rcpt {
	const char *address;
	const char *orcpt;	/* "rfc822;xtext" as given; null: none */
	enum dsn_action action;
	const char *status;	/* "5.1.1" */
	const char *mta;	/* the host that answered; null: none */
	const char *reply;	/* "550 5.1.1 no such user"; null: no SMTP reply */
	const char *reason;	/* for people, when there was no reply */
	usec_t until;		/* DSN_DELAYED: tried until then */
};

struct dsn {
	const char *hostname;	/* ours: Reporting-MTA */
	const char *id;		/* of the report: for Message-ID */
	const char *original_id;	/* of the message: for people */
	const char *to;		/* its reverse-path */
	const char *envid;	/* xtext as given; null: none */
	usec_t arrived, now;
	usec_t by;		/* asked for by DELIVERBY; 0: nothing */
	usec_t hold;		/* and by FUTURERELEASE */
	const struct dsn_rcpt *rcpts;
	size_t rcpt_count;
	struct span original;	/* the message in wire form, or its header */
	bool whole;		/* ORIGINAL is the whole message */
	bool eight_bit;		/* ORIGINAL has 8-bit bytes */
};

/* Append the report in wire form (CRLF, dots stuffed). */
void dsn_put(const struct dsn *dsn, struct buf *out);

#endif
