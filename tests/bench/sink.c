/* SPDX-License-Identifier: ISC
 *
 * sink.c - takes mail and measures how late it is.
 */
#include "mailbench.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { NCLASS = 8 };

static char *class_names[NCLASS];

static int
class_id(const char *name, size_t len)
{
	for (int i = 0; i < NCLASS; i++) {
		if (!class_names[i]) {
			class_names[i] = strndup(name, len);
			return i;
		}
		if (strlen(class_names[i]) == len &&
		    !memcmp(class_names[i], name, len))
			return i;
	}
	return NCLASS - 1;
}

struct sconn {
	int fd;
	bool data, closing, tempfail;
	int rcpts, msgs;
	char line[4096];
	size_t linelen;
	bool longline;
	bool stamped;
	bool headers;
	int class;
	int64_t seq, stamp,
	    reply_at; /* reply_at: when a delayed answer to the dot is due */
	char out[8192];
	size_t outlen;
	struct sconn *next_delayed;
};

static struct {
	int64_t delay_ns;
	int tempfail_rcpt, tempfail_data, drop_after_dot, close_after;
	long expect, got, dup, refused, conns, max_open, open, rcpts, maxconn;
	int64_t first, last;
	struct samples lat[NCLASS];
	uint8_t *seen[NCLASS];
	int64_t seen_cap[NCLASS];
	FILE *log;
	struct sconn *delayed, **delayed_tail;
	int idle_s;
} S;

static void
s_flush(struct sconn *c)
{
	while (c->outlen) {
		ssize_t n = write(c->fd, c->out, c->outlen);
		if (n <= 0)
			return;
		memmove(c->out, c->out + n, c->outlen - n);
		c->outlen -= n;
	}
}

static void
s_say(struct sconn *c, const char *s)
{
	size_t n = strlen(s);
	if (c->outlen + n < sizeof c->out) {
		memcpy(c->out + c->outlen, s, n);
		c->outlen += n;
	}
}

static void
s_close(struct sconn *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	S.open--;
	if (!c->reply_at)
		free(c); /* else freed when its delayed answer comes due */
}

static void
s_arrived(struct sconn *c)
{
	int64_t t = now_ns();
	if (!S.first)
		S.first = t;
	S.last = t;
	if (c->stamped) {
		int k = c->class;
		if (c->seq >= S.seen_cap[k]) {
			int64_t cap = (c->seq + 1) * 2 + 65536;
			S.seen[k] = realloc(S.seen[k], cap);
			if (!S.seen[k])
				die("out of memory");
			memset(
			    S.seen[k] + S.seen_cap[k], 0, cap - S.seen_cap[k]);
			S.seen_cap[k] = cap;
		}
		if (S.seen[k][c->seq])
			S.dup++;
		else {
			S.seen[k][c->seq] = 1;
			S.got++;
			sample_add(&S.lat[k], t - c->stamp);
		}
		if (S.log)
			fprintf(S.log, "%s %" PRId64 " %.3f %d\n",
			    class_names[k], c->seq, (t - c->stamp) / 1e6,
			    c->rcpts);
	} else
		S.got++;
	S.rcpts += c->rcpts;
}

static void
s_dot(struct sconn *c)
{
	c->data = false;
	c->msgs++;
	if (S.drop_after_dot && rand() % 100 < S.drop_after_dot) {
		s_arrived(c);
		c->closing = true;
		return;
	}
	if (S.tempfail_data && rand() % 100 < S.tempfail_data) {
		S.refused++;
		s_say(c, "451 4.3.0 try again\r\n");
	} else if (S.delay_ns) {
		c->reply_at = now_ns() + S.delay_ns;
		c->next_delayed = NULL;
		*S.delayed_tail = c;
		S.delayed_tail = &c->next_delayed;
		return;
	} else {
		s_arrived(c);
		s_say(c, "250 2.0.0 ok\r\n");
	}
	c->rcpts = 0;
	if (S.close_after && c->msgs >= S.close_after)
		c->closing = true;
}

