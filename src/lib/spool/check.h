/* SPDX-License-Identifier: ISC
 *
 * check.h - a whole spool looked at, by a tool and not by the relay.
 */
#ifndef SPOOL_CHECK_H
#define SPOOL_CHECK_H

#include "spool/layout.h"

enum spool_finding {
	SPOOL_NOTE,		/* harmless, such as what a crash leaves */
	SPOOL_FAULT		/* damage, or something that does not belong */
};

/* WHERE: a file below the spool.  TEXT says what, and at which byte. */
typedef void spool_report_fn(void *owner, enum spool_finding finding,
    const char *where, const char *text);

struct spool_sum {
	struct {		/* files by their directory, messages by the
				 * class they have now */
		uint64_t segments, journals;
		uint64_t live;		/* messages with work left to do */
		uint64_t final;		/* messages that are done */
		uint64_t rcpts;		/* recipients left of live messages */
		uint64_t bytes;		/* of live messages */
	} classes[CLASS_COUNT];
	uint64_t notes, faults;
};

/*
 * Verify every message and journal of the spool at PATH and tell what there
 * is; nothing is changed, and the relay may run (what it appends meanwhile
 * may be told as a torn tail).  False: it cannot be read at all.
 */
bool spool_check(const char *path, spool_report_fn *report, void *owner,
    struct spool_sum *out, struct err *err) MUST_CHECK;

/*
 * Remove the index of the spool at PATH; the relay makes it anew from the
 * spool when it starts.  Refuses while a scheduler runs.
 */
bool spool_rebuild(const char *path, struct err *err) MUST_CHECK;

#endif
