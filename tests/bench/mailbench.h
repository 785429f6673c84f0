/* SPDX-License-Identifier: ISC
 *
 * mailbench.h - what the load source and the measuring sink share.
 *
 * The source stamps each message with the monotonic time at which it was
 * due (X-Bench: RUN CLASS SEQ NANOSECONDS), the sink subtracts: a source
 * that is held up does not hide the delay.  One machine, one thread, epoll.
 */
#ifndef BENCH_MAILBENCH_H
#define BENCH_MAILBENCH_H

#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NSEC 1000000000LL

extern volatile sig_atomic_t stopping;
extern int ep;

void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
int64_t now_ns(void);
void *xcalloc(size_t n, size_t size);
struct sockaddr_in parse_addr(const char *text);

/* Latencies in ns, grown as needed, sorted when printed. */
struct samples {
	int64_t *v;
	size_t n, cap;
};

void sample_add(struct samples *s, int64_t v);
void samples_json(const char *name, struct samples *s);

int sink_main(int argc, char **argv);
int source_main(int argc, char **argv);
int idle_main(int argc, char **argv);

#endif
