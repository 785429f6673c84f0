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
 * "@HOSTNAME".  A list may be empty, and so may its elements.  Call NO for
 * each element that is no address, with its text, and go on behind it.
 * Beyond ADDRLIST_BAD_MOST of them the rest of the list is one.
 */
enum { ADDRLIST_BAD_MOST = 100 };
void addrlist_gather(struct span list, const char *hostname, addrlist_fn *fn,
    addrlist_fn *no, void *owner);

/* The same, up to the first element that is no address: then it is false,
 * and ERR quotes that one. */
bool addrlist_parse(struct span list, const char *hostname, addrlist_fn *fn,
    void *owner, struct err *err) MUST_CHECK;

#endif
