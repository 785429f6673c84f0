/* SPDX-License-Identifier: ISC
 *
 * intake.c - reading on in segments: where mail comes into the queue.
 *
 * A slice ends after some records or some milliseconds, so that a long
 * backlog never keeps results and new mail waiting.
 */
#include "scheduler/intake.h"

#include "base/log.h"
#include "base/mem.h"
#include "scheduler/past.h"
#include "scheduler/quarantine.h"
#include "scheduler/scheduler.h"
#include "scheduler/takeup.h"

#include <errno.h>

enum {
	LIVE_RECORDS = 1024,	/* most of a turn */
	OLD_RECORDS = 256,
	SLICE_USEC = 4000,
	CHECK_EVERY = 32	/* records between looks at the clock */
};

void
intake_init(struct scheduler *s)
{
	for (int c = 0; c < CLASS_COUNT; c++) {
		list_init(&s->intake.live[c]);
		list_init(&s->intake.old[c]);
	}
}

static struct list *
list_of(struct scheduler *s, struct segment *segment)
{
	uint8_t klass = segment->name.klass;

	return segment->old ? &s->intake.old[klass] :
	    &s->intake.live[klass];
}

void
intake_read(struct scheduler *s, struct segment *segment, bool first)
{
	struct list *list = list_of(s, segment);

	if (link_on_list(&segment->reading) && first)
		list_remove(list, &segment->reading);
	if (!link_on_list(&segment->reading)) {
		if (first)
			list_prepend(list, &segment->reading);
		else
			list_append(list, &segment->reading);
	}
	scheduler_ask(s);
}

static void
stop_reading(struct scheduler *s, struct segment *segment)
{
	if (link_on_list(&segment->reading))
		list_remove(list_of(s, segment), &segment->reading);
}

static void
free_scanner(struct segment *segment)
{
	if (segment->scanner == NULL)
		return;
	scanner_fini(segment->scanner);
	mem_free(segment->scanner);
	segment->scanner = NULL;
}

void
intake_forget(struct scheduler *s, struct segment *segment)
{
	stop_reading(s, segment);
	free_scanner(segment);
	past_free(&segment->past);
}

/* ---- reading ---------------------------------------------------------------------- */

/* The journal as far as it goes: what waits is written first. */
static bool
recall(struct scheduler *s, struct segment *segment, struct err *err)
{
	if (!segment->old || segment->past != NULL)
		return true;
	if (buf_length(&segment->journal.waiting) > 0 &&
	    !journal_flush(&segment->journal, &s->dirs, err))
		return false;
	segment->past = past_read(&s->dirs, segment->name, err);
	if (segment->past == NULL)
		return false;
	if (segment->past->end < segment->durable)
		segment->durable = segment->past->end;
	return true;
}

static bool
begin(struct scheduler *s, struct segment *segment, struct err *err)
{
	int fd;

	if (segment->scanner != NULL)
		return true;
	fd = segment_fd(s, segment, err);
	if (fd == -1 || !recall(s, segment, err))
		return false;
	if (segment->taken < SEGMENT_HEADER_BYTES)
		segment->taken = SEGMENT_HEADER_BYTES;
	segment->scanner = mem_new(struct scanner);
	scanner_init(segment->scanner, fd, segment->taken, segment->durable,
	    false);
	return true;
}

/* Read to the end, for now or for good. */
static void
reached_end(struct scheduler *s, struct segment *segment)
{
	stop_reading(s, segment);
	past_free(&segment->past);
	s->intake.read += segment->old && !s->intake.complete;
	segment->old = false;
	if (!segment->closed)
		return;
	free_scanner(segment);
	if (segment->taken < segment->durable)
		segment->taken = segment->durable;
	segment_check(s, segment);
}

/* It cannot be read: it stays, whole, for the operator and the next start. */
static void
give_up(struct scheduler *s, struct segment *segment, const struct err *err)
{
	char text[SEGMENT_FILE_SIZE + 16];

	log_error("segment %s cannot be read and is left alone: %s",
	    segment_text(segment, text), err->text);
	segment_opened(segment, 1);
	segment->closed = true;
	reached_end(s, segment);
}

/* A segment that lost its file before anything of it was taken up was given
 * up by its writer, or was a large message that was never finished. */
