/* SPDX-License-Identifier: ISC
 *
 * quarantine.h - what could not be read is kept for the operator.
 *
 * Bytes are copied to the spool's corrupt/ before they are given up; if
 * that fails, their segment stays where it is.
 */
#ifndef SCHEDULER_QUARANTINE_H
#define SCHEDULER_QUARANTINE_H

#include "scheduler/queue.h"

struct scheduler;
struct segment;

/* Bytes FROM to TO of SEGMENT are no record. */
void quarantine_bytes(struct scheduler *s, struct segment *segment,
    uint64_t from, uint64_t to, const char *why);

/* No row of the index about bytes FROM to TO of SEGMENT counts. */
void quarantine_exclude(struct segment *segment, uint64_t from, uint64_t to);

/* SEGMENT is to be read again. */
void quarantine_forget(struct segment *segment);

/* Whether OFFSET of SEGMENT lies in such bytes. */
bool quarantine_has(const struct segment *segment, uint64_t offset);

/* The record ID at OFFSET, which was not taken up: none of its recipients
 * counts as open. */
void quarantine_record(struct scheduler *s, struct segment *segment,
    uint64_t offset, uint64_t size, struct msgid id, const char *why);

/* Keep the bytes of MESSAGE, which stays as it is; the log tells WHY.  False:
 * they cannot be kept; its segment stays. */
bool quarantine_copy(struct scheduler *s, const struct message *message,
    const char *why);

/* A message that is in the queue: all that is left of it goes.  It may
 * have an entry that is idle. */
void quarantine_message(struct scheduler *s, struct message *message,
    const char *why);

#endif
