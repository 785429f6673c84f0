/* SPDX-License-Identifier: ISC
 *
 * logbook.h - where everybody's lines go.
 */
#ifndef MASTER_LOGBOOK_H
#define MASTER_LOGBOOK_H

#include "master/master.h"

/* Open what the configuration wants, or what serves instead. */
bool logbook_open(struct master *master, struct err *err) MUST_CHECK;

/* The log that CONF wants; *KIND is what it became.  Where /dev/log is not
 * there, it is what is open now.  -1: ERR. */
int logbook_fresh(const struct master *master, const struct conf *conf,
    enum log_kind *kind, struct err *err) MUST_CHECK;

/* Put it in place, for the master alone; FD is the master's from here on. */
void logbook_take(struct master *master, int fd, enum log_kind kind);

/* Open the log anew (it was rotated) and hand it to everybody.  ASKER (null:
 * a signal) is told the outcome with TOKEN. */
void logbook_again(struct master *master, struct child *asker,
    uint32_t token);

/* Somebody's lines arrive nowhere. */
void logbook_lost(struct master *master);

/* Each second: look for a syslog daemon, if one is wanted. */
void logbook_look(struct master *master);

/* The last lines. */
void logbook_close(struct master *master);

#endif
