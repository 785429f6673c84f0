/* SPDX-License-Identifier: ISC
 *
 * log.c - one line per thing that happened.
 *
 * The waiting lines are bounded, and wait in the form in which they leave
 * (log_line.h).  The sync threads do not log.
 */
#include "base/log.h"

#include "base/buf.h"
#include "base/log_line.h"
#include "base/mem.h"
#include "base/pace.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	WAITING_MOST = 1 << 20,
	FLUSH_AT = 1 << 16,
	LINE_MOST = 4096,	/* of a text; a byte becomes four at worst */
	LINE_BYTES_MOST = 4 * LINE_MOST + 1024,
	DATAGRAMS_MOST = 256,	/* of a flush: the loop has more to do */
	PAUSE_MOST = 128,	/* ms, while nobody takes a line */
	TELL_AGAIN = 1000,	/* ms between lines about lost ones */
	CLOSE_MOST = 2000	/* ms for the last lines */
};

static struct {
	char *program, *host;
	int fd;
	bool syslog;
	struct buf waiting;
	struct pace pace;
	msec_t pause;		/* 0: the last flush wrote all it tried to */
	bool lost;		/* the other end of a socket has gone … */
	log_lost_fn *on_lost;	/* … and who wants to know */
	void *owner;
	int onlooker;		/* of errors; -1: nobody */
	const char *name;	/* of ours, for him */
	unsigned long dropped;
	msec_t told;		/* when lost lines were last told; 0: never */
	int64_t second;		/* the second that `stamp` tells */
	char stamp[LOG_STAMP_SIZE];
} out = { .fd = STDERR_FILENO, .onlooker = -1, .waiting = { .most = WAITING_MOST } };

static const char *
own_host(void)
{
	return out.host == NULL ? "-" : out.host;
}

/* The first waiting line, with its end. */
static struct span
first_line(void)
{
	struct span all = buf_peek(&out.waiting);
	const uint8_t *end = memchr(all.data, '\n', all.length);

	return end == NULL ? all :
	    span_first(all, (size_t)(end + 1 - all.data));
}

static void
change_form(bool syslog)
{
	struct buf changed;

	buf_init(&changed, WAITING_MOST);
	while (buf_length(&out.waiting) > 0) {
		struct span line = first_line();

		changed.full = false;
		if (WAITING_MOST - buf_length(&changed) < LINE_BYTES_MOST)
			out.dropped++;
		else
			log_line_change(line, syslog, own_host(), &changed);
		buf_skip(&out.waiting, line.length);
	}
	buf_take(&out.waiting, &changed);
	out.waiting.most = WAITING_MOST;
}

void
log_open(const char *program, const char *host, int fd, bool syslog)
{
	if (syslog != out.syslog && buf_length(&out.waiting) > 0)
		change_form(syslog);
	mem_free(out.program);
	mem_free(out.host);
	out.program = mem_strdup(program);
	out.host = mem_strdup(host);
	out.fd = fd;
	out.syslog = syslog;
	out.pace = (struct pace){ 0 };
	out.pause = 0;
	out.lost = false;
}

void
log_on_lost(log_lost_fn *fn, void *owner)
{
	out.on_lost = fn;
	out.owner = owner;
}

bool
log_is_lost(void)
{
	return out.lost;
}

/* ---- in ----------------------------------------------------------------------- */

/* Remade once a second. */
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
	if (strftime(out.stamp, sizeof out.stamp, "%b %e %H:%M:%S ",
	    &tm) == 0)
		out.stamp[0] = '\0';
}

static void
add_line(enum log_level level, const char *text)
{
	size_t before = buf_length(&out.waiting);

	if (WAITING_MOST - before < LINE_BYTES_MOST) {
		out.dropped++;
		return;
	}
	log_line_put(&(struct log_line){ .syslog = out.syslog,
	    .level = level, .stamp = out.stamp, .host = own_host(),
	    .program = out.program == NULL ? "postrider" : out.program,
	    .text = text }, &out.waiting);
	if (before > FLUSH_AT && out.pause == 0)
		log_flush();
}

