/* SPDX-License-Identifier: ISC
 *
 * ward.c - what is damaged, or cannot be read, is looked after.
 *
 * The order of operations for a damaged record, which must not be changed:
 *
 *   its bytes are on stable storage in corrupt/ (corrupt.c) -> the report to
 *	its sender is committed and durable (report.c) -> only then the status
 *	"broken" of its recipients is written.
 *
 * A crash before the last step finds it damaged again: the file is there and
 * is believed, and a second report may go out, never none.  Where no envelope
 * can be read there is nobody to tell but the operator, and the status comes
 * right after the bytes.  If they cannot be kept, nothing follows: the range
 * waits, its segment stays, and it is tried again.
 *
 * One segment is gone through at a time, range by range, in order.
 */
#include "scheduler/ward.h"

#include "base/crash.h"
#include "base/log.h"
#include "base/mem.h"
#include "scheduler/keeper.h"
#include "scheduler/notice.h"
#include "scheduler/quarantine.h"
#include "scheduler/scheduler.h"
#include "scheduler/takeup.h"
#include "spool/envelope.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

enum {
	LOOKS = 20,		/* in a second */
	SLICE_USEC = 2000
};
static const msec_t HOUR = 60 * 60 * 1000;

msec_t
ward_again(const struct scheduler *s)
{
	return scheduler_now(s) + conf_time(s->conf, HOUR);
}

/* ---- who is in it ------------------------------------------------------------------ */

void
ward_admit(struct scheduler *s, struct segment *segment, msec_t due)
{
	struct ward *w = &s->ward;

	w->changed = true;
	segment_pin(segment);
	if (!link_on_list(&segment->ward)) {
		segment->ward_due = due;
		list_append(&w->segments, &segment->ward);
	} else if (due < segment->ward_due) {
		segment->ward_due = due;
	}
	scheduler_ask(s);
}

static void
end_range(struct ward *w)
{
	if (w->reader == NULL)
		return;
	reader_fini(w->reader);
	mem_free(w->reader);
	w->reader = NULL;
}

static void
end_pass(struct scheduler *s)
{
	struct ward *w = &s->ward;

	end_range(w);
	past_free(&w->past);
	w->segment->pins--;
	w->segment = NULL;
}

void
ward_discharge(struct scheduler *s, struct segment *segment)
{
	struct ward *w = &s->ward;

	if (w->segment == segment)
		end_pass(s);
	if (!link_on_list(&segment->ward))
		return;
	list_remove(&w->segments, &segment->ward);
	segment->pinned = false;
	w->changed = true;
}

void
ward_note(struct scheduler *s, const struct segment *segment,
    const struct status *status)
{
	if (s->ward.segment == segment && s->ward.past != NULL)
		past_note(s->ward.past, status);
}

/* ---- a pass through a segment --------------------------------------------------------- */

/* All was looked at that was due: it goes to the end of the line, or home. */
static void
leave(struct scheduler *s)
{
	struct ward *w = &s->ward;
	struct segment *segment = w->segment;

	end_pass(s);
	if (quarantine_due(segment, &segment->ward_due) || segment->alone) {
		list_remove(&w->segments, &segment->ward);
		list_append(&w->segments, &segment->ward);
		return;
	}
	ward_discharge(s, segment);
	segment_check(s, segment);
}

/* One that was left alone is read as if nothing had been. */
static void
revive(struct scheduler *s, struct segment *segment)
{
	ward_discharge(s, segment);
	segment->alone = false;
	intake_revive(s, segment);
}

/* The first segment with something due that nobody reads now. */
static struct segment *
choose(struct scheduler *s, msec_t now)
{
	struct ward *w = &s->ward;
	msec_t next = MSEC_NEVER;

	for (struct link *link = list_first(&w->segments); link != NULL;
	    link = list_next(&w->segments, link)) {
		struct segment *segment = list_item(link, struct segment,
		    ward);

		if (segment->ward_due <= now && !segment->old)
			return segment;
		if (segment->ward_due < next)
			next = segment->ward_due;
	}
	if (next != MSEC_NEVER)
		timer_set(w->timer, next > now ? next - now : 1);
	return NULL;
}

