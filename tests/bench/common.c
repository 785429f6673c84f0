/* SPDX-License-Identifier: ISC
 *
 * common.c - clock, addresses and latency samples of mailbench.
 */
#include "mailbench.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

volatile sig_atomic_t stopping;
int ep;

void
die(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	fprintf(stderr, "mailbench: ");
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(2);
}

int64_t
now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NSEC + t.tv_nsec;
}

void *
xcalloc(size_t n, size_t s)
{
	void *p = calloc(n, s);
	if (!p)
		die("out of memory");
	return p;
}

struct sockaddr_in
parse_addr(const char *s)
{
	char host[64];
	const char *c = strrchr(s, ':');
	struct sockaddr_in a = { .sin_family = AF_INET };
	if (!c || (size_t)(c - s) >= sizeof host)
		die("address must be ADDR:PORT, not '%s'", s);
	memcpy(host, s, c - s);
	host[c - s] = 0;
	if (inet_pton(AF_INET, host, &a.sin_addr) != 1)
		die("bad address '%s'", host);
	a.sin_port = htons(atoi(c + 1));
	return a;
}

void
sample_add(struct samples *s, int64_t v)
{
	if (s->n == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 4096;
		s->v = realloc(s->v, s->cap * sizeof *s->v);
		if (!s->v)
			die("out of memory");
	}
	s->v[s->n++] = v;
}

static int
cmp64(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static double
pct_ms(struct samples *s, double p)
{
	if (!s->n)
		return 0;
	size_t i = (size_t)(p * (s->n - 1) + 0.5);
	return s->v[i] / 1e6;
}

void
samples_json(const char *name, struct samples *s)
{
	if (s->n)
		qsort(s->v, s->n, sizeof *s->v, cmp64);
	printf("\"%s\":{\"n\":%zu,\"p50_ms\":%.2f,\"p90_ms\":%.2f,\"p99_ms\":%."
	       "2f,\"p999_ms\":%.2f,\"max_ms\":%.2f}",
	    name, s->n, pct_ms(s, .5), pct_ms(s, .9), pct_ms(s, .99),
	    pct_ms(s, .999), s->n ? s->v[s->n - 1] / 1e6 : 0);
}
