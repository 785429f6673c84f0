/* SPDX-License-Identifier: ISC
 *
 * message.c - tests of what comes out: envelope and stored body.
 */
#include "unit/receiver/suites.h"
#include "unit/receiver/talk.h"

/* Send BODY (with its dot) from a to the recipients of RCPTS. */
static void
post(struct talk *talk, const char *mail, const char *rcpts,
    const char *body)
{
	talk_hear(talk, HELLO);
	talk_hear(talk, mail);
	talk_hear(talk, rcpts);
	HEARS(talk, "DATA\r\n", "354");
	HEARS(talk, body, "250 2.0.0");
}

static void
our_received_comes_first_and_nothing_else_is_touched(void)
{
	static const char body[] = "received: from x\r\nSubject:  odd \r\n"
	    "\r\n..dot\r\n\tend \r\n.\r\n";
	struct talk talk;
	const char *after;

	talk_begin(&talk, NULL, true);
	post(&talk, FROM_A, TO_B, body);
	CU_ASSERT_TRUE(span_starts_nocase(span_of(talk.got[0].body),
	    "Received: from client.test"));
	after = strstr(talk.got[0].body, "received: from x");
	CU_ASSERT_PTR_NOT_NULL_FATAL(after);
	CU_ASSERT_TRUE(span_equal(span_of(after),
	    span_make(body, sizeof body - 1 - 3)));
	CU_ASSERT_PTR_NOT_NULL(strstr(talk.got[0].body, "[192.0.2.7]"));
	CU_ASSERT_PTR_NOT_NULL(strstr(talk.got[0].body, "with ESMTP"));
	CU_ASSERT_EQUAL(talk.got[0].hops, 1);
	CU_ASSERT_TRUE(talk.got[0].full_size);
	CU_ASSERT_TRUE((talk.got[0].flags & ENVELOPE_DOTS) != 0);
	CU_ASSERT_TRUE((talk.got[0].flags & ENVELOPE_8BIT) == 0);
	CU_ASSERT_STRING_EQUAL(talk.got[0].client, "unknown[192.0.2.7]");
	talk_end(&talk);
}

static void
the_recipient_stands_in_received_only_when_it_is_the_only_one(void)
{
	struct talk talk;

	talk_begin(&talk, NULL, true);
	post(&talk, FROM_A, TO_B, "x\r\n.\r\n");
	post(&talk, FROM_A, TO_B "RCPT TO:<secret@rcpt.test>\r\n",
	    "x\r\n.\r\n");
	CU_ASSERT_PTR_NOT_NULL(strstr(talk.got[0].body, "<b@rcpt.test>"));
	CU_ASSERT_PTR_NULL(strstr(talk.got[1].body, "b@rcpt.test"));
	CU_ASSERT_PTR_NULL(strstr(talk.got[1].body, "secret"));
	CU_ASSERT_EQUAL(talk.got[1].rcpt_count, 2);
	talk_end(&talk);
}

static void
dsn_parameters_are_kept_as_they_were_given(void)
{
	struct talk talk;

	talk_begin(&talk, NULL, true);
	post(&talk,
	    "MAIL FROM:<a@b.test> RET=HDRS ENVID=Q+2B1 BODY=8BITMIME\r\n",
	    "RCPT TO:<c@d.test> NOTIFY=SUCCESS,DELAY"
	    " ORCPT=rfc822;C+2Bx@d.test\r\n", "x\r\n.\r\n");
	CU_ASSERT_EQUAL(talk.got[0].ret, RET_HDRS);
	CU_ASSERT_STRING_EQUAL(talk.got[0].envid, "Q+2B1");
	CU_ASSERT_EQUAL(talk.got[0].notify, NOTIFY_SUCCESS | NOTIFY_DELAY);
	CU_ASSERT_TRUE((talk.got[0].flags & ENVELOPE_8BIT) != 0);
	talk_end(&talk);
}

static void
eight_bit_bytes_are_noticed_undeclared(void)
{
	struct talk talk;

	talk_begin(&talk, NULL, true);
	post(&talk, FROM_A, TO_B, "gr\xc3\xbc\xc3\x9f\r\n.\r\n");
	CU_ASSERT_TRUE((talk.got[0].flags & ENVELOPE_8BIT) != 0);
	talk_end(&talk);
}

static void
the_null_reverse_path_and_local_part_case_are_kept(void)
{
	struct talk talk;

	talk_begin(&talk, NULL, true);
	post(&talk, "mail from:<>\r\n", "rcpt to:<MiXed@D.test>\r\n",
	    "x\r\n.\r\n");
	CU_ASSERT_STRING_EQUAL(talk.got[0].sender, "");
	CU_ASSERT_STRING_EQUAL(talk.got[0].first_rcpt, "MiXed@D.test");
	talk_end(&talk);
}

static void
a_bare_postmaster_is_ours(void)
{
	struct talk talk;

	talk_begin(&talk, NULL, true);
	post(&talk, FROM_A, "RCPT TO:<PostMaster>\r\n", "x\r\n.\r\n");
	CU_ASSERT_STRING_EQUAL(talk.got[0].first_rcpt,
	    "postmaster@relay.test");
	talk_end(&talk);
	talk_begin(&talk, "bounce { postmaster ops@ops.test }\n", true);
	post(&talk, FROM_A, "RCPT TO:<postmaster>\r\n", "x\r\n.\r\n");
	CU_ASSERT_STRING_EQUAL(talk.got[0].first_rcpt, "ops@ops.test");
	talk_end(&talk);
}

static void
a_source_route_is_left_out(void)
{
	struct talk talk;

	talk_begin(&talk, NULL, true);
	post(&talk, FROM_A, "RCPT TO:<@x.test,@y.test:u@z.test>\r\n",
	    "x\r\n.\r\n");
	CU_ASSERT_STRING_EQUAL(talk.got[0].first_rcpt, "u@z.test");
	talk_end(&talk);
}

static void
an_empty_message_is_a_message(void)
{
	struct talk talk;

	talk_begin(&talk, NULL, true);
	post(&talk, FROM_A, TO_B, ".\r\n");
	CU_ASSERT_TRUE(talk.got[0].full_size);
	CU_ASSERT_TRUE(span_starts_nocase(span_of(talk.got[0].body),
	    "Received:"));
	talk_end(&talk);
}

static void
a_local_user_is_named_and_trusted(void)
{
	struct talk talk;

	talk_begin(&talk, NULL, true);
	talk.session.client.local = true;
	talk.session.client.uid = 1000;
	post(&talk, FROM_A, TO_B, "x\r\n.\r\n");
	CU_ASSERT_STRING_EQUAL(talk.got[0].client, "local[uid 1000]");
	CU_ASSERT_PTR_NOT_NULL(strstr(talk.got[0].body, "uid 1000"));
	CU_ASSERT_PTR_NULL(strstr(talk.got[0].body, "192.0.2.7"));
	talk_end(&talk);
}

const struct unit_test message_tests[] = {
	UNIT(our_received_comes_first_and_nothing_else_is_touched),
	UNIT(the_recipient_stands_in_received_only_when_it_is_the_only_one),
	UNIT(dsn_parameters_are_kept_as_they_were_given),
	UNIT(eight_bit_bytes_are_noticed_undeclared),
	UNIT(the_null_reverse_path_and_local_part_case_are_kept),
	UNIT(a_bare_postmaster_is_ours),
	UNIT(a_source_route_is_left_out),
	UNIT(an_empty_message_is_a_message),
	UNIT(a_local_user_is_named_and_trusted),
	UNIT_END
};
