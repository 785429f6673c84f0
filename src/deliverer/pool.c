/* SPDX-License-Identifier: ISC
 *
 * pool.c - which job goes next, and how many connections a site may have.
 *
 * The lines are short (the scheduler sends what the site can take, and a
 * little in advance), so a job finds its place from the end.
 */
#include "deliverer/pool.h"

#include "base/must.h"

enum {
	RESERVE_FROM = 4,	/* a site with fewer connections has none */
	RESERVE_SHARE = 32	/* one in so many */
};

void
pool_init(struct pool *pool, unsigned limit)
{
	*pool = (struct pool){ .limit = limit, .window = limit };
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

/* ---- the lines ---------------------------------------------------------- */

static int64_t
due(const struct job *job)
{
	return job->deadline == 0 ? INT64_MAX : job->deadline;
}

void
pool_put(struct pool *pool, struct job *job)
{
	struct list *line = &pool->waiting[job->klass];
	struct link *after = line->head.prev;

	if (job->klass == CLASS_URGENT)
		while (after != &line->head &&
		    due(list_item(after, struct job, link)) > due(job))
			after = after->prev;
	list_insert_after(line, after, &job->link);
}

void
pool_put_back(struct pool *pool, struct job *job)
{
	list_prepend(&pool->waiting[job->klass], &job->link);
}

static size_t
calm_waiting(const struct pool *pool)
{
	return pool->waiting[CLASS_NORMAL].count +
	    pool->waiting[CLASS_BULK].count;
}

size_t
pool_waiting(const struct pool *pool)
{
	return pool->waiting[CLASS_URGENT].count + calm_waiting(pool);
}

struct job *
pool_drain(struct pool *pool)
{
	for (int klass = 0; klass < CLASS_COUNT; klass++)
		if (!list_empty(&pool->waiting[klass]))
			return list_item(list_take(&pool->waiting[klass]),
			    struct job, link);
	return NULL;
}

/* ---- the reserve -------------------------------------------------------- */

static unsigned
reserve(const struct pool *pool)
{
	if (pool->window < RESERVE_FROM)
		return 0;
	return pool->window / RESERVE_SHARE > 1 ?
	    pool->window / RESERVE_SHARE : 1;
}

/* How many more connections normal and bulk may use. */
static unsigned
calm_room(const struct pool *pool)
{
	unsigned most = pool->window - reserve(pool);

	return pool->calm < most ? most - pool->calm : 0;
}

struct job *
pool_take(struct pool *pool)
{
	if (list_empty(&pool->waiting[CLASS_URGENT]) && calm_room(pool) == 0)
		return NULL;
	return pool_drain(pool);
}

void
pool_ready(struct pool *pool)
{
	must(pool->connecting > 0);
	pool->connecting--;
	pool->idle++;
	if (pool->idle + pool->busy > pool->window)
		pool->window = pool->idle + pool->busy;
}

void
pool_began(struct pool *pool, uint8_t klass)
{
	must(pool->idle > 0);
	pool->idle--;
	pool->busy++;
	if (klass != CLASS_URGENT)
		pool->calm++;
}

void
pool_ended(struct pool *pool, uint8_t klass)
{
	must(pool->busy > 0);
	pool->busy--;
	pool->idle++;
	if (klass != CLASS_URGENT)
		pool->calm--;
}

/* ---- opening ------------------------------------------------------------ */

unsigned
pool_wants(const struct pool *pool, msec_t now)
{
	size_t room = calm_room(pool), calm = calm_waiting(pool);
	size_t wanted = pool->waiting[CLASS_URGENT].count;
	unsigned open = pool->connecting + pool->idle + pool->busy;

	wanted += calm < room ? calm : room;
	if (calm >= room && reserve(pool) > 0 && now >= pool->spare_at &&
	    pool->calm + calm > 0)
		wanted++;	/* one stands by for urgent mail */
	if (wanted <= pool->connecting + pool->idle || open >= pool->window)
		return 0;
	wanted -= pool->connecting + pool->idle;
	return wanted < pool->window - open ? (unsigned)wanted :
	    pool->window - open;
}

void
pool_narrow(struct pool *pool, msec_t now, msec_t rest)
{
	unsigned open = pool->idle + pool->busy;

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
