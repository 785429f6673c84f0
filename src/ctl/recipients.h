/* SPDX-License-Identifier: ISC
 *
 * recipients.h - who shall get it, each once, and who cannot.
 */
#ifndef CTL_RECIPIENTS_H
#define CTL_RECIPIENTS_H

#include "base/map.h"

/* One who does not get it. */
struct refusal {
	char *address;		/* as it was written, as far as it goes */
	char *why;		/* for people */
	char status[12];	/* "5.1.3" */
	bool answered;		/* WHY is what the relay answered */
	int exit;		/* the exit code that says so */
};

struct recipients {
	char **items;		/* in the order in which they were named */
	size_t count, room;
	struct map known;
	struct refusal *refused;
	size_t refused_count, refused_room;
	struct span field;	/* lent: the header field that is read just
				 * now, for complaints; empty: none */
};

void recipients_init(struct recipients *recipients);
void recipients_fini(struct recipients *recipients);

/* Add MAILBOX unless it is there.  An addrlist_fn. */
void recipients_add(void *recipients, struct span mailbox);

/* What was to be a recipient is no address: TEXT.  An addrlist_fn. */
void recipients_add_none(void *recipients, struct span text);

/* Note REFUSAL, whose strings are taken over. */
void recipients_refuse(struct recipients *recipients,
    struct refusal refusal);

#endif
