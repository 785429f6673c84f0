/* SPDX-License-Identifier: ISC
 *
 * reply.h - replies: writing them (server) and pulling them (client).
 */
#ifndef SMTP_REPLY_H
#define SMTP_REPLY_H

#include "base/buf.h"

/*
 * Append "CODE STATUS TEXT\r\n".  STATUS may be null (greeting, EHLO, 3yz).
 * TEXT is cut so that the line is at most 512 bytes, and control and 8-bit
 * bytes in it become "?"; a "\n" in TEXT starts another line of the same
 * reply.  CODE is from 200 to 599.
 */
void reply_put(struct buf *out, unsigned code, const char *status,
    const char *text);
void reply_putf(struct buf *out, unsigned code, const char *status,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

enum { REPLY_LINES_MOST = 128, REPLY_TEXT_MOST = 4096, REPLY_LINE_MOST = 2048 };

enum reply_step { REPLY_DONE, REPLY_MORE, REPLY_BAD };

/* A reply being pulled, line by line; all its lines must have one code. */
struct reply {
	unsigned code;
	unsigned lines;
	char status[12];	/* "5.1.1", or "" when the peer gave none */
	struct buf text;	/* lines without code and status, joined by "\n" */
};

void reply_init(struct reply *reply);
void reply_fini(struct reply *reply);

/*
 * Pull one whole reply off IN; complete lines of an incomplete reply are
 * consumed too and kept in REPLY.  Begin each new reply with reply_init()
 * or reply_reset().  BAD: not a reply (the code is not from 200 to 599,
 * lines differ in it), or one with too many or too long lines.  Text is made
 * clean: control and 8-bit bytes become "?"; what is over REPLY_TEXT_MOST is
 * left out.
 *
 * A line may end in a lone LF: some peers do that, and as replies are
 * counted and not searched for, it gives them no power that CR LF does not.
 * A lone CR ends nothing.
 */
enum reply_step reply_pull(struct reply *reply, struct span *in);
void reply_reset(struct reply *reply);

/* Text on one line (newlines become spaces), at most MOST bytes, with the
 * code and status in front: "550 5.1.1 no such user".  Returns OUT. */
const char *reply_line(const struct reply *reply, char *out, size_t most);

#endif
