/* SPDX-License-Identifier: ISC
 *
 * message.h - a message out of its segment, checked before it is sent.
 *
 * A small message is read whole.  A large one is read twice, in pieces:
 * once to verify its checksum, and once to be sent; memory per message
 * stays small.  Not a byte of a message goes out before all of it was
 * verified.
 */
#ifndef DELIVERER_MESSAGE_H
#define DELIVERER_MESSAGE_H

#include "spool/segment.h"

enum {
	MESSAGE_SMALL = 128 << 10,	/* bytes of a record read whole */
	MESSAGE_PIECE = 64 << 10	/* of a large one, at a time */
};

struct message {
	struct record_header header;
	struct envelope *envelope;
	bool open;
	bool small;
	struct record record;	/* small: all of it */
	int fd;			/* large: borrowed */
	uint64_t offset;
	uint64_t at;		/* body bytes verified, then sent */
	uint32_t crc;
};

enum message_step {
	MESSAGE_READY,		/* verified; the envelope may be used */
	MESSAGE_MORE,		/* call message_verify() in another turn */
	MESSAGE_BAD		/* damaged, or not to be read; nothing is open */
};

/* The record of SIZE bytes at OFFSET of FD, which must be that of message ID;
 * FD is borrowed until message_close(). */
enum message_step message_open(struct message *message, int fd,
    uint64_t offset, uint64_t size, struct msgid id, struct err *err);
enum message_step message_verify(struct message *message, struct err *err);

/*
 * The next piece of the body into OUT (room for MESSAGE_PIECE).  0: the end.
 * -1: ERR tells; what was sent already must not be ended by a dot.
 */
ssize_t message_read(struct message *message, void *out, struct err *err);

/* The whole body of a small message. */
struct span message_body(const struct message *message);
/* It was sent: give its memory back, but keep the envelope. */
void message_body_done(struct message *message);

void message_close(struct message *message);

#endif
