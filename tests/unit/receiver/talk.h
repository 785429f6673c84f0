/* SPDX-License-Identifier: ISC
 *
 * talk.h - a conversation with the session machine, without a network.
 *
 * A talk is a session and somebody who fulfils its wishes: commits end at
 * once, handshakes succeed.  Replies are told in short: code and status of
 * each, "250 2.1.0, 354".
 */
#ifndef TESTS_RECEIVER_TALK_H
#define TESTS_RECEIVER_TALK_H

#include "unit/unit.h"

#include "receiver/session.h"

enum { MESSAGES_MOST = 8, SHORT_MOST = 8192 };

struct talk {
	struct conf *conf;
	struct rules rules;
	struct session session;
	struct buf input;	/* what the machine has not taken yet */
	struct buf replies;	/* all replies since the last look */
	bool disk_fails;	/* commits fail */
	bool slow_disk;		/* commits wait for talk_commit() */
	unsigned messages;	/* committed */
	unsigned handshakes;
	struct {
		char *sender, *client, *envid, *first_rcpt, *body;
		uint32_t rcpt_count, flags;
		uint64_t body_size;
		int priority;
		usec_t by, hold;	/* 0: none */
		uint8_t by_return;
		uint16_t hops;
		uint8_t klass, ret, notify;
		bool full_size;	/* as long as the bytes say */
	} got[MESSAGES_MOST];
};

/* CONF_LINES are added to host name and listener; null: small limits. */
void talk_begin(struct talk *talk, const char *conf_lines, bool trusted);
void talk_end(struct talk *talk);

void talk_say(struct talk *talk, struct span bytes);

/* The pending commit ends now, OK or not. */
void talk_commit(struct talk *talk, bool ok);

/* Say TEXT; what was replied to it in short, valid until the next call. */
const char *talk_hear(struct talk *talk, const char *text);

/* All replies since the last look, as they are; the caller frees them. */
char *talk_take_replies(struct talk *talk);

/* Replies as they are in short, to OUT of SHORT_MOST bytes. */
void talk_short(struct span replies, char *out);

/* One group of commands that goes out together, and what comes back. */
struct step {
	const char *say;	/* null: the end */
	const char *hear;
};

/*
 * Play STEPS in fresh talks: each group whole, byte by byte, and cut in two
 * at every offset.  Each time the replies must be the same, and MESSAGES be
 * committed.  CONF_LINES as in talk_begin().
 */
void play(const char *conf_lines, bool trusted, const struct step *steps,
    unsigned messages);

#define HEARS(talk, text, expected) \
	CU_ASSERT_STRING_EQUAL(talk_hear(talk, text), expected)

#define HELLO "EHLO client.test\r\n"
#define FROM_A "MAIL FROM:<a@sender.test>\r\n"
#define TO_B "RCPT TO:<b@rcpt.test>\r\n"

#endif
