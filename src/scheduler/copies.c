/* SPDX-License-Identifier: ISC
 *
 * copies.c - copies that a move left behind, while segments are read again.
 *
 * Copies of one move lie together, so the journal of the original's segment
 * is kept until another one is asked for.
 */
#include "scheduler/copies.h"

#include "base/log.h"
#include "base/mem.h"
#include "scheduler/relocate.h"
#include "scheduler/scheduler.h"

#include <errno.h>

/* A copy whose STATUS_MOVED may not be durable yet. */
struct written_off {
	struct link link;
	struct segment_name copy;
	struct segment *from;	/* pinned */
};

/* ---- written off --------------------------------------------------------------------------- */

void
copies_write_off(struct scheduler *s, struct segment *segment,
    uint64_t offset, struct segment *from)
{
	struct written_off *w = mem_new(struct written_off);

	segment_moved(s, segment, offset, from->name);
	w->copy = segment->name;
	w->from = from;
	from->pins++;
	list_append(&s->moves.copies.written_off, &w->link);
	segment_check(s, segment);
}

static void
release(struct scheduler *s, struct written_off *w)
{
	list_remove(&s->moves.copies.written_off, &w->link);
	w->from->pins--;
	segment_check(s, w->from);
	mem_free(w);
}

static bool
is_durable(const struct segment *segment)
{
	return segment == NULL || (!segment->journal.unsynced &&
	    buf_length(&segment->journal.waiting) == 0);
}

void
copies_care(struct scheduler *s)
{
	struct list *list = &s->moves.copies.written_off;
	struct link *link, *next;

	for (link = list_first(list); link != NULL; link = next) {
		struct written_off *w = list_item(link, struct written_off,
		    link);

		next = list_next(list, link);
		if (is_durable(segment_find(s, w->copy)))
			release(s, w);
	}
}

/* ---- the original --------------------------------------------------------------------------- */

void
copies_changed(struct scheduler *s)
{
	past_free(&s->moves.copies.past);
}

/* What its journal says so far; null: it cannot be read. */
static const struct past *
journal_of(struct scheduler *s, struct segment *segment)
{
	struct copies *c = &s->moves.copies;
	char text[SEGMENT_FILE_SIZE + 16];
	struct err err;

	if (c->past != NULL && segment_name_is(c->name, segment->name))
		return c->past;
	past_free(&c->past);
	c->name = segment->name;
	if (buf_length(&segment->journal.waiting) == 0 ||
	    journal_flush(&segment->journal, &s->dirs, &err))
		c->past = past_read(&s->dirs, segment->name, &err);
	if (c->past == NULL)
		log_error("segment %s: its journal cannot be read: %s",
		    segment_text(segment, text), err.text);
	return c->past;
}

/* What cannot be opened now is taken to be whole: then it counts. */
static enum origin_state
look_at_record(struct scheduler *s, struct segment *segment,
    const struct envelope_origin *origin, struct msgid id)
{
	struct err err;
	int fd = segment_fd(s, segment, &err);

	if (fd != -1)
		return origin_look_at(fd, origin, id, s->conf->large_bytes);
	if (err.kind == ERR_FORMAT)
		return ORIGINAL_DAMAGED;
	return err.number == ENOENT ? ORIGINAL_GONE : ORIGINAL_WHOLE;
}

/* A journal that cannot be read says nothing: then the original counts, as
 * it does for the segment itself. */
static enum origin_state
look_at_original(struct scheduler *s, struct segment *from,
    const struct envelope_origin *origin, struct segment_name copy,
    struct msgid id, struct origin_fate *fate, struct rcpt_set *final)
{
	const struct past *past;

	if (from == NULL)
		return ORIGINAL_GONE;
	past = journal_of(s, from);
	if (past == NULL)
		return ORIGINAL_WHOLE;
	if (from->gone && past->count == 0)
		return ORIGINAL_GONE;	/* it is just being removed */
	*fate = past_of_original(past, origin, copy, final);
	if (fate->here || fate->elsewhere)
		return ORIGINAL_WHOLE;
	return look_at_record(s, from, origin, id);
}

