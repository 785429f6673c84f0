/* SPDX-License-Identifier: ISC
 *
 * source.c - sends mail, as fast as it is taken or at a given rate.
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

enum {
	C_CONNECT,
	C_GREET,
	C_EHLO,
	C_IDLE,
	C_MAIL,
	C_RCPT,
	C_DATA,
	C_DOT,
	C_QUIT
};

struct cconn {
	int fd, state,
	    pending; /* pending: replies still owed to a pipelined group */
	bool failed, pipelining;
	int msgs;
	char *rest; /* commands of the group not yet sent, where the peer takes
		       one at a time */
	int64_t seq, due, began;
	char in[4096];
	size_t inlen;
	const char *out; /* unsent bytes */
	char *outbuf;
	size_t outlen;
	struct cconn *next_idle;
};

static struct {
	struct sockaddr_in to;
	int conns, per_conn, rcpts, domains, deadline_s;
	long count, size;
	double rate;
	const char *class, *run, *mailparam, *header, *from, *rcpt_domain;
	char *body;
	long started, done, failed, connfail, open;
	int64_t base, t0, last;
	struct samples acc;
	struct cconn *idle;
	FILE *acked;
	bool pipeline, greeted_only;
	bool literals, dead;
	int64_t first_seq;
} C;

static void
c_watch(struct cconn *c, bool out)
{
	struct epoll_event e = { .events = EPOLLIN | (out ? EPOLLOUT : 0),
		.data.ptr = c };
	if (epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e))
		epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
}

static void
c_push(struct cconn *c)
{
	while (c->outlen) {
		ssize_t n = write(c->fd, c->out, c->outlen);
		if (n < 0) {
			if (errno == EAGAIN)
				c_watch(c, true);
			return;
		}
		c->out += n;
		c->outlen -= n;
	}
	c_watch(c, false);
}

static void
c_send(struct cconn *c, char *buf, size_t n)
{
	free(c->outbuf);
	c->outbuf = buf;
	c->out = buf;
	c->outlen = n;
	c_push(c);
}

static void
c_sendf(struct cconn *c, const char *fmt, ...)
{
	char *b;
	va_list ap;
	va_start(ap, fmt);
	int n = vasprintf(&b, fmt, ap);
	va_end(ap);
	if (n < 0)
		die("out of memory");
	c_send(c, b, n);
}

static void
c_open(void)
{
	struct cconn *c = xcalloc(1, sizeof *c);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (c->fd < 0)
		die("socket: %s", strerror(errno));
	int one = 1;
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	c->state = C_GREET;
	c->seq = -1;
	if (connect(c->fd, (void *)&C.to, sizeof C.to) &&
	    errno != EINPROGRESS) {
		C.connfail++;
		close(c->fd);
		free(c);
		return;
	}
	C.open++;
	c_watch(c, false);
}

static void
c_drop(struct cconn *c)
{
	if (c->seq >= 0)
		C.failed++;
	for (struct cconn **p = &C.idle; *p; p = &(*p)->next_idle)
		if (*p == c) {
			*p = c->next_idle;
			break;
		}
	close(c->fd);
	free(c->outbuf);
	free(c->rest);
	free(c);
	C.open--;
}

static int64_t
due_of(long i)
{
	return C.rate > 0 ? C.t0 + (int64_t)(i / C.rate * 1e9) : 0;
}

/* The I-th domain: a name, or an address of its own; with --dead, of ten one
 * is where nobody takes mail. */
static size_t
c_domain(char *to, int64_t i)
{
	long ip = 0x7f010000 + (long)i;

	if (!C.literals)
		return sprintf(to, "d%" PRId64 ".%s", i, C.rcpt_domain);
	if (C.dead && i % 10 == 0)
		return sprintf(to, "[IPv6:fd00::%x:%x]", (unsigned)(i >> 16),
		    (unsigned)(i & 0xffff));
	return sprintf(to, "[%ld.%ld.%ld.%ld]", ip >> 24, ip >> 16 & 255,
	    ip >> 8 & 255, ip & 255);
}

