/* SPDX-License-Identifier: ISC
 *
 * move.c - messages are copied to another segment, and then live there.
 *
 * The order of operations, which must not be changed:
 *
 *   1. The record is read whole and its CRC verified.  Nothing of the
 *	message may fly or be under report; which recipients wait is noted.
 *   2. A copy with the same id, recipients and body is committed to a segment
 *	of ours of the new class.  It names its original.
 *   3. The copy is durable.  Meanwhile the message was free to be delivered,
 *	held or deleted.  If it flies now, or fewer recipients wait than in
 *	1, the copy is written off (STATUS_MOVED in its journal, naming the
 *	original's segment), and nothing has changed.
 *   4. Otherwise the original is written off: STATUS_MOVED in its journal,
 *	naming the segment of the copy.  From the end of this turn on, when
 *	that is written, the copy counts.
 *   5. Memory and index follow in the same turn: segment, offset, class.
 *   6. The original's segment goes when all of it is done, as ever.
 *
 * A copy counts only if its original says so or is gone (spool/origin.h).  So
 * a kill before 4 leaves the original, and the copy is nothing; after 4 it
 * is the other way round; and there is no moment at which both count, or
 * neither.  No message is frozen while it is copied, so none can stay so.
 *
 * An original must not go while a copy that is nothing might be taken for it:
 * at the start no segment is removed before all of ours are read (copies.c),
 * and a written-off copy pins its original's segment until the record that
 * says so is durable.  A power cut may lose 4 together with what came after;
 * then the original counts again, as with any status that was not synced.
 *
 * A failure (the disk is full, the record is damaged) leaves the original
 * where it is.  A large message is copied in pieces: move_large.c.
 */
#include "scheduler/move.h"

#include "base/crash.h"
#include "base/log.h"
#include "base/mem.h"
#include "scheduler/quarantine.h"
#include "scheduler/scheduler.h"

#include <sys/statvfs.h>

/* ---- the end of a move ------------------------------------------------------------------- */

static void
unpin(struct scheduler *s, struct segment *segment)
{
	segment->pins--;
	segment_check(s, segment);
}

void
move_end(struct move *move, enum move_end end, const struct err *err)
{
	struct scheduler *s = move->s;

	if (link_on_list(&move->link))
		list_remove(&s->moves.under_way, &move->link);
	move->done(move->cookie, end, err);
	unpin(s, move->from);
	envelope_free(&move->envelope);
	mem_free(move);
	scheduler_ask(s);
}

/* To memory with all of it, and from there to corrupt/. */
static void
set_aside(struct scheduler *s, struct item *item, const struct err *why)
{
	struct message *message;

	for (size_t i = 0; i < item->row_count; i++)
		window_load(s, &item->rows[i], PLACE_LOADED);
	message = message_find(&s->queue, item->id);
	if (message != NULL)
		quarantine_message(s, message, SPOILT_DAMAGED, why->text);
}

void
move_is_damaged(struct move *move, const struct err *err)
{
	struct scheduler *s = move->s;
	struct item item;

	if (walk_find(s, move->id, &item)) {
		if (item.segment == move->from &&
		    item.offset == move->offset)
			set_aside(s, &item, err);
		item_fini(&item);
	}
}

/* ---- the copy is durable ------------------------------------------------------------------ */

/* What was said of it while it was copied holds for the copy too. */
static void
catch_up(struct scheduler *s, const struct move *move,
    const struct item *item, const struct home *to)
{
	const struct envelope_origin *origin = &move->envelope->origin;
	bool held = relocate_held(item);

	if (held != origin->held)
		segment_status(s, to->segment, to->offset, STATUS_ALL_RCPTS,
		    held ? STATUS_HELD : STATUS_RELEASED, 0, NULL);
	if (relocate_warned(item) && !origin->warned)
		segment_status(s, to->segment, to->offset, STATUS_ALL_RCPTS,
		    STATUS_WARNED, 0, NULL);
}

/* Steps 3 to 5.  False: the message is not as it was. */
static bool
switch_over(struct move *move, const struct home *to)
{
	struct scheduler *s = move->s;
	struct rcpt_set waiting;
	struct item item;
	bool same;

	if (!walk_find(s, move->id, &item))
		return false;
	rcpt_set_init(&waiting, move->envelope->rcpt_count);
	same = item.segment == move->from && item.offset == move->offset &&
	    relocate_can(&item, &waiting) &&
	    waiting.count == move->waiting;
	rcpt_set_fini(&waiting);
	if (same) {
		catch_up(s, move, &item, to);
		relocate(s, &item, to);
		s->moves.written = true;
	}
	item_fini(&item);
	return same;
}

void
move_copied(void *cookie, enum commit_end end,
    const struct committed *where, const struct err *err)
{
	struct move *move = cookie;
	struct scheduler *s = move->s;
	struct home to;

	if (end != COMMIT_DONE) {
		move_end(move, MOVE_FAILED, err);
		return;
	}
	CRASH_POINT("move-durable");
	to = (struct home){ .segment = segment_find(s, where->segment),
	    .offset = where->offset, .size = where->size,
	    .klass = where->segment.klass };
	if (switch_over(move, &to)) {
		copies_changed(s);
		move_end(move, MOVE_DONE, NULL);
		return;
	}
	copies_write_off(s, to.segment, to.offset, move->from);
	move_end(move, MOVE_SKIPPED, NULL);
}

/* ---- the beginning ------------------------------------------------------------------------- */

static struct move *
move_new(struct scheduler *s, const struct item *item,
    enum mail_class klass, move_done_fn *done, void *cookie)
{
	struct move *move = mem_new(struct move);

