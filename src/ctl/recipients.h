/* SPDX-License-Identifier: ISC
 *
 * recipients.h - who shall get it, each once.
 */
#ifndef CTL_RECIPIENTS_H
#define CTL_RECIPIENTS_H

#include "base/map.h"

struct recipients {
	char **items;		/* in the order in which they were named */
	size_t count, room;
	struct map known;
};

void recipients_init(struct recipients *recipients);
void recipients_fini(struct recipients *recipients);

/* Add MAILBOX unless it is there.  An addrlist_fn. */
void recipients_add(void *recipients, struct span mailbox);

#endif