static void
c_rcpt_lines(struct cconn *c, char *b, size_t *n)
{
	for (int i = 0; i < C.rcpts; i++) {
		if (C.domains > 0) {
			*n += sprintf(b + *n, "RCPT TO:<u%d@", i);
			*n += c_domain(b + *n, c->seq % C.domains);
			*n += sprintf(b + *n, ">\r\n");
		} else
			*n += sprintf(
			    b + *n, "RCPT TO:<u%d@%s>\r\n", i, C.rcpt_domain);
	}
}

/* sends the next command of the group to a peer that does not take PIPELINING
 */
static void
c_next(struct cconn *c)
{
	char *nl = strstr(c->rest, "\r\n");
	if (!nl)
		return;
	size_t n = nl + 2 - c->rest;
	char *one = strndup(c->rest, n);
	memmove(c->rest, c->rest + n, strlen(c->rest + n) + 1);
	c_send(c, one, n);
}

static void
c_start(struct cconn *c)
{
	c->seq = C.started + C.first_seq;
	c->began = now_ns();
	c->due = C.rate > 0 ? due_of(C.started) : c->began;
	C.started++;
	c->failed = false;
	c->state = C_MAIL;
	char *b = malloc(512 + (size_t)C.rcpts * 160);
	if (!b)
		die("out of memory");
	size_t n = sprintf(b, "MAIL FROM:<%s>%s%s\r\n", C.from,
	    C.mailparam ? " " : "", C.mailparam ? C.mailparam : "");
	c_rcpt_lines(c, b, &n);
	n += sprintf(b + n, "DATA\r\n");
	c->pending = 2 + C.rcpts;
	if (c->pipelining) {
		c_send(c, b, n); /* MAIL, RCPT and DATA in one group, as RFC
				    2920 allows */
		return;
	}
	free(c->rest);
	c->rest = b;
	c_next(c);
}

static void
c_idle(struct cconn *c)
{
	c->seq = -1;
	c->state = C_IDLE;
	if (C.per_conn && c->msgs >= C.per_conn) {
		c->state = C_QUIT;
		c_sendf(c, "QUIT\r\n");
		return;
	}
	if (C.started < C.count &&
	    (C.rate <= 0 || due_of(C.started) <= now_ns())) {
		c_start(c);
		return;
	}
	c->next_idle = C.idle;
	C.idle = c;
}

static void
c_body(struct cconn *c)
{
	char head[1024];
	int h = snprintf(head, sizeof head,
	    "From: <%s>\r\nTo: <u0@%s>\r\nSubject: bench %s %" PRId64
	    "\r\nMessage-ID: <%s.%s.%" PRId64 "@bench.test>\r\n"
	    "Date: Tue, 24 Nov 2026 00:00:00 +0000\r\nX-Bench: %s %s %" PRId64
	    " %" PRId64 "\r\n%s%s\r\n",
	    C.from, C.rcpt_domain, C.class, c->seq, C.run, C.class, c->seq,
	    C.run, C.class, c->seq, c->due, C.header ? C.header : "",
	    C.header ? "\r\n" : "");
	long pad = C.size > h ? C.size - h : 0;
	char *b = malloc(h + pad + 8);
	if (!b)
		die("out of memory");
	memcpy(b, head, h);
	memcpy(b + h, C.body, pad);
	if (pad > 0 && b[h + pad - 1] == '\r')	/* half an end of line */
		b[h + pad - 1] = 'x';
	memcpy(b + h + pad, pad ? "\r\n.\r\n" : ".\r\n", pad ? 5 : 3);
	c->state = C_DOT;
	c_send(c, b, h + pad + (pad ? 5 : 3));
}

/* one reply line with its code; returns false when the connection was dropped
 */
