/* SPDX-License-Identifier: ISC
 *
 * intake.c - reading on in segments: where mail comes into the queue.
 *
 * A slice ends after some records or some milliseconds, so that a long
 * backlog never keeps results and new mail waiting.
 */
#include "scheduler/intake.h"

#include "scheduler/past.h"
#include "scheduler/scheduler.h"

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

void
intake_stop(struct scheduler *s, struct segment *segment)
{
	if (link_on_list(&segment->reading))
		list_remove(list_of(s, segment), &segment->reading);
}

void
intake_forget(struct scheduler *s, struct segment *segment)
{
	intake_stop(s, segment);
	intake_close(segment);
	past_free(&segment->past);
}

/* ---- slices ----------------------------------------------------------------------- */

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

	while (count < most && (link = list_first(from)) != NULL) {
		struct segment *segment = list_item(link, struct segment,
		    reading);
		enum intake_step step = INTAKE_RECORD;

		while (count < most && step != INTAKE_OVER) {
			step = intake_step(s, segment);
			count++;
			if ((count % CHECK_EVERY == 0 ||
			    step == INTAKE_LONG) && clock_mono_usec() > until)
				return most;
		}
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
