/* SPDX-License-Identifier: ISC
 *
 * trace_read.h - through the log and what was rotated away, oldest first.
 */
#ifndef CTL_TRACE_READ_H
#define CTL_TRACE_READ_H

#include "base/err.h"
#include "ctl/trace_line.h"

typedef void trace_fn(void *owner, const struct trace_line *line);

/*
 * Call FN for each line about a message in PATH.N, …, PATH.1 and PATH.
 * Files last written to before SINCE (wall; 0: all) are passed over.  One
 * line is in memory at a time.  False: PATH cannot be read, ERR tells;
 * compressed files are named on standard error if COMPLAIN.
 */
bool trace_read(const char *path, usec_t since, bool complain, trace_fn *fn,
    void *owner, struct err *err) MUST_CHECK;

#endif
