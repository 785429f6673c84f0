/* SPDX-License-Identifier: ISC
 *
 * pool.c - which job goes next, and how many connections a site may have.
 */
#include "deliverer/pool.h"

#include "base/must.h"

void
pool_init(struct pool *pool, unsigned limit)
{
	*pool = (struct pool){ .limit = limit, .window = limit,
	    .large = UINT64_MAX };
	for (int klass = 0; klass < CLASS_COUNT; klass++)
		list_init(&pool->waiting[klass]);
}

void
pool_set_limit(struct pool *pool, unsigned limit)
{
	if (pool->window == pool->limit || pool->window > limit)
		pool->window = limit;
	pool->limit = limit;
}

static size_t
calm_waiting(const struct pool *pool)
{
	return pool->waiting[CLASS_NORMAL].count +
	    pool->waiting[CLASS_BULK].count;
}

/* ---- the reserve -------------------------------------------------------- */

enum {
	PACE_SLOW = 50 * 1000,	/* usec; quicker sites need no pace */
	RESERVE_FEW = 20,	/* connections, of which one is a twentieth */
	RESERVE_SOON = 100 * 1000	/* usec between two that end */
};

/* A server that lets us have less than the limit has none to spare. */
static unsigned
beside(const struct pool *pool)
{
	return pool->window == pool->limit && pool->urgent < pool->limit ?
	    pool->urgent : 0;
}

/*
 * A share of less than one connection is made one, which is much where there
 * are few.  So there it is kept only where it saves time: not at a slow site
 * where one of the others ends soon, since they are paced.
 */
static unsigned
reserve(const struct pool *pool)
{
	const struct conf_part *share = &pool->reserve;

	if (beside(pool) > 0)
		return beside(pool);
	if (share->percent && share->number * pool->window < 100 &&
	    pool->window < RESERVE_FEW && pool->took >= PACE_SLOW &&
	    pool->took / (usec_t)pool->window < RESERVE_SOON)
		return 0;
	return conf_part_of(*share, pool->window);
}

/* Of the window, for urgent mail: what it uses now, up to a half, and beyond
 * that the reserve, so that the next urgent message finds a free one too. */
static unsigned
kept(const struct pool *pool)
{
	unsigned urgent = pool->busy - pool->calm, half = pool->window / 2;
	unsigned keep = reserve(pool);

	if (keep > 0 && keep < half)
		keep += urgent < half - keep ? urgent : half - keep;
	return keep;
}

/* How many more connections normal and bulk may use. */
static unsigned
calm_room(const struct pool *pool)
{
	unsigned most = pool->window - kept(pool);

	return pool->calm < most ? most - pool->calm : 0;
}

/* How many more large messages may be under way, with one of KLASS: where
 * there are several connections, one stays for the others.  Those of normal
 * and bulk leave the reserve besides: or a large urgent one, which may not
 * have that last connection either, would wait for them. */
static unsigned
heavy_room(const struct pool *pool, unsigned klass)
{
	unsigned most = pool->window > 1 ? pool->window - 1 : 1;
	unsigned keep = klass == CLASS_URGENT ? 0 : reserve(pool);

	most = keep < most ? most - keep : 1;
	return pool->heavy < most ? most - pool->heavy : 0;
}

/* ---- the pace ----------------------------------------------------------- */

enum { PACE_BURST = 4 };	/* starts that may be made up for */

/* Between two starts: as the site can go on, and a tenth faster. */
static usec_t
interval(const struct pool *pool)
{
	if (pool->took < PACE_SLOW)
		return 0;
	return pool->took * 9 / 10 / (usec_t)(pool->window - beside(pool));
}

usec_t
pool_pace(struct pool *pool, usec_t now)
{
	bool busy = pool->calm * 4 >= pool->window - kept(pool);

	pool->now = now;
	pool->paced = busy && interval(pool) > 0 && now < pool->next;
	return pool->paced ? pool->next - now : 0;
}

void
pool_took(struct pool *pool, usec_t took)
{
	pool->took = (pool->took * 7 + took) / 8;
}

static void
started(struct pool *pool)
{
	usec_t step = interval(pool), least = pool->now - PACE_BURST * step;

	pool->next = (pool->next > least ? pool->next : least) + step;
}

/* ---- taking ------------------------------------------------------------- */

/* The connection of TAKER may have JOB. */
static bool
suits(const struct taker *taker, const struct job *job)
{
	return !avoid_has(job->avoid, taker->tag) &&
	    (!taker->detour || job->avoid != 0);
}

/* The first job of KLASS that may use the connection of TAKER. */
static struct job *
first_job(const struct pool *pool, const struct taker *taker, unsigned klass)
{
	const struct list *line = &pool->waiting[klass];
	bool any = klass == CLASS_URGENT ||
	    (calm_room(pool) > 0 && !pool->paced);
	struct link *link;

	for (link = any ? list_first(line) : NULL; link != NULL;
	    link = list_next(line, link)) {
		struct job *job = list_item(link, struct job, link);

		if (suits(taker, job) && (!pool_is_heavy(pool, job) ||
		    heavy_room(pool, klass) > 0))
			return job;
	}
	return NULL;
}

/* The most pressing one, unless one that was passed over too often can go. */
static struct job *
choose(const struct pool *pool, const struct taker *taker)
{
	struct job *job = NULL;

	for (unsigned klass = 1; job == NULL && klass < CLASS_COUNT; klass++)
		if (pool->passed[klass] >= POOL_TRICKLE)
			job = first_job(pool, taker, klass);
	for (unsigned klass = 0; job == NULL && klass < CLASS_COUNT; klass++)
		job = first_job(pool, taker, klass);
	return job;
}

