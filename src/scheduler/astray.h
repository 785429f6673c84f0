/* SPDX-License-Identifier: ISC
 *
 * astray.h - entries that stand at a site which is not theirs any more.
 *
 * A reload or the DNS leads a domain elsewhere.  What waits for it is placed
 * anew, some at a time; and what is picked before its turn to move has come
 * is looked at then, so that nothing goes by a route that is gone.
 */
#ifndef SCHEDULER_ASTRAY_H
#define SCHEDULER_ASTRAY_H

#include "base/list.h"

struct scheduler;
struct entry;
struct site;

/* A domain has left SITE. */
void astray_note(struct scheduler *s, struct site *site);

/* Whether ENTRY, or a recipient in it, belongs to another site. */
bool astray_has(struct scheduler *s, struct entry *entry);

/* ENTRY (idle) goes where it belongs, each recipient to its own site. */
void astray_place(struct scheduler *s, struct entry *entry);

/* The slice of a turn.  True: there is more. */
bool astray_work(struct scheduler *s);

#endif
