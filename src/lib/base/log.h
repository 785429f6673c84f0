/* SPDX-License-Identifier: ISC
 *
 * log.h - one line per thing that happened.
 *
 * Lines go to a file, to stderr or to syslog, in the shape
 *
 *	Nov 24 03:32:21 relay postrider/receiver[702]: TEXT
 *
 * A line is made in memory and written with others at the end of the loop
 * turn (log_flush), in one write, so that a reader never sees half a line.
 * A log that cannot be written never stops mail: lines are dropped and
 * their number is told as soon as writing works again.  Control
 * characters and what is no UTF-8 in TEXT are written as \xNN: whoever chose
 * them can forge no line, and do nothing to a terminal (plain.h).
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

/*
 * PROGRAM ("postrider/receiver") and HOST stand in every line.  FD is
 * borrowed: a file opened with O_APPEND, stderr, or, with SYSLOG true, a
 * connected datagram socket of /dev/log.
 */
void log_open(const char *program, const char *host, int fd, bool syslog);

/* info: what happened to mail.  warn: an operator should look.  error: an
 * ability was lost. */
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Write what is waiting.  Called once per loop turn, and before exit. */
void log_flush(void);

#endif