static bool
c_reply(struct cconn *c, int code)
{
	switch (c->state) {
	case C_GREET:
		if (code != 220) {
			C.connfail++;
			c_drop(c);
			return false;
		}
		c->state = C_EHLO;
		c_sendf(c, "EHLO source.bench.test\r\n");
		break;
	case C_EHLO:
		if (code != 250) {
			c_drop(c);
			return false;
		}
		c_idle(c);
		break;
	case C_MAIL:
		c->pending--;
		if (code >= 400)
			c->failed = true;
		if (c->pending && !c->pipelining)
			c_next(c);
		if (c->pending == 0) {
			if (code == 354 && !c->failed)
				c_body(c);
			else if (code == 354) {
				c_sendf(c, ".\r\n");
				c->state = C_DOT;
			} else {
				C.failed++;
				c->msgs++;
				c_sendf(c, "RSET\r\n");
				c->state = C_EHLO;
				c->seq = -1;
			}
		}
		break;
	case C_DOT:
		c->msgs++;
		C.last = now_ns();
		if (code == 250 && !c->failed) {
			C.done++;
			sample_add(&C.acc, C.last - c->due);
			if (C.acked)
				fprintf(C.acked, "%s %" PRId64 "\n", C.class,
				    c->seq);
		} else
			C.failed++;
		c_idle(c);
		break;
	case C_QUIT:
		c_drop(c);
		return false;
	default:
		break;
	}
	return true;
}

static bool
c_read(struct cconn *c)
{
	for (;;) {
		ssize_t n =
		    read(c->fd, c->in + c->inlen, sizeof c->in - c->inlen);
		if (n == 0 || (n < 0 && errno != EAGAIN)) {
			if (c->state == C_GREET)
				C.connfail++;
			c_drop(c);
			return false;
		}
		if (n < 0)
			return true;
		c->inlen += n;
		char *p = c->in, *e = c->in + c->inlen, *nl;
		while ((nl = memchr(p, '\n', e - p))) {
			bool more = nl - p > 3 && p[3] == '-';
			int code = atoi(p);
			if (c->state == C_EHLO && nl - p >= 14 &&
			    !strncasecmp(p + 4, "PIPELINING", 10))
				c->pipelining = true;
			p = nl + 1;
			if (!more && !c_reply(c, code))
				return false;
		}
		c->inlen = e - p;
		memmove(c->in, p, c->inlen);
		if (c->inlen == sizeof c->in) {
			c_drop(c);
			return false;
		}
	}
}

