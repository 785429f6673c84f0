/* SPDX-License-Identifier: ISC
 *
 * deliverer.c - what the scheduler says, and what becomes of it.
 *
 * Each kind of frame has its function.  A job that cannot even begin is
 * answered at once: every job is answered exactly once.
 */
#include "deliverer/deliverer.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"
#include "deliverer/courier.h"
#include "deliverer/report.h"

enum { OUT_MOST = 32 << 20, ROWS_MOST = 16 << 20, SITES_CROWD = 4096 };

static struct span
number_of(const void *value)
{
	const struct site *site = value;

	return span_make(&site->number, sizeof(site->number));
}

/* With ALL false, leaves alone only what a second try would deliver twice.
 * SITE has couriers and is gone: the last one frees it. */
static void
drop_couriers(struct site *site, bool all)
{
	struct link *link = list_first(&site->couriers), *next;

	for (; link != NULL; link = next) {
		struct courier *courier = list_item(link, struct courier, all);

		next = list_next(&site->couriers, link);
		if (all || !courier_past_recall(courier))
			courier_free(courier);
		else
			courier_hand_back_ahead(courier);
	}
}

bool
deliverer_init(struct deliverer *d, struct loop *loop,
    const struct conf *conf, struct board_row *board, struct err *err)
{
	d->tls = tls_client_context(err);
	if (d->tls == NULL)
		return false;
	d->loop = loop;
	d->conf = conf;
	d->board = board;
	health_init(&d->health);
	places_init(d);
	late_init(d);
	service_init(d);
	map_init(&d->sites, number_of);
	list_init(&d->leaving);
	segments_init(&d->segments);
	buf_init(&d->out, OUT_MOST);
	buf_init(&d->rows, ROWS_MOST);
	return true;
}

void
deliverer_fini(struct deliverer *d)
{
	if (d->tls == NULL)
		return;
	d->drained = NULL;
	deliverer_orphaned(d);
	while (!list_empty(&d->leaving))
		drop_couriers(list_item(list_first(&d->leaving), struct site,
		    link), true);
	places_fini(&d->places);
	late_fini(d);
	service_fini(d);
	health_fini(&d->health);
	map_fini(&d->sites);
	map_fini(&d->segments.by_number);
	buf_fini(&d->out);
	buf_fini(&d->rows);
	tls_context_free(&d->tls);
}

/* ---- jobs --------------------------------------------------------------- */

/* The job of a frame that names nothing we have. */
static void
refuse_job(struct deliverer *d, struct job *job, uint32_t site,
    const char *why)
{
	struct site nowhere = { .number = site, .deliverer = d };
	struct report report = { .job = job };
	struct fate fate = {
		.outcome = OUTCOME_DEFERRED, .scope = SCOPE_MESSAGE,
		.status = "4.3.5", .text = why,
	};

	log_error("job %u cannot begin: %s", job->number, why);
	job->site = &nowhere;
	report_all(d, &report, &fate);
}

static struct job *
job_new(const struct frame_job *frame)
{
	struct span rcpts = frame->rcpts;
	size_t count = rcpts.length / sizeof(uint32_t);
	struct job *job = mem_alloc(sizeof(*job) + count * sizeof(uint32_t));

	job->number = frame->job;
	job->klass = frame->klass < CLASS_COUNT ? frame->klass : CLASS_BULK;
	job->attempt = frame->attempt;
	job->offset = frame->offset;
	job->size = frame->size;
	if (frame->id.length == MSGID_BYTES)
		memcpy(job->id.bytes, frame->id.data, MSGID_BYTES);
	else
		job->id = (struct msgid){ { 0 } };	/* no message's */
	job->picked = (usec_t)frame->picked;
	job->deadline = frame->deadline;
	job->alarm = (struct heap_node){ 0 };
	while (job->rcpt_count < count &&
	    rcpt_pull(&rcpts, &job->rcpts[job->rcpt_count]))
		job->rcpt_count++;
	return job;
}

static void
on_job(struct deliverer *d, const struct frame *frame)
{
	struct job *job = job_new(&frame->job);
	struct site *site = site_find(d, frame->job.site);

	job->site = site;
	if (site != NULL && job->rcpt_count > 0)
		job->segment = segments_use(&d->segments, frame->job.segment);
	if (job->segment == NULL) {
		refuse_job(d, job, frame->job.site,
		    site == NULL ? "unknown site" :
		    job->rcpt_count == 0 ? "no recipients" :
		    "unknown segment");
		mem_free(job);
		return;
	}
	site_set_window(site, frame->job.window, frame->job.beside);
	pool_put(&site->pool, job);
	if (frame->job.returns)
		late_watch(d, job);
	if (d->draining)
		site_return_jobs(site);
	else
		service_ask(site, frame->job.klass == CLASS_URGENT);
}

