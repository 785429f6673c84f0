/* SPDX-License-Identifier: ISC
 *
 * attention.c - what only our operator can mend.
 *
 * A mail exchanger that the DNS names is a stranger's, and its word counts,
 * but for one case: it may want TLS of a client that has just failed to do it
 * and speaks in clear for that alone.
 */
#include "deliverer/attention.h"

#include <stdio.h>

enum { SAID_MOST = 300 };	/* bytes of what the host said */

bool
attention_is_login(unsigned code)
{
	return code == 530 || code == 534 || code == 535 || code == 538;
}

static bool
names_starttls(struct span said)
{
	static const char word[] = "STARTTLS";

	for (; said.length >= sizeof(word) - 1; said = span_skip(said, 1))
		if (span_is_nocase(span_first(said, sizeof(word) - 1), word))
			return true;
	return false;
}

/* The scheduler finds the site by a job that is not over. */
static void
tell(const struct courier *c, const char *what, struct span said)
{
	struct frame frame = { .kind = FRAME_ATTENTION, .fd = -1 };
	const struct job *job = c->job != NULL ? c->job :
	    pool_first(&c->site->pool);
	char text[SAID_MOST + 100];

	if (job == NULL || c->deliverer->scheduler == NULL || c->site->orphan)
		return;
	said = span_first(said, SAID_MOST);
	snprintf(text, sizeof(text), "%s (%.*s)", what, (int)said.length,
	    (const char *)said.data);
	frame.attention = (struct frame_attention){
		.job = job->number, .host = span_of(c->host),
		.port = c->addr.port, .text = span_of(text),
	};
	channel_send(c->deliverer->scheduler, &frame);
}

static void
tell_login(const struct courier *c, unsigned code, struct span said)
{
	tell(c, code == 530 && names_starttls(said) ? "asks for TLS" :
	    "asks for a login", said);
}

/* It offers STARTTLS, which failed, and now it is asked for it. */
static bool
fell_back(const struct courier *c)
{
	return c->clear && !c->session.secured &&
	    c->site->policy->tls == SITE_TLS_OPPORTUNISTIC;
}

void
attention_apply(struct courier *c)
{
	struct transaction *t = &c->session.transaction;
	const struct verdict *last = NULL;

	if (!c->site->fixed && !fell_back(c))
		return;
	for (size_t i = 0; i < t->count; i++) {
		struct verdict *verdict = &t->verdicts[i];

		if (verdict->ruled || !attention_is_login(verdict->code) ||
		    verdict->outcome != OUTCOME_FAILED)
			continue;
		verdict->outcome = OUTCOME_DEFERRED;
		verdict->status[0] = '4';
		last = verdict;
	}
	if (last != NULL && c->site->fixed)
		tell_login(c, last->code, transaction_text(t, last));
}

void
attention_refused(const struct courier *c)
{
	const struct session_failure *failure = &c->session.failure;
	struct span text = span_of(failure->text);

	if (!c->site->fixed)
		return;
	if (attention_is_login(failure->code))
		tell_login(c, failure->code, span_first(text, failure->said));
	else if (failure->tls && failure->code / 100 != 4 &&
	    c->site->policy->tls == SITE_TLS_ENCRYPT)
		tell(c, "fails at TLS, which is demanded there", text);
}

void
attention_loops(const struct courier *c)
{
	tell(c, "is this relay itself", span_of("the route leads back here"));
}
