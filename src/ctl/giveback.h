/* SPDX-License-Identifier: ISC
 *
 * giveback.h - telling the sender of a message who does not get it.
 */
#ifndef CTL_GIVEBACK_H
#define CTL_GIVEBACK_H

#include "base/buf.h"
#include "conf/conf.h"
#include "ctl/recipients.h"

/* In one report; the others are counted. */
enum { GIVEBACK_RCPTS_MOST = 1000 };

struct giveback {
	const struct conf *conf;
	const char *sender;	/* whom to tell: not empty */
	const char *unique;	/* left side of the message's Message-ID */
	const char *id;		/* the relay's; "": it has not taken it */
	const char *envid;	/* as the user gave it; null: none */
	struct span original;	/* in wire form: all of it, or the header */
	bool whole;		/* it may go back as a whole */
	bool verbose;		/* show the conversation */
};

/* Append the report about those whom REFUSED has refusals of. */
void giveback_put(const struct giveback *giveback,
    const struct recipients *refused, usec_t now, struct buf *out);

/* Hand it to the relay.  Returns EX_OK, or the exit code that says why not,
 * with ERR filled. */
int giveback_send(const struct giveback *giveback,
    const struct recipients *refused, struct err *err);

#endif