/* ---- the other frames --------------------------------------------------- */

static void
on_site(struct deliverer *d, const struct frame *frame)
{
	site_set(d, &frame->site);
	if (d->sites.count > d->sites_most)
		d->sites_most = d->sites.count;
}

/* A crowd of sites comes, and leaves its room behind. */
static void
trim(struct deliverer *d)
{
	if (d->sites_most < SITES_CROWD || d->sites.count > d->sites_most / 8)
		return;
	d->sites_most = d->sites.count;
	mem_trim();
}

static void
on_site_gone(struct deliverer *d, const struct frame *frame)
{
	struct site *site = site_find(d, frame->site_gone.site);

	if (site == NULL)
		return;
	site_return_jobs(site);
	(void)site_gone(site);
	trim(d);
}

static void
on_recall(struct deliverer *d, const struct frame *frame)
{
	struct site *site = site_find(d, frame->recall.site);

	if (site != NULL)
		site_return_jobs(site);
}

static void
on_segment(struct deliverer *d, const struct frame *frame)
{
	segments_add(&d->segments, frame->segment.segment, frame->fd);
}

static void
on_segment_gone(struct deliverer *d, const struct frame *frame)
{
	segments_gone(&d->segments, frame->segment_gone.segment);
}

void
deliverer_frame(struct deliverer *d, const struct frame *frame)
{
	static void (*const handlers[FRAME_COUNT])(struct deliverer *,
	    const struct frame *) = {
		[FRAME_SITE] = on_site, [FRAME_SITE_GONE] = on_site_gone,
		[FRAME_SEGMENT] = on_segment,
		[FRAME_SEGMENT_GONE] = on_segment_gone,
		[FRAME_JOB] = on_job, [FRAME_RECALL] = on_recall,
	};

	if (handlers[frame->kind] != NULL)
		handlers[frame->kind](d, frame);
}

/* ---- all sites ---------------------------------------------------------- */

void
deliverer_reload(struct deliverer *d, const struct conf *conf)
{
	struct link *link = list_first(&d->leaving);
	struct site *site;
	size_t at = 0;

	d->conf = conf;
	for (; link != NULL; link = list_next(&d->leaving, link))
		site_reload(list_item(link, struct site, link));
	while ((site = map_each(&d->sites, &at)) != NULL) {
		site_reload(site);
		site_serve(site);
	}
}

static void
abandon_jobs(struct site *site)
{
	struct job *job;

	while ((job = pool_drain(&site->pool)) != NULL)
		job_free(&job);
}

void
deliverer_orphaned(struct deliverer *d)
{
	struct site *site;
	size_t at = 0;

	d->scheduler = NULL;
	places_forget_all(&d->places);
	while ((site = map_each(&d->sites, &at)) != NULL) {
		site->orphan = true;
		abandon_jobs(site);
		if (site_gone(site))
			drop_couriers(site, false);
	}
	segments_all_gone(&d->segments);
}

void
deliverer_lost_courier(struct deliverer *d)
{
	places_serve(d);
	if (d->draining && d->couriers == 0 && d->drained != NULL)
		d->drained(d->owner);
}

/* Connections that are being made serve nobody any more. */
static void
drain_couriers(struct site *site)
{
	struct link *link = list_first(&site->couriers), *next;

	for (; link != NULL; link = next) {
		struct courier *courier = list_item(link, struct courier, all);

		next = list_next(&site->couriers, link);
		if (courier->state == COURIER_DIALING)
			courier_free(courier);
		else if (courier->state == COURIER_IDLE &&
		    link_on_list(&courier->link))
			courier_quit(courier);
	}
}

void
deliverer_drain(struct deliverer *d)
{
	struct site *site;
	size_t at = 0;

	d->draining = true;
	while ((site = map_each(&d->sites, &at)) != NULL) {
		site_return_jobs(site);
		drain_couriers(site);
	}
	if (d->couriers == 0 && d->drained != NULL)
		d->drained(d->owner);
}
