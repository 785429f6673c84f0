/* SPDX-License-Identifier: ISC
 *
 * slips.c - what devices and old programs say, and recipients named twice.
 */
#include "unit/receiver/suites.h"
#include "unit/receiver/talk.h"

#include "receiver/known.h"

#include "base/mem.h"

#include <stdio.h>

/* ---- names --------------------------------------------------------------- */

static const struct {
	const char *name, *kept;	/* null: refused */
} names[] = {
	{ "(none)", "?none?" },
	{ "Kims Computer", "Kims?Computer" },
	{ "B\xc3\xbcro-PC", "B??ro-PC" },
	{ "nas;1", "nas?1" },
	{ "a,b", "a?b" },
	{ "\"x\"", "?x?" },
	{ "a\\b<c>", "a?b?c?" },
	{ "client.test", "client.test" },
	{ "", NULL },
};

static void
a_wrong_name_is_taken_from_who_may_relay_and_breaks_no_trace(void)
{
	static const char *const verbs[] = { "EHLO", "HELO" };

	for (size_t i = 0; i < 2 * sizeof names / sizeof names[0]; i++) {
		const char *kept = names[i / 2].kept;
		char line[128];
		struct talk talk;

		snprintf(line, sizeof line, "%s %s\r\n", verbs[i % 2],
		    names[i / 2].name);
		talk_begin(&talk, NULL, true);
		talk.session.client.liberal = true;
		HEARS(&talk, line, kept == NULL ? "501 5.5.4" : "250");
		CU_ASSERT_EQUAL(talk.session.helo == NULL, kept == NULL);
		if (kept != NULL)
			CU_ASSERT_STRING_EQUAL(talk.session.helo, kept);
		talk_end(&talk);
	}
}

static void
a_name_without_end_is_cut(void)
{
	char line[1024] = "EHLO ";
	struct talk talk;

	talk_begin(&talk, NULL, true);
	memset(line + 5, 'x', 600);
	memcpy(line + 605, "\r\n", 3);
	HEARS(&talk, line, "501 5.5.4");
	talk.session.client.liberal = true;
	HEARS(&talk, line, "250");
	CU_ASSERT_EQUAL(strlen(talk.session.helo), DOMAIN_MOST);
	talk_end(&talk);
}

/* ---- addresses ----------------------------------------------------------- */

static void
addresses_without_brackets_or_domain_are_completed(void)
{
	struct talk talk;

	talk_begin(&talk, NULL, true);
	HEARS(&talk, HELLO, "250");
	HEARS(&talk, "MAIL FROM:raid@sender.test\r\n", "501 5.1.7");
	HEARS(&talk, "MAIL FROM:<raid>\r\n", "501 5.1.7");
	talk.session.client.liberal = true;
	HEARS(&talk, "MAIL FROM: raid@sender.test SIZE=200\r\n", "250 2.1.0");
	HEARS(&talk, "RSET\r\nMAIL FROM:< raid >\r\n", "250 2.0.0, 250 2.1.0");
	HEARS(&talk, "RCPT TO:\r\n", "501 5.1.3");
	HEARS(&talk, "RCPT TO:<>\r\n", "501 5.1.3");
	HEARS(&talk, "RCPT TO:root\r\n", "250 2.1.5");
	HEARS(&talk, "RCPT TO:<root@relay.test>\r\n", "250 2.1.5");
	HEARS(&talk, "DATA\r\n", "354");
	HEARS(&talk, "\r\nx\r\n.\r\n", "250 2.0.0");
	CU_ASSERT_STRING_EQUAL(talk.got[0].sender, "raid@relay.test");
	CU_ASSERT_STRING_EQUAL(talk.got[0].first_rcpt, "root@relay.test");
	CU_ASSERT_EQUAL(talk.got[0].rcpt_count, 1);
	HEARS(&talk, "MAIL FROM:<>\r\n", "250 2.1.0");
	talk_end(&talk);
}

