/* SPDX-License-Identifier: ISC
 *
 * letter.h - the header block of a message that a program submits.
 *
 * Pure.  Takes the recipients out of it if asked to, takes Bcc away then,
 * and adds the fields that every message must have.
 */
#ifndef CTL_LETTER_H
#define CTL_LETTER_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "ctl/recipients.h"

struct letter {
	bool take_recipients;	/* -t */
	bool complete;		/* add From, Date, Message-ID */
	const char *hostname;	/* for addresses without a domain */
	const char *sender;	/* mailbox for From; "": MAILER-DAEMON */
	const char *full_name;	/* for From; null: none */
	const char *unique;	/* left side of the Message-ID */
	usec_t now;
};

/*
 * WIRE is the beginning of a message in wire form, up to and with the empty
 * line after its header block, or all there is.  Append the block to send
 * (with the empty line) to OUT; what of WIRE was not header is *REST.  What
 * is no address among the recipients is among RECIPIENTS' refusals then.
 * False: it is too large.
 */
bool letter_make(const struct letter *letter, struct span wire,
    struct buf *out, struct span *rest, struct recipients *recipients,
    struct err *err) MUST_CHECK;

/* Append "FULL-NAME <SENDER>" or SENDER as one header value. */
void letter_put_from(const char *full_name, const char *sender,
    struct buf *out);

#endif