static struct job *
take(struct pool *pool, struct job *job)
{
	for (unsigned klass = 0; klass < CLASS_COUNT; klass++)
		if (klass == job->klass || list_empty(&pool->waiting[klass]))
			pool->passed[klass] = 0;
		else
			pool->passed[klass]++;
	if (job->klass != CLASS_URGENT)
		started(pool);
	pool_remove(pool, job);
	return job;
}

static const struct taker anybody = { .tag = 0 };

struct job *
pool_take(struct pool *pool)
{
	return pool_take_for(pool, &anybody);
}

struct job *
pool_take_for(struct pool *pool, const struct taker *taker)
{
	struct job *job = choose(pool, taker);

	return job == NULL ? NULL : take(pool, job);
}

const struct job *
pool_shy(const struct pool *pool)
{
	static const struct taker any_detour = { .detour = true };

	return pool->shy == 0 ? NULL : choose(pool, &any_detour);
}

bool
pool_needs(const struct pool *pool, const struct taker *taker)
{
	for (int klass = 0; pool->shy > 0 && klass < CLASS_COUNT; klass++) {
		const struct list *line = &pool->waiting[klass];

		for (const struct link *link = list_first(line);
		    link != NULL; link = list_next(line, link)) {
			const struct job *job = list_item(link, struct job,
			    link);

			if (job->avoid != 0 && suits(taker, job))
				return true;
		}
	}
	return false;
}

/* What would be chosen if UNDER_WAY were over. */
static struct job *
choose_after(struct pool *pool, const struct job *under_way)
{
	unsigned calm = pool->calm, heavy = pool->heavy;
	struct job *job;

	pool->calm -= under_way->klass != CLASS_URGENT;
	pool->heavy -= under_way->heavy;
	job = choose(pool, &anybody);
	pool->calm = calm;
	pool->heavy = heavy;
	return job;
}

struct job *
pool_take_ahead(struct pool *pool, const struct job *under_way, uint64_t most)
{
	struct job *job;

	if (pool->took == 0 || pool->took >= PACE_SLOW || reserve(pool) == 0 ||
	    calm_waiting(pool) == 0 || under_way->avoid != 0)
		return NULL;
	job = choose_after(pool, under_way);
	if (job == NULL || job->avoid != 0 || job->klass == CLASS_URGENT ||
	    job->klass < under_way->klass || job->size > most)
		return NULL;
	return take(pool, job);
}

unsigned
pool_coming(const struct pool *pool)
{
	return pool->connecting - pool->beside;
}

void
pool_ready(struct pool *pool)
{
	unsigned open = pool->idle + pool->busy + 1;

	must(pool_coming(pool) > 0);
	pool->connecting--;
	pool->idle++;
	if (open > pool->window)
		pool->window = open < pool->limit ? open : pool->limit;
}

void
pool_began(struct pool *pool, struct job *job)
{
	must(pool->idle > 0);
	pool->idle--;
	pool->busy++;
	pool->calm += job->klass != CLASS_URGENT;
	job->heavy = pool_is_heavy(pool, job);
	pool->heavy += job->heavy;
}

void
pool_ended(struct pool *pool, const struct job *job)
{
	must(pool->busy > 0);
	pool->busy--;
	pool->idle++;
	pool->calm -= job->klass != CLASS_URGENT;
	pool->heavy -= job->heavy;
}

/* ---- opening ------------------------------------------------------------ */

/* Large messages that wait for others of their like to end. */
static size_t
heavy_stuck(const struct pool *pool)
{
	size_t room = heavy_room(pool, CLASS_URGENT);

	return pool->heavy_waiting > room ? pool->heavy_waiting - room : 0;
}

static void
leave_out(size_t stuck, size_t *calm, size_t *urgent)
{
	size_t of_calm = stuck < *calm ? stuck : *calm;

	*calm -= of_calm;
	*urgent -= stuck - of_calm < *urgent ? stuck - of_calm : *urgent;
}

/* What avoids a host has connections made for it, see detour.h. */
static size_t
plain_waiting(const struct pool *pool, enum mail_class klass)
{
	return pool->waiting[klass].count - pool->shy_of[klass];
}

unsigned
pool_wants(const struct pool *pool, msec_t now)
{
	size_t room = calm_room(pool);
	size_t wanted = plain_waiting(pool, CLASS_URGENT);
	size_t calm = plain_waiting(pool, CLASS_NORMAL) +
	    plain_waiting(pool, CLASS_BULK);
	unsigned open = pool_coming(pool) + pool->idle + pool->busy;

	leave_out(heavy_stuck(pool), &calm, &wanted);
	wanted += calm < room ? calm : room;
	if (calm >= room && reserve(pool) > 0 && now >= pool->spare_at &&
	    pool->calm + calm > 0)
		wanted++;	/* one stands by for urgent mail */
	if (wanted <= pool_coming(pool) + pool->idle || open >= pool->window)
		return 0;
	wanted -= pool_coming(pool) + pool->idle;
	return wanted < pool->window - open ? (unsigned)wanted :
	    pool->window - open;
}

void
pool_narrow(struct pool *pool, msec_t now, msec_t rest)
{
	unsigned open;

	must(pool->connecting > 0);
	open = pool->idle + pool->busy + pool->connecting - 1;

	if (open < pool->window)
		pool->window = open > 0 ? open : 1;
	pool->widen_at = now + rest;
}

void
pool_widen(struct pool *pool, msec_t now, msec_t rest)
{
	if (pool->window >= pool->limit || now < pool->widen_at)
		return;
	pool->window += pool->window / 4 > 1 ? pool->window / 4 : 1;
	if (pool->window > pool->limit)
		pool->window = pool->limit;
	pool->widen_at = now + rest;
}

void
pool_reset(struct pool *pool)
{
	pool->window = pool->limit;
}
