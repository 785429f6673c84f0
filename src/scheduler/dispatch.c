/* SPDX-License-Identifier: ISC
 *
 * dispatch.c - jobs to the deliverers, and how they come back.
 */
#include "scheduler/dispatch.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"
#include "scheduler/astray.h"
#include "scheduler/deaths.h"
#include "scheduler/results.h"
#include "scheduler/scheduler.h"

#include <endian.h>

enum {
	TURN_JOBS = 1024,	/* given out in a turn */
	JOB_BITS = 20,		/* of a job's number: its place */
	JOBS_MOST = 1 << JOB_BITS,
	FLYING_MOST = 80 << 10	/* jobs at once, of all sites */
};

void
dispatch_init(struct scheduler *s)
{
	s->dispatch = (struct dispatch){ 0 };
	buf_init(&s->dispatch.rcpts, 1 << 20);
	for (unsigned i = 0; i < DELIVERERS_MOST; i++)
		list_init(&s->dispatch.deliverers[i].unheard);
}

void
dispatch_fini(struct scheduler *s)
{
	mem_free(s->dispatch.jobs);
	buf_fini(&s->dispatch.rcpts);
}

/* ---- jobs --------------------------------------------------------------------------- */

/* Place 0 is never used, so that 0 can stand for none. */
static void
more_jobs(struct dispatch *d)
{
	uint32_t room = d->job_room == 0 ? 256 : d->job_room * 2;

	must(room <= JOBS_MOST);
	d->jobs = mem_resize(d->jobs, room, sizeof *d->jobs);
	for (uint32_t i = room; i-- > d->job_room;) {
		d->jobs[i] = (struct job){ .next_free = d->job_free };
		if (i > 0)
			d->job_free = i;
	}
	d->job_room = room;
}

static uint32_t
job_take(struct dispatch *d, struct entry *entry, unsigned deliverer,
    msec_t now)
{
	uint32_t place;
	struct job *job;

	if (d->job_free == 0)
		more_jobs(d);
	place = d->job_free;
	job = &d->jobs[place];
	d->job_free = job->next_free;
	job->entry = entry;
	job->sent = now;
	job->deliverer = (uint16_t)deliverer;
	job->generation++;
	d->deliverers[deliverer].flying++;
	d->flying++;
	return place | job->generation << JOB_BITS;
}

/* Null: NUMBER is no job of DELIVERER. */
static struct job *
job_find(struct dispatch *d, uint32_t number, unsigned deliverer)
{
	uint32_t place = number & (JOBS_MOST - 1);
	struct job *job;

	if (place == 0 || place >= d->job_room)
		return NULL;
	job = &d->jobs[place];
	if (job->entry == NULL || job->deliverer != deliverer ||
	    job->entry->job != number)
		return NULL;
	return job;
}

static struct entry *
job_end(struct scheduler *s, struct job *job)
{
	struct dispatch *d = &s->dispatch;
	struct entry *entry = job->entry;

	job->entry = NULL;
	job->next_free = d->job_free;
	d->job_free = (uint32_t)(job - d->jobs);
	d->deliverers[job->deliverer].flying--;
	d->flying--;
	segment_idle(s, entry->message->segment);
	return entry;
}

/* ---- sending -------------------------------------------------------------------------- */

static struct span
rcpts_of(struct dispatch *d, const struct entry *entry)
{
	buf_clear(&d->rcpts);
	for (uint32_t i = 0; i < entry->rcpt_count; i++)
		rcpt_put(entry->rcpts[i], &d->rcpts);
	must(!d->rcpts.full);
	return buf_peek(&d->rcpts);
}

/* On the clock that all processes share and nobody sets. */
static int64_t
deadline_mono(const struct scheduler *s, const struct message *message)
{
	int64_t mono = message->deadline - s->wall_base;

	if (message->deadline == 0)
		return 0;
	return mono == 0 ? -1 : mono;
}

