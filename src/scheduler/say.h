/* SPDX-License-Identifier: ISC
 *
 * say.h - the scheduler's log lines, in the words of postrider-log(5).
 */
#ifndef SCHEDULER_SAY_H
#define SCHEDULER_SAY_H

#include "scheduler/queue.h"
#include "spool/envelope.h"

/* "ID: from=<a@b>, size=1, nrcpt=2 (queue active), class=bulk" */
void say_active(const struct message *message,
    const struct envelope *envelope);

/* "ID: removed" */
void say_removed(struct msgid id);

/* "ID: held by the operator"; WHAT: "deleted", "held", "released", "moved to
 * urgent". */
void say_change(struct msgid id, const char *what);

/*
 * For a recipient that no deliverer saw:
 * "ID: to=<a@b>, relay=none, delay=1, delays=1/0/0/0, dsn=4.4.3,
 * status=deferred (why), class=bulk, try=2"
 */
void say_rcpt(const struct message *message, const char *address,
    const char *status, const char *word, const char *why, unsigned attempt,
    usec_t now);

/* "ID: sender non-delivery notification: NEWID"; WHAT: "non-delivery",
 * "delay", "delivery status", "shortened". */
void say_report(struct msgid id, const char *what, struct msgid report);

#endif
