/* SPDX-License-Identifier: ISC
 *
 * stream_work.c - large messages, written as they come.
 *
 * Pieces of the body go to a thread of the lane's that writes them behind
 * the place of the record's header and envelope, which stay zero: a reader
 * finds no message there.  At the end the order is that of commit.c:
 *
 *	1. The rest of the body is written,
 *	2. then envelope and header,
 *	3. and all of it is synced,
 *	4. and the directory is.
 *	5. The loop is told.
 *
 * A crash before 3 leaves a file without a whole record, for the scheduler
 * to remove.  Data are pushed to the disk while they come, so that the last
 * sync, and other lanes' syncs meanwhile, find little to do.
 */
#include "spool/lane.h"

#include "base/crash.h"
#include "base/crc32c.h"
#include "base/fsys.h"
#include "base/mem.h"
#include "base/must.h"
#include "spool/crcjoin.h"

#include <fcntl.h>
#include <unistd.h>

enum { PUSH_BYTES = 1 << 20, PIECES_AT_ONCE = 64 };

static bool
start(struct commit_stream *stream, struct err *err)
{
	if (stream->segment.fd != -1)
		return true;
	return commit_make_segment(stream->lane, true, &stream->segment, err);
}

/* Start writing to the disk what is there; a hint, so errors are left to
 * the sync at the end. */
static void
push(struct commit_stream *stream)
{
	uint64_t end = stream->body_at + stream->body_bytes;

	if (end - stream->pushed < PUSH_BYTES)
		return;
	(void)sync_file_range(stream->segment.fd, (off_t)stream->pushed,
	    (off_t)(end - stream->pushed), SYNC_FILE_RANGE_WRITE);
	stream->pushed = end;
}

/* Write PIECES behind what is there. */
static bool
write_pieces(struct commit_stream *stream, struct list *pieces,
    struct err *err)
{
	struct iovec iov[PIECES_AT_ONCE];
	uint64_t at = stream->body_at + stream->body_bytes;
	int count = 0;

	if (list_empty(pieces))
		return true;
	if (!start(stream, err))
		return false;
	for (struct link *l = list_first(pieces); l != NULL;
	    l = list_next(pieces, l)) {
		struct span s =
		    buf_peek(&list_item(l, struct piece, link)->bytes);

		iov[count++] = (struct iovec){ (void *)s.data, s.length };
		stream->body_crc = crc32c(stream->body_crc, s.data, s.length);
		stream->body_bytes += s.length;
	}
	if (!fsys_write_at(stream->segment.fd, iov, count, (off_t)at,
	    "large message", err))
		return false;
	CRASH_POINT("commit-large-piece");
	push(stream);
	return true;
}

/* Step 2: the body is there; envelope and header make it a record. */
static bool
write_head(struct commit_stream *stream, struct err *err)
{
	static const uint8_t zero[RECORD_ALIGN];
	struct lane_message *message = stream->message;
	uint64_t content = message->envelope_bytes + stream->body_bytes;
	size_t padding = -content & (RECORD_ALIGN - 1);
	uint32_t crc = crc32c(0, message->head + RECORD_HEADER_BYTES,
	    message->envelope_bytes);
	struct iovec tail = { (void *)zero, padding };
	struct iovec head = { message->head,
	    RECORD_HEADER_BYTES + message->envelope_bytes };

	commit_head(message, &stream->segment, SEGMENT_HEADER_BYTES,
	    stream->body_bytes, crc,
	    crc_join(crc, stream->body_crc, stream->body_bytes));
	return (padding == 0 || fsys_write_at(stream->segment.fd, &tail, 1,
	    (off_t)(stream->body_at + stream->body_bytes), "large message",
	    err)) &&
	    fsys_write_at(stream->segment.fd, &head, 1, SEGMENT_HEADER_BYTES,
	    "large message", err);
}

/* Steps 2 to 4. */
static bool
make_durable(struct commit_stream *stream, struct err *err)
{
	CRASH_POINT("commit-large-written");
	if (!start(stream, err) || !write_head(stream, err))
		return false;
	CRASH_POINT("commit-large-headed");
	if (!fsys_sync_data(stream->segment.fd, "large message", err))
		return false;
	CRASH_POINT("commit-large-synced");
	if (!fsys_sync_dir(stream->lane->dirfd,
	    class_name(stream->lane->klass), err))
		return false;
	CRASH_POINT("commit-large-named");
	return true;
}

