/* SPDX-License-Identifier: ISC
 *
 * compact.c - segments that hold little live mail give back what they can.
 *
 * The order of operations, which must not be changed:
 *
 *   1. Nothing of the segment flies or is being reported, so nobody will ask
 *	again for a record whose recipients are all final in its journal.
 *	The journal is read then, and the segment gone through by it: what is
 *	final from one record to the next is a range.
 *   2. For each range with a whole block in it STATUS_ERASED is put down.
 *	Whoever reads the segment from now on steps over the range.
 *   3. The journal is written and synced, by whatever sync comes next.  A kill
 *	or a power cut before that leaves the records and their statuses, or
 *	the range; both say that all of it is done.
 *   4. Only when a sync of all that was written has returned 0 are the whole
 *	blocks freed, by the sync thread, some at a time and behind the syncs
 *	of its batch.  They are zeros then.  Were they freed earlier, a power
 *	cut could leave zeros of which no journal knows.
 *   5. A kill in between leaves blocks that take room: the next life looks once
 *	at each such segment, and leaves alone what are holes already.
 *
 * No record changes its place, and none is copied, so nothing of it has to be
 * undone.  A file system that cannot free a part of a file keeps it all.
 */
#include "scheduler/compact.h"

#include "base/crash.h"
#include "base/log.h"
#include "base/mem.h"
#include "scheduler/past.h"
#include "scheduler/removal.h"
#include "scheduler/scheduler.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

enum {
	QUIET_MS = 10 * 60 * 1000,	/* a segment is left alone so long */
	LOOK_EVERY = 10,		/* seconds, while there is nothing to do */
	PIECE_USEC = 2000,		/* of a turn */
	RANGES_MOST = 4096		/* of a segment at once */
};

/* ---- which segment ------------------------------------------------------------------------- */

/* One that was gone through is left alone until a quarter of what it had is
 * done. */
bool
compact_wants(const struct segment *segment, unsigned percent, msec_t now,
    msec_t quiet)
{
	return segment->closed && !segment->old && !segment->gone &&
	    !segment->pinned && segment->open > 0 &&
	    segment->live > 0 && segment->pins == 0 &&
	    now - segment->since >= quiet &&
	    segment->live < segment->durable / 100 * percent &&
	    (segment->tried == 0 ||
	    segment->live <= segment->tried / 4 * 3);
}

/* The one with the least that is live. */
static struct segment *
find_segment(struct scheduler *s)
{
	msec_t now = scheduler_now(s);
	msec_t quiet = conf_time(s->conf, QUIET_MS);
	struct segment *segment, *best = NULL;
	size_t at = 0;

	while ((segment = map_each(&s->segments.by_name, &at)) != NULL)
		if (compact_wants(segment, s->conf->compact, now, quiet) &&
		    (best == NULL || segment->live * (best->durable / 64) <
		    best->live * (segment->durable / 64)))
			best = segment;
	return best;
}

static uint64_t
space_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == -1 ? 0 : (uint64_t)st.st_blocks * 512;
}

/* ---- beginning and end ----------------------------------------------------------------------- */

static void
begin(struct scheduler *s, struct segment *segment)
{
	struct compact *c = &s->compact;
	char text[SEGMENT_FILE_SIZE + 16];
	struct err err;
	int fd = segment_fd(s, segment, &err);

	segment->since = scheduler_now(s);
	segment->tried = segment->live;
	if (fd == -1 || (buf_length(&segment->journal.waiting) > 0 &&
	    !journal_flush(&segment->journal, &s->dirs, &err)) ||
	    (c->past = past_read(&s->dirs, segment->name, &err)) == NULL) {
		log_error("segment %s keeps the place of what is done in it: "
		    "%s", segment_text(segment, text), err.text);
		return;
	}
	reader_init(&c->reader, reader_fetch_file, &segment->fd,
	    SEGMENT_HEADER_BYTES, segment->durable);
	c->reader.promised = segment->durable;
	c->reader.erased = &segment->erased;
	for (size_t i = 0; i < segment->erased.count; i++)
		ranges_add(&c->done, segment->erased.rows[i].from,
		    segment->erased.rows[i].to);
	c->segment = segment;
	c->step = COMPACT_LOOKS;
	c->at = c->out = 0;
	c->before = space_of(fd);
	segment->pins++;
}

static void
end(struct scheduler *s)
{
	struct compact *c = &s->compact;
	struct segment *segment = c->segment;

	reader_fini(&c->reader);
	past_free(&c->past);
	ranges_fini(&c->done);
	c->segment = NULL;
	c->seconds = 0;
	segment->since = scheduler_now(s);
	segment->pins--;
	segment_check(s, segment);
}

/* ---- the look --------------------------------------------------------------------------------- */

/* What is no whole message stays: others have seen to it. */
static bool
next_record(struct compact *c)
{
	struct reader_found record;
	struct rcpt_set final;
	enum reader_step step = reader_next(&c->reader, &record);

	if (step != READER_MESSAGE)
		return step != READER_END;
	rcpt_set_init(&final, record.header.rcpt_count);
	past_of(c->past, record.from, &final);
	if (final.count == final.total)
		ranges_add(&c->done, record.from, record.to);
	rcpt_set_fini(&final);
	return true;
}

