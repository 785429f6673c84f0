/* SPDX-License-Identifier: ISC
 *
 * addrlist.h - addresses out of To, Cc and Bcc, and off the command line
 * (RFC 5322, section 3.4, with the obsolete forms).
 *
 * Pure.  Names, comments, groups, folding and source routes are passed
 * over; what is left of each is a mailbox that SMTP understands.
 */
#ifndef CTL_ADDRLIST_H
#define CTL_ADDRLIST_H

#include "base/err.h"
#include "base/span.h"

/* A mailbox, valid for the call. */
typedef void addrlist_fn(void *owner, struct span mailbox);

/*
 * Call FN for each mailbox of LIST, in order; one without a domain gets
 * "@HOSTNAME".  A list may be empty, and so may its elements.  False: ERR
 * quotes what is no address; FN may have been called for those before it.
 */
bool addrlist_parse(struct span list, const char *hostname, addrlist_fn *fn,
    void *owner, struct err *err) MUST_CHECK;

#endif
