/* SPDX-License-Identifier: ISC
 *
 * intake_segment.c - reading on in one segment: what becomes of what a reader
 * finds there.
 *
 *	message     it is taken up
 *	damaged     left to the ward, which keeps it and tells its sender
 *	unreadable  left to the ward: the disk may give it out again
 *	newer       stays where it is: a later program will know what it is
 *	torn        never promised, a line in the log
 *
 * The reader decides which of them it is (spool/reader.h); this file only
 * acts on it, and nothing goes that it did not name.
 */
#include "scheduler/intake.h"

#include "base/log.h"
#include "base/mem.h"
#include "scheduler/past.h"
#include "scheduler/quarantine.h"
#include "scheduler/scheduler.h"
#include "scheduler/takeup.h"

#include <errno.h>
#include <sys/stat.h>

void
intake_close(struct segment *segment)
{
	if (segment->reader == NULL)
		return;
	reader_fini(segment->reader);
	mem_free(segment->reader);
	segment->reader = NULL;
}

/* ---- beginning and end ------------------------------------------------------------------- */

/* The journal as far as it goes: what waits is written first. */
static bool
recall(struct scheduler *s, struct segment *segment, struct err *err)
{
	struct past *past;

	if (!segment->old || segment->past != NULL)
		return true;
	if (buf_length(&segment->journal.waiting) > 0 &&
	    !journal_flush(&segment->journal, &s->dirs, err))
		return false;
	past = segment->past = past_read(&s->dirs, segment->name, err);
	if (past == NULL)
		return false;
	segment->ended |= past->end != UINT64_MAX;
	if (past->promised > 0)
		segment_inherit(s, segment);
	if (past->end < segment->durable)
		segment->durable = past->end;
	if (past->promised > segment->promised)
		segment->promised = past->promised;
	if (segment->closed && segment->promised > segment->durable)
		segment->durable = segment->promised;
	for (size_t i = 0; i < past->erased.count; i++)
		ranges_add(&segment->erased, past->erased.rows[i].from,
		    past->erased.rows[i].to);
	return true;
}

/* Read to the end, for now or for good.  If its writer died, what it left is
 * promised from now on, as what other writers closed is. */
static void
reached_end(struct scheduler *s, struct segment *segment)
{
	intake_stop(s, segment);
	past_free(&segment->past);
	s->intake.read += segment->old && !s->intake.complete;
	segment->old = false;
	if (!segment->closed)
		return;
	intake_close(segment);
	if (segment->open > 0 && !segment->ended)
		segment_end(s, segment, segment->taken);
	if (segment->taken < segment->durable)
		segment->taken = segment->durable;
	segment_check(s, segment);
}

/*
 * What is in SEGMENT stays, whole, until AGAIN, the operator, or the next
 * start.  Nothing is written down about it: not where it ends, either.
 */
static void
leave_alone(struct scheduler *s, struct segment *segment, const char *why,
    msec_t again)
{
	char text[SEGMENT_FILE_SIZE + 16];

	log_error("segment %s is left alone: %s", segment_text(segment, text),
	    why);
	segment->alone = true;
	segment->left_old = segment->old;
	segment->left_at = segment->taken;
	intake_stop(s, segment);
	intake_close(segment);
	past_free(&segment->past);
	s->intake.read += segment->old && !s->intake.complete;
	segment->old = false;
	segment->closed = true;
	if (segment->taken < segment->durable)
		segment->taken = segment->durable;
	ward_admit(s, segment, again);
}

/* A file under another name than its header says is somebody's doing. */
static bool
is_named(const struct segment *segment, const struct segment_header *header)
{
	return header->klass == segment->name.klass &&
	    header->slot == segment->name.slot &&
	    header->sequence == segment->name.sequence;
}

/*
 * The header tells edition, salt and kind, no more than each record does, so
 * damage to it costs nothing.  False: SEGMENT is not for us to read.
 */
static bool
read_head(struct scheduler *s, struct segment *segment)
{
	struct segment_header header;
	char text[SEGMENT_FILE_SIZE + 16];
	struct err err;
	struct stat st;

	if (reader_head(segment->reader, &header, &err)) {
		if (is_named(segment, &header))
			return true;
		leave_alone(s, segment, "its header has the name of another "
		    "one", MSEC_NEVER);
		return false;
	}
	if (err.kind == ERR_FORMAT && err.number == EPROTO) {
		leave_alone(s, segment, err.text, MSEC_NEVER);
		return false;
	}
	if (fstat(segment->fd, &st) == 0 &&
	    st.st_size > SEGMENT_HEADER_BYTES)
		log_warn("segment %s: %s; its messages are read all the same",
		    segment_text(segment, text), err.text);
	return true;
}