static void
cannot_begin(struct scheduler *s, struct segment *segment,
    const struct err *err)
{
	bool missing = err->kind == ERR_SYSTEM && err->number == ENOENT;
	bool short_of = err->kind == ERR_SYSTEM && (err->number == EMFILE ||
	    err->number == ENFILE || err->number == ENOMEM ||
	    err->number == ENOSPC);

	if (missing && segment->open == 0 && segment->pins == 0) {
		segment_forget(s, segment);
		return;
	}
	if (short_of) {
		stop_reading(s, segment);	/* intake_look_after() */
		return;
	}
	if (err->kind == ERR_FORMAT && err->number == ENODATA &&
	    segment->promised == 0) {
		stop_reading(s, segment);	/* nothing is in it, so far */
		return;
	}
	give_up(s, segment, err);
}

/*
 * Garbage at the scanner's place.  With a valid record behind it, or when
 * its writer promised it, it is damage: kept in corrupt/, and reading goes
 * on.  Otherwise it is a tail that was never promised, or (while the writer
 * lives) one that is just being written.
 */
static void
broken_place(struct scheduler *s, struct segment *segment,
    const struct err *err)
{
	struct scanner *scanner = segment->scanner;
	uint64_t from = scanner->offset;
	struct err why = *err, after;

	if (err->kind == ERR_SYSTEM) {
		give_up(s, segment, err);
		return;
	}
	if ((segment->closed || from < segment->promised) &&
	    scanner_skip_broken(scanner, &after)) {
		quarantine_bytes(s, segment, from, scanner->offset,
		    why.text);
		segment->taken = scanner->offset;
		return;
	}
	if (from < segment->promised) {
		quarantine_bytes(s, segment, from, segment->durable,
		    why.text);
		segment->taken = segment->durable;
	}
	free_scanner(segment);
	reached_end(s, segment);
}

/* One record.  False: nothing more of SEGMENT in this turn. */
static bool
read_record(struct scheduler *s, struct segment *segment)
{
	struct scanner *scanner = segment->scanner;
	struct scan_record record;
	struct err err = { ERR_NONE, 0, "" };

	scanner->end = segment->durable;
	scanner->verify = scanner->offset >= segment->promised;
	switch (scanner_next(scanner, &record, &err)) {
	case SCAN_RECORD:
		takeup_record(s, segment, &record);
		segment->taken = scanner->offset;
		return true;
	case SCAN_END:
		segment->taken = scanner->offset;
		reached_end(s, segment);
		return false;
	case SCAN_BROKEN:
		broken_place(s, segment, &err);
		return segment->scanner != NULL &&
		    link_on_list(&segment->reading);
	}
	return false;
}

/* Memory is full and there is no index to put entries into: mail stays in
 * the segments, which is where it is safe anyway. */
static bool
must_wait(const struct scheduler *s)
{
	return s->window.index == NULL &&
	    s->queue.entries >= s->conf->window;
}

static unsigned
read_slice(struct scheduler *s, struct list *from, unsigned most,
    usec_t until)
{
	unsigned count = 0;
	struct link *link;
	struct err err;

	while (count < most && (link = list_first(from)) != NULL) {
		struct segment *segment = list_item(link, struct segment,
		    reading);

		if (!begin(s, segment, &err)) {
			cannot_begin(s, segment, &err);
			continue;
		}
		while (count < most && read_record(s, segment))
			if (++count % CHECK_EVERY == 0 &&
			    clock_mono_usec() > until)
				return most;
	}
	return count;
}

static bool
any_left(struct list lists[CLASS_COUNT])
{
	for (int c = 0; c < CLASS_COUNT; c++)
		if (!list_empty(&lists[c]))
			return true;
	return false;
}

/* Live mail has the first slice of a turn, the backlog a smaller one after
 * it, and each class what those before it left. */
bool
intake_work(struct scheduler *s)
{
	struct intake *in = &s->intake;
	unsigned live = LIVE_RECORDS, old = OLD_RECORDS;
	usec_t start;

	if (must_wait(s))
		return false;
	if (!any_left(in->live) && !any_left(in->old) &&
	    (in->complete || in->found > 0))
		return false;
	start = clock_mono_usec();
	for (int c = 0; c < CLASS_COUNT; c++)
		live -= read_slice(s, &in->live[c], live,
		    start + SLICE_USEC);
	start = clock_mono_usec();
	for (int c = 0; c < CLASS_COUNT; c++)
		old -= read_slice(s, &in->old[c], old, start + SLICE_USEC);
	if (!in->complete && !any_left(in->old)) {
		in->complete = true;
		window_complete(s);
	}
	return any_left(in->live) || any_left(in->old);
}
