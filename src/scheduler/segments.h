/* SPDX-License-Identifier: ISC
 *
 * segments.h - the segments of the spool and their journals.
 *
 * A segment is here from when it is first heard of until it is removed.
 * The order of operations that makes a message's end safe is written in
 * segments.c.
 */
#ifndef SCHEDULER_SEGMENTS_H
#define SCHEDULER_SEGMENTS_H

#include "base/list.h"
#include "base/map.h"
#include "io/loop.h"
#include "spool/reader.h"
#include "spool/segment.h"
#include "spool/status.h"

struct scheduler;
struct syncer;
struct past;
struct spoilt;

enum {
	SEGMENT_KEY = 8,
	SEGMENT_DELIVERERS = 128,	/* deliverers that can be remembered */
	SEGMENTS_OPEN_MOST = 512	/* descriptors kept for reading, if there
				 * are that many to have */
};

struct segment {
	struct segment_name name;
	uint8_t key[SEGMENT_KEY];
	uint32_t number;	/* on the wire */
	int fd;			/* -1: closed for now */
	struct link opened;	/* among those with a descriptor, by use */
	struct journal journal;
	struct link dirty;	/* records wait to be written */
	struct link unsynced;	/* records wait to be synced */
	struct link finished;	/* waits to be removed */

	uint64_t taken;		/* records before it are taken up */
	uint64_t durable;	/* may be read up to here */
	uint64_t promised;	/* its writer said so; beyond it content is
				 * checked before it is believed */
	uint64_t open;		/* recipients taken up and not final */
	uint64_t live;		/* bytes of the records that have some */
	msec_t since;		/* compaction: it was left alone since then … */
	uint64_t tried;		/* … and had so many live bytes; 0: never */
	struct ranges erased;	/* given back, or about to be */
	bool closed;		/* nothing is appended any more */
	bool old;		/* was there when we were born, or has to be
				 * read again: ask journal and index */
	bool gone;		/* finished: being removed */
	bool ended;		/* where it ends was written down … */
	bool awaited;		/* … and its writer waits for that to be durable */
	uint64_t end_put;	/* that is when so much of the journal is */
	bool pinned;		/* it has what cannot be read: it stays */

	struct link reading;	/* intake: has something to read */
	struct reader *reader;	/* intake: while reading */
	struct past *past;	/* intake: while reading an old one */
	struct spoilt *spoilt;	/* quarantine: what of it is no mail */
	size_t spoilt_count, spoilt_room;
	bool alone;		/* quarantine: all of it; it was left … */
	bool left_old;		/* … as one of a former life … */
	uint64_t left_at;	/* … and was read so far */
	struct link ward;	/* ward: something of it waits */
	msec_t ward_due;	/* to be looked at */
	bool noticed;		/* ward: the postmaster was told of it */
	uint8_t edition;	/* as its reader found it; 0: not known */
	uint64_t salt;
	size_t pins;		/* jobs and reports that need its file … */
	size_t jobs;		/* … and how many of them are jobs */
	uint64_t known[SEGMENT_DELIVERERS / 64];	/* dispatch: to whom */
};

struct segments {
	struct map by_name;
	struct list opened, dirty, unsynced, finished;
	size_t open_most;	/* of `opened`, but for those that are pinned */
	size_t busy, busy_most;	/* deliverers have jobs of them */
	struct syncer *syncer;
	struct timer *tick;	/* the next sync */
	uint32_t next_number;
	bool failing;		/* a journal cannot be written … */
	bool stuck;		/* … and too much waits: give out nothing */
	msec_t complained;
};

void segments_init(struct scheduler *s);
/* Starts the sync thread: after the process has its final privileges. */
bool segments_start(struct scheduler *s, struct err *err) MUST_CHECK;
/* Writes and syncs what waits. */
void segments_fini(struct scheduler *s);

struct segment *segment_find(const struct scheduler *s,
    struct segment_name name);
/* A segment that is not known yet, all fields zero. */
struct segment *segment_add(struct scheduler *s, struct segment_name name);
/* Forget it: its file is not there. */
void segment_forget(struct scheduler *s, struct segment *segment);

/* Its descriptor, opened if need be; stays the table's.  -1: ERR. */
int segment_fd(struct scheduler *s, struct segment *segment,
    struct err *err) MUST_CHECK;

/* A deliverer was given a job of SEGMENT, whose descriptor is open, or has
 * ended one. */
void segment_busy(struct scheduler *s, struct segment *segment);
void segment_idle(struct scheduler *s, struct segment *segment);
/* No more jobs: they would take too many descriptors, of us and of the
 * deliverers, but for KEPT hundredths of them. */
bool segments_are_many(const struct scheduler *s, unsigned kept);

/* The class, slot and number as in file names, for messages. */
const char *segment_text(const struct segment *segment,
    char out[SEGMENT_FILE_SIZE + 16]);

/*
 * Write down what became of recipient RCPT (or STATUS_ALL_RCPTS) of the
 * record at OFFSET.  STATUS is "5.1.1" or null.  Written at the end of this
 * turn.
 */
void segment_status(struct scheduler *s, struct segment *segment,
    uint64_t offset, uint32_t rcpt, enum status_action action,
    unsigned code, const char *status);

/* The message at OFFSET is of class KLASS from now on; written down likewise. */
void segment_class(struct scheduler *s, struct segment *segment,
    uint64_t offset, enum mail_class klass);

/* All records of SEGMENT from FROM to UNTIL are final; their place on disk is
 * to be given back.  Written down likewise. */
void segment_erased(struct scheduler *s, struct segment *segment,
    uint64_t from, uint64_t until);

/* Whether all that was written down of SEGMENT is on stable storage. */
bool segment_is_durable(const struct segment *segment);

/* A record of SIZE bytes has no recipient any more that is not final. */
void segment_left(struct segment *segment, uint64_t size);

/* SEGMENT has a journal of a former life, which may have died before it was
 * synced: what is believed of it is synced now. */
void segment_inherit(struct scheduler *s, struct segment *segment);

/* SEGMENT ends at TO, for good. */
void segment_end(struct scheduler *s, struct segment *segment, uint64_t to);

/* COUNT recipients were taken up, or became final. */
void segment_opened(struct segment *segment, uint32_t count);
void segment_settled(struct scheduler *s, struct segment *segment,
    uint32_t count);

/* SEGMENT stays, whatever becomes of its messages. */
void segment_pin(struct segment *segment);

/* If SEGMENT is closed, read to its end, and nothing in it is open: it is
 * to be removed. */
void segment_check(struct scheduler *s, struct segment *segment);

/* At the end of a turn: write the status records that were gathered. */
void segments_flush(struct scheduler *s);

#endif
