/* SPDX-License-Identifier: ISC
 *
 * verdict.c - what a reply means for a recipient.
 *
 * 5yz is for good and 4yz for now.  The exceptions: 452 to RCPT after a
 * recipient was accepted means "that many and no more": the others go at
 * once in a transaction of their own.  552 to RCPT is taken for 452 (RFC
 * 5321, section 4.5.3.1.10), unless its enhanced status says that it is
 * about the mailbox (5.2.x) or the message (5.3.4).  What is neither 2yz
 * nor 4yz nor 5yz is a server that lost its place: try again later.
 */
#include "deliverer/verdict.h"

#include <stdio.h>
#include <string.h>

const char *
stage_name(enum stage stage)
{
	static const char *const names[] = {
		[STAGE_MAIL] = "MAIL FROM", [STAGE_RCPT] = "RCPT TO",
		[STAGE_DATA] = "DATA", [STAGE_BODY] = "message body",
		[STAGE_DOT] = "end of DATA", [STAGE_OVER] = "RSET",
	};

	return names[stage];
}

static bool
status_about_too_many(const struct reply *reply)
{
	return reply->status[0] == '\0' ||
	    strcmp(reply->status + 1, ".5.3") == 0;
}

static enum outcome
rcpt_outcome(const struct reply *reply, bool accepted)
{
	bool too_many = reply->code == 452 ||
	    (reply->code == 552 && status_about_too_many(reply)) ||
	    (reply->status[0] != '\0' &&
	    strcmp(reply->status + 1, ".5.3") == 0);

	if (too_many)
		return accepted ? OUTCOME_AGAIN : OUTCOME_DEFERRED;
	return reply->code / 100 == 5 ? OUTCOME_FAILED : OUTCOME_DEFERRED;
}

enum outcome
verdict_outcome(enum stage stage, const struct reply *reply, bool accepted)
{
	if (stage == STAGE_RCPT)
		return rcpt_outcome(reply, accepted);
	return reply->code / 100 == 5 ? OUTCOME_FAILED : OUTCOME_DEFERRED;
}

void
verdict_status(const struct reply *reply, enum outcome outcome,
    char out[STATUS_SIZE])
{
	static const char digits[] = {
		[OUTCOME_DELIVERED] = '2', [OUTCOME_FAILED] = '5',
		[OUTCOME_DEFERRED] = '4', [OUTCOME_AGAIN] = '4',
	};

	if (reply->status[0] == '\0')
		snprintf(out, STATUS_SIZE, "%c.0.0", digits[outcome]);
	else
		snprintf(out, STATUS_SIZE, "%c%s", digits[outcome],
		    reply->status + 1);
}

static bool
begins(const char *status, const char *with)
{
	return strncmp(status, with, strlen(with)) == 0;
}

/* After the dot everything else was accepted already; but some say only then
 * that there is nobody of that name (5.1), or that the mail loops (5.4). */
bool
verdict_of_content(enum stage stage, unsigned code, const char *status)
{
	bool late = stage == STAGE_BODY || stage == STAGE_DOT;

	if (begins(status, "5.6.") || strcmp(status, "5.3.4") == 0 ||
	    strcmp(status, "5.2.3") == 0)
		return true;
	if (code == 552 && stage == STAGE_MAIL)
		return true;
	return late && code / 100 == 5 && !begins(status, "5.1.") &&
	    !begins(status, "5.4.");
}
