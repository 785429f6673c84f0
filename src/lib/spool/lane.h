/* SPDX-License-Identifier: ISC
 *
 * lane.h - what the files of the committer share; nobody else includes it.
 *
 *	commit.c       the order of operations; runs in the lanes' threads
 *	committer.c    birth, figures and end
 *	ends.c         where segments ended, until that is kept
 *	lane.c         the lanes and their threads; what the loop hands over
 *	               and is told
 *	stream.c       large messages, seen from the loop
 *	stream_work.c  and from their thread
 *
 * Each field of a lane says whose it is: the loop's, the thread's, or
 * shared, which is touched under `lock` only.
 */
#ifndef SPOOL_LANE_H
#define SPOOL_LANE_H

#include "base/list.h"
#include "spool/commit.h"
#include "spool/sequence.h"

#include <pthread.h>
#include <stdatomic.h>

/* A message under way.  `head` is room for the record's header, followed by
 * the encoded envelope. */
struct lane_message {
	struct link link;
	struct msgid id;
	uint32_t rcpt_count;
	uint32_t envelope_bytes;
	struct buf body;
	uint64_t offset, size;	/* of the record, once it was placed */
	size_t counted;		/* in the lane's pending_bytes */
	usec_t begun;		/* monotonic */
	commit_done_fn *done;
	void *cookie;
	uint8_t head[];
};

struct lane_news {
	enum commit_news news;
	struct segment_name segment;
	uint64_t to;
};

enum { LANE_NEWS_MOST = 3 };

/* What became of a batch: news first, then its messages. */
struct lane_result {
	struct link link;
	struct list messages;
	struct segment_name segment;	/* where they are, or may be */
	enum commit_end end;
	bool large;		/* of a segment for one message */
	int broken_fd;		/* of one that broke, and its lock; or -1 */
	struct err err;
	struct lane_news news[LANE_NEWS_MOST];
	unsigned news_count;
};

/* The segment that a lane appends to. */
struct lane_segment {
	int fd;			/* -1: none is open */
	struct segment_name name;
	uint64_t salt;
	uint64_t end;		/* durable up to here */
};

struct lane;

/* A thread that is started when it first has something to do. */
struct lane_thread {
	pthread_t thread;
	bool running;		/* the loop's */
	pthread_cond_t wake;	/* with the lane's lock */
};

struct lane {
	struct committer *committer;
	enum mail_class klass;
	int dirfd;
	struct sequence sequence;

	/* the loop's: */
	struct list gathered;	/* in this turn of the loop */
	size_t gathered_bytes;
	size_t pending, pending_bytes;
	usec_t delay;		/* smoothed */
	usec_t since;		/* something is pending since, or last told */
	struct lane_news open;	/* the segment that grows, as told last */

	/* shared: */
	pthread_mutex_t lock;
	struct list queue;	/* of messages */
	struct list results;
	struct list streams;	/* with work to do; stream.c */
	size_t pieces_bytes;	/* of all streams, that wait to be written */
	bool stop;
	pthread_cond_t way;	/* the lane leaves the disk to urgent mail … */
	unsigned ways;		/* … and did so before */

	/* the threads', one each: */
	struct lane_segment segment;
	struct lane_thread batches, large;
};

/* Segments that ended, as told, until commit_kept(). */
struct ends {
	struct list closed, broken;
	struct timer *timer;	/* for what broke */
};

struct committer {
	const struct spool_dirs *dirs;
	struct commit_options options;
	commit_news_fn *news;
	void *owner;
	struct watch *watch;
	struct turn_hook *hook;
	int eventfd;
	struct buf scratch;
	unsigned streams;	/* open ones */
	struct loop *loop;
	struct ends ends;
	_Atomic usec_t urgent;	/* what options.urgent is if it was null */
	struct lane lanes[CLASS_COUNT];
};

/* Move all of FROM to the end of TO. */
static inline void
list_move(struct list *to, struct list *from)
{
	struct link *l;

	while ((l = list_take(from)) != NULL)
		list_append(to, l);
}

/* ---- commit.c --------------------------------------------------------- */

