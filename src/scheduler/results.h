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

struct scheduler;

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

/* ENTRY waits at a site that does not answer.  True: its time is over, and
 * it is taken over.  False: it goes on waiting, perhaps with a warning. */
bool results_aged(struct scheduler *s, struct entry *entry);

/* All entries that wait in memory for SITE, which failed, get older. */
void results_age_site(struct scheduler *s, struct site *site);

/* COUNT recipients of MESSAGE are final, and their records are written. */
void results_settled(struct scheduler *s, struct message *message,
    uint32_t count);

#endif
