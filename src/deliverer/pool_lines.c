/* SPDX-License-Identifier: ISC
 *
 * pool_lines.c - the jobs of a site that wait.
 *
 * The lines are short (the scheduler sends what the site can take, and a
 * little in advance), so a job finds its place from the end.
 */
#include "deliverer/pool.h"

static void
count(struct pool *pool, const struct job *job)
{
	pool->heavy_waiting += pool_is_heavy(pool, job);
	pool->shy += job->avoid != 0;
	pool->shy_of[job->klass] += job->avoid != 0;
}

static void
uncount(struct pool *pool, const struct job *job)
{
	pool->heavy_waiting -= pool_is_heavy(pool, job);
	pool->shy -= job->avoid != 0;
	pool->shy_of[job->klass] -= job->avoid != 0;
}

void
pool_set_reserve(struct pool *pool, struct conf_part reserve, uint64_t large)
{
	pool->reserve = reserve;
	pool->large = large;
	pool->heavy_waiting = 0;
	for (int klass = 0; klass < CLASS_COUNT; klass++)
		for (struct link *link = list_first(&pool->waiting[klass]);
		    link != NULL;
		    link = list_next(&pool->waiting[klass], link))
			pool->heavy_waiting += pool_is_heavy(pool,
			    list_item(link, struct job, link));
}

static int64_t
due(const struct job *job)
{
	return job->deadline == 0 ? INT64_MAX : job->deadline;
}

/* Nobody is overtaken for ever. */
static bool
overtakes(const struct job *job, struct job *other)
{
	if (due(other) <= due(job) || other->overtaken == POOL_OVERTAKEN)
		return false;
	other->overtaken++;
	return true;
}

void
pool_put(struct pool *pool, struct job *job)
{
	struct list *line = &pool->waiting[job->klass];
	struct link *after = line->head.prev;

	if (job->klass == CLASS_URGENT)
		while (after != &line->head && overtakes(job,
		    list_item(after, struct job, link)))
			after = after->prev;
	list_insert_after(line, after, &job->link);
	count(pool, job);
}

void
pool_put_back(struct pool *pool, struct job *job)
{
	list_prepend(&pool->waiting[job->klass], &job->link);
	count(pool, job);
}

size_t
pool_waiting(const struct pool *pool)
{
	return pool->waiting[CLASS_URGENT].count +
	    pool->waiting[CLASS_NORMAL].count +
	    pool->waiting[CLASS_BULK].count;
}

void
pool_remove(struct pool *pool, struct job *job)
{
	list_remove(&pool->waiting[job->klass], &job->link);
	uncount(pool, job);
}

static struct job *
first(const struct pool *pool)
{
	for (int klass = 0; klass < CLASS_COUNT; klass++)
		if (!list_empty(&pool->waiting[klass]))
			return list_item(list_first(&pool->waiting[klass]),
			    struct job, link);
	return NULL;
}

const struct job *
pool_first(const struct pool *pool)
{
	return first(pool);
}

struct job *
pool_drain(struct pool *pool)
{
	struct job *job = first(pool);

	if (job != NULL)
		pool_remove(pool, job);
	return job;
}
