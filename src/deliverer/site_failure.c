/* SPDX-License-Identifier: ISC
 *
 * site_failure.c - what becomes of a site's jobs when there is no connection.
 *
 * A connection that cannot be had is the site's failure only when there is
 * no other: while some work, the server has said how many it wants.
 */
#include "deliverer/site.h"

#include "base/log.h"
#include "deliverer/report.h"

#include <string.h>

enum {
	NARROW_REST = 5000,	/* ms before another connection is tried */
	NARROW_SILENCE = 600 * 1000,	/* ms before it is said again */
	OWN_REST = 1000,	/* ms after want of something of ours */
	OWN_RESTS_MOST = 10,	/* in a row, then the jobs go back */
	VAIN_MOST = 3,		/* connections without mail, in a row */
	VAIN_REST = 1000,	/* ms after those, doubled each time … */
	VAIN_DOUBLINGS = 6	/* … so often */
};

/* The log wants id and addresses, which nobody has read yet. */
static bool
peek(struct job *job, struct message *message)
{
	struct err err;

	memset(message, 0, sizeof(*message));
	return record_peek(job->segment->fd, job->offset, &job->id,
	    &message->header, &message->envelope, &err);
}

static void
answer(struct site *site, struct job *job, const struct site_failure *failure,
    enum scope scope)
{
	struct deliverer *d = site->deliverer;
	struct message message;
	bool known = peek(job, &message);
	struct report report = {
		.job = job, .message = known ? &message : NULL,
		.host = failure->code != 0 ? failure->host : NULL,
		.relay = failure->relay[0] != '\0' ? failure->relay : NULL,
		.begun = clock_wall(),
	};
	struct fate fate = {
		.outcome = failure->outcome, .scope = scope,
		.code = failure->code, .status = failure->status,
		.text = failure->text,
	};

	report.done = report.begun;
	report_all(d, &report, &fate);
	envelope_free(&message.envelope);
	job_free(&job);
}

void
site_put_off(struct site *site, struct job *job,
    const struct site_failure *failure)
{
	answer(site, job, failure, SCOPE_MESSAGE);
}

static void
answer_all(struct site *site, const struct site_failure *failure,
    enum scope scope)
{
	struct job *job;

	while ((job = pool_drain(&site->pool)) != NULL)
		answer(site, job, failure, scope);
}

/* Not the site's fault: breathe, and try again some times. */
static void
rest(struct site *site, const struct site_failure *failure)
{
	if (site->rests++ < OWN_RESTS_MOST) {
		timer_set(site->rest,
		    conf_time(site->deliverer->conf, OWN_REST));
		return;
	}
	log_warn("%s: %s", site->name, failure->text);
	site->rests = 0;
	answer_all(site, failure, SCOPE_MESSAGE);
}

/* Those that are still being made may be refused as well, one by one; the
 * last one to be refused tells how many there can be. */
static void
narrow(struct site *site, const struct site_failure *failure, msec_t now,
    msec_t wait)
{
	pool_narrow(&site->pool, now, wait);
	site->signs.room = site->pool.window;
	if (site->signs.pause > 0)
		site_return_jobs(site);
	if (now < site->narrow_said)
		return;
	log_info("%s: %s; going on with fewer connections", site->name,
	    failure->text);
	site->narrow_said = now + NARROW_SILENCE;
}

void
site_failed(struct site *site, const struct site_failure *failure)
{
	struct deliverer *d = site->deliverer;
	msec_t now = loop_now(d->loop);
	msec_t wait = conf_time(d->conf, NARROW_REST);

	site->pool.spare_at = now + 6 * wait;
	if (site->pool.idle + site->pool.busy > 0 ||
	    pool_coming(&site->pool) > 1) {
		narrow(site, failure, now, wait);
		return;
	}
	if (failure->ours) {
		rest(site, failure);
		return;
	}
	pool_reset(&site->pool);
	site->answers = false;
	site->signs.room = 0;	/* it takes none, for whatever reason */
	answer_all(site, failure, SCOPE_SITE);
}

void
site_useful(struct site *site)
{
	if (site->vain > VAIN_MOST)
		timer_stop(site->rest);
	site->vain = 0;
}

void
site_in_vain(struct site *site)
{
	unsigned over = site->vain++ < VAIN_MOST ? 0 :
	    site->vain - VAIN_MOST;

	if (over == 0)
		return;
	if (over == 1)
		log_info("%s: %d connections were ready for mail and took "
		    "none, though some waits; the next ones are made one by "
		    "one", site->name, VAIN_MOST);
	timer_set(site->rest, conf_time(site->deliverer->conf, VAIN_REST <<
	    (over < VAIN_DOUBLINGS ? over - 1 : VAIN_DOUBLINGS)));
}

void
site_return_jobs(struct site *site)
{
	struct deliverer *d = site->deliverer;
	struct fate fate = {
		.outcome = OUTCOME_AGAIN, .scope = SCOPE_MESSAGE,
		.status = "4.3.2", .text = "not tried yet",
	};
	struct job *job;

	while ((job = pool_drain(&site->pool)) != NULL) {
		struct report report = { .job = job };

		report_all(d, &report, &fate);
		job_free(&job);
	}
}
