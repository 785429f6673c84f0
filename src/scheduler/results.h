/* SPDX-License-Identifier: ISC
 *
 * results.h - what became of recipients, and what follows from it.
 *
 * Every way in which a recipient's wait ends, for now or for good, is a
 * function here.  They all take the entry over.
 */
#ifndef SCHEDULER_RESULTS_H
#define SCHEDULER_RESULTS_H

#include "scheduler/window.h"
#include "wire/frames.h"
#include "worker/board.h"

struct scheduler;

enum { RESULTS_REASON_MOST = 512 };	/* bytes of a reason that are kept */

/* A deliverer's answer to the job of ENTRY, which was sent at SENT. */
void results_job(struct scheduler *s, struct entry *entry,
    const struct frame_result *result, msec_t sent);

/* ENTRY's domain has no site: returned or put off, as its failure says. */
void results_unroutable(struct scheduler *s, struct entry *entry);

/* The segment of ENTRY (idle) cannot be opened. */
void results_no_segment(struct scheduler *s, struct entry *entry,
    const struct err *err);

/* The record of MESSAGE cannot be read; ROW (or null) is about it. */
void results_unreadable(struct scheduler *s, struct message *message,
    const struct row *row, const struct err *err);

/* A log line for each recipient of ENTRY, which no deliverer saw. */
void results_say(struct scheduler *s, const struct entry *entry,
    const char *status, const char *word, const char *why);

/* The operator deleted its message. */
void results_deleted(struct scheduler *s, struct entry *entry);

/* Whether the time that MESSAGE's sender gave it is over. */
bool results_late(const struct scheduler *s, const struct message *message);

/* The deadline of ENTRY's message is over while ENTRY flies: its sender hears
 * of it, if that is what it asked for. */
void results_tell_late(struct scheduler *s, struct entry *entry);

/* ENTRY waits at a site that does not answer.  True: its time is over, and
 * it is taken over.  False: it goes on waiting, perhaps with a warning. */
bool results_aged(struct scheduler *s, struct entry *entry);

/* All entries that wait in memory for SITE, which failed, get older. */
void results_age_site(struct scheduler *s, struct site *site);

/* COUNT recipients of MESSAGE are final, and their records are written. */
void results_settled(struct scheduler *s, struct message *message,
    uint32_t count);

/* ---- what answer.c shares with results.c --------------------------------------- */

/* ENTRY's recipients were tried once more and wait for the next time; or
 * their time is over. */
void results_put_off(struct scheduler *s, struct entry *entry,
    struct span status, struct span text, unsigned code, struct span mta);

/* ENTRY's recipients were handed on to somebody else: it goes. */
void results_drop(struct scheduler *s, struct entry *entry);

/* What RESULT, of a job of KLASS sent at SENT, tells of SITE (signs.c). */
void results_signs(struct scheduler *s, struct site *site,
    enum mail_class klass, const struct frame_result *result, msec_t sent);

/* SITE rests because of TEXT. */
void results_site_reason(struct site *site, struct span text);

void results_bump(struct scheduler *s, enum metric metric, int64_t count);

#endif
