/* SPDX-License-Identifier: ISC
 *
 * copies.h - copies that a move left behind, while segments are read again.
 *
 * Which of a message's two records counts is said in spool/origin.h.
 */
#ifndef SCHEDULER_COPIES_H
#define SCHEDULER_COPIES_H

#include "base/list.h"
#include "scheduler/past.h"
#include "spool/reader.h"

struct scheduler;
struct segment;

struct copies {
	struct list written_off;	/* until that is durable */
	struct segment_name name;	/* of the journal read last … */
	struct past *past;	/* … null: none */
	bool known;		/* all of our segments have been read */
};

void copies_init(struct scheduler *s);
void copies_fini(struct scheduler *s);

/*
 * RECORD, met in SEGMENT, is a copy, and not all of its recipients are in
 * DONE.  Recipients that are not to be taken up are added to it, and what
 * the original's sender and operator know to FATE.
 */
void copies_look_back(struct scheduler *s, struct segment *segment,
    const struct reader_found *record, struct rcpt_set *done,
    struct fate *fate);

/* The copy at OFFSET of SEGMENT is nothing: FROM, its original's segment,
 * stays until that is durable. */
void copies_write_off(struct scheduler *s, struct segment *segment,
    uint64_t offset, struct segment *from);

/* Some original was written off: its journal is to be read again. */
void copies_changed(struct scheduler *s);

/* Everything is to be read again. */
void copies_again(struct scheduler *s);

/* Whether no segment that is to be read can hold a copy: before, no
 * segment may be removed, for it might hold an original. */
bool copies_are_known(struct scheduler *s);

/* Once a second. */
void copies_care(struct scheduler *s);

#endif