/* The segment cannot be gone through now. */
static void
put_off(struct scheduler *s, struct segment *segment, const struct err *err)
{
	char text[SEGMENT_FILE_SIZE + 16];

	log_error("segment %s has what must be looked at, which cannot be "
	    "done now: %s", segment_text(segment, text), err->text);
	segment->ward_due = ward_again(s);
}

/* False: there is nothing to do. */
static bool
enter(struct scheduler *s)
{
	struct ward *w = &s->ward;
	msec_t now = scheduler_now(s);
	struct segment *segment = choose(s, now);
	struct journal *journal;
	struct err err;

	if (segment == NULL)
		return false;
	if (segment->alone) {
		revive(s, segment);
		return true;
	}
	journal = &segment->journal;
	if (segment_fd(s, segment, &err) == -1 ||
	    (buf_length(&journal->waiting) > 0 &&
	    !journal_flush(journal, &s->dirs, &err)) ||
	    (w->past = past_read(&s->dirs, segment->name, &err)) == NULL) {
		put_off(s, segment, &err);
		return true;
	}
	w->segment = segment;
	segment->pins++;
	w->cursor = 0;
	return true;
}

/* The reader knows no more of the segment than it did then. */
static void
begin_range(struct ward *w, const struct spoilt *range)
{
	struct segment *segment = w->segment;

	w->left--;
	w->kind = range->kind;
	w->to = range->to;
	w->cursor = range->from;
	w->reader = mem_new(struct reader);
	reader_init(w->reader, reader_fetch_file, &segment->fd, range->from,
	    range->to);
	w->reader->promised = range->to;
	w->reader->deep = true;
	w->reader->edition = segment->edition;
	w->reader->salt = segment->salt;
}

/* ---- keeping ---------------------------------------------------------------------------- */

static void
keep(struct scheduler *s, const struct reader_found *found, bool lost_too)
{
	struct ward *w = &s->ward;
	struct keep_job job = {
		.fd = fcntl(w->segment->fd, F_DUPFD_CLOEXEC, 0),
		.lost_too = lost_too,
		.note = { .segment = w->segment->name,
		    .offset = found->from, .bytes = found->to - found->from,
		    .when = scheduler_wall(s), .has_id = found->headed,
		    .id = found->header.id },
	};

	if (job.fd == -1) {
		quarantine_set(w->segment, found->from, found->to,
		    SPOILT_DAMAGED, scheduler_now(s) + 1000);
		return;
	}
	snprintf(job.note.why, sizeof job.note.why, "%s", found->why);
	w->found = *found;
	keeper_run(w->keeper, &job);
}

static void
say_kept(const struct segment *segment, const struct reader_found *found,
    const struct keep_job *job)
{
	char text[SEGMENT_FILE_SIZE + 16], lost[64] = "";

	if (job->note.lost > 0)
		snprintf(lost, sizeof lost, ", but %llu bytes of it that "
		    "cannot be read", (unsigned long long)job->note.lost);
	log_error("segment %s, bytes %llu to %llu: %s: kept as corrupt/%s%s",
	    segment_text(segment, text), (unsigned long long)found->from,
	    (unsigned long long)found->to, found->why, job->name, lost);
}

static void
kept(struct scheduler *s, const struct keep_job *job)
{
	struct ward *w = &s->ward;
	struct segment *segment = w->segment;
	const struct reader_found *found = &w->found;

	say_kept(segment, found, job);
	quarantine_set(segment, found->from, found->to, SPOILT_OVER,
	    MSEC_NEVER);
	w->changed = true;
	CRASH_POINT("quarantine-kept");
	if (found->enveloped && takeup_broken(s, segment, w->past, found))
		return;
	segment_status(s, segment, found->from, STATUS_ALL_RCPTS,
	    STATUS_BROKEN, 0, NULL);
	notice_damage(s, segment, found, job->name);
}