/* ENTRY was picked, and its deliverer does not hear of it. */
static void
put_back(struct scheduler *s, struct entry *entry, msec_t now)
{
	struct site *site = entry->site;

	dispatch_hush(s, site);
	site_landed(&s->queue, site, entry, SITE_UNTRIED, 0, now, now,
	    s->conf);
	window_place(s, entry, PLACE_FRONT);
}

static void
send_job(struct scheduler *s, struct entry *entry, msec_t now)
{
	const struct message *message = entry->message;
	struct frame frame = { .kind = FRAME_JOB, .fd = -1 };
	unsigned deliverer;
	struct err err;

	routes_refresh(s, entry->domain);
	if (astray_has(s, entry)) {
		site_landed(&s->queue, entry->site, entry, SITE_UNTRIED, 0,
		    now, now, s->conf);
		astray_place(s, entry);
		return;
	}
	deliverer = dispatch_find(s, entry);
	if (!entry->suspect && dispatch_is_unheard(s, deliverer)) {
		put_back(s, entry, now);
		return;
	}
	if (!dispatch_hand(s, message->segment, deliverer, &err)) {
		site_landed(&s->queue, entry->site, entry, SITE_UNTRIED, 0,
		    now, now, s->conf);
		results_no_segment(s, entry, &err);
		return;
	}
	segment_busy(s, message->segment);
	entry->job = job_take(&s->dispatch, entry, deliverer, now);
	frame.job = (struct frame_job){
		.job = entry->job,
		.site = entry->site->number,
		.segment = message->segment->number,
		.klass = message->klass,
		.attempt = (uint16_t)(entry->attempts + 1),
		.offset = message->offset,
		.size = message->size,
		.id = span_make(message->id.bytes, MSGID_BYTES),
		.picked = (uint64_t)message->taken,
		.deadline = deadline_mono(s, message),
		.returns = (message->by & BY_RETURN) != 0,
		.window = (uint16_t)(entry->suspect ?
		    suspects_window(entry->site) : site_window(entry->site)),
		.beside = (uint16_t)site_beside(entry->site),
		.rcpts = rcpts_of(&s->dispatch, entry),
	};
	channel_send(s->dispatch.deliverers[deliverer].channel, &frame);
}

static bool
may_give_out(const struct scheduler *s)
{
	const struct dispatch *d = &s->dispatch;

	if (d->count == 0 || s->draining || s->segments.stuck ||
	    reports_are_too_many(s))
		return false;
	return true;
}

static unsigned
calm_most(const struct scheduler *s)
{
	return FLYING_MOST / 100 * (100 - s->conf->urgent_reserve);
}

static bool
may_fly(const struct scheduler *s)
{
	return s->dispatch.flying < FLYING_MOST && !segments_are_many(s, 0);
}

/* What may still be given out: little is ever committed ahead node-wide,
 * and the last part of it is for urgent mail; so is what may be added to the
 * reports that wait. */
static enum mail_class
worst_class(const struct scheduler *s)
{
	return s->dispatch.flying < calm_most(s) && !reports_are_many(s) &&
	    !segments_are_many(s, s->conf->urgent_reserve) ? CLASS_BULK :
	    CLASS_URGENT;
}

/* The last part of what each may have is for sites that answer. */
static void
limit_fresh(struct scheduler *s)
{
	unsigned calm = calm_most(s);

	s->queue.fresh_most[CLASS_URGENT] = (FLYING_MOST + calm) / 2;
	s->queue.fresh_most[CLASS_NORMAL] = calm / 4 * 3;
	s->queue.fresh_most[CLASS_BULK] = calm / 4 * 3;
}

/* Their number is bounded by the batches that they go in. */
static void
give_out_suspects(struct scheduler *s, msec_t now)
{
	const struct channel *channel =
	    s->dispatch.deliverers[DELIVERER_APART].channel;
	struct entry *entry;

	while (channel != NULL && !dispatch_is_unheard(s, DELIVERER_APART) &&
	    may_fly(s) &&
	    (entry = suspects_pick(&s->queue, now)) != NULL) {
		struct site *site = entry->site;

		send_job(s, entry, now);
		window_hungry(s, site);
	}
}