/*
 * A new segment file of LANE with its header written, locked, not synced.
 * The caller syncs it, and the directory.  SINGLE: for one large message.
 */
bool commit_make_segment(struct lane *lane, bool single,
    struct lane_segment *out, struct err *err) MUST_CHECK;
/* Take back a segment that holds nothing. */
void commit_unmake_segment(struct lane *lane, struct lane_segment *segment);

/*
 * The messages of RESULT, written to SEGMENT behind its end, are not to be:
 * see commit.c.  BELIEVED: no sync of them was tried, so one can be believed.
 */
void commit_break_segment(struct lane *lane, struct lane_segment *segment,
    struct lane_result *result, bool believed);

/* The header of MESSAGE's record, which is to stand at OFFSET of SEGMENT and
 * whose content is as the CRCs say; its offset and size are set, too. */
void commit_head(struct lane_message *message,
    const struct lane_segment *segment, uint64_t offset, uint64_t body_bytes,
    uint32_t envelope_crc, uint32_t content_crc);

/* Make the messages of RESULT durable, and say how it went. */
void commit_batch(struct lane *lane, struct lane_result *result);
/* The lane ends. */
void commit_close_segment(struct lane *lane, struct lane_result *result);

/* ---- lane.c ----------------------------------------------------------- */

struct lane_result *lane_result_new(void);
void lane_result_add_news(struct lane_result *result, enum commit_news news,
    struct segment_name segment, uint64_t to);
/* All of MESSAGES failed; they are taken. */
void lane_tell_failed(struct lane *lane, struct list *messages,
    const struct err *err);

/* RESULT is for the loop; from any thread. */
void lane_tell(struct lane *lane, struct lane_result *result);

/* From the loop: tell what came back; give the thread what gathered. */
void lane_tell_loop(struct lane *lane);
void lane_hand_over(struct lane *lane);

/* From the loop: see that THREAD runs, with FN. */
bool lane_start(struct lane *lane, struct lane_thread *thread,
    void *(*fn)(void *lane), struct err *err) MUST_CHECK;

/* A message with its envelope encoded; null: it cannot be. */
struct lane_message *lane_message_new(struct committer *committer,
    struct msgid id, const struct envelope *envelope, struct err *err);
void lane_message_free(struct lane_message *message);

/* MESSAGE is counted as pending until its result is told. */
void lane_count(struct lane *lane, struct lane_message *message);

/* ---- ends.c: the loop's ------------------------------------------------- */

void ends_init(struct committer *committer);
/* What waits is told as UNSURE. */
void ends_fini(struct committer *committer);
/* NEWS is that a segment ended; of one that broke, FD is owned from now on. */
void ends_add(struct committer *committer, const struct lane_news *news,
    int fd);
/* MESSAGES may be in the segment of RESULT, behind its end: they are told
 * when that is kept, or when patience is over. */
void ends_wait(struct committer *committer, struct lane_result *result);
/* Too many broke: nothing may be taken.  ERR tells. */
bool ends_full(const struct committer *committer, struct err *err);

/* ---- stream_work.c ---------------------------------------------------- */

/* A piece of a large body, on its way to the thread. */
struct piece {
	struct link link;
	struct buf bytes;
};

struct commit_stream {
	struct link link;	/* on the lane's streams; with its lock */
	struct lane *lane;
	struct lane_message *message;
	uint64_t handed;	/* bytes of the body; the loop's */

	/* shared, under the lane's lock: */
	struct list pieces;
	size_t waiting;
	bool finishing, aborted;
	bool broken;		/* err tells */
	struct err err;

	/* the thread's: */
	struct lane_segment segment;
	uint64_t body_at;	/* where the body begins in the file */
	uint64_t body_bytes;	/* written */
	uint64_t pushed;	/* file offset */
	uint32_t body_crc;
};

/* The thread of large messages. */
void *stream_run(void *lane);
/* The thread is gone: what it left of aborted streams is removed; finished
 * ones are told as failed. */
void stream_fail_all(struct lane *lane, const struct err *why);

#endif