int
source_main(int argc, char **argv)
{
	static const struct option o[] = { { "to", 1, 0, 't' },
		{ "conns", 1, 0, 'c' }, { "count", 1, 0, 'n' },
		{ "size", 1, 0, 's' }, { "class", 1, 0, 'k' },
		{ "rate", 1, 0, 'r' }, { "rcpts", 1, 0, 'R' },
		{ "domains", 1, 0, 'd' }, { "per-conn", 1, 0, 'p' },
		{ "mail-param", 1, 0, 'm' }, { "header", 1, 0, 'H' },
		{ "from", 1, 0, 'f' }, { "rcpt-domain", 1, 0, 'D' },
		{ "acked", 1, 0, 'a' }, { "run", 1, 0, 'u' },
		{ "deadline", 1, 0, 'T' }, { "first-seq", 1, 0, 'q' },
		{ "literals", 0, 0, 'L' }, { "dead", 0, 0, 'X' },
		{ 0, 0, 0, 0 } };
	int k;
	C.conns = 10;
	C.count = 1000;
	C.size = 4096;
	C.class = "bulk";
	C.rcpts = 1;
	C.run = "r";
	C.from = "app@bench.test";
	C.rcpt_domain = "dest.test";
	C.deadline_s = 300;
	while ((k = getopt_long(argc, argv,
		    "t:c:n:s:k:r:R:d:p:m:H:f:D:a:u:T:q:LX", o, NULL)) != -1)
		switch (k) {
		case 't':
			C.to = parse_addr(optarg);
			break;
		case 'c':
			C.conns = atoi(optarg);
			break;
		case 'n':
			C.count = atol(optarg);
			break;
		case 's':
			C.size = atol(optarg);
			break;
		case 'k':
			C.class = optarg;
			break;
		case 'r':
			C.rate = atof(optarg);
			break;
		case 'R':
			C.rcpts = atoi(optarg);
			break;
		case 'd':
			C.domains = atoi(optarg);
			break;
		case 'p':
			C.per_conn = atoi(optarg);
			break;
		case 'm':
			C.mailparam = optarg;
			break;
		case 'H':
			C.header = optarg;
			break;
		case 'f':
			C.from = optarg;
			break;
		case 'D':
			C.rcpt_domain = optarg;
			break;
		case 'a':
			if (!(C.acked = fopen(optarg, "w")))
				die("%s: %s", optarg, strerror(errno));
			break;
		case 'u':
			C.run = optarg;
			break;
		case 'T':
			C.deadline_s = atoi(optarg);
			break;
		case 'q':
			C.first_seq = atoll(optarg);
			break;
		case 'L':
			C.literals = true;
			break;
		case 'X':
			C.dead = true;
			break;
		default:
			exit(2);
		}
	if (!C.to.sin_port)
		die("source needs -t ADDR:PORT");
	C.body = malloc(C.size + 128);
	if (!C.body)
		die("out of memory");
	for (long i = 0; i < C.size + 128; i++)
		C.body[i] = i % 72 == 70 ? '\r'
		    : i % 72 == 71	 ? '\n'
					 : 'a' + rand() % 26;
	ep = epoll_create1(0);
	C.t0 = now_ns();
	int64_t end = C.t0 + C.deadline_s * NSEC, retry_at = 0;
	int want = C.rate > 0 ? 1 : C.conns;
	if (want > C.count)
		want = (int)C.count;
	while (!stopping && C.done + C.failed < C.count && now_ns() < end) {
		int64_t t = now_ns();
		while (C.open < want && C.started < C.count && t >= retry_at) {
			long before = C.connfail;
			c_open();
			if (C.connfail != before) {
				retry_at = t + NSEC / 20;
				break;
			}
		}
		while (C.idle && C.started < C.count &&
		    (C.rate <= 0 || due_of(C.started) <= t)) {
			struct cconn *c = C.idle;
			C.idle = c->next_idle;
			c_start(c);
		}
		if (C.rate > 0 && !C.idle && C.started < C.count &&
		    due_of(C.started) <= t && want < C.conns)
			want++;
		struct epoll_event ev[512];
		/* to the microsecond: who spins takes the processor that is
		 * to be measured */
		int64_t wait = NSEC / 20;
		if (C.rate > 0 && C.started < C.count) {
			int64_t d = due_of(C.started) - t;
			wait = d < 0   ? (C.idle ? 0 : NSEC / 200)
			    : d < wait ? d
				       : wait;
		}
		long cf = C.connfail;
		int n = epoll_pwait2(ep, ev, 512,
		    &(struct timespec){ .tv_nsec = wait }, NULL);
		for (int i = 0; i < n; i++) {
			struct cconn *c = ev[i].data.ptr;
			if (ev[i].events & EPOLLOUT)
				c_push(c);
			if (ev[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
				c_read(c);
		}
		if (C.connfail != cf)
			retry_at = now_ns() + NSEC / 20;
	}
	double secs = C.last ? (C.last - C.t0) / 1e9 : 0;
	printf("{\"sent\":%ld,\"failed\":%ld,\"connfail\":%ld,\"secs\":%.3f,"
	       "\"per_s\":%.1f,",
	    C.done, C.failed, C.connfail, secs, secs > 0 ? C.done / secs : 0);
	samples_json("accept", &C.acc);
	printf("}\n");
	if (C.acked)
		fclose(C.acked);
	return C.failed || C.done < C.count ? 1 : 0;
}
