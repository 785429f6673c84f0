/* SPDX-License-Identifier: ISC
 *
 * say.h - the log lines of the receiver, in Postfix's words.
 */
#ifndef RECEIVER_SAY_H
#define RECEIVER_SAY_H

#include "receiver/session.h"

/* "ID: client=unknown[192.0.2.7]" and "ID: message-id=<…>". */
void say_message(const struct session *session);

/*
 * "NOQUEUE: reject: RCPT from …: 550 5.7.1 …; from=<…> to=<…> proto=… helo=…".
 * Of a
 * stranger that is refused much only the first in each minute.  STAGE: "MAIL", "RCPT", "DATA", "END-OF-MESSAGE".  ADDRESS: the recipient,
 * or the sender before there is a transaction; as it was given, may be empty.
 */
void say_reject(const struct session *session, const char *stage,
    struct complaint complaint, struct span address);

/* "lost connection after RCPT from …": a client went away, or was sent away,
 * within a transaction; WHY: "lost connection", "timeout". */
void say_lost(const struct session *session, const char *why);

#endif
