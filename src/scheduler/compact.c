/* SPDX-License-Identifier: ISC
 *
 * compact.c - segments that hold little live mail are emptied.
 */
#include "scheduler/compact.h"

#include "base/log.h"
#include "base/mem.h"
#include "scheduler/past.h"
#include "scheduler/scheduler.h"

#include <sys/statvfs.h>

enum {
	QUIET_MS = 10 * 60 * 1000,	/* a segment is left alone so long */
	LOOK_EVERY = 10,		/* seconds */
	TURN_RECORDS = 64,		/* looked at in a turn */
	UNDER_WAY_MOST = 16,		/* copies at once … */
	BYTES_MOST = 1 << 20,		/* … and bytes of them */
	BYTES_SECOND = 4 << 20		/* copied in a second */
};

/* ---- which segment ------------------------------------------------------------------------- */

bool
compact_wants(const struct segment *segment, unsigned percent, msec_t now,
    msec_t quiet)
{
	return segment->closed && !segment->old && !segment->gone &&
	    segment->open > 0 && segment->live > 0 && segment->pins == 0 &&
	    now - segment->since >= quiet &&
	    segment->live < segment->durable / 100 * percent;
}

/* The one that costs least for what it frees. */
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

/* Copying needs room first: none is taken from what is kept for mail. */
static bool
has_room(const struct scheduler *s, const struct segment *segment)
{
	uint64_t floor = conf_floor(s->conf, segment->name.klass ==
	    CLASS_BULK ? CLASS_BULK : CLASS_NORMAL);
	struct statvfs fs;

	return fstatvfs(s->dirs.root, &fs) == 0 &&
	    (uint64_t)fs.f_bavail * fs.f_frsize > floor + segment->live;
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
	if (fd == -1 || (buf_length(&segment->journal.waiting) > 0 &&
	    !journal_flush(&segment->journal, &s->dirs, &err)) ||
	    (c->past = past_read(&s->dirs, segment->name, &err)) == NULL) {
		log_error("segment %s cannot be emptied: %s",
		    segment_text(segment, text), err.text);
		return;
	}
	reader_init(&c->reader, reader_fetch_file, &segment->fd,
	    SEGMENT_HEADER_BYTES, segment->durable);
	c->reader.promised = segment->durable;
	c->segment = segment;
	c->read = false;
	segment->pins++;
}

static void
end(struct scheduler *s)
{
	struct compact *c = &s->compact;
	struct segment *segment = c->segment;

	reader_fini(&c->reader);
	past_free(&c->past);
	c->segment = NULL;
	segment->since = scheduler_now(s);
	segment->pins--;
	segment_check(s, segment);
}

/* ---- copying ------------------------------------------------------------------------------------ */

struct copying {
	struct scheduler *s;
	uint64_t size;
};

static void
copied(void *cookie, enum move_end how, const struct err *err)
{
	struct copying *copying = cookie;
	struct scheduler *s = copying->s;
	struct compact *c = &s->compact;

	c->under_way--;
	c->bytes -= copying->size;
	if (how == MOVE_DONE) {
		board_add(s->board, METRIC_COMPACTED, 1);
		board_add(s->board, METRIC_COMPACTED_BYTES,
		    (int64_t)copying->size);
	} else if (how == MOVE_FAILED) {
		c->read = true;		/* another time */
		log_warn("a message cannot be copied, its segment stays: %s",
		    err->text);
	}
	mem_free(copying);
	scheduler_ask(s);
}

static void
copy(struct scheduler *s, struct item *item)
{
	struct compact *c = &s->compact;
	struct copying *copying = mem_new(struct copying);
	enum move_end how;
	struct err err;

	copying->s = s;
	copying->size = item->size;
	c->under_way++;
	c->bytes += item->size;
	c->budget -= (int64_t)item->size;
	how = move_begin(s, item, item->klass, copied, copying, &err);
	if (how != MOVE_DONE)
		copied(copying, how, &err);
}

static void
look_at(struct scheduler *s, const struct reader_found *record)
{
	struct compact *c = &s->compact;
	struct rcpt_set final;
	struct item item;
	bool done;

	rcpt_set_init(&final, record->header.rcpt_count);
	past_of(c->past, record->from, &final);
	done = final.count == final.total;
	rcpt_set_fini(&final);
	if (done || !walk_find(s, record->header.id, &item))
		return;
	if (item.segment == c->segment && item.offset == record->from)
		copy(s, &item);
	item_fini(&item);
}

/* Damage is for whoever delivers: the segment stays. */
static bool
next_record(struct scheduler *s)
{
	struct compact *c = &s->compact;
	struct reader_found record;

	switch (reader_next(&c->reader, &record)) {
	case READER_MESSAGE:
		look_at(s, &record);
		return true;
	case READER_END:
		break;
	default:
		return true;
	}
	c->read = true;
	return false;
}

static bool
may_copy(const struct scheduler *s)
{
	const struct compact *c = &s->compact;

	return !c->read && c->budget > 0 && c->under_way < UNDER_WAY_MOST &&
	    c->bytes < BYTES_MOST && s->intake.complete && !s->draining &&
	    !queue_has_work(&s->queue, CLASS_URGENT);
}

bool
compact_work(struct scheduler *s)
{
	struct compact *c = &s->compact;

	if (c->segment == NULL)
		return false;
	for (int i = 0; i < TURN_RECORDS && may_copy(s); i++)
		if (!next_record(s))
			break;
	if (c->read && c->under_way == 0)
		end(s);
	return c->segment != NULL && may_copy(s);
}

void
compact_care(struct scheduler *s)
{
	struct compact *c = &s->compact;
	struct segment *segment;

	c->budget = c->budget < 0 ? c->budget + BYTES_SECOND : BYTES_SECOND;
	if (c->segment != NULL) {
		if (!has_room(s, c->segment))
			c->read = true;
		scheduler_ask(s);
		return;
	}
	if (s->conf->compact == 0 || !s->intake.complete || s->draining ||
	    c->seconds++ % LOOK_EVERY != 0)
		return;
	segment = find_segment(s);
	if (segment != NULL && has_room(s, segment))
		begin(s, segment);
	scheduler_ask(s);
}

void
compact_stop(struct scheduler *s)
{
	if (s->compact.segment != NULL)
		end(s);
}