void
log_errors_to(int fd, const char *name)
{
	out.onlooker = fd;
	out.name = name;
}

static void
tell_onlooker(const char *text)
{
	struct buf line;

	buf_init(&line, LINE_BYTES_MOST);
	buf_printf(&line, "%s: ", out.name);
	log_line_clean(text, &line);
	buf_append_byte(&line, '\n');
	(void)!write(out.onlooker, line.data, buf_length(&line));
	buf_fini(&line);
}

static void __attribute__((format(printf, 2, 0)))
log_any(enum log_level level, const char *fmt, va_list ap)
{
	char text[LINE_MOST];

	vsnprintf(text, sizeof text, fmt, ap);
	stamp_now();
	add_line(level, text);
	if (level == LOG_LEVEL_ERROR && out.onlooker != -1)
		tell_onlooker(text);
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

/* ---- out -------------------------------------------------------------------- */

/* Nothing went: later, and ever later. */
static void
wait_longer(void)
{
	out.pause = out.pause == 0 ? 1 : out.pause * 2;
	if (out.pause > PAUSE_MOST)
		out.pause = PAUSE_MOST;
}

/* Who listened there has gone, and what is sent there never arrives; the
 * lines stay for who comes next. */
static void
lose(void)
{
	out.lost = true;
	if (out.on_lost != NULL)
		out.on_lost(out.owner);
}

/* False: not now. */
static bool
send_line(struct span line)
{
	ssize_t n;

	do
		n = send(out.fd, line.data, line.length - 1,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n == -1 && errno == EINTR);
	if (n == -1 && errno == EMSGSIZE)
		out.dropped++;		/* and never */
	else if (n == -1 && (errno == EAGAIN || errno == ENOBUFS ||
	    errno == ENOMEM)) {
		wait_longer();
		return false;
	} else if (n == -1) {
		lose();
		return false;
	}
	return true;
}

static void
send_lines(void)
{
	for (int i = 0; buf_length(&out.waiting) > 0; i++) {
		struct span line = first_line();

		if (i == DATAGRAMS_MOST) {
			out.pause = 1;
			return;
		}
		if (!send_line(line))
			return;
		buf_skip(&out.waiting, line.length);
		out.pause = 0;
	}
}

static void
write_lines(void)
{
	struct buf *w = &out.waiting;

	while (buf_length(w) > 0) {
		ssize_t n = write(out.fd, w->data + w->start, buf_length(w));

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0) {
			wait_longer();	/* full disk: keep what fits, go on */
			return;
		}
		buf_skip(w, (size_t)n);
		out.pause = 0;
		pace_append(&out.pace, out.fd);
	}
}

/* Lines about lost lines take the room of others: one a second. */
static void
tell_dropped(void)
{
	unsigned long dropped = out.dropped;
	msec_t now;

	if (dropped == 0 || out.lost || WAITING_MOST -
	    buf_length(&out.waiting) < LINE_BYTES_MOST)
		return;
	now = clock_mono();
	if (out.told != 0 && now - out.told < TELL_AGAIN)
		return;
	out.told = now;
	out.dropped = 0;
	log_warn("the log could not be written: %lu line%s lost", dropped,
	    dropped == 1 ? "" : "s");
}

void
log_flush(void)
{
	if (out.lost)
		return;
	if (out.syslog)
		send_lines();
	else
		write_lines();
	tell_dropped();
}

msec_t
log_pause(void)
{
	if (out.lost)
		return MSEC_NEVER;
	if (buf_length(&out.waiting) > 0)
		return out.pause == 0 ? 1 : out.pause;
	return out.dropped > 0 ? TELL_AGAIN : MSEC_NEVER;
}

void
log_close(void)
{
	msec_t until = clock_mono() + CLOSE_MOST;

	out.told = 0;
	log_flush();
	while (buf_length(&out.waiting) > 0 && !out.lost &&
	    clock_mono() < until) {
		(void)poll(NULL, 0, (int)log_pause());
		log_flush();
	}
	if (!out.syslog || buf_length(&out.waiting) == 0)
		return;
	change_form(false);
	out.syslog = false;
	out.fd = STDERR_FILENO;
	write_lines();
}