static void
s_line(struct sconn *c)
{
	char *l = c->line;
	size_t n = c->linelen;
	if (c->data) {
		if (n == 1 && l[0] == '.') {
			s_dot(c);
			return;
		}
		if (c->headers) {
			if (n == 0)
				c->headers = false;
			else if (n > 9 && !strncasecmp(l, "X-Bench: ", 9)) {
				char run[64], cls[32];
				l[n] = 0;
				if (sscanf(l + 9,
					"%63s %31s %" SCNd64 " %" SCNd64, run,
					cls, &c->seq, &c->stamp) == 4 &&
				    c->seq >= 0) {
					c->stamped = true;
					c->class = class_id(cls, strlen(cls));
				}
			}
		}
		return;
	}
	l[n] = 0;
	if (!strncasecmp(l, "EHLO", 4))
		s_say(c,
		    "250-sink.bench.test\r\n250-PIPELINING\r\n250-"
		    "8BITMIME\r\n250-SIZE 100000000\r\n250 "
		    "ENHANCEDSTATUSCODES\r\n");
	else if (!strncasecmp(l, "HELO", 4))
		s_say(c, "250 sink.bench.test\r\n");
	else if (!strncasecmp(l, "MAIL", 4)) {
		c->rcpts = 0;
		s_say(c, "250 2.1.0 ok\r\n");
	} else if (!strncasecmp(l, "RCPT", 4)) {
		if (S.tempfail_rcpt && rand() % 100 < S.tempfail_rcpt) {
			S.refused++;
			s_say(c, "450 4.2.0 try again\r\n");
		} else {
			c->rcpts++;
			s_say(c, "250 2.1.5 ok\r\n");
		}
	} else if (!strncasecmp(l, "DATA", 4)) {
		if (!c->rcpts)
			s_say(c, "554 5.5.1 no recipients\r\n");
		else {
			c->data = c->headers = true;
			c->stamped = false;
			s_say(c, "354 go\r\n");
		}
	} else if (!strncasecmp(l, "RSET", 4)) {
		c->rcpts = 0;
		s_say(c, "250 2.0.0 ok\r\n");
	} else if (!strncasecmp(l, "NOOP", 4))
		s_say(c, "250 2.0.0 ok\r\n");
	else if (!strncasecmp(l, "QUIT", 4)) {
		s_say(c, "221 2.0.0 bye\r\n");
		c->closing = true;
	} else
		s_say(c, "500 5.5.2 what\r\n");
}

/* returns false when the connection is gone */
static bool
s_read(struct sconn *c)
{
	static char buf[65536];
	for (;;) {
		if (c->reply_at)
			return true; /* waits for its delayed answer */
		ssize_t n = read(c->fd, buf, sizeof buf);
		if (n == 0 || (n < 0 && errno != EAGAIN)) {
			s_close(c);
			return false;
		}
		if (n < 0)
			return true;
		for (char *p = buf, *e = buf + n; p < e;) {
			char *nl = memchr(p, '\n', e - p);
			size_t k = (nl ? nl : e) - p;
			if (c->linelen + k < sizeof c->line - 1) {
				memcpy(c->line + c->linelen, p, k);
				c->linelen += k;
			} else
				c->longline = true;
			p += k;
			if (nl) {
				p++;
				if (c->linelen &&
				    c->line[c->linelen - 1] == '\r')
					c->linelen--;
				s_line(c);
				c->linelen = 0;
				c->longline = false;
			}
		}
		s_flush(c);
		if (c->closing) {
			s_close(c);
			return false;
		}
	}
}

static void
sink_run_delayed(void)
{
	int64_t t = now_ns();
	while (S.delayed && S.delayed->reply_at <= t) {
		struct sconn *c = S.delayed;
		S.delayed = c->next_delayed;
		if (!S.delayed)
			S.delayed_tail = &S.delayed;
		c->reply_at = 0;
		if (c->fd < 0) {
			free(c);
			continue;
		}
		s_arrived(c);
		c->rcpts = 0;
		s_say(c, "250 2.0.0 ok\r\n");
		s_flush(c);
		if (S.close_after && c->msgs >= S.close_after) {
			s_close(c);
			continue;
		}
		s_read(c);
	}
}

