/* SPDX-License-Identifier: ISC
 *
 * move_large.c - a large message is copied in pieces, one message at a time.
 *
 * A piece is read in each turn, and only while the thread that writes them
 * keeps up: memory stays small, and nothing else waits for long.  The CRC is
 * that of the whole, so it is known at the end, before the copy is made a
 * record.
 */
#include "scheduler/move.h"

#include "base/crash.h"
#include "base/crc32c.h"
#include "base/mem.h"
#include "scheduler/scheduler.h"

enum {
	PIECE = 128 << 10,
	WAITING_MOST = 1 << 20,	/* bytes that are not written yet */
	AGAIN_MS = 5
};

void
move_large(struct scheduler *s, struct move *move)
{
	move->seen = DOT_START;
	list_append(&s->moves.large, &move->link);
	scheduler_ask(s);
}

/* It never was on the committer's list. */
static void
fail(struct move *move, const struct err *err)
{
	list_remove(&move->s->moves.large, &move->link);
	commit_stream_abort(&move->stream);
	if (err->kind == ERR_FORMAT)
		move_is_damaged(move, err);
	move_end(move, MOVE_FAILED, err);
}

/* The envelope as it stands in the original, for the CRC. */
static bool
read_envelope(struct move *move, int fd, struct err *err)
{
	struct record_header body = move->header;
	struct buf bytes;
	ssize_t n;

	body.envelope_bytes = 0;
	body.body_bytes = move->header.envelope_bytes;
	buf_init(&bytes, move->header.envelope_bytes);
	n = record_read_body(fd, move->offset, &body, 0, buf_reserve(&bytes,
	    move->header.envelope_bytes), move->header.envelope_bytes, err);
	if (n > 0)
		buf_added(&bytes, (size_t)n);
	move->crc = crc32c(0, buf_peek(&bytes).data, buf_length(&bytes));
	buf_fini(&bytes);
	return n != -1;
}

static bool
start(struct move *move, int fd, struct err *err)
{
	if (move->stream != NULL)
		return true;
	if (!read_envelope(move, fd, err))
		return false;
	move->stream = commit_stream_open(move->s->reports.committer,
	    move->klass, move->id, move->envelope, err);
	return move->stream != NULL;
}

static bool
copy_piece(struct move *move, int fd, struct err *err)
{
	struct buf piece;
	ssize_t n;
	bool done;

	buf_init(&piece, PIECE);
	n = record_read_body(fd, move->offset, &move->header, move->at,
	    buf_reserve(&piece, PIECE), PIECE, err);
	if (n == -1) {
		buf_fini(&piece);
		return false;
	}
	buf_added(&piece, (size_t)n);
	move->crc = crc32c(move->crc, buf_peek(&piece).data, (size_t)n);
	dot_follow(&move->seen, buf_peek(&piece));
	move->at += (uint64_t)n;
	done = commit_stream_write(move->stream, &piece, err);
	buf_fini(&piece);
	return done;
}

/* All of it is handed over. */
static void
finish(struct scheduler *s, struct move *move)
{
	struct err err;

	if (move->crc != move->header.content_crc) {
		err_set(&err, ERR_FORMAT, "content of the record at byte %llu "
		    "does not match its CRC",
		    (unsigned long long)move->offset);
		fail(move, &err);
		return;
	}
	list_remove(&s->moves.large, &move->link);
	list_append(&s->moves.under_way, &move->link);
	commit_stream_finish(&move->stream, move->envelope, &move->seen,
	    move_copied, move);
	CRASH_POINT("move-begun");
}

bool
moves_large_work(struct scheduler *s)
{
	struct link *link = list_first(&s->moves.large);
	struct move *move;
	struct err err;
	int fd;

	if (link == NULL)
		return false;
	move = list_item(link, struct move, link);
	fd = segment_fd(s, move->from, &err);
	if (fd == -1 || !start(move, fd, &err)) {
		fail(move, &err);
		return true;
	}
	if (commit_stream_waiting(move->stream) > WAITING_MOST) {
		timer_set(s->moves.timer, AGAIN_MS);
		return false;
	}
	if (!copy_piece(move, fd, &err))
		fail(move, &err);
	else if (move->at == move->header.body_bytes)
		finish(s, move);
	return true;
}

void
moves_large_stop(struct scheduler *s)
{
	struct link *link;
	struct err err;

	err_set(&err, ERR_LIMIT, "the relay is ending");
	while ((link = list_first(&s->moves.large)) != NULL)
		fail(list_item(link, struct move, link), &err);
}
