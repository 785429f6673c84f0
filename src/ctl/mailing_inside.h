/* SPDX-License-Identifier: ISC
 *
 * mailing_inside.h - what the parts of mailing.h share.
 */
#ifndef CTL_MAILING_INSIDE_H
#define CTL_MAILING_INSIDE_H

#include "base/buf.h"
#include "conf/conf.h"
#include "ctl/author.h"
#include "ctl/intake.h"
#include "ctl/sendmail_options.h"

/* Of the input that is read at once, and what it may become on the wire. */
enum { MAILING_PIECE = 64 << 10, MAILING_SLACK = 4 * MAILING_PIECE };

/* The message on its way. */
struct sending {
	const struct sendmail_options *options;
	const struct conf *conf;
	struct author author;
	struct recipients recipients;
	struct intake intake;
	struct buf wire;	/* input in wire form, not yet sent */
	struct buf head;	/* the header block as it is sent */
	bool at_end;		/* of standard input */
	bool begun;		/* some of the content has gone */
	char id[64];		/* the relay's, when it has the message */
	char status[12];	/* of the reply that refuses it; "" */
};

/* Both return EX_OK, or the exit code that says why not, with ERR filled. */
/* Another piece of the input into `wire`; `at_end` behind the last one. */
int mailing_read(struct sending *sending, struct err *err);
/* As many as the header block takes. */
int mailing_read_header(struct sending *sending, struct err *err);

/* The relay has the message, for some at least, or has nothing of it, for
 * the reason that STATUS and ERR tell; REST has been read behind the header
 * and was not sent.  Whoever is to be told is told.  The exit code. */
int mailing_sent(const struct sending *sending);
int mailing_failed(struct sending *sending, int status, struct span rest,
    const struct err *err);

#endif