	move->s = s;
	move->id = item->id;
	move->from = item->segment;
	move->offset = item->offset;
	move->size = item->size;
	move->klass = klass;
	move->done = done;
	move->cookie = cookie;
	move->from->pins++;
	return move;
}

/* ENVELOPE, of the original, becomes that of the copy. */
static bool
make_envelope(struct move *move, struct envelope *envelope,
    const struct item *item)
{
	struct rcpt_set waiting;
	bool can;

	move->envelope = envelope;
	rcpt_set_init(&waiting, envelope->rcpt_count);
	can = relocate_can(item, &waiting);
	for (uint32_t i = 0; i < envelope->rcpt_count; i++)
		envelope->rcpts[i].settled = !rcpt_set_has(&waiting, i);
	move->waiting = waiting.count;
	rcpt_set_fini(&waiting);
	envelope->copied = true;
	envelope->origin = (struct envelope_origin){
		.segment = move->from->name,
		.offset = move->offset,
		.held = relocate_held(item),
		.warned = relocate_warned(item),
	};
	return can;
}

static bool
read_small(struct move *move, struct item *item, struct buf *body,
    bool *can, struct err *err)
{
	struct scheduler *s = move->s;
	int fd = segment_fd(s, move->from, err);
	struct record record;

	if (fd == -1)
		return false;
	if (!record_read(fd, move->offset, &move->id, move->size, &record, err)) {
		if (err->kind == ERR_FORMAT)
			set_aside(s, item, err);
		return false;
	}
	*can = make_envelope(move, record.envelope, item);
	record.envelope = NULL;
	buf_init(body, record.body.length);
	buf_append_span(body, record.body);
	record_fini(&record);
	return true;
}

/* It is over before it began: nobody is told. */
static enum move_end
give_up(struct move *move, enum move_end end)
{
	unpin(move->s, move->from);
	envelope_free(&move->envelope);
	mem_free(move);
	return end;
}

static enum move_end
begin_small(struct move *move, struct item *item, struct err *err)
{
	struct scheduler *s = move->s;
	struct buf body;
	struct dot seen;
	bool can;

	if (!read_small(move, item, &body, &can, err))
		return give_up(move, MOVE_FAILED);
	if (!can) {
		buf_fini(&body);
		return give_up(move, MOVE_SKIPPED);
	}
	list_append(&s->moves.under_way, &move->link);
	seen = dot_over(buf_peek(&body));
	commit_message(s->reports.committer, move->klass, move->id,
	    move->envelope, &body, &seen, move_copied, move);
	buf_fini(&body);
	CRASH_POINT("move-begun");
	return MOVE_DONE;
}

static enum move_end
begin_large(struct move *move, struct item *item, struct err *err)
{
	struct envelope *envelope = NULL;
	int fd = segment_fd(move->s, move->from, err);

	if (fd == -1 || !record_peek(fd, move->offset, &move->id,
	    &move->header, &envelope, err)) {
		if (fd != -1 && err->kind == ERR_FORMAT)
			set_aside(move->s, item, err);
		return give_up(move, MOVE_FAILED);
	}
	if (!make_envelope(move, envelope, item))
		return give_up(move, MOVE_SKIPPED);
	move_large(move->s, move);
	return MOVE_DONE;
}

/* A copy takes no more of the disk than mail of its class may, those under way
 * counted: the rest is for what is more pressing, and for status records. */
static bool
has_room(const struct scheduler *s, enum mail_class klass, uint64_t size)
{
	uint64_t coming = size + commit_pending_bytes(s->reports.committer);
	struct statvfs fs;

	return fstatvfs(s->dirs.root, &fs) == 0 &&
	    (uint64_t)fs.f_bavail * fs.f_frsize >=
	    conf_floor(s->conf, klass) + coming;
}

enum move_end
move_begin(struct scheduler *s, struct item *item, enum mail_class klass,
    move_done_fn *done, void *cookie, struct err *err)
{
	struct move *move;

	if (s->draining || !s->intake.complete || s->segments.stuck) {
		err_set(err, ERR_LIMIT, s->draining ? "the relay is ending" :
		    !s->intake.complete ? "the spool is still being read" :
		    "status records cannot be written");
		return MOVE_FAILED;
	}
	if (item->message != NULL && (item->message->busy > 0 ||
	    item->message->report != NULL))
		return MOVE_SKIPPED;
	if (!has_room(s, klass, item->size)) {
		err_set(err, ERR_LIMIT, "the disk is short of room for %s "
		    "mail", class_name(klass));
		return MOVE_FAILED;
	}
	move = move_new(s, item, klass, done, cookie);
	return item->size > s->conf->large_bytes ?
	    begin_large(move, item, err) : begin_small(move, item, err);
}

/* ---- the turn, birth and end ------------------------------------------------------------------ */

bool
moves_work(struct scheduler *s)
{
	if (s->moves.written)
		CRASH_POINT("move-written");
	s->moves.written = false;
	return moves_large_work(s);
}

static void
on_timer(void *owner)
{
	scheduler_ask(owner);
}

void
moves_init(struct scheduler *s)
{
	list_init(&s->moves.under_way);
	list_init(&s->moves.large);
	s->moves.timer = timer_new(s->loop, on_timer, s);
	copies_init(s);
}

void
moves_stop(struct scheduler *s)
{
	moves_large_stop(s);
}

void
moves_fini(struct scheduler *s)
{
	copies_fini(s);
	timer_free(&s->moves.timer);
}