/* ---- the same recipient again -------------------------------------------- */

static void
who_is_named_again_gets_it_once_and_the_first_word_counts(void)
{
	struct talk talk;

	talk_begin(&talk, NULL, true);
	HEARS(&talk, HELLO, "250");
	HEARS(&talk, FROM_A, "250 2.1.0");
	HEARS(&talk, "RCPT TO:<b@rcpt.test> NOTIFY=NEVER\r\n", "250 2.1.5");
	HEARS(&talk, TO_B, "250 2.1.5");
	HEARS(&talk, "RCPT TO:<b@RCPT.test> NOTIFY=SUCCESS\r\n", "250 2.1.5");
	HEARS(&talk, "RCPT TO:<b@rcpt.test.>\r\n", "250 2.1.5");
	HEARS(&talk, "RCPT TO:<B@rcpt.test>\r\n", "250 2.1.5");
	HEARS(&talk, "DATA\r\n", "354");
	HEARS(&talk, "\r\nx\r\n.\r\n", "250 2.0.0");
	CU_ASSERT_EQUAL(talk.got[0].rcpt_count, 2);
	CU_ASSERT_STRING_EQUAL(talk.got[0].first_rcpt, "b@rcpt.test");
	CU_ASSERT_EQUAL(talk.got[0].notify, NOTIFY_NEVER);
	talk_end(&talk);
}

static void
who_is_named_again_counts_for_no_limit_but_not_for_ever(void)
{
	struct talk talk;

	talk_begin(&talk, "limits { recipients 2 }\n", true);
	HEARS(&talk, HELLO, "250");
	HEARS(&talk, FROM_A TO_B, "250 2.1.0, 250 2.1.5");
	HEARS(&talk, "RCPT TO:<c@rcpt.test>\r\n", "250 2.1.5");
	HEARS(&talk, "RCPT TO:<d@rcpt.test>\r\n", "452 4.5.3");
	HEARS(&talk, TO_B TO_B TO_B, "250 2.1.5, 250 2.1.5, 452 4.5.3");
	CU_ASSERT_EQUAL(talk.session.txn->envelope->rcpt_count, 2);
	talk_end(&talk);
}

enum { MANY = 50000 };

/* Each address twice, as "n@rcpt.test" and "n@RCPT.test". */
static void
many_recipients_are_told_apart(void)
{
	struct envelope *envelope = envelope_new();
	struct known known = { 0 };
	unsigned again = 0;

	for (unsigned i = 0; i < 2 * MANY; i++) {
		char address[64];

		snprintf(address, sizeof address, "n%u@%s.test", i % MANY,
		    i < MANY ? "rcpt" : "RCPT");
		if (known_has(&known, envelope, span_of(address))) {
			again++;
			continue;
		}
		envelope_add_rcpt(envelope, span_of(address),
		    span_make(NULL, 0), 0);
		known_note_last(&known, envelope);
	}
	CU_ASSERT_EQUAL(envelope->rcpt_count, MANY);
	CU_ASSERT_EQUAL(again, MANY);
	CU_ASSERT_FALSE(known_has(&known, envelope, span_of("N1@rcpt.test")));
	CU_ASSERT_FALSE(known_has(&known, envelope, span_of("n1@rcpt.tes")));
	CU_ASSERT_TRUE(known_bytes(&known) <= 4 * MANY * sizeof(uint32_t));
	known_fini(&known);
	envelope_free(&envelope);
}

const struct unit_test slips_tests[] = {
	UNIT(a_wrong_name_is_taken_from_who_may_relay_and_breaks_no_trace),
	UNIT(a_name_without_end_is_cut),
	UNIT(addresses_without_brackets_or_domain_are_completed),
	UNIT(who_is_named_again_gets_it_once_and_the_first_word_counts),
	UNIT(who_is_named_again_counts_for_no_limit_but_not_for_ever),
	UNIT(many_recipients_are_told_apart),
	UNIT_END
};
