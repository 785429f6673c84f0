/* SPDX-License-Identifier: ISC
 *
 * log.h - one line per thing that happened.
 *
 * Lines go to a file, to stderr or to syslog, in the shape
 *
 *	Nov 24 03:32:21 relay postrider/receiver[702]: TEXT
 *
 * A line is made in memory and written with others at the end of the loop
 * turn (log_flush), in one write, so that a reader never sees half a line;
 * to syslog each is a datagram.  What nobody takes at this time waits, up to
 * 1 MiB.  A log that cannot be written never stops mail: lines beyond that
 * are dropped, and as soon as writing works again one line a second tells
 * how many.  Control
 * characters and what is no UTF-8 in TEXT are written as \xNN: whoever chose
 * them can forge no line, and do nothing to a terminal (plain.h).
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/clock.h"

#include <stdbool.h>

enum log_level { LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

/*
 * PROGRAM ("postrider/receiver") and HOST stand in every line.  FD is
 * borrowed: a file opened with O_APPEND, stderr, or, with SYSLOG true, a
 * connected datagram socket of /dev/log.  Lines that wait go there, too.
 */
void log_open(const char *program, const char *host, int fd, bool syslog);

/* info: what happened to mail.  warn: an operator should look.  error: an
 * ability was lost. */
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Write what is waiting, as far as that is possible at once.  Called once
 * per loop turn. */
void log_flush(void);

/* When to call it again at the latest, in ms; MSEC_NEVER: nothing waits, or
 * nobody is there who would take it. */
msec_t log_pause(void);

/* Before exit: write what is waiting, for 2 s at most; what syslog did not
 * take by then goes to stderr. */
void log_close(void);

/* Errors are told to who looks on, as well: "NAME: TEXT" to FD.  -1: nobody
 * does any more. */
void log_errors_to(int fd, const char *name);

/*
 * The socket leads nowhere any more (a syslog daemon that was started again
 * has another one): lines wait for the next log_open().  FN is told once per
 * log_open(), from within any function here, and must not log.
 */
typedef void log_lost_fn(void *owner);
void log_on_lost(log_lost_fn *fn, void *owner);
bool log_is_lost(void);

#endif
