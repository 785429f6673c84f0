/* SPDX-License-Identifier: ISC
 *
 * rules.c - what the operator's rules make of what servers say.
 *
 * Expressions are tried on refusals alone, and once for recipients that were
 * refused in the same words one after the other, if their domain is the same.
 */
#include "deliverer/rules.h"

#include <string.h>

const struct conf_reply *
rules_heed(struct site *site, const char *host, struct span domain,
    const char *text)
{
	const struct conf *conf = site->deliverer->conf;
	const struct conf_reply *rule = conf_reply_for(conf, text, domain,
	    span_of(host));
	struct signs *signs = &site->signs;
	msec_t pause;

	if (rule == NULL)
		return NULL;
	pause = conf_time(conf, rule->pause);
	signs->slow = signs->slow || rule->slow;
	if (pause > signs->pause)
		signs->pause = pause;
	return rule;
}

/* Recipients that go again at once are no refusals. */
static bool
was_refused(const struct verdict *verdict)
{
	return verdict->code >= 400 && (verdict->outcome == OUTCOME_FAILED ||
	    verdict->outcome == OUTCOME_DEFERRED);
}

static void
change(struct verdict *verdict, const struct conf_reply *rule)
{
	if (rule->temporary) {
		verdict->outcome = OUTCOME_DEFERRED;
		verdict->status[0] = '4';
	} else if (rule->permanent) {
		verdict->outcome = OUTCOME_FAILED;
		verdict->status[0] = '5';
	}
	verdict->ruled = rule->temporary || rule->permanent;
}

static bool
is_about_mail(const struct conf_reply *rule)
{
	return rule != NULL && !rule->slow && rule->pause == 0;
}

static const struct conf_reply *
heed(struct site *site, const char *host, struct span domain,
    struct span said)
{
	char text[TRANSACTION_TEXT_MOST + 1];

	said = span_first(said, sizeof(text) - 1);
	memcpy(text, said.data, said.length);
	text[said.length] = '\0';
	return rules_heed(site, host, domain, text);
}

bool
rules_apply(struct site *site, const char *host,
    const struct envelope *envelope, struct transaction *t)
{
	const struct conf_reply *rule = NULL;
	struct span last = { 0 }, last_domain = { 0 };
	size_t refused = 0, about_mail = 0;

	if (site->deliverer->conf->reply_count == 0)
		return false;
	for (size_t i = 0; i < t->count; i++) {
		struct verdict *verdict = &t->verdicts[i];
		struct span said = transaction_text(t, verdict);
		struct span domain = address_domain(
		    envelope->rcpts[t->rcpts[i]].address);

		if (!was_refused(verdict))
			continue;
		if (last.data == NULL || !span_equal(said, last) ||
		    !span_equal(domain, last_domain))
			rule = heed(site, host, domain, said);
		last = said;
		last_domain = domain;
		refused++;
		about_mail += is_about_mail(rule);
		if (rule != NULL)
			change(verdict, rule);
	}
	return refused > 0 && about_mail == refused;
}
