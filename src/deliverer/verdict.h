/* SPDX-License-Identifier: ISC
 *
 * verdict.h - what a reply means for a recipient.
 *
 * One table of rules, from (which command, which code) to an outcome.
 */
#ifndef DELIVERER_VERDICT_H
#define DELIVERER_VERDICT_H

#include "smtp/reply.h"
#include "wire/frames.h"

/* What a reply answers. */
enum stage {
	STAGE_MAIL, STAGE_RCPT, STAGE_DATA,
	STAGE_BODY,		/* nothing: the body is being sent */
	STAGE_DOT,
	STAGE_OVER
};

/* "MAIL FROM", …, "end of DATA": for people. */
const char *stage_name(enum stage stage);

enum { STATUS_SIZE = 12 };

struct verdict {
	bool settled;
	bool accepted;		/* RCPT was answered with 2yz */
	uint8_t outcome;	/* enum outcome */
	bool ruled;		/* the operator's rules made the outcome */
	uint8_t stage;		/* which command the reply answered */
	uint16_t code;		/* 0: there was no reply */
	char status[STATUS_SIZE];
	uint32_t text, text_length;	/* in the transaction's texts */
};

/*
 * The outcome that REPLY, an answer other than 2yz (3yz to DATA), has at
 * STAGE.  ACCEPTED: some recipient of the transaction was accepted before.
 */
enum outcome verdict_outcome(enum stage stage, const struct reply *reply,
    bool accepted);

/*
 * Whether a refusal for good at STAGE, with CODE (0: no reply) and STATUS, is
 * about what the message is: its size, its form, or something in it.
 */
bool verdict_of_content(enum stage stage, unsigned code, const char *status);

/* The enhanced status of REPLY: as given if it fits OUTCOME, else derived. */
void verdict_status(const struct reply *reply, enum outcome outcome,
    char out[STATUS_SIZE]);

#endif
