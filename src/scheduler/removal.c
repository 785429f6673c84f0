/* SPDX-License-Identifier: ISC
 *
 * removal.c - journals are synced, and finished segments removed, by the
 * sync thread, a batch at a time.  The order is in segments.c.
 */
#include "scheduler/removal.h"

#include "base/log.h"
#include "base/mem.h"
#include "scheduler/kept.h"
#include "scheduler/scheduler.h"

static void
add_journals(struct scheduler *s, struct sync_job *jobs, size_t *count)
{
	struct list *unsynced = &s->segments.unsynced;
	struct link *link;

	while ((link = list_take(unsynced)) != NULL) {
		struct segment *segment = list_item(link, struct segment,
		    unsynced);
		struct sync_job *job = &jobs[(*count)++];

		*job = (struct sync_job){ .kind = SYNC_JOURNAL,
		    .name = segment->name };
		journal_sync_begin(&segment->journal, &job->ticket);
	}
}

/* Those whose journal is not being synced in this batch or before it wait
 * for the next; but when journals cannot be written (the disk is full),
 * removing what is finished is what helps. */
static void
add_removals(struct scheduler *s, struct sync_job *jobs, size_t *count)
{
	struct list *finished = &s->segments.finished;
	struct link *link, *next;

	for (link = list_first(finished); link != NULL; link = next) {
		struct segment *segment = list_item(link, struct segment,
		    finished);

		next = list_next(finished, link);
		if (!s->segments.failing && (link_on_list(&segment->dirty) ||
		    link_on_list(&segment->unsynced)))
			continue;
		list_remove(finished, link);
		jobs[(*count)++] = (struct sync_job){
			.kind = SYNC_REMOVE, .name = segment->name
		};
	}
}

/* The records written so far, and the segments that are finished: in this
 * order, so that a removal comes after the sync of its journal.  Parts that
 * are given back (compact.c) come last: nobody waits for these. */
static void
start_batch(struct scheduler *s)
{
	struct segments *g = &s->segments;
	size_t count = 0, room = g->unsynced.count + g->finished.count +
	    COMPACT_AT_ONCE;
	struct sync_job *jobs = mem_array(room, sizeof *jobs);

	add_journals(s, jobs, &count);
	add_removals(s, jobs, &count);
	compact_give_jobs(s, jobs, &count);
	syncer_run(g->syncer, jobs, count);
}

void
removal_tick(void *owner)
{
	struct scheduler *s = owner;
	struct segments *g = &s->segments;

	if (list_empty(&g->unsynced) && list_empty(&g->finished) &&
	    !compact_has_jobs(s))
		return;
	if (syncer_busy(g->syncer)) {
		segments_want_tick(s);
		return;
	}
	start_batch(s);
}

static void
journal_synced(struct scheduler *s, struct segment *segment,
    const struct sync_job *job)
{
	journal_sync_end(&segment->journal, &job->ticket, job->ok);
	if (!job->ok) {
		segments_complain(s, &job->err);
		if (!segment->journal.unsynced &&
		    !link_on_list(&segment->unsynced))
			list_append(&s->segments.unsynced,
			    &segment->unsynced);	/* inherited */
		if (!link_on_list(&segment->dirty))
			list_append(&s->segments.dirty, &segment->dirty);
		return;
	}
	if (segment->journal.unsynced && !link_on_list(&segment->dirty) &&
	    !link_on_list(&segment->unsynced))
		list_append(&s->segments.unsynced, &segment->unsynced);
	kept_look(s, segment);
	/* Old segments get a record now and then: keep no descriptor. */
	if (segment->closed && !link_on_list(&segment->dirty) &&
	    !segment->journal.unsynced) {
		journal_fini(&segment->journal);
		journal_init(&segment->journal, segment->name);
		segment->journal.fresh = false;	/* its name was synced */
		segment->end_put = 0;
	}
}

void
removal_done(void *owner, struct sync_job *jobs, size_t count)
{
	struct scheduler *s = owner;

	for (size_t i = 0; i < count; i++) {
		struct segment *segment = segment_find(s, jobs[i].name);

		if (segment == NULL)
			continue;
		if (jobs[i].kind == SYNC_ERASE) {
			compact_job_done(s, &jobs[i]);
			continue;
		}
		if (jobs[i].kind == SYNC_JOURNAL) {
			journal_synced(s, segment, &jobs[i]);
			continue;
		}
		if (jobs[i].again) {
			list_append(&s->segments.finished,
			    &segment->finished);
			continue;
		}
		if (!jobs[i].ok)
			log_error("a finished segment cannot be removed "
			    "yet: %s", jobs[i].err.text);
		else if (segment->awaited)
			kept_tell(s, segment->name);
		segment_forget(s, segment);
	}
	scheduler_ask(s);
}

void
removal_all(struct scheduler *s)
{
	size_t count = 0, room = s->segments.unsynced.count;
	struct sync_job *jobs = mem_array(room, sizeof *jobs);

	add_journals(s, jobs, &count);
	sync_batch(&s->dirs, jobs, count);
	for (size_t i = 0; i < count; i++)
		journal_synced(s, segment_find(s, jobs[i].name), &jobs[i]);
	mem_free(jobs);
}
