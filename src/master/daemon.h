/* SPDX-License-Identifier: ISC
 *
 * daemon.h - into the background.
 */
#ifndef MASTER_DAEMON_H
#define MASTER_DAEMON_H

#include "base/err.h"

/* Descriptors 0, 1 and 2 are open, so that no other file becomes one. */
bool daemon_stdio(struct err *err) MUST_CHECK;

/*
 * Go on in the background, in a session of our own.  The process that was
 * started waits until *PARENT_FD is written to, and exits with 0 then; when
 * we end before that, it exits with our status.
 */
bool daemon_start(int *parent_fd, struct err *err) MUST_CHECK;

/* All is well: let go of the terminal. */
void daemon_quiet(void);

#endif
