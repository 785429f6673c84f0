/* SPDX-License-Identifier: ISC
 *
 * log_line.c - the two forms of a line of the log.
 */
#include "base/log_line.h"

#include "base/plain.h"

#include <string.h>
#include <unistd.h>

enum { FACILITY_MAIL = 2 << 3 };

static const struct {
	const char *word;
	int severity;		/* RFC 5424, section 6.2.1 */
} levels[] = {
	[LOG_LEVEL_INFO]  = { "", 6 },
	[LOG_LEVEL_WARN]  = { "warning: ", 4 },
	[LOG_LEVEL_ERROR] = { "error: ", 3 },
};

void
log_line_clean(const char *text, struct buf *out)
{
	struct span rest = span_of(text), from = rest;

	while (rest.length > 0) {
		size_t length = plain_length(rest);

		if (length > 0) {
			rest = span_skip(rest, length);
			continue;
		}
		buf_append_span(out, span_first(from,
		    from.length - rest.length));
		buf_printf(out, "\\x%02x", rest.data[0]);
		from = rest = span_skip(rest, 1);
	}
	buf_append_span(out, from);
}

static void
put_priority(enum log_level level, struct buf *out)
{
	buf_printf(out, "<%d>", FACILITY_MAIL | levels[level].severity);
}

void
log_line_put(const struct log_line *line, struct buf *out)
{
	static pid_t pid;

	if (pid == 0)
		pid = getpid();
	if (line->syslog)
		put_priority(line->level, out);
	buf_append_text(out, line->stamp);
	if (!line->syslog) {
		buf_append_text(out, line->host);
		buf_append_byte(out, ' ');
	}
	buf_append_text(out, line->program);
	buf_printf(out, "[%d]: %s", (int)pid, levels[line->level].word);
	log_line_clean(line->text, out);
	buf_append_byte(out, '\n');
}

/* ---- from one form to the other --------------------------------------------- */

static bool
starts(struct span s, const char *word)
{
	return span_equal(span_first(s, strlen(word)), span_of(word));
}

static void
put_for_file(struct span line, const char *host, struct buf *out)
{
	const uint8_t *end = starts(line, "<") ?
	    memchr(line.data, '>', line.length) : NULL;

	if (end != NULL)
		line = span_skip(line, (size_t)(end + 1 - line.data));
	if (end != NULL && line.length > LOG_STAMP_BYTES) {
		buf_append_span(out, span_first(line, LOG_STAMP_BYTES));
		buf_append_text(out, host);
		buf_append_byte(out, ' ');
		line = span_skip(line, LOG_STAMP_BYTES);
	}
	buf_append_span(out, line);
}

static enum log_level
level_of(struct span line)
{
	const uint8_t *at = memmem(line.data, line.length, "]: ", 3);

	if (at == NULL)
		return LOG_LEVEL_INFO;
	line = span_skip(line, (size_t)(at + 3 - line.data));
	if (starts(line, levels[LOG_LEVEL_ERROR].word))
		return LOG_LEVEL_ERROR;
	return starts(line, levels[LOG_LEVEL_WARN].word) ? LOG_LEVEL_WARN :
	    LOG_LEVEL_INFO;
}

static void
put_for_syslog(struct span line, const char *host, struct buf *out)
{
	struct span rest = span_skip(line, LOG_STAMP_BYTES);

	put_priority(level_of(line), out);
	if (starts(rest, host)) {
		buf_append_span(out, span_first(line, LOG_STAMP_BYTES));
		line = span_skip(rest, strlen(host) + 1);
	}
	buf_append_span(out, line);
}

void
log_line_change(struct span line, bool syslog, const char *host,
    struct buf *out)
{
	if (syslog)
		put_for_syslog(line, host, out);
	else
		put_for_file(line, host, out);
}
