/* SPDX-License-Identifier: ISC
 *
 * commit.h - the moment a message becomes a promise.
 *
 * A committer appends messages to the segments of one slot, a lane per
 * class, and tells when they are on stable storage.  The order of
 * operations, which must not be changed, is written in commit.c.
 *
 * Each lane has a thread that writes and syncs what has gathered since it
 * last did (group commit, no timer): the loop never waits for the disk, and
 * urgent bytes never wait for bulk bytes.  The thread touches no other
 * state of the process.
 */
#ifndef SPOOL_COMMIT_H
#define SPOOL_COMMIT_H

#include "base/buf.h"
#include "io/loop.h"
#include "smtp/dot.h"
#include "spool/envelope.h"
#include "spool/layout.h"
#include "spool/record.h"

#include <stdatomic.h>

struct committer;

/* Where a committed message is. */
struct committed {
	struct segment_name segment;
	uint64_t offset;	/* of its record */
	uint64_t size;		/* of its record */
};

enum commit_end {
	COMMIT_REFUSED,		/* it is not in the spool, and never will be */
	COMMIT_DONE,		/* it is on stable storage */
	COMMIT_UNSURE		/* the disk failed in such a way that nobody
				 * knows: it may be found later, and go out */
};

/* DONE: the message is at WHERE.  Otherwise ERR tells why not. */
typedef void commit_done_fn(void *cookie, enum commit_end end,
    const struct committed *where, const struct err *err);

/* A segment grew durably to TO (frame ARRIVED), or ended there for good
 * (CLOSED), or broke there (BROKEN).  Called once per sync, before the
 * commit_done_fn of what the sync covered; the two last again, by
 * commit_announce(), until commit_kept(). */
enum commit_news { COMMIT_GREW, COMMIT_CLOSED, COMMIT_BROKEN };
typedef void commit_news_fn(void *owner, enum commit_news news,
    struct segment_name segment, uint64_t to);

struct commit_options {
	uint16_t slot;
	uint16_t node;
	uint64_t segment_bytes;
	size_t batch_bytes[CLASS_COUNT];	/* of one write, at most */
	mode_t mode;		/* of new files */
	/* When urgent mail came last to any committer of the spool (monotonic
	 * usec), for all to see.  Null: it has no others. */
	_Atomic usec_t *urgent;
	/* How long, at least, a message waits for commit_kept() before it is
	 * told as UNSURE, and how often what broke is told again.  0: 10 s. */
	msec_t patience;
};

/* DIRS is borrowed for the life of the committer. */
struct committer *committer_new(struct loop *loop,
    const struct spool_dirs *dirs, const struct commit_options *options,
    commit_news_fn *news, void *owner, struct err *err) MUST_CHECK;

/*
 * Waits for the syncs under way and tells them; what was not begun is told
 * as failed.  Open segments end: COMMIT_CLOSED.
 */
void committer_free(struct committer **committer);

/*
 * For a scheduler that is new: tell again where segments ended, as far as
 * nobody has that on stable storage, and how far each open segment of a lane
 * goes.  Of closed segments some thousand are remembered: the file shows
 * where they end, too.  Of broken ones all are, for nothing else does; when
 * they are many, nothing is taken until they were kept.
 */
void commit_announce(struct committer *committer);

/* Where SEGMENT ends, as was told, is on stable storage: nothing behind it
 * will ever be taken for mail. */
void commit_kept(struct committer *committer, struct segment_name segment);

/*
 * Commit a whole message: ENVELOPE encoded, BODY in wire form.  BODY's
 * content is moved away.  DONE is called later, from the loop, always.
 *
 * SEEN is what the dot reader made of BODY.  What it does not vouch for is
 * refused (ERR_FORMAT): it would be sent as it is, and what a server could
 * take for an end must not get in here, whoever made it.
 */
void commit_message(struct committer *committer, enum mail_class klass,
    struct msgid id, const struct envelope *envelope, struct buf *body,
    const struct dot *seen, commit_done_fn *done, void *cookie);

/* Messages handed over and not yet told, all lanes; and their bytes. */
size_t commit_pending(const struct committer *committer);
size_t commit_pending_bytes(const struct committer *committer);
/* Bytes that the disk does not count as used yet, but for a batch of each
 * lane that may be being written. */
size_t commit_unwritten(struct committer *committer);
/* Smoothed time from commit_message() to done, ms: for back-pressure. */
msec_t commit_delay(const struct committer *committer, enum mail_class klass);

/* ---- large messages: a segment of their own, written as they come ----- */

struct commit_stream;

/* Open a new segment for one message.  Null: ERR. */
struct commit_stream *commit_stream_open(struct committer *committer,
    enum mail_class klass, struct msgid id, const struct envelope *envelope,
    struct err *err) MUST_CHECK;

/* Hand over more of the body (content moved away); written by the lane's
 * helper thread.  False: the stream is broken, ERR tells; abort it. */
bool commit_stream_write(struct commit_stream *stream, struct buf *body,
    struct err *err) MUST_CHECK;

/* Bytes handed over and not yet written: the caller slows its client. */
size_t commit_stream_waiting(const struct commit_stream *stream);

/* The body is whole; ENVELOPE's body_size and flags may have changed since
 * the opening, its encoded length may not.  SEEN as in commit_message(), of
 * all that was written.  DONE is called later; the stream is gone. */
void commit_stream_finish(struct commit_stream **stream,
    const struct envelope *envelope, const struct dot *seen,
    commit_done_fn *done, void *cookie);

/* Never mind: the file is removed. */
void commit_stream_abort(struct commit_stream **stream);

#endif
