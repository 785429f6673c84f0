/* SPDX-License-Identifier: ISC
 *
 * command_out.h - the commands that carry somebody else's strings.
 *
 * This is the last gate before the wire: whatever was checked before, no
 * byte leaves here that could end a command or begin another one.
 */
#ifndef DELIVERER_COMMAND_OUT_H
#define DELIVERER_COMMAND_OUT_H

#include "spool/envelope.h"
#include "deliverer/by.h"
#include "deliverer/offer.h"

/*
 * Append MAIL for ENVELOPE with the parameters that OFFER allows.  False:
 * nothing was appended, a string in it must not go on the wire.
 */
bool command_mail(const struct envelope *envelope, const struct offer *offer,
    const struct by *by, struct buf *out);

/* The same for RCPT of a recipient of ENVELOPE. */
bool command_rcpt(const struct envelope *envelope,
    const struct envelope_rcpt *rcpt, const struct offer *offer,
    struct buf *out);

#endif
