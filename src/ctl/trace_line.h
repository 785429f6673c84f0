/* SPDX-License-Identifier: ISC
 *
 * trace_line.h - a line of the log, taken apart and said for people (pure).
 */
#ifndef CTL_TRACE_LINE_H
#define CTL_TRACE_LINE_H

#include "base/buf.h"
#include "spool/msgid.h"

/* Spans lend the line. */
struct trace_line {
	struct span time;	/* "Nov 24 03:32:21" */
	struct span who;	/* "deliverer" */
	struct msgid id;
	struct span text;	/* what follows the id */
};

/* False: LINE (without its newline) is not about a message. */
bool trace_line_parse(struct span line, struct trace_line *out);

/* The value of KEY ("to=") in TEXT, without angle brackets; empty: none. */
struct span trace_line_value(struct span text, const char *key);

/* Whether the line names ADDRESS as sender or recipient. */
bool trace_line_names(const struct trace_line *line, struct span address);

/* Append "TIME  WHO  what happened" and a newline. */
void trace_line_say(const struct trace_line *line, struct buf *out);

#endif