/* Whatever it is that cannot be written, it is so for the others as well. */
static void
not_kept(struct scheduler *s, const struct keep_job *job)
{
	struct ward *w = &s->ward;
	const struct reader_found *found = &w->found;
	bool unread = job->err.kind == ERR_SYSTEM && job->err.number == EIO &&
	    !job->lost_too;

	w->changed = true;
	quarantine_set(w->segment, found->from, found->to, unread ?
	    SPOILT_UNREADABLE : SPOILT_DAMAGED, ward_again(s));
	if (unread)
		return;
	w->full_until = ward_again(s);
	log_error("damaged mail cannot be kept in corrupt/; it waits where it "
	    "is, and is tried again: %s", job->err.text);
}

static void
on_kept(void *owner, const struct keep_job *job)
{
	struct scheduler *s = owner;

	/* Its segment may have been taken away meanwhile. */
	if (s->ward.reader != NULL && job->ok)
		kept(s, job);
	else if (s->ward.reader != NULL)
		not_kept(s, job);
	scheduler_ask(s);
}

/* ---- findings ---------------------------------------------------------------------------- */

/* Nothing is left of it to be told.  Without a header nobody knows how many
 * recipients there are. */
static bool
is_final(struct ward *w, const struct reader_found *found)
{
	struct rcpt_set done;
	bool final;

	if (!found->headed)
		return past_settled(w->past, found->from);
	rcpt_set_init(&done, found->header.rcpt_count);
	past_final(w->past, found->from, &done);
	final = done.count == done.total;
	rcpt_set_fini(&done);
	return final;
}

static void
damaged(struct scheduler *s, const struct reader_found *found)
{
	struct ward *w = &s->ward;

	if (is_final(w, found))
		quarantine_set(w->segment, found->from, found->to,
		    SPOILT_OVER, MSEC_NEVER);
	else if (scheduler_now(s) < w->full_until)
		quarantine_set(w->segment, found->from, found->to,
		    SPOILT_DAMAGED, w->full_until);
	else
		keep(s, found, false);
}

/* Its CRC is right, but that may have been made of nonsense. */
static bool
envelope_is_sane(const struct reader_found *found, struct err *err)
{
	struct envelope *envelope = envelope_decode(found->envelope, err);
	bool sane = envelope != NULL;

	envelope_free(&envelope);
	return sane;
}

/* It can be read again, or was never damaged: what a deliverer said of it is
 * not repeated at once. */
static void
whole(struct scheduler *s, struct reader_found *found)
{
	struct segment *segment = s->ward.segment;
	char id[MSGID_TEXT + 1];
	struct err err;

	if (!envelope_is_sane(found, &err)) {
		snprintf(found->why, sizeof found->why, "its envelope "
		    "makes no sense");
		found->enveloped = false;
		damaged(s, found);
		return;
	}
	log_warn("%s: its record is whole", msgid_text(found->header.id, id));
	quarantine_heal(segment, found->from, found->to);
	takeup_again(s, segment, s->ward.past, found,
	    s->ward.kind == SPOILT_DAMAGED);
	s->ward.changed = true;
}

/* When it came, as far as anybody can tell. */
static usec_t
arrival(const struct segment *segment, const struct reader_found *found)
{
	struct envelope *envelope = NULL;
	struct stat st;
	struct err err;
	usec_t arrived = 0;

	if (found->enveloped)
		envelope = envelope_decode(found->envelope, &err);
	if (envelope != NULL)
		arrived = envelope->arrived;
	else if (fstat(segment->fd, &st) == 0)
		arrived = (usec_t)st.st_mtime * 1000000;
	envelope_free(&envelope);
	return arrived;
}

