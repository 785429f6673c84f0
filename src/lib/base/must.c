/* SPDX-License-Identifier: ISC
 *
 * must.c - the last words of a process that broke its own rules.
 *
 * Writes straight to stderr: the log may be what broke.
 */
#include "base/must.h"

#include <stdio.h>
#include <stdlib.h>

void
must_fail(const char *cond, const char *file, int line)
{
	fprintf(stderr, "postrider: impossible: %s (%s:%d)\n", cond, file,
	    line);
	abort();
}