static void
drop_pieces(struct list *pieces)
{
	struct link *l;

	while ((l = list_take(pieces)) != NULL) {
		struct piece *piece = list_item(l, struct piece, link);

		buf_fini(&piece->bytes);
		mem_free(piece);
	}
}

static void
remove_file(struct commit_stream *stream)
{
	if (stream->segment.fd != -1)
		commit_unmake_segment(stream->lane, &stream->segment);
}

static void
stream_free(struct commit_stream *stream)
{
	drop_pieces(&stream->pieces);
	if (stream->segment.fd != -1)
		close(stream->segment.fd);
	if (stream->message != NULL)
		lane_message_free(stream->message);
	mem_free(stream);
}

/* The stream is over: tell the loop how it went. */
static void
finish(struct commit_stream *stream)
{
	struct lane_result *result = lane_result_new();
	struct lane_message *message = stream->message;

	list_append(&result->messages, &message->link);
	result->large = true;
	result->segment = stream->segment.name;
	if (stream->broken) {
		result->err = stream->err;
		remove_file(stream);	/* it has no header: no message */
	} else if (make_durable(stream, &result->err)) {
		uint64_t end = message->offset + message->size;

		result->end = COMMIT_DONE;
		result->segment = stream->segment.name;
		lane_result_add_news(result, COMMIT_GREW,
		    result->segment, end);
		lane_result_add_news(result, COMMIT_CLOSED,
		    result->segment, end);
	} else if (stream->segment.fd != -1) {
		result->segment = stream->segment.name;
		commit_break_segment(stream->lane, &stream->segment, result,
		    false);
	}
	stream->message = NULL;	/* RESULT has it */
	lane_tell(stream->lane, result);
	stream_free(stream);
}

/* Some of the waiting pieces to OUT; their bytes.  Called with the lock. */
static size_t
take_pieces(struct commit_stream *stream, struct list *out)
{
	size_t bytes = 0;
	struct link *l;

	while (out->count < PIECES_AT_ONCE &&
	    (l = list_take(&stream->pieces)) != NULL) {
		bytes += buf_length(&list_item(l, struct piece, link)->bytes);
		list_append(out, l);
	}
	return bytes;
}

/* One step of STREAM, which is off the list.  Called with the lock, which
 * is let go meanwhile. */
static void
work(struct lane *lane, struct commit_stream *stream)
{
	struct list pieces;
	size_t bytes;
	struct err err;
	bool over, fine = true;
	bool aborted = stream->aborted, broken = stream->broken;

	list_init(&pieces);
	bytes = take_pieces(stream, &pieces);
	over = stream->finishing && list_empty(&stream->pieces);
	pthread_mutex_unlock(&lane->lock);
	if (!aborted && !broken)
		fine = write_pieces(stream, &pieces, &err);
	drop_pieces(&pieces);
	pthread_mutex_lock(&lane->lock);
	stream->waiting -= bytes;
	lane->pieces_bytes -= aborted ? bytes + stream->waiting : bytes;
	if (!fine) {
		stream->broken = true;
		stream->err = err;
	}
	if (aborted || over) {
		pthread_mutex_unlock(&lane->lock);
		if (aborted) {
			remove_file(stream);
			stream_free(stream);
		} else {
			finish(stream);
		}
		pthread_mutex_lock(&lane->lock);
		return;
	}
	if (!link_on_list(&stream->link) && (stream->finishing ||
	    stream->aborted || !list_empty(&stream->pieces)))
		list_append(&lane->streams, &stream->link);
}

void *
stream_run(void *owner)
{
	struct lane *lane = owner;

	pthread_mutex_lock(&lane->lock);
	while (!lane->stop) {
		struct link *l = list_take(&lane->streams);

		if (l == NULL)
			pthread_cond_wait(&lane->large.wake, &lane->lock);
		else
			work(lane, list_item(l, struct commit_stream, link));
	}
	pthread_mutex_unlock(&lane->lock);
	return NULL;
}

void
stream_fail_all(struct lane *lane, const struct err *why)
{
	struct link *l;

	while ((l = list_take(&lane->streams)) != NULL) {
		struct commit_stream *stream =
		    list_item(l, struct commit_stream, link);

		if (stream->aborted) {
			remove_file(stream);
			stream_free(stream);
			continue;
		}
		must(stream->finishing);
		stream->broken = true;
		stream->err = *why;
		finish(stream);
	}
}