/* What cannot be opened for want of descriptors or memory is tried again. */
static bool
is_short_of(const struct err *err)
{
	return err->kind == ERR_SYSTEM && (err->number == EMFILE ||
	    err->number == ENFILE || err->number == ENOMEM ||
	    err->number == ENOSPC);
}

static void
cannot_begin(struct scheduler *s, struct segment *segment,
    const struct err *err)
{
	bool missing = err->kind == ERR_SYSTEM && err->number == ENOENT;

	if (missing && segment->open == 0 && segment->pins == 0 &&
	    segment->promised == 0)
		segment_forget(s, segment);	/* its writer took it back */
	else if (is_short_of(err))
		intake_stop(s, segment);	/* intake_look_after() */
	else
		leave_alone(s, segment, err->text, ward_again(s));
}

/* False: SEGMENT is off the list. */
static bool
begin(struct scheduler *s, struct segment *segment)
{
	struct reader *reader = segment->reader;
	struct err err;

	if (reader != NULL)
		return true;
	if (segment_fd(s, segment, &err) == -1 ||
	    !recall(s, segment, &err)) {
		cannot_begin(s, segment, &err);
		return false;
	}
	if (segment->taken < SEGMENT_HEADER_BYTES)
		segment->taken = SEGMENT_HEADER_BYTES;
	segment->reader = mem_new(struct reader);
	reader_init(segment->reader, reader_fetch_file, &segment->fd,
	    segment->taken, segment->durable);
	segment->reader->erased = &segment->erased;
	return read_head(s, segment);
}

/* ---- findings ------------------------------------------------------------------------------- */

/* Bytes that stay where they are, and so does their segment; the ward looks
 * at them again, if that is worth it. */
static void
stays(struct scheduler *s, struct segment *segment,
    const struct reader_found *found, enum spoilt_kind kind)
{
	char text[SEGMENT_FILE_SIZE + 16];

	log_error("segment %s, bytes %llu to %llu stay there: %s",
	    segment_text(segment, text), (unsigned long long)found->from,
	    (unsigned long long)found->to, found->why);
	quarantine_add(s, segment, found->from, found->to, kind,
	    kind == SPOILT_NEWER ? MSEC_NEVER : scheduler_now(s));
}

static void
torn(struct scheduler *s, struct segment *segment,
    const struct reader_found *found)
{
	char text[SEGMENT_FILE_SIZE + 16];

	log_warn("segment %s, bytes %llu to %llu: a message that was being "
	    "written when the system went down, never accepted, is left out",
	    segment_text(segment, text), (unsigned long long)found->from,
	    (unsigned long long)found->to);
	quarantine_add(s, segment, found->from, UINT64_MAX, SPOILT_OVER,
	    MSEC_NEVER);
}

enum intake_step
intake_step(struct scheduler *s, struct segment *segment)
{
	struct reader_found found;
	enum intake_step step = INTAKE_LONG;
	enum reader_step finding;
	struct reader *reader;

	if (!begin(s, segment))
		return INTAKE_OVER;
	reader = segment->reader;
	reader->end = segment->durable;
	reader->promised = segment->promised;
	finding = reader_next(reader, &found);
	segment->edition = reader->edition;
	segment->salt = reader->salt;
	switch (finding) {
	case READER_MESSAGE:
		takeup_record(s, segment, &found);
		step = INTAKE_RECORD;
		break;
	case READER_DAMAGED:
		quarantine_add(s, segment, found.from, found.to,
		    SPOILT_DAMAGED, scheduler_now(s));
		break;
	case READER_UNREADABLE:
		stays(s, segment, &found, SPOILT_UNREADABLE);
		break;
	case READER_NEWER:
		stays(s, segment, &found, SPOILT_NEWER);
		break;
	case READER_TORN:
		torn(s, segment, &found);
		break;
	case READER_MORE:
		return INTAKE_LONG;
	case READER_END:
		segment->taken = reader->offset;
		reached_end(s, segment);
		return INTAKE_OVER;
	}
	segment->taken = reader->offset;
	return step;
}