int
sink_main(int argc, char **argv)
{
	static const struct option o[] = { { "listen", 1, 0, 'l' },
		{ "delay-ms", 1, 0, 'd' }, { "expect", 1, 0, 'e' },
		{ "tempfail-rcpt", 1, 0, 'r' }, { "tempfail-data", 1, 0, 'D' },
		{ "drop-after-dot", 1, 0, 'x' }, { "close-after", 1, 0, 'c' },
		{ "max-conns", 1, 0, 'm' }, { "log", 1, 0, 'o' },
		{ "idle-exit", 1, 0, 'i' }, { "share", 0, 0, 's' },
		{ 0, 0, 0, 0 } };
	char *listen_on = NULL;
	int k, share = 0;	/* the port, with other sinks */
	while ((k = getopt_long(argc, argv, "l:d:e:r:D:x:c:m:o:i:s", o,
	    NULL)) != -1)
		switch (k) {
		case 'l':
			listen_on = optarg;
			break;
		case 'd':
			S.delay_ns = (int64_t)(atof(optarg) * 1e6);
			break;
		case 'e':
			S.expect = atol(optarg);
			break;
		case 'r':
			S.tempfail_rcpt = atoi(optarg);
			break;
		case 'D':
			S.tempfail_data = atoi(optarg);
			break;
		case 'x':
			S.drop_after_dot = atoi(optarg);
			break;
		case 'c':
			S.close_after = atoi(optarg);
			break;
		case 'm':
			S.maxconn = atol(optarg);
			break;
		case 'o':
			if (!(S.log = fopen(optarg, "w")))
				die("%s: %s", optarg, strerror(errno));
			setvbuf(S.log, NULL, _IOLBF, 0);
			break;
		case 'i':
			S.idle_s = atoi(optarg);
			break;
		case 's':
			share = 1;
			break;
		default:
			exit(2);
		}
	if (!listen_on)
		die("sink needs -l ADDR:PORT");
	S.delayed_tail = &S.delayed;
	ep = epoll_create1(0);
	int lfd[256], nl = 0;
	for (char *a = strtok(listen_on, ","); a; a = strtok(NULL, ",")) {
		struct sockaddr_in sa = parse_addr(a);
		int one = 1,
		    fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &share, sizeof share);
		if (bind(fd, (void *)&sa, sizeof sa) || listen(fd, 4096))
			die("listen %s: %s", a, strerror(errno));
		if (nl == 256)
			die("too many addresses");
		lfd[nl] = fd;
		struct epoll_event ev = { .events = EPOLLIN,
			.data.u64 = (uint64_t)nl++ << 1 | 1 };
		epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
	}
	int64_t last_event = now_ns();
	while (!stopping && !(S.expect && S.got >= S.expect)) {
		struct epoll_event ev[512];
		int wait = 200;
		if (S.delayed) {
			int64_t d =
			    (S.delayed->reply_at - now_ns()) / 1000000 + 1;
			wait = d < 0 ? 0 : d < wait ? (int)d : wait;
		}
		int n = epoll_wait(ep, ev, 512, wait);
		if (n > 0)
			last_event = now_ns();
		if (S.idle_s && S.got &&
		    now_ns() - last_event > S.idle_s * NSEC)
			break;
		for (int i = 0; i < n; i++) {
			if (ev[i].data.u64 & 1) {
				for (;;) {
					int fd =
					    accept4(lfd[ev[i].data.u64 >> 1],
						NULL, NULL, SOCK_NONBLOCK);
					if (fd < 0)
						break;
					if (S.maxconn && S.open >= S.maxconn) {
						(void)!write(fd,
						    "421 4.3.2 too many "
						    "connections\r\n",
						    32);
						close(fd);
						S.refused++;
						continue;
					}
					int one = 1;
					setsockopt(fd, IPPROTO_TCP, TCP_NODELAY,
					    &one, sizeof one);
					struct sconn *c = xcalloc(1, sizeof *c);
					c->fd = fd;
					S.conns++;
					if (++S.open > S.max_open)
						S.max_open = S.open;
					struct epoll_event e = {
						.events = EPOLLIN | EPOLLET,
						.data.ptr = c
					};
					epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
					s_say(
					    c, "220 sink.bench.test ESMTP\r\n");
					s_flush(c);
				}
			} else
				s_read(ev[i].data.ptr);
		}
		sink_run_delayed();
	}
	double secs = (S.last - S.first) / 1e9;
	printf("{\"got\":%ld,\"dup\":%ld,\"refused\":%ld,\"rcpts\":%ld,"
	       "\"conns\":%ld,\"max_open\":%ld,\"secs\":%.3f,\"per_s\":%.1f",
	    S.got, S.dup, S.refused, S.rcpts, S.conns, S.max_open, secs,
	    secs > 0 ? (S.got - 1) / secs : 0);
	for (int i = 0; i < NCLASS && class_names[i]; i++) {
		printf(",");
		samples_json(class_names[i], &S.lat[i]);
	}
	printf("}\n");
	if (S.log)
		fclose(S.log);
	return 0;
}
