/* SPDX-License-Identifier: ISC
 *
 * trace.c - the Received field that we prepend.
 *
 * A few short lines, each under its most even when every value is as long as
 * it may be; what a client said gets in as names and comments only.
 */
#include "mail/trace.h"

#include "mail/clean.h"

enum { NAME_MOST = 255, COMMENT_MOST = 200, PATH_TEXT_MOST = 900 };

/* "from HELO ([192.0.2.1])"; the literal stands in for a missing name. */
static void
put_from(const struct trace *trace, struct buf *out)
{
	const char *name = trace->helo;

	if (name == NULL || name[0] == '\0')
		name = trace->client;
	if (name == NULL)
		return;
	buf_append_text(out, "from ");
	clean_put(out, CLEAN_NAME, name, NAME_MOST);
	if (trace->client != NULL) {
		buf_append_text(out, " (");
		clean_put(out, CLEAN_NAME, trace->client, NAME_MOST);
		buf_append_text(out, ")");
	}
	buf_append_text(out, "\r\n\t");
}

static void
put_comment(struct buf *out, const char *before, const char *text,
    const char *behind)
{
	if (text == NULL)
		return;
	buf_append_text(out, before);
	clean_put(out, CLEAN_COMMENT, text, COMMENT_MOST);
	buf_append_text(out, behind);
}

void
trace_put(const struct trace *trace, struct buf *out)
{
	char date[DATE_TEXT];

	buf_append_text(out, "Received: ");
	put_from(trace, out);
	put_comment(out, "(using ", trace->tls, ")\r\n\t");
	buf_append_text(out, "by ");
	clean_put(out, CLEAN_NAME, trace->hostname, NAME_MOST);
	put_comment(out, " (from ", trace->user, ")");
	buf_append_text(out, " with ");
	clean_put(out, CLEAN_NAME, trace->protocol, NAME_MOST);
	buf_append_text(out, " id ");
	clean_put(out, CLEAN_NAME, trace->id, NAME_MOST);
	if (trace->only_rcpt != NULL) {
		buf_append_text(out, "\r\n\tfor <");
		clean_put(out, CLEAN_TEXT, trace->only_rcpt, PATH_TEXT_MOST);
		buf_append_text(out, ">");
	}
	if (trace->priority != NULL) {
		buf_append_text(out, "\r\n\tPRIORITY ");
		clean_put(out, CLEAN_NAME, trace->priority, NAME_MOST);
	}
	buf_append_text(out, ";\r\n\t");
	buf_append_text(out, date_text(trace->when, date));
	buf_append_text(out, "\r\n");
}
