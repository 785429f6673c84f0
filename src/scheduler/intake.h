/* SPDX-License-Identifier: ISC
 *
 * intake.h - reading on in segments: where mail comes into the queue.
 *
 * Live mail, the start after a crash and a lost wake-up are one code path:
 * read on from where we were to where it is durable.  Each turn reads a
 * slice: live arrivals before the backlog of the start, urgent before
 * normal before bulk.
 */
#ifndef SCHEDULER_INTAKE_H
#define SCHEDULER_INTAKE_H

#include "base/err.h"
#include "base/list.h"
#include "conf/conf.h"
#include "spool/layout.h"

struct scheduler;
struct segment;

struct intake {
	struct list live[CLASS_COUNT], old[CLASS_COUNT];
	bool complete;		/* all that was there at the start is read */
	size_t found, read;	/* segments of the start, until then */
};

void intake_init(struct scheduler *s);

/* Read all again: the index is lost.  What is in memory stays there. */
void intake_again(struct scheduler *s);

/* A receiver (or our own committer) tells. */
void intake_arrived(struct scheduler *s, struct segment_name name,
    uint64_t to);
void intake_closed(struct scheduler *s, struct segment_name name,
    uint64_t to, bool broken);
void intake_receiver_gone(struct scheduler *s, unsigned slot);

/* A segment that is not known: its journal, and the index, are asked about
 * what is in it. */
struct segment *intake_add(struct scheduler *s, struct segment_name name);

/*
 * If SEGMENT has no writer any more it is closed as it is, and what is in
 * the file beyond what was promised is taken up if it is whole.
 */
void intake_look_at(struct scheduler *s, struct segment *segment);

/* A file that its maker did not lock yet is not to be taken from it. */
struct stat;
bool intake_is_newborn(const struct stat *st);

/* The slice of a turn.  True: there is more to read. */
bool intake_work(struct scheduler *s);

/* Once in a while: segments whose writer has left without a word. */
void intake_look_after(struct scheduler *s);

/* SEGMENT has something to read; FIRST: before the others of its kind. */
void intake_read(struct scheduler *s, struct segment *segment, bool first);

/* SEGMENT was left alone, and is tried again; it may be gone then. */
void intake_revive(struct scheduler *s, struct segment *segment);

/* SEGMENT leaves the table. */
void intake_forget(struct scheduler *s, struct segment *segment);

/* ---- intake_segment.c ------------------------------------------------------- */

enum intake_step {
	INTAKE_RECORD,
	INTAKE_LONG,		/* work that may have taken a while */
	INTAKE_OVER		/* nothing more of the segment in this turn */
};

/* What comes next in SEGMENT, which has something to read. */
enum intake_step intake_step(struct scheduler *s, struct segment *segment);

/* SEGMENT is read no more, for now. */
void intake_stop(struct scheduler *s, struct segment *segment);
void intake_close(struct segment *segment);

#endif
