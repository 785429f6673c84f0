/* SPDX-License-Identifier: ISC
 *
 * attention.h - what only our operator can mend.
 *
 * Where a route names the next hop, it is our operator's: if it asks for a
 * login, cannot encrypt although the site's block demands it, or is this relay
 * itself, that is no verdict on any mail.  The mail waits, and the scheduler is told, for the log
 * and for `postrider status`.
 */
#ifndef DELIVERER_ATTENTION_H
#define DELIVERER_ATTENTION_H

#include "deliverer/courier.h"

/* Whether CODE says that the client has to log in, or to encrypt, first:
 * RFC 4954, section 6; RFC 3207, section 4. */
bool attention_is_login(unsigned code);

/* The verdicts on the courier's transaction are in, and the operator's rules
 * were heard: what they did not decide and only the operator can mend is put
 * off, and told. */
void attention_apply(struct courier *courier);

/* The host of COURIER would not talk to us; session.failure tells why. */
void attention_refused(const struct courier *courier);

/* The route of COURIER's site leads to this relay itself. */
void attention_loops(const struct courier *courier);

#endif
