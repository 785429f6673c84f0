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

/* What goes back of the message: each is less than the one before. */
enum dsn_returned { DSN_WHOLE, DSN_HEADER, DSN_NOTHING };

enum { DSN_LINE_MOST = 998 };	/* bytes, without its CR LF (RFC 5322) */

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
	enum dsn_returned returned;
	struct span original;	/* that much of it, in wire form */
	bool eight_bit;		/* ORIGINAL has 8-bit bytes */
};

/* Append the report in wire form (CRLF, dots stuffed).  None of its lines is
 * longer than DSN_LINE_MOST if none of the original is. */
void dsn_put(const struct dsn *dsn, struct buf *out);

/*
 * Append the header fields of MESSAGE, the beginning of one in wire form: as
 * they are, but for those with a line over DSN_LINE_MOST and what is no field,
 * which are left out.  ENDS: MESSAGE is all there is; otherwise a field that
 * goes to its end may go on, and is left out too.  SEVEN_BIT: other bytes
 * become "?".
 */
void dsn_fields_put(struct span message, bool ends, bool seven_bit,
    struct buf *out);

/*
 * Append REPORT, one that dsn_put() made, once more under the name ID, with
 * less of the original: its header in 7 bits instead of all, and nothing
 * instead of its header; but no more than MOST of it.  False, and nothing is
 * appended: nothing of it is in REPORT, or REPORT is none of ours.
 */
bool dsn_shorten(struct span report, const char *id, const char *hostname,
    enum dsn_returned most, struct buf *out);

#endif
