/* SPDX-License-Identifier: ISC
 *
 * pool.h - which job goes next, and how many connections a site may have.
 *
 * Of one site: the jobs that wait, in class order (urgent by deadline, then
 * first come first served), and the counts of its connections.  It decides;
 * it connects nothing and knows no clock.
 *
 * Urgent mail must find a free connection at once: normal and bulk may use
 * all but what urgent mail uses (up to half) and a reserve beside it, and
 * while they use all they may, one connection of the reserve is kept open
 * and idle.  Large messages never take the last connection, and those of
 * normal and bulk leave one that a large urgent message may take.  A class
 * that waits is not passed over for ever: after POOL_TRICKLE jobs of others
 * it has one.
 *
 * Connections to a slow site that all begin at once end at once too, and
 * whoever comes in between waits for all of them.  So normal and bulk are
 * paced once they use a quarter of what they may: begun not faster than the site
 * can go on, and a tenth.  After a round or two, connections become free
 * one by one.
 */
#ifndef DELIVERER_POOL_H
#define DELIVERER_POOL_H

#include "base/heap.h"
#include "base/list.h"
#include "conf/conf.h"
#include "deliverer/avoid.h"
#include "spool/msgid.h"

struct site;
struct segment;

/* One transaction to be made. */
struct job {
	struct link link;	/* in the pool, while it waits */
	struct site *site;
	struct segment *segment;	/* counted in its `users` */
	uint32_t number;
	uint8_t klass;
	uint8_t overtaken;	/* by jobs with an earlier deadline */
	bool heavy;		/* under way, and counted as large */
	uint16_t attempt;
	uint64_t offset, size;
	struct msgid id;	/* of the message that must be there */
	usec_t picked;		/* wall */
	int64_t deadline;	/* monotonic usec; 0 = none */
	avoid_t avoid;		/* hosts that put it off in this attempt */
	struct heap_node alarm;	/* see late.h */
	size_t rcpt_count;
	uint32_t rcpts[];
};

enum { POOL_TRICKLE = 16, POOL_OVERTAKEN = 3 };

struct pool {
	struct list waiting[CLASS_COUNT];
	unsigned limit;		/* connections at once, as configured */
	unsigned window;	/* and as the server lets us; 1..limit */
	unsigned urgent;	/* of the limit, for urgent mail alone */
	unsigned connecting, idle, busy;
	unsigned beside;	/* of those connecting: to a host that may be
				 * dead, while others do without it */
	unsigned calm;		/* of the busy ones: not with urgent mail */
	unsigned heavy;		/* … and with a large message */
	size_t heavy_waiting;
	size_t shy;		/* of those that wait: with hosts to avoid … */
	size_t shy_of[CLASS_COUNT];	/* … in each class */
	unsigned passed[CLASS_COUNT];	/* jobs taken while it waited */
	struct conf_part reserve;	/* of the window, for urgent mail */
	uint64_t large;		/* bytes; over this a message is large */
	usec_t took;		/* by a transaction, smoothed */
	usec_t now, next;	/* monotonic: the present, the next start */
	bool paced;		/* it is not yet time for it */
	msec_t widen_at;	/* not before: monotonic */
	msec_t spare_at;	/* no spare connection before: monotonic */
};

/* JOB is large. */
static inline bool
pool_is_heavy(const struct pool *pool, const struct job *job)
{
	return job->size > pool->large;
}

void pool_init(struct pool *pool, unsigned limit);
void pool_set_limit(struct pool *pool, unsigned limit);
/* At first there is no reserve and no message is large. */
void pool_set_reserve(struct pool *pool, struct conf_part reserve,
    uint64_t large);

/* JOB waits; pool_put_back: before all others of its class. */
void pool_put(struct pool *pool, struct job *job);
void pool_put_back(struct pool *pool, struct job *job);
/* JOB, which waits, does so no more. */
void pool_remove(struct pool *pool, struct job *job);
size_t pool_waiting(const struct pool *pool);

/* Take off the most pressing job that may use a connection now that is
 * free; null: none. */
struct job *pool_take(struct pool *pool);

/* The same for a connection that may not have every job. */
struct taker {
	uint16_t tag;		/* of its host, for those that avoid it */
	bool detour;		/* it is for those alone that avoid others */
};
struct job *pool_take_for(struct pool *pool, const struct taker *taker);

/* The most pressing job with hosts to avoid that could use a connection now;
 * null: none. */
const struct job *pool_shy(const struct pool *pool);
/* Whether a job with hosts to avoid waits for such as TAKER. */
bool pool_needs(const struct pool *pool, const struct taker *taker);

/*
 * Take off the job that may be sent right behind the body of UNDER_WAY, over
 * the same connection; null: none.  Only at a quick site, and never where it
 * could keep more urgent mail: urgent mail does not go ahead itself, nothing
 * goes behind what is less urgent, and there must be a reserve for what may
 * come meanwhile.  Messages over MOST bytes wait for their turn.
 */
struct job *pool_take_ahead(struct pool *pool, const struct job *under_way,
    uint64_t most);

/*
 * The time is NOW (monotonic) for the jobs that are taken next.  How long it
 * is until normal and bulk may begin again; 0: they may.
 */
usec_t pool_pace(struct pool *pool, usec_t now);
/* A transaction took so long. */
void pool_took(struct pool *pool, usec_t took);

/* The most pressing of the jobs that wait; null: none does. */
const struct job *pool_first(const struct pool *pool);

/* Take off any job, in order; null: none is left. */
struct job *pool_drain(struct pool *pool);

/* Connections being made that mail may wait for. */
unsigned pool_coming(const struct pool *pool);
/* A connection that was being made is there, and idle. */
void pool_ready(struct pool *pool);

/* A connection was idle and works for JOB now, and the other way round. */
void pool_began(struct pool *pool, struct job *job);
void pool_ended(struct pool *pool, const struct job *job);

/* How many connections are to be opened at NOW. */
unsigned pool_wants(const struct pool *pool, msec_t now);

/* The server refused one that was being made (it is counted still): be
 * content with the others, made or being made, for REST ms from NOW. */
void pool_narrow(struct pool *pool, msec_t now, msec_t rest);
/* It works well: if it was narrowed, try a quarter more each REST ms. */
void pool_widen(struct pool *pool, msec_t now, msec_t rest);
/* No connection is left, and what the server lets us have is not known. */
void pool_reset(struct pool *pool);

#endif
