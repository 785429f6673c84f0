/* SPDX-License-Identifier: ISC
 *
 * trace.h - the Received field that we prepend (RFC 5321, section 4.4).
 */
#ifndef MAIL_TRACE_H
#define MAIL_TRACE_H

#include "base/buf.h"
#include "base/clock.h"

struct trace {
	const char *helo;	/* as the client said; null: none */
	const char *client;	/* "[192.0.2.1]" literal; null: local */
	const char *user;	/* local submitter, "uid 1000"; null: network */
	const char *hostname;
	const char *protocol;	/* "ESMTP", "ESMTPS", "SMTP", "local" */
	const char *tls;	/* "TLSv1.3 cipher …" comment; null: none */
	const char *id;
	const char *only_rcpt;	/* null unless there is exactly one */
	const char *priority;	/* MT-PRIORITY (RFC 6710); null: none */
	usec_t when;
};

/* Append the folded field, CRLF at its end; lines stay under 998 bytes. */
void trace_put(const struct trace *trace, struct buf *out);

enum { DATE_TEXT = 96 };
/*
 * "Tue, 24 Nov 2026 03:32:21 +0000" in local time.  Returns OUT.  A process
 * that goes into a jail calls tzset() before, or its local time is UTC.
 */
const char *date_text(usec_t when, char out[DATE_TEXT]);

#endif
