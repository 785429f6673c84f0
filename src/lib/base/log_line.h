/* SPDX-License-Identifier: ISC
 *
 * log_line.h - the two forms of a line of the log.
 *
 * In a file:	Nov 24 03:32:21 relay postrider/receiver[702]: warning: TEXT
 * To syslog:	<20>Nov 24 03:32:21 postrider/receiver[702]: warning: TEXT
 *
 * Both end in a newline here, which is not sent to syslog.
 */
#ifndef BASE_LOG_LINE_H
#define BASE_LOG_LINE_H

#include "base/buf.h"
#include "base/log.h"

enum {
	LOG_STAMP_BYTES = 16,	/* "Nov 24 03:32:21 " */
	LOG_STAMP_SIZE = LOG_STAMP_BYTES + 1
};

struct log_line {
	bool syslog;
	enum log_level level;
	const char *stamp, *host, *program;
	const char *text;	/* what is not plain in it is made visible */
};

/* TEXT with what is not plain made visible. */
void log_line_clean(const char *text, struct buf *out);

void log_line_put(const struct log_line *line, struct buf *out);

/* LINE, with its newline, of the other form, in the one that SYSLOG tells.
 * What is no line of ours goes as it is (the rest of one whose beginning a
 * full disk took). */
void log_line_change(struct span line, bool syslog, const char *host,
    struct buf *out);

#endif