/* ---- a copy ---------------------------------------------------------------------------------- */

/*
 * The original is damaged, and the copy takes its place.  False: it is out
 * already; what comes of it, comes of it.
 */
static bool
rescue(struct scheduler *s, struct segment *segment,
    const struct reader_found *record, struct segment *from,
    uint64_t offset, struct rcpt_set *done)
{
	struct home to = { segment, record->from,
	    record_size(&record->header), segment->name.klass };
	struct rcpt_set waiting;
	struct item item;
	bool can = true, found = walk_find(s, record->header.id, &item);

	if (!found || item.segment != from) {
		segment_moved(s, from, offset, segment->name);
	} else {
		rcpt_set_init(&waiting, done->total);
		can = relocate_can(&item, &waiting);
		rcpt_set_fini(&waiting);
		if (can) {
			relocate(s, &item, &to);
			rcpt_set_add_all(done);
		}
	}
	if (found)
		item_fini(&item);
	return can;
}

/* It counts; what is not to be taken up of it is added to DONE. */
static bool
counts(struct scheduler *s, struct segment *segment,
    const struct reader_found *record, const struct envelope_origin *origin,
    struct rcpt_set *done)
{
	struct segment *from = segment_find(s, origin->segment);
	struct origin_fate fate = { false, false };
	struct rcpt_set final;
	enum origin_state original;
	bool yes;

	rcpt_set_init(&final, done->total);
	original = look_at_original(s, from, origin, segment->name,
	    record->header.id, &fate, &final);
	yes = origin_copy_counts(&fate, original);
	if (yes && original == ORIGINAL_DAMAGED) {
		for (uint32_t i = 0; i < done->total; i++)
			if (rcpt_set_has(&final, i))
				rcpt_set_add(done, i);
		yes = rescue(s, segment, record, from, origin->offset, done);
		copies_changed(s);
	}
	rcpt_set_fini(&final);
	return yes;
}

void
copies_look_back(struct scheduler *s, struct segment *segment,
    const struct reader_found *record, struct rcpt_set *done,
    struct fate *fate)
{
	const struct envelope_origin *origin;
	struct envelope *envelope;
	struct err ignored;	/* whoever takes it up meets it again */

	envelope = envelope_decode(record->envelope, &ignored);
	if (envelope == NULL)
		return;
	origin = &envelope->origin;
	if (counts(s, segment, record, origin, done)) {
		for (uint32_t i = 0; i < envelope->rcpt_count; i++)
			if (envelope->rcpts[i].settled)
				rcpt_set_add(done, i);
		fate->held |= origin->held && !fate->released;
		fate->warned |= origin->warned;
	} else {
		rcpt_set_add_all(done);
		fate->taken_away = true;
		copies_write_off(s, segment, record->from,
		    segment_find(s, origin->segment));
	}
	envelope_free(&envelope);
}

/* ---- all of them ------------------------------------------------------------------------------ */

bool
copies_are_known(struct scheduler *s)
{
	struct copies *c = &s->moves.copies;
	const struct segment *segment;
	size_t at = 0;

	if (c->known)
		return true;
	while ((segment = map_each(&s->segments.by_name, &at)) != NULL)
		if (segment->name.slot == SCHEDULER_SLOT && segment->old &&
		    segment->closed)
			return false;
	c->known = true;
	copies_changed(s);
	return true;
}

void
copies_again(struct scheduler *s)
{
	s->moves.copies.known = false;
}

void
copies_init(struct scheduler *s)
{
	list_init(&s->moves.copies.written_off);
}

void
copies_fini(struct scheduler *s)
{
	struct link *link;

	while ((link = list_first(&s->moves.copies.written_off)) != NULL)
		release(s, list_item(link, struct written_off, link));
	past_free(&s->moves.copies.past);
}
