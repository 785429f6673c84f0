/* SPDX-License-Identifier: ISC
 *
 * stream.c - large messages, handed over as they come.
 *
 * What is done with them is in stream_work.c.
 */
#include "spool/lane.h"

#include "base/mem.h"

struct commit_stream *
commit_stream_open(struct committer *committer, enum mail_class klass,
    struct msgid id, const struct envelope *envelope, struct err *err)
{
	struct lane *lane = &committer->lanes[klass];
	struct lane_message *message;
	struct commit_stream *stream;

	if (ends_full(committer, err) ||
	    !lane_start(lane, &lane->large, stream_run, err))
		return NULL;
	message = lane_message_new(committer, id, envelope, err);
	if (message == NULL)
		return NULL;
	stream = mem_new(struct commit_stream);
	stream->lane = lane;
	stream->message = message;
	stream->segment.fd = -1;
	stream->body_at = SEGMENT_HEADER_BYTES + RECORD_HEADER_BYTES +
	    message->envelope_bytes;
	list_init(&stream->pieces);
	committer->streams++;
	return stream;
}

/* With the lock: the thread shall look at STREAM. */
static void
wake(struct commit_stream *stream)
{
	struct lane *lane = stream->lane;

	if (!link_on_list(&stream->link))
		list_append(&lane->streams, &stream->link);
	pthread_cond_signal(&lane->large.wake);
}

bool
commit_stream_write(struct commit_stream *stream, struct buf *body,
    struct err *err)
{
	struct lane *lane = stream->lane;
	size_t length = buf_length(body);
	struct piece *piece;
	bool broken;

	if (length == 0)
		return true;
	piece = mem_new(struct piece);
	buf_take(&piece->bytes, body);
	stream->handed += length;
	pthread_mutex_lock(&lane->lock);
	broken = stream->broken;
	if (broken) {
		*err = stream->err;
	} else {
		list_append(&stream->pieces, &piece->link);
		stream->waiting += length;
		lane->pieces_bytes += length;
		wake(stream);
	}
	pthread_mutex_unlock(&lane->lock);
	if (broken) {
		buf_fini(&piece->bytes);
		mem_free(piece);
	}
	return !broken;
}

size_t
commit_stream_waiting(const struct commit_stream *stream)
{
	size_t waiting;

	pthread_mutex_lock(&stream->lane->lock);
	waiting = stream->waiting;
	pthread_mutex_unlock(&stream->lane->lock);
	return waiting;
}

/* Put the final ENVELOPE in place of the first. */
static bool
renew_envelope(struct commit_stream *stream, const struct envelope *envelope,
    struct err *err)
{
	struct buf *scratch = &stream->lane->committer->scratch;
	struct lane_message *message = stream->message;

	buf_clear(scratch);
	envelope_encode(envelope, scratch);
	if (scratch->full ||
	    buf_length(scratch) != message->envelope_bytes ||
	    envelope->rcpt_count != message->rcpt_count)
		return err_set(err, ERR_FORMAT,
		    "the envelope changed its length");
	memcpy(message->head + RECORD_HEADER_BYTES, buf_peek(scratch).data,
	    message->envelope_bytes);
	return true;
}

void
commit_stream_finish(struct commit_stream **stream,
    const struct envelope *envelope, const struct dot *seen,
    commit_done_fn *done, void *cookie)
{
	struct commit_stream *s = *stream;
	struct lane *lane = s->lane;
	struct err err;
	bool fine = dot_vouches(seen, s->handed, &err) &&
	    renew_envelope(s, envelope, &err);

	*stream = NULL;
	lane->committer->streams--;
	s->message->done = done;
	s->message->cookie = cookie;
	lane_count(lane, s->message);
	pthread_mutex_lock(&lane->lock);
	if (!fine && !s->broken) {
		s->broken = true;
		s->err = err;
	}
	s->finishing = true;
	wake(s);
	pthread_mutex_unlock(&lane->lock);
}

void
commit_stream_abort(struct commit_stream **stream)
{
	struct commit_stream *s = *stream;

	if (s == NULL)
		return;
	*stream = NULL;
	s->lane->committer->streams--;
	pthread_mutex_lock(&s->lane->lock);
	s->aborted = true;
	wake(s);
	pthread_mutex_unlock(&s->lane->lock);
}
