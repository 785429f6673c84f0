/* SPDX-License-Identifier: ISC
 *
 * world.h - a deliverer, its scheduler and its peers, on one loop.
 *
 * The deliverer is the real one with real sockets; the scheduler is a list
 * of results; a host is a small SMTP server on loopback that does what its
 * rules say and remembers what it was told.
 */
#ifndef TESTS_DELIVERER_WORLD_H
#define TESTS_DELIVERER_WORLD_H

#include "deliverer/deliverer.h"
#include "spool/msgid.h"
#include "unit/deliverer/host.h"

/* ---- the world ---------------------------------------------------------- */

enum { WORLD_HOSTS = 3, WORLD_RESULTS = 128 };

struct world_result {
	uint32_t job;
	uint8_t scope;
	char mta[64];
	uint16_t port;		/* of it */
	char rows[600];		/* "0=delivered(250 2.0.0 ok) 1=…" */
	bool dsn_passed;
	uint8_t signs;
	uint16_t room;
	uint32_t pause;
};

struct world {
	struct loop *loop;
	struct conf *conf;
	struct board_row board;
	struct deliverer deliverer;
	struct channel *near, *far;
	struct host hosts[WORLD_HOSTS];
	struct world_result results[WORLD_RESULTS];
	size_t result_count;
	bool drained;
	int segment, log;
	uint64_t segment_end;
	struct msgid id;	/* of the message put down last */
	uint32_t jobs;
	unsigned told;		/* of hosts that are left alone, or well */
	char told_why[64];	/* the last time; "": well */
	bool fixed;		/* a route names the hosts of the next sites */
	unsigned attentions;	/* times that one needed the operator … */
	char attention[160];	/* … what for, the last time */
	uint32_t other;		/* so many sites further: of the next calls */
	uint16_t window;	/* of the next jobs; 0: whatever there may be */
	unsigned talks;		/* times that a site was said to talk … */
	uint32_t talks_job;	/* … whose job this is */
	struct timer *limit, *look;
	bool (*done)(struct world *world);
	bool late;
};

/* SITE: lines for the block `site *`, beside short times. */
void world_open(struct world *world, const char *site);
void world_close(struct world *world);

/* Another configuration with SITE takes the place of the former one, which is
 * freed. */
void world_reload(struct world *world, const char *site);

/* Tell the deliverer of site 1 with hosts[FIRST], … COUNT of them. */
void world_site(struct world *world, size_t first, size_t count);

/* A message with RCPTS recipients (a@x, b@x, …) and BODY as site 1's job;
 * returns the number of the job. */
uint32_t world_job(struct world *world, enum mail_class klass,
    unsigned rcpts, const char *body);
/* The same with what is special about it. */
struct world_mail {
	enum mail_class klass;
	unsigned rcpts;
	struct span body;
	int64_t deadline;
	bool returns;		/* at its deadline */
	uint64_t size;		/* as SIZE counts; 0: that of BODY */
	bool damaged;		/* a byte of the body is wrong on disk */
	bool other;		/* another message than the job's is there */
};
uint32_t world_mail(struct world *world, const struct world_mail *mail);

/* Run until DONE says so; a failure of the test after ten seconds. */
void world_run(struct world *world, bool (*done)(struct world *world));
/* Run until there are COUNT results. */
void world_results(struct world *world, size_t count);
/* Run until COUNT dots wait at hosts[0], which holds them. */
void world_held(struct world *world, unsigned count);
/* The result of JOB. */
const struct world_result *world_result(const struct world *world,
    uint32_t job);
/* Whether TEXT is in the log. */
bool world_logged(struct world *world, const char *text);

/* A certificate for tests, made on the fly. */
struct tls_context *test_certificate(void);

#endif
