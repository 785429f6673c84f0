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

enum {
	REPLY_TEXT_MOST = 4096,		/* of the text, kept */
	REPLY_LINE_MOST = 2048,		/* of a line, looked at */
	REPLY_BYTES_MOST = 256 << 10	/* of one reply, read */
};

enum reply_step {
	REPLY_DONE,
	REPLY_MORE,
	REPLY_BAD,		/* that is no reply */
	REPLY_ENDLESS		/* what it means is known, and it does not
				 * come to its end */
};

/* A reply being pulled, line by line. */
struct reply {
	unsigned code;
	unsigned lines;
	size_t bytes;		/* pulled so far */
	enum { PART_BEGINNING, PART_REST, PART_LAST_REST } part; /* of a line,
				 * which comes next */
	char status[12];	/* "5.1.1", or "" when the peer gave none */
	struct buf text;	/* lines without code and status, joined by "\n" */
};

void reply_init(struct reply *reply);
void reply_fini(struct reply *reply);

/*
 * Pull one whole reply off IN; complete lines of an incomplete reply are
 * consumed too and kept in REPLY.  Begin each new reply with reply_init()
 * or reply_reset().
 *
 * What counts is the code, however odd or long the text is.  Behind it may be
 * anything but a fourth digit; lines may differ in it if its first digit is
 * the same, and once it is known, lines may lack it.  BAD: the first line has
 * none from 200 to 599, or two lines contradict each other.
 *
 * Text is made clean: control and 8-bit bytes become "?"; what a line has
 * over REPLY_LINE_MOST, and all over REPLY_TEXT_MOST, is left out.  ENDLESS:
 * the code is known, and REPLY_BYTES_MOST came without an end.
 *
 * A line may end in a lone LF: some peers do that, and as replies are
 * counted and not searched for, it gives them no power that CR LF does not.
 * A lone CR ends nothing.
 */
enum reply_step reply_pull(struct reply *reply, struct span *in);

/* The same, and FN sees the text of each line, as it came but for code and
 * status, also when there is no more room to keep it. */
typedef void reply_text_fn(void *owner, const struct reply *reply,
    struct span text);
enum reply_step reply_pull_texts(struct reply *reply, struct span *in,
    reply_text_fn *fn, void *owner);
void reply_reset(struct reply *reply);

/* Text on one line (newlines become spaces), at most MOST bytes, with the
 * code and status in front: "550 5.1.1 no such user".  Returns OUT. */
const char *reply_line(const struct reply *reply, char *out, size_t most);

#endif