/* What has no whole block that takes room is not worth a word. */
static void
keep_what_counts(struct compact *c, int fd)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->done.count && kept < RANGES_MOST; i++) {
		struct range blocks = segment_blocks(fd, c->done.rows[i]);

		if (blocks.from < blocks.to && !segment_is_hole(fd, blocks))
			c->done.rows[kept++] = c->done.rows[i];
	}
	c->done.count = kept;
}

static void
note_ranges(struct scheduler *s)
{
	struct compact *c = &s->compact;

	keep_what_counts(c, c->segment->fd);
	for (size_t i = 0; i < c->done.count; i++)
		segment_erased(s, c->segment, c->done.rows[i].from,
		    c->done.rows[i].to);
	CRASH_POINT("erase-noted");
	c->step = COMPACT_WAITS;
}

static bool
may_look(const struct scheduler *s)
{
	return s->compact.step == COMPACT_LOOKS && s->intake.complete &&
	    !s->draining && !queue_has_work(&s->queue, CLASS_URGENT);
}

static bool
look(struct scheduler *s)
{
	usec_t until = clock_mono_usec() + PIECE_USEC;

	while (may_look(s) && clock_mono_usec() < until)
		if (!next_record(&s->compact)) {
			note_ranges(s);
			return false;
		}
	return may_look(s);
}

/* ---- giving back -------------------------------------------------------------------------------- */

bool
compact_has_jobs(const struct scheduler *s)
{
	const struct compact *c = &s->compact;

	return c->segment != NULL && c->step == COMPACT_FREES &&
	    c->out == 0 && c->at < c->done.count && !s->draining;
}

void
compact_give_jobs(struct scheduler *s, struct sync_job *jobs, size_t *count)
{
	struct compact *c = &s->compact;

	if (!compact_has_jobs(s))
		return;
	while (c->out < COMPACT_AT_ONCE && c->at < c->done.count) {
		jobs[(*count)++] = (struct sync_job){ .kind = SYNC_ERASE,
		    .name = c->segment->name, .range = c->done.rows[c->at] };
		c->at++;
		c->out++;
	}
}

/* It would be the same with every other one. */
static bool
is_beyond_it(const struct err *err)
{
	return err->kind == ERR_SYSTEM && (err->number == EOPNOTSUPP ||
	    err->number == ENOSYS);
}

void
compact_job_done(struct scheduler *s, const struct sync_job *job)
{
	struct compact *c = &s->compact;

	c->out--;
	if (job->ok)
		return;
	if (c->at < c->done.count || c->out == 0)
		log_warn("a spool file keeps the place of what is done in "
		    "it: %s", job->err.text);
	c->at = c->done.count;
	if (is_beyond_it(&job->err))
		snprintf(c->why, sizeof c->why, "%.*s", COMPACT_WHY - 1,
		    job->err.text);
}

static void
count_freed(struct scheduler *s)
{
	const struct compact *c = &s->compact;
	uint64_t after = space_of(c->segment->fd);

	if (after >= c->before)
		return;
	board_add(s->board, METRIC_COMPACTED, 1);
	board_add(s->board, METRIC_COMPACTED_BYTES,
	    (int64_t)(c->before - after));
}

static void
give_back(struct scheduler *s)
{
	struct compact *c = &s->compact;

	if (c->step == COMPACT_WAITS && segment_is_durable(c->segment)) {
		CRASH_POINT("erase-durable");
		c->step = COMPACT_FREES;
	}
	if (compact_has_jobs(s)) {
		segments_want_tick(s);
		return;
	}
	if (c->step == COMPACT_FREES && c->out == 0) {
		count_freed(s);
		end(s);
	}
}

bool
compact_work(struct scheduler *s)
{
	struct compact *c = &s->compact;

	if (c->segment == NULL)
		return false;
	if (c->step == COMPACT_LOOKS && look(s))
		return true;
	if (c->segment->open == 0 && c->out == 0)
		end(s);		/* all of it is done, and goes */
	else if (c->step != COMPACT_LOOKS)
		give_back(s);
	return false;
}

void
compact_care(struct scheduler *s)
{
	struct compact *c = &s->compact;
	struct segment *segment;

	if (c->segment != NULL) {
		scheduler_ask(s);
		return;
	}
	if (s->conf->compact == 0 || c->why[0] != '\0' ||
	    !s->intake.complete || s->draining ||
	    c->seconds++ % LOOK_EVERY != 0)
		return;
	segment = find_segment(s);
	if (segment != NULL)
		begin(s, segment);
	scheduler_ask(s);
}

void
compact_stop(struct scheduler *s)
{
	if (s->compact.segment != NULL)
		end(s);
}

const char *
compact_why_not(const struct scheduler *s)
{
	return s->compact.why[0] != '\0' ? s->compact.why : NULL;
}
