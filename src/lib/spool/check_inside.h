/* SPDX-License-Identifier: ISC
 *
 * check_inside.h - what the files of the check share; nobody else includes
 * it.
 */
#ifndef SPOOL_CHECK_INSIDE_H
#define SPOOL_CHECK_INSIDE_H

#include "spool/check.h"
#include "spool/envelope.h"
#include "spool/msgid.h"

struct check {
	const struct spool_dirs *dirs;
	spool_report_fn *report;
	void *owner;
	struct spool_sum *sum;
	const char *where;	/* the file that is being looked at */
	unsigned edition;	/* of the spool */
};

void check_tell(struct check *check, enum spool_finding finding,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* check_segment.c: the messages of segment NAME, by its journal. */
void check_segment(struct check *check, struct segment_name name);

#endif
