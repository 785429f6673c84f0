/* SPDX-License-Identifier: ISC
 *
 * late.c - jobs whose time runs out while they are here.
 */
#include "deliverer/late.h"

#include "deliverer/courier.h"
#include "deliverer/report.h"

/* A millisecond later, so that the scheduler's clock, which counts in those,
 * has come to it too. */
enum { SURELY = 1000 };		/* us */

static void
set_timer(struct deliverer *d)
{
	const struct heap_node *first = heap_first(&d->late.jobs);
	usec_t left;

	if (first == NULL) {
		timer_stop(d->late.timer);
		return;
	}
	left = first->key + SURELY - clock_mono_usec();
	timer_set(d->late.timer, left > 0 ? left / 1000 + 1 : 0);
}

/* Not tried: the scheduler looks at its deadline before it places it. */
static void
give_back(struct site *site, struct job *job)
{
	struct report report = { .job = job };
	struct fate fate = {
		.outcome = OUTCOME_AGAIN, .scope = SCOPE_MESSAGE,
		.status = "4.4.7", .text = "its time is over",
	};

	pool_remove(&site->pool, job);
	report_all(site->deliverer, &report, &fate);
	job_free(&job);
}

/* Null: no connection has JOB in hand. */
static struct courier *
courier_of(const struct job *job)
{
	struct link *link = list_first(&job->site->couriers);

	for (; link != NULL; link = list_next(&job->site->couriers, link)) {
		struct courier *courier = list_item(link, struct courier,
		    all);

		if (courier->job == job || courier->ahead == job)
			return courier;
	}
	return NULL;
}

static void
ring(struct job *job)
{
	struct courier *courier = courier_of(job);

	if (courier != NULL && courier->job == job) {
		courier_late(courier);
		return;
	}
	if (courier != NULL)
		courier_hand_back_ahead(courier);
	give_back(job->site, job);
}

static void
on_timer(void *owner)
{
	struct deliverer *d = owner;
	usec_t now = clock_mono_usec() - SURELY;
	struct heap_node *first;

	while ((first = heap_first(&d->late.jobs)) != NULL &&
	    first->key <= now) {
		heap_remove(&d->late.jobs, first);
		ring(heap_item(first, struct job, alarm));
	}
	set_timer(d);
}

void
late_init(struct deliverer *d)
{
	heap_init(&d->late.jobs);
	d->late.timer = timer_new(d->loop, on_timer, d);
}

void
late_fini(struct deliverer *d)
{
	heap_fini(&d->late.jobs);
	timer_free(&d->late.timer);
}

void
late_watch(struct deliverer *d, struct job *job)
{
	heap_put(&d->late.jobs, &job->alarm, job->deadline);
	if (heap_first(&d->late.jobs) == &job->alarm)
		set_timer(d);
}

void
late_forget(struct deliverer *d, struct job *job)
{
	heap_remove(&d->late.jobs, &job->alarm);
}
