/* SPDX-License-Identifier: ISC
 *
 * dsn.c - delivery status notifications.
 *
 * Three parts: for people (dsn_text.c), for machines, and what was sent.  No
 * line of the first two begins with a dot, and the third comes in wire form;
 * so the whole is in wire form without a copy.
 */
#include "mail/dsn.h"

#include "mail/clean.h"
#include "mail/dsn_text.h"
#include "mail/trace.h"
#include "smtp/command.h"

#include <stdio.h>
#include <time.h>

enum { BOUNDARY_TEXT = 64, NAME_MOST = 255, ADDRESS_MOST = 900,
	XTEXT_MOST = 512, REPLY_MOST = 2000, STATUS_MOST = 11 };

/* ---- pieces ------------------------------------------------------------ */

/* "NAME: VALUE", each of KIND. */
static void
put_field(struct buf *out, const char *name, enum clean kind,
    const char *value, size_t most)
{
	buf_printf(out, "%s: ", name);
	clean_put(out, kind, value, most);
	buf_append_text(out, "\r\n");
}

static void
put_date(struct buf *out, const char *name, usec_t when)
{
	char date[DATE_TEXT];

	buf_printf(out, "%s: %s\r\n", name, date_text(when, date));
}

/* NAME, TYPE (may be empty) and what XTEXT stands for; nothing when it is
 * none, which only a broken spool can bring about. */
static void
put_decoded(struct buf *out, const char *name, struct span type,
    struct span xtext)
{
	uint8_t text[XTEXT_MOST];
	long length;

	if (xtext.length > sizeof text)
		return;
	length = xtext_decode(xtext, text);
	if (length <= 0)
		return;
	buf_printf(out, "%s: %.*s", name, (int)type.length,
	    type.length == 0 ? "" : (const char *)type.data);
	buf_append(out, text, (size_t)length);
	buf_append_text(out, "\r\n");
}

/*
 * A boundary that is nowhere in the original.  Each try is another text, so
 * an original that has one in it was made to; it cannot have them all.
 */
static void
choose_boundary(const struct dsn *dsn, char out[BOUNDARY_TEXT])
{
	struct span original = dsn->original;
	unsigned try = 0;
	size_t length;

	do {
		length = (size_t)snprintf(out, BOUNDARY_TEXT,
		    "=_report-%llx-%u", (unsigned long long)dsn->now, try++);
	} while (original.length > 0 && memmem(original.data,
	    original.length, out, length) != NULL);
}

static void
put_part(struct buf *out, const char *boundary, const char *type)
{
	buf_printf(out, "\r\n--%s\r\nContent-Type: %s\r\n", boundary, type);
}

static void
put_encoding(const struct dsn *dsn, struct buf *out)
{
	if (dsn->eight_bit)
		buf_append_text(out, "Content-Transfer-Encoding: 8bit\r\n");
}

/* ---- the header of the report ------------------------------------------ */

static void
put_header(const struct dsn *dsn, const char *boundary, struct buf *out)
{
	put_date(out, "Date", dsn->now);
	buf_append_text(out, "From: \"Mail Delivery System\" <MAILER-DAEMON@");
	clean_put(out, CLEAN_NAME, dsn->hostname, NAME_MOST);
	buf_append_text(out, ">\r\nTo: <");
	clean_put(out, CLEAN_TEXT, dsn->to, ADDRESS_MOST);
	buf_printf(out, ">\r\nSubject: %s\r\nMessage-ID: <",
	    dsn_subject(dsn));
	clean_put(out, CLEAN_NAME, dsn->id, NAME_MOST);
	buf_append_text(out, "@");
	clean_put(out, CLEAN_NAME, dsn->hostname, NAME_MOST);
	buf_printf(out, ">\r\n"
	    "Auto-Submitted: auto-replied\r\n"
	    "MIME-Version: 1.0\r\n"
	    "Content-Type: multipart/report; report-type=delivery-status;\r\n"
	    "\tboundary=\"%s\"\r\n", boundary);
	put_encoding(dsn, out);
	buf_append_text(out,
	    "\r\nThis is a report about a message, in several parts.\r\n");
}

/* ---- the part for machines (RFC 3464) ---------------------------------- */

/* The interval of HOLDFOR is kept as the time at which it ends. */
static void
put_release(struct buf *out, usec_t when)
{
	time_t second = (time_t)(when / 1000000);
	char text[32] = "";
	struct tm tm;

	if (gmtime_r(&second, &tm) != NULL)
		strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	buf_printf(out, "Future-Release-Request: until;%s\r\n", text);
}