static void
unreadable(struct scheduler *s, const struct reader_found *found)
{
	struct segment *segment = s->ward.segment;
	usec_t arrived = arrival(segment, found), end;
	unsigned klass = found->headed && found->header.klass < CLASS_COUNT ?
	    found->header.klass : segment->name.klass;

	end = arrived + outages_since(&s->outages, arrived) +
	    conf_time(s->conf, s->conf->classes[klass].lifetime) * 1000;
	if (is_final(&s->ward, found)) {
		quarantine_set(segment, found->from, found->to, SPOILT_OVER,
		    MSEC_NEVER);
		return;
	}
	if (end <= scheduler_wall(s) &&
	    scheduler_now(s) >= s->ward.full_until) {
		keep(s, found, true);
		return;
	}
	quarantine_set(segment, found->from, found->to, SPOILT_UNREADABLE,
	    ward_again(s));
}

/* One step in the range at hand. */
static void
look(struct scheduler *s)
{
	struct ward *w = &s->ward;
	struct reader_found found;

	switch (reader_next(w->reader, &found)) {
	case READER_MORE:
		return;
	case READER_MESSAGE:
		whole(s, &found);
		break;
	case READER_DAMAGED:
		damaged(s, &found);
		break;
	case READER_UNREADABLE:
		unreadable(s, &found);
		break;
	case READER_NEWER:
		quarantine_set(w->segment, found.from, found.to,
		    SPOILT_NEWER, MSEC_NEVER);
		break;
	case READER_TORN:	/* the file is shorter than it was */
	case READER_END:
		found.from = w->cursor;
		found.to = w->to;
		quarantine_set(w->segment, found.from, found.to,
		    SPOILT_UNREADABLE, ward_again(s));
		break;
	}
	w->cursor = found.to;
	if (w->cursor >= w->to && !keeper_busy(w->keeper))
		end_range(w);
}

/* ---- turns ------------------------------------------------------------------------------- */

/* False: nothing more can be done in this turn. */
static bool
step(struct scheduler *s)
{
	struct ward *w = &s->ward;
	const struct spoilt *range;

	if (w->segment == NULL)
		return enter(s);
	if (w->reader != NULL && w->cursor < w->to) {
		look(s);
		return true;
	}
	end_range(w);
	if (w->left == 0 || reports_are_many(s))
		return false;
	range = quarantine_next(w->segment, w->cursor, scheduler_now(s));
	if (range == NULL)
		leave(s);
	else
		begin_range(w, range);
	return true;
}

bool
ward_work(struct scheduler *s)
{
	struct ward *w = &s->ward;
	usec_t until;

	if ((w->segment == NULL && list_empty(&w->segments)) ||
	    !s->intake.complete)
		return false;
	until = clock_mono_usec() + SLICE_USEC;
	while (!keeper_busy(w->keeper)) {
		if (!step(s))
			return false;
		if (clock_mono_usec() > until)
			return true;
	}
	return false;
}

void
ward_care(struct scheduler *s)
{
	s->ward.left = LOOKS;
	ward_sum(s);
}

/* ---- birth and end ------------------------------------------------------------------------- */

static void
on_timer(void *owner)
{
	scheduler_ask(owner);
}

void
ward_init(struct scheduler *s)
{
	list_init(&s->ward.segments);
	s->ward.timer = timer_new(s->loop, on_timer, s);
	s->ward.left = LOOKS;
}

bool
ward_start(struct scheduler *s, struct err *err)
{
	s->ward.keeper = keeper_new(s->loop, &s->dirs, on_kept, s, err);
	return s->ward.keeper != NULL;
}

void
ward_fini(struct scheduler *s)
{
	keeper_free(&s->ward.keeper);
	if (s->ward.segment != NULL)
		end_pass(s);
	timer_free(&s->ward.timer);
}
