/* SPDX-License-Identifier: ISC
 *
 * pipe_smtp.h - SMTP on standard input and output (sendmail -bs).
 */
#ifndef CTL_PIPE_SMTP_H
#define CTL_PIPE_SMTP_H

#include "base/err.h"

/* Carry bytes between the caller and the socket at PATH until the relay
 * ends the session.  Returns the exit code; unless it is EX_OK, ERR tells. */
int pipe_smtp(const char *path, struct err *err);

#endif
