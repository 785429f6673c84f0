/* SPDX-License-Identifier: ISC
 *
 * discover.h - segments that nobody told of.
 *
 * At the start all of them; later those of a writer that died before it could
 * tell, or told a scheduler that died.
 */
#ifndef SCHEDULER_DISCOVER_H
#define SCHEDULER_DISCOVER_H

#include "base/err.h"
#include "base/fsys.h"

struct scheduler;

struct discover {
	bool wanted;		/* to begin (anew) when this pass is over */
	bool running;
	unsigned klass;		/* of the directory at hand */
	struct fsys_names names;
};

/*
 * Find the segments of former lives; they are read in the background.  A
 * journal whose segment is gone for good goes, too.  False: a directory
 * cannot be read, and nothing is known of what may be in it.
 */
bool discover_start(struct scheduler *s, struct err *err) MUST_CHECK;

/* Look again, a slice a turn. */
void discover_want(struct scheduler *s);

/* The slice of a turn.  True: there is more to look at. */
bool discover_work(struct scheduler *s);

void discover_fini(struct scheduler *s);

#endif
