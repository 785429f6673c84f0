/* SPDX-License-Identifier: ISC
 *
 * rates_file.h - what was used of the rates, for the next life.
 *
 * The file `rates` of the spool has a line for each meter that gives a token
 * a second, or fewer, and will have none for a second or more.  It is written
 * when a token was used, every five seconds at most, and is a hint: an old
 * one makes us use a token again, without one all rates begin anew.
 */
#ifndef SCHEDULER_RATES_FILE_H
#define SCHEDULER_RATES_FILE_H

#include "base/buf.h"
#include "base/clock.h"

struct queue;
struct scheduler;
struct spent;

/* Pure; at the times NOW (monotonic) and WALL. */
void rates_put(const struct queue *queue, msec_t now, usec_t wall,
    struct buf *out);
/* What TEXT says is kept in SPENT.  The time since it was written has passed
 * for the meters too; a clock that was set back means that none has.  False:
 * part of it is no such file. */
bool rates_parse(struct spent *spent, struct span text, msec_t now,
    usec_t wall);

/* Before any site is known. */
void rates_load(struct scheduler *s);
/* At the end of a turn, if there is something new and it is time. */
void rates_work(struct scheduler *s);
/* At the end. */
void rates_save(struct scheduler *s);

#endif
