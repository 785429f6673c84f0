/* SPDX-License-Identifier: ISC
 *
 * log.c - one line per thing that happened.
 *
 * The waiting lines are bounded; the sync threads do not log.
 */
#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/pace.h"
#include "base/plain.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	WAITING_MOST = 1 << 20,
	FLUSH_AT = 1 << 16,
	LINE_MOST = 4096,	/* of a text; a byte becomes four at worst */
	LINE_BYTES_MOST = 4 * LINE_MOST + 1024,
	FACILITY_MAIL = 2 << 3
};

static const struct {
	const char *word;
	int severity;		/* RFC 5424, section 6.2.1 */
} levels[] = {
	[LOG_LEVEL_INFO]  = { "", 6 },
	[LOG_LEVEL_WARN]  = { "warning: ", 4 },
	[LOG_LEVEL_ERROR] = { "error: ", 3 },
};

static struct {
	char *program, *host;
	int fd;
	bool syslog;
	struct buf waiting;
	struct pace pace;
	unsigned long dropped;
	int64_t second;		/* the second that `stamp` tells */
	char stamp[32];
	size_t stamp_length;
} out = { .fd = STDERR_FILENO, .waiting = { .most = WAITING_MOST } };

void
log_open(const char *program, const char *host, int fd, bool syslog)
{
	mem_free(out.program);
	mem_free(out.host);
	out.program = mem_strdup(program);
	out.host = mem_strdup(host);
	out.fd = fd;
	out.syslog = syslog;
	out.pace = (struct pace){ 0 };
}

/* The time and, for a file, the host: remade once a second. */
static void
stamp_now(void)
{
	int64_t now = clock_wall() / 1000000;
	time_t t = (time_t)now;
	struct tm tm;

	if (now == out.second)
		return;
	out.second = now;
	localtime_r(&t, &tm);
	out.stamp_length = strftime(out.stamp, sizeof out.stamp,
	    "%b %e %H:%M:%S ", &tm);
}

/* TEXT with what is not plain made visible. */
static void
append_clean(struct buf *line, const char *text)
{
	struct span rest = span_of(text), from = rest;

	while (rest.length > 0) {
		size_t length = plain_length(rest);

		if (length > 0) {
			rest = span_skip(rest, length);
			continue;
		}
		buf_append_span(line, span_first(from,
		    from.length - rest.length));
		buf_printf(line, "\\x%02x", rest.data[0]);
		from = rest = span_skip(rest, 1);
	}
	buf_append_span(line, from);
}

/* "postrider/receiver[702]: warning: TEXT" */
static void
append_text(struct buf *line, enum log_level level, const char *text)
{
	static pid_t pid;

	if (pid == 0)
		pid = getpid();
	buf_append_text(line, out.program == NULL ? "postrider" : out.program);
	buf_printf(line, "[%d]: %s", (int)pid, levels[level].word);
	append_clean(line, text);
}

static void
send_syslog(enum log_level level, const char *text)
{
	struct buf packet;

	buf_init(&packet, LINE_BYTES_MOST);
	buf_printf(&packet, "<%d>", FACILITY_MAIL | levels[level].severity);
	buf_append(&packet, out.stamp, out.stamp_length);
	append_text(&packet, level, text);
	if (send(out.fd, packet.data, buf_length(&packet),
	    MSG_DONTWAIT | MSG_NOSIGNAL) == -1)
		out.dropped++;
	buf_fini(&packet);
}

static void
add_line(enum log_level level, const char *text)
{
	struct buf *w = &out.waiting;
	size_t before = buf_length(w);

	if (WAITING_MOST - before < LINE_BYTES_MOST) {
		out.dropped++;
		return;
	}
	buf_append(w, out.stamp, out.stamp_length);
	buf_append_text(w, out.host == NULL ? "-" : out.host);
	buf_append_byte(w, ' ');
	append_text(w, level, text);
	buf_append_byte(w, '\n');
	if (before > FLUSH_AT)
		log_flush();
}

static void __attribute__((format(printf, 2, 0)))
log_any(enum log_level level, const char *fmt, va_list ap)
{
	char text[LINE_MOST];

	vsnprintf(text, sizeof text, fmt, ap);
	stamp_now();
	if (out.syslog)
		send_syslog(level, text);
	else
		add_line(level, text);
}

#define LOG_FUNCTION(name, level)					\
	void								\
	name(const char *fmt, ...)					\
	{								\
		va_list ap;						\
									\
		va_start(ap, fmt);					\
		log_any(level, fmt, ap);				\
		va_end(ap);						\
	}

LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_warn, LOG_LEVEL_WARN)
LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)

void
log_flush(void)
{
	struct buf *w = &out.waiting;

	while (buf_length(w) > 0) {
		ssize_t n = write(out.fd, w->data + w->start, buf_length(w));

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return;		/* full disk: keep what fits, go on */
		buf_skip(w, (size_t)n);
		pace_append(&out.pace, out.fd);
	}
	if (out.dropped > 0) {
		unsigned long dropped = out.dropped;

		out.dropped = 0;
		log_warn("the log could not be written: %lu lines lost",
		    dropped);
	}
}