static void
put_message_group(const struct dsn *dsn, struct buf *out)
{
	buf_append_text(out, "Reporting-MTA: dns; ");
	clean_put(out, CLEAN_NAME, dsn->hostname, NAME_MOST);
	buf_append_text(out, "\r\n");
	put_decoded(out, "Original-Envelope-Id", span_of(NULL),
	    span_of(dsn->envid));
	put_date(out, "Arrival-Date", dsn->arrived);
	if (dsn->by != 0)	/* RFC 2852 */
		put_date(out, "Deliver-by-date", dsn->by);
	if (dsn->hold != 0)	/* RFC 4865 */
		put_release(out, dsn->hold);
}

static const char *
action_word(enum dsn_action action)
{
	static const char *const words[] = {
		[DSN_FAILED] = "failed", [DSN_DELAYED] = "delayed",
		[DSN_DELIVERED] = "delivered", [DSN_RELAYED] = "relayed",
		[DSN_EXPIRED] = "failed"
	};

	return words[action];
}

/* The type is passed on with its semicolon; it was checked with the rest. */
static void
put_original_rcpt(const char *orcpt, struct buf *out)
{
	struct span s = span_of(orcpt);
	size_t semicolon = span_find(s, ';');
	struct span type = span_first(s, semicolon + 1);

	if (semicolon == s.length || !xtext_is_valid(type))
		return;
	put_decoded(out, "Original-Recipient", type,
	    span_skip(s, semicolon + 1));
}

static void
put_diagnostic(const struct dsn_rcpt *rcpt, struct buf *out)
{
	const char *type = rcpt->reply != NULL ? "smtp" : "x-postrider";
	const char *words = rcpt->reply != NULL ? rcpt->reply : rcpt->reason;

	if (words == NULL || words[0] == '\0')
		return;
	buf_printf(out, "Diagnostic-Code: %s; ", type);
	clean_put_lines(out, words, REPLY_MOST,
	    sizeof "Diagnostic-Code: ; " - 1 + strlen(type), "    ");
}

static void
put_rcpt_group(const struct dsn *dsn, const struct dsn_rcpt *rcpt,
    struct buf *out)
{
	buf_append_text(out, "\r\n");
	put_original_rcpt(rcpt->orcpt, out);
	buf_append_text(out, "Final-Recipient: rfc822; ");
	clean_put(out, CLEAN_TEXT, rcpt->address, ADDRESS_MOST);
	buf_printf(out, "\r\nAction: %s\r\n", action_word(rcpt->action));
	put_field(out, "Status", CLEAN_NAME, rcpt->status, STATUS_MOST);
	if (rcpt->mta != NULL) {
		buf_append_text(out, "Remote-MTA: dns; ");
		clean_put(out, CLEAN_NAME, rcpt->mta, NAME_MOST);
		buf_append_text(out, "\r\n");
	}
	put_diagnostic(rcpt, out);
	put_date(out, "Last-Attempt-Date", dsn->now);
	if (rcpt->action == DSN_DELAYED && rcpt->until != 0)
		put_date(out, "Will-Retry-Until", rcpt->until);
}

/* ---- the whole --------------------------------------------------------- */

static void
put_original(const struct dsn *dsn, struct buf *out)
{
	struct span original = dsn->original;

	buf_append_span(out, original);
	if (original.length < 2 || memcmp(original.data + original.length - 2,
	    "\r\n", 2) != 0)
		buf_append_text(out, "\r\n");
}

void
dsn_put(const struct dsn *dsn, struct buf *out)
{
	char boundary[BOUNDARY_TEXT];

	choose_boundary(dsn, boundary);
	put_header(dsn, boundary, out);

	put_part(out, boundary, "text/plain; charset=us-ascii");
	buf_append_text(out, "\r\n");
	dsn_text_put(dsn, out);

	put_part(out, boundary, "message/delivery-status");
	buf_append_text(out, "\r\n");
	put_message_group(dsn, out);
	for (size_t i = 0; i < dsn->rcpt_count; i++)
		put_rcpt_group(dsn, &dsn->rcpts[i], out);

	if (dsn->returned != DSN_NOTHING) {
		put_part(out, boundary, dsn->returned == DSN_WHOLE ?
		    "message/rfc822" : "text/rfc822-headers");
		put_encoding(dsn, out);
		buf_append_text(out, "\r\n");
		put_original(dsn, out);
	}
	buf_printf(out, "\r\n--%s--\r\n", boundary);
}