bool
dispatch_work(struct scheduler *s)
{
	msec_t now = scheduler_now(s);
	struct dispatch *d = &s->dispatch;
	struct entry *entry;
	int count = 0;

	dispatch_listen(s);
	if (!may_give_out(s))
		return false;
	s->queue.tight = d->flying > FLYING_MOST / 4;
	limit_fresh(s);
	while (count < TURN_JOBS && may_fly(s) &&
	    (entry = queue_pick_until(&s->queue, worst_class(s), now)) !=
	    NULL) {
		struct site *site = entry->site;

		send_job(s, entry, now);
		window_hungry(s, site);
		count++;
	}
	give_out_suspects(s, now);
	return count == TURN_JOBS;
}

/* ---- coming back ---------------------------------------------------------------------------- */

void
dispatch_result(struct scheduler *s, unsigned number,
    const struct frame_result *result)
{
	struct job *job = job_find(&s->dispatch, result->job, number);
	msec_t sent;

	if (job == NULL) {
		log_warn("a deliverer told of a job that it does not have");
		return;
	}
	sent = job->sent;
	results_job(s, job_end(s, job), result, sent);
	scheduler_ask(s);
}

void
dispatch_talks(struct scheduler *s, unsigned number,
    const struct frame_talks *talks)
{
	struct job *job = job_find(&s->dispatch, talks->job, number);

	if (job == NULL)
		return;
	site_talks(&s->queue, job->entry->site);
	scheduler_ask(s);
}

void
dispatch_attention(struct scheduler *s, unsigned number,
    const struct frame_attention *attention)
{
	struct job *job = job_find(&s->dispatch, attention->job, number);

	if (job != NULL)
		attention_told(s, job->entry->site, attention);
}

/* What NUMBER has in hand. */
static struct death
death_of(const struct dispatch *d, unsigned number)
{
	struct death death = { .apart = number == DELIVERER_APART };

	for (uint32_t i = 1; i < d->job_room; i++) {
		const struct entry *entry = d->jobs[i].entry;

		if (entry == NULL || d->jobs[i].deliverer != number)
			continue;
		if (death.jobs++ == 0)
			death.only = entry->message;
		else if (death.only != entry->message)
			death.only = NULL;
	}
	return death;
}

static void
jobs_died(struct scheduler *s, unsigned number)
{
	struct dispatch *d = &s->dispatch;
	struct death death = death_of(d, number);
	msec_t now = scheduler_now(s);

	for (uint32_t i = d->job_room; i-- > 1;) {
		struct entry *entry;

		if (d->jobs[i].entry == NULL ||
		    d->jobs[i].deliverer != number)
			continue;
		entry = job_end(s, &d->jobs[i]);
		site_landed(&s->queue, entry->site, entry, SITE_LOST, 0, now,
		    now, s->conf);
		deaths_entry(s, &death, entry);
	}
	deaths_end(s, &death, number);
}

void
dispatch_deliverer(struct scheduler *s, unsigned number,
    struct channel *channel)
{
	struct dispatch *d = &s->dispatch;
	struct deliverer *deliverer;

	if (number >= DELIVERERS_MOST)
		return;
	deliverer = &d->deliverers[number];
	if (deliverer->channel != NULL) {
		d->count -= number != DELIVERER_APART;
		deliverer->channel = NULL;
		dispatch_unhush(s, number);
		jobs_died(s, number);
		skips_lost(s, number);
		dispatch_forgets(s, number);
	}
	deliverer->channel = channel;
	if (channel != NULL) {
		deliverer->birth = ++d->births;
		d->count += number != DELIVERER_APART;
	}
	if (number == DELIVERER_APART)
		suspects_open(&s->queue.suspects, channel != NULL &&
		    s->deaths.wanted);
	scheduler_ask(s);
}
