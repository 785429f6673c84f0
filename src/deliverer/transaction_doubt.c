/* SPDX-License-Identifier: ISC
 *
 * transaction_doubt.c - verdicts that are taken back.
 *
 * In doubt a recipient is put off and never returned: the next try tells.
 */
#include "deliverer/transaction_inside.h"

#include <stdio.h>

enum { TEXT_MOST = TRANSACTION_TEXT_MOST + 1 };

/* Those that were sent have no verdict yet. */
static void
reopen(struct transaction *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->verdicts[i].accepted)
			t->verdicts[i] = (struct verdict){ .accepted = true };
	t->stage = STAGE_DOT;
}

void
transaction_correct(struct transaction *t, const struct reply *reply)
{
	reopen(t);
	if (transaction_fits(t, reply) && reply->code != 421)
		(void)transaction_on_dot(t, reply);
	else
		(void)transaction_on_leaving(t, reply);
	(void)transaction_doubt_refusals(t);
}

void
transaction_doubt(struct transaction *t, const char *why)
{
	char text[300];

	reopen(t);
	snprintf(text, sizeof(text), "%s, and before that the server answered "
	    "in the wrong order", why);
	transaction_settle(t, OUTCOME_DEFERRED, "4.4.2", text, SCOPE_MESSAGE);
}

void
transaction_retract(struct transaction *t)
{
	for (size_t i = 0; i < t->count; i++)
		t->verdicts[i] = (struct verdict){
			.accepted = t->verdicts[i].accepted
		};
}

bool
transaction_refused(const struct transaction *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->verdicts[i].settled &&
		    t->verdicts[i].outcome == OUTCOME_FAILED)
			return true;
	return false;
}

/* It keeps no code: the operator's rules have nothing to say of a reply that
 * may have been meant for another. */
static void
doubt_refusal(struct transaction *t, struct verdict *verdict)
{
	struct span said = transaction_text(t, verdict);
	char text[TEXT_MOST];

	snprintf(text, sizeof(text), "the server's replies may have come out "
	    "of order, one was: %.*s", (int)said.length,
	    (const char *)said.data);
	verdict->outcome = OUTCOME_DEFERRED;
	verdict->code = 0;
	snprintf(verdict->status, sizeof(verdict->status), "4.5.0");
	transaction_add_text(t, text, verdict);
}

bool
transaction_doubt_refusals(struct transaction *t)
{
	bool any = false;

	for (size_t i = 0; i < t->count; i++) {
		struct verdict *verdict = &t->verdicts[i];

		if (!verdict->settled || verdict->outcome != OUTCOME_FAILED ||
		    (t->in_order && !verdict->accepted))
			continue;
		doubt_refusal(t, verdict);
		any = true;
	}
	return any;
}
