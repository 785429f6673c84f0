/* SPDX-License-Identifier: ISC
 *
 * rules.h - what the operator's rules make of what servers say.
 */
#ifndef DELIVERER_RULES_H
#define DELIVERER_RULES_H

#include "spool/envelope.h"
#include "deliverer/site.h"
#include "deliverer/transaction.h"

/*
 * The rule for the reply TEXT ("450 4.2.1 …") of HOST to mail for DOMAIN (may
 * be empty); null: there is none.  What follows for SITE as a whole is noted
 * in its signs.
 */
const struct conf_reply *rules_heed(struct site *site, const char *host,
    struct span domain, const char *text);

/* Every recipient of TRANSACTION, of those of ENVELOPE, that was refused
 * fares as its rule says.  True: by the rules all that was said is about this
 * mail, and tells nothing of the site. */
bool rules_apply(struct site *site, const char *host,
    const struct envelope *envelope, struct transaction *transaction);

#endif
