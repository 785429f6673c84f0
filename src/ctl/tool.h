/* SPDX-License-Identifier: ISC
 *
 * tool.h - what all the tools share: complaints and the configuration.
 *
 * Exit codes are those of sysexits.h; scripts and applications go by them.
 */
#ifndef CTL_TOOL_H
#define CTL_TOOL_H

#include "base/err.h"
#include "conf/conf.h"

#include <sysexits.h>

/* TEXT for a terminal: what is not plain (base/plain.h) replaced by "?",
 * NUL-terminated, cut to MOST - 1 bytes behind a whole character; null is "".
 * Returns OUT. */
const char *tool_plain(const char *text, char *out, size_t most);

/* Print "PROGRAM: TEXT" on standard error, made plain.  Returns STATUS. */
int tool_fail(int status, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * The configuration to use: GIVEN (-c, -C) if not null, else the
 * environment's POSTRIDER_CONFIG, else the installed one.
 */
const char *tool_conf_path(const char *given);

/* Read it: for questions about the file itself.  Null: the reason was
 * printed; exit with EX_CONFIG. */
struct conf *tool_conf(const char *given);

/*
 * The relay that runs with it: what its notice says (conf/conf_notice.h),
 * whatever has become of the file meanwhile.  Where no relay is known to
 * run, what the file says.  Null: ERR tells, for people.
 */
struct conf *tool_relay(const char *given, struct err *err) MUST_CHECK;

/*
 * Connect to the stream socket at PATH; no single wait on it is longer
 * than SECONDS.  -1: ERR is for people, and says what to look at.
 */
int tool_connect(const char *path, unsigned seconds, struct err *err)
    MUST_CHECK;

/* Send all of BYTES to the socket FD named PATH. */
bool tool_send(int fd, const char *path, struct span bytes, struct err *err)
    MUST_CHECK;

/* Print which postrider this is; what tool_finish() returns. */
int tool_version(void);

/* Flush standard output.  STATUS, or EX_IOERR if not all of it went out. */
int tool_finish(int status);

#endif
