/* SPDX-License-Identifier: ISC
 *
 * transaction.c - what each reply means for each recipient.
 */
#include "unit/deliverer/script.h"
#include "unit/deliverer/tests.h"


#define HI "220 hi\r\n", "EHLO me.test\r\n"
#define PIPE HI, "250-x\r\n250 PIPELINING\r\n", \
	"MAIL FROM:<s@x>\r\nRCPT TO:<a@x>\r\nRCPT TO:<b@x>\r\n" \
	"RCPT TO:<c@x>\r\nDATA\r\n"
#define SLOW HI, "250 x\r\n", "MAIL FROM:<s@x>\r\n"
#define BODY "BODY\r\n.\r\n"
#define END "QUIT\r\n"

static const struct script pipelined[] = {
	{ "all accepted", SITE_TLS_NONE, 3, { PIPE,
	    "250 k\r\n250 k\r\n251 will forward\r\n250 k\r\n354 go\r\n", BODY,
	    "250 k\r\n", END },
	    .result = "a=delivered b=delivered c=delivered" },
	{ "one refused", SITE_TLS_NONE, 3, { PIPE,
	    "250 k\r\n250 k\r\n550 5.1.1 who\r\n250 k\r\n354 go\r\n", BODY,
	    "250 k\r\n", END },
	    .result = "a=delivered b=failed(550 5.1.1) c=delivered" },
	{ "one for later", SITE_TLS_NONE, 3, { PIPE,
	    "250 k\r\n451 4.7.1 grey\r\n250 k\r\n250 k\r\n354 go\r\n", BODY,
	    "250 k\r\n", END },
	    .result = "a=deferred(451 4.7.1) b=delivered c=delivered" },
	{ "452: that many and no more", SITE_TLS_NONE, 3, { PIPE,
	    "250 k\r\n250 k\r\n452 4.5.3 many\r\n452 4.5.3 many\r\n354 go\r\n",
	    BODY, "250 k\r\n", END },
	    .result = "a=delivered b=again(452 4.5.3) c=again(452 4.5.3)" },
	{ "452 to the first is for later", SITE_TLS_NONE, 3, { PIPE,
	    "250 k\r\n452 4.3.1 full\r\n250 k\r\n452 many\r\n354 go\r\n", BODY,
	    "250 k\r\n", END },
	    .result = "a=deferred(452 4.3.1) b=delivered c=again(452 4.0.0)" },
	{ "552 like 452", SITE_TLS_NONE, 3, { PIPE,
	    "250 k\r\n250 k\r\n552 too many\r\n552 5.2.2 full\r\n354 go\r\n",
	    BODY, "250 k\r\n", END },
	    .result = "a=delivered b=again(552 4.0.0) c=failed(552 5.2.2)" },
	{ "none accepted, DATA refused", SITE_TLS_NONE, 3, { PIPE,
	    "250 k\r\n550 5.1.1 a\r\n450 4.2.1 b\r\n550 5.1.1 c\r\n"
	    "554 none\r\n", "RSET\r\n", "250 k\r\n", END },
	    .result = "a=failed(550 5.1.1) b=deferred(450 4.2.1) "
	    "c=failed(550 5.1.1)" },
	{ "none accepted, but 354", SITE_TLS_NONE, 3, { PIPE,
	    "250 k\r\n550 a\r\n550 b\r\n550 c\r\n354 go\r\n", ".\r\n",
	    "554 nobody\r\n", END }, .result =
	    "a=failed(550 5.0.0) b=failed(550 5.0.0) c=failed(550 5.0.0)" },
	{ "none accepted, but 354 and 250", SITE_TLS_NONE, 3, { PIPE,
	    "250 k\r\n550 a\r\n550 b\r\n550 c\r\n354 go\r\n", ".\r\n",
	    "250 ok\r\n", END }, .result =
	    "a=failed(550 5.0.0) b=failed(550 5.0.0) c=failed(550 5.0.0)" },
	{ "MAIL refused", SITE_TLS_NONE, 3, { PIPE,
	    "550 5.7.1 you\r\n503 a\r\n503 b\r\n503 c\r\n503 d\r\n", END },
	    .result = "a=failed(550 5.7.1) b=failed(550 5.7.1) "
	    "c=failed(550 5.7.1)" },
	{ "MAIL for later, then 354 all the same", SITE_TLS_NONE, 3, { PIPE,
	    "451 4.3.0 wait\r\n250 a\r\n250 b\r\n250 c\r\n354 go\r\n", ".\r\n",
	    "250 k\r\n", END }, .result = "a=deferred(451 4.3.0) "
	    "b=deferred(451 4.3.0) c=deferred(451 4.3.0)" },
	{ "DATA refused", SITE_TLS_NONE, 3, { PIPE,
	    "250 k\r\n250 k\r\n550 5.1.1 b\r\n250 k\r\n554 5.7.1 no\r\n",
	    "RSET\r\n", "250 k\r\n", END }, .result =
	    "a=failed(554 5.7.1) b=failed(550 5.1.1) c=failed(554 5.7.1)" },
	{ "the dot refused", SITE_TLS_NONE, 3, { PIPE,
	    "250 k\r\n250 k\r\n450 b\r\n250 k\r\n354 go\r\n", BODY,
	    "554 5.6.0 spam\r\n", END }, .result =
	    "a=failed(554 5.6.0) b=deferred(450 4.0.0) c=failed(554 5.6.0)" },
	{ "the dot for later", SITE_TLS_NONE, 3, { PIPE,
	    "250 k\r\n250 k\r\n250 k\r\n250 k\r\n354 go\r\n", BODY,
	    "452 4.3.1 full\r\n", END }, .result = "a=deferred(452 4.3.1) "
	    "b=deferred(452 4.3.1) c=deferred(452 4.3.1)" },
	{ "421 in the middle", SITE_TLS_NONE, 3, { PIPE,
	    "250 k\r\n250 k\r\n550 b\r\n421 4.3.2 bye\r\n", "" },
	    .result = "a=deferred(421 4.3.2) b=failed(550 5.0.0) "
	    "c=deferred(421 4.3.2)", .failure = "421 4.3.2 bye" },
	{ "421 to the dot", SITE_TLS_NONE, 3, { PIPE,
	    "250 k\r\n250 k\r\n250 k\r\n250 k\r\n354 go\r\n", BODY,
	    "421 bye\r\n", "" }, .result = "a=deferred(421 4.0.0) "
	    "b=deferred(421 4.0.0) c=deferred(421 4.0.0)",
	    .failure = "421 bye" },
	{ "lost before any reply", SITE_TLS_NONE, 3, { PIPE }, .lost = true,
	    .result = "a=deferred(0 4.4.2) b=deferred(0 4.4.2) "
	    "c=deferred(0 4.4.2)", .failure = "lost connection while waiting "
	    "for the reply to MAIL FROM" },
	{ "lost among the recipients", SITE_TLS_NONE, 3, { PIPE,
	    "250 k\r\n550 5.1.1 a\r\n25", "" }, .lost = true,
	    .result = "a=failed(550 5.1.1) b=deferred(0 4.4.2) "
	    "c=deferred(0 4.4.2)", .failure = "lost connection while waiting "
	    "for the reply to RCPT TO" },
	{ "lost after the dot", SITE_TLS_NONE, 3, { PIPE,
	    "250 k\r\n250 k\r\n550 5.1.1 b\r\n250 k\r\n354 go\r\n", BODY,
	    "25", "" }, .lost = true, .result = "a=deferred(0 4.4.2) "
	    "b=failed(550 5.1.1) c=deferred(0 4.4.2)",
	    .failure = "lost connection after end of data" },
	{ "RSET refused", SITE_TLS_NONE, 3, { PIPE,
	    "250 k\r\n550 a\r\n550 b\r\n550 c\r\n503 no\r\n", "RSET\r\n",
	    "502 no\r\n", "" }, .result =
	    "a=failed(550 5.0.0) b=failed(550 5.0.0) c=failed(550 5.0.0)",
	    .failure = "502 no (in reply to RSET)" },
	{ "2yz to DATA", SITE_TLS_NONE, 3, { PIPE,
	    "250 k\r\n250 k\r\n250 k\r\n250 k\r\n250 what\r\n", "" },
	    .result = "a=deferred(250 4.0.0) b=deferred(250 4.0.0) "
	    "c=deferred(250 4.0.0)", .failure = "250 what" },
	{ "354 to the dot", SITE_TLS_NONE, 3, { PIPE,
	    "250 k\r\n250 k\r\n250 k\r\n250 k\r\n354 go\r\n", BODY,
	    "354 go on\r\n", "" }, .result = "a=deferred(354 4.0.0) "
	    "b=deferred(354 4.0.0) c=deferred(354 4.0.0)",
	    .failure = "354 go on" },
};

static void
pipelined_replies_are_counted_and_judged_in_their_place(void)
{
	for (size_t i = 0; i < sizeof(pipelined) / sizeof(pipelined[0]); i++)
		script_play(&pipelined[i]);
}

static const struct script one_by_one[] = {
	{ "all accepted", SITE_TLS_NONE, 2, { SLOW, "250 k\r\n",
	    "RCPT TO:<a@x>\r\n", "250 k\r\n", "RCPT TO:<b@x>\r\n",
	    "250 k\r\n", "DATA\r\n", "354 go\r\n", BODY, "250 k\r\n", END },
	    .result = "a=delivered b=delivered" },
	{ "MAIL refused: nothing more is said", SITE_TLS_NONE, 2, { SLOW,
	    "550 5.1.8 bad sender\r\n", END },
	    .result = "a=failed(550 5.1.8) b=failed(550 5.1.8)" },
	{ "none accepted: no DATA", SITE_TLS_NONE, 2, { SLOW, "250 k\r\n",
	    "RCPT TO:<a@x>\r\n", "550 a\r\n", "RCPT TO:<b@x>\r\n",
	    "450 b\r\n", "RSET\r\n", "250 k\r\n", END },
	    .result = "a=failed(550 5.0.0) b=deferred(450 4.0.0)" },
	{ "DATA refused", SITE_TLS_NONE, 2, { SLOW, "250 k\r\n",
	    "RCPT TO:<a@x>\r\n", "250 k\r\n", "RCPT TO:<b@x>\r\n",
	    "550 b\r\n", "DATA\r\n", "451 no\r\n", "RSET\r\n", "250 k\r\n",
	    END }, .result = "a=deferred(451 4.0.0) b=failed(550 5.0.0)" },
	{ "lost between recipients", SITE_TLS_NONE, 2, { SLOW, "250 k\r\n",
	    "RCPT TO:<a@x>\r\n", "250 k\r\n", "RCPT TO:<b@x>\r\n" },
	    .lost = true, .result = "a=deferred(0 4.4.2) b=deferred(0 4.4.2)",
	    .failure = "lost connection while waiting" },
};

static void
without_pipelining_commands_go_one_by_one(void)
{
	for (size_t i = 0; i < sizeof(one_by_one) / sizeof(one_by_one[0]); i++)
		script_play(&one_by_one[i]);
}

static struct session
idle_session(unsigned bits)
{
	struct session session;

	session_init(&session, "me.test", SITE_TLS_NONE);
	session.state = SESSION_IDLE;
	session.offer.bits = bits;
	return session;
}

/* Feed TEXT to SESSION and return what it wishes. */
static enum wish
hear(struct session *session, const char *text, struct buf *out)
{
	struct span in = span_of(text);

	return session_step(session, &in, out);
}

static void
scopes_tell_what_went_wrong(void)
{
	static const struct {
		const char *said;
		enum scope scope;
	} rows[] = {
		{ "250 k\r\n450 a\r\n450 b\r\n554 none\r\n", SCOPE_RECIPIENT },
		{ "550 k\r\n503 a\r\n503 b\r\n503 none\r\n", SCOPE_MESSAGE },
		{ "250 k\r\n250 a\r\n450 b\r\n451 no\r\n", SCOPE_MESSAGE },
		{ "421 k\r\n", SCOPE_MESSAGE },
	};
	struct envelope *envelope = script_envelope(2);
	uint32_t rcpts[] = { 0, 1 };
	struct buf out;

	buf_init(&out, 1 << 16);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct session session = idle_session(OFFER_PIPELINING);

		CU_ASSERT_EQUAL(session_begin(&session, envelope, rcpts, 2,
		    &out), SESSION_BEGUN);
		CU_ASSERT_EQUAL(hear(&session, rows[i].said, &out),
		    WISH_RESULT);
		CU_ASSERT_EQUAL(session.transaction.scope, rows[i].scope);
		session_fini(&session);
	}
	buf_fini(&out);
	envelope_free(&envelope);
}

static void
a_session_is_untouched_until_the_server_took_part(void)
{
	static const struct {
		const char *said;
		bool untouched;
	} rows[] = {
		{ "", true }, { "421 idle too long\r\n", true },
		{ "25", true }, { "250 k\r\n", false }, { "550 no\r\n", false },
	};
	struct envelope *envelope = script_envelope(1);
	uint32_t rcpt = 0;
	struct buf out;

	buf_init(&out, 1 << 16);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct session session = idle_session(OFFER_PIPELINING);

		CU_ASSERT_EQUAL(session_begin(&session, envelope, &rcpt, 1,
		    &out), SESSION_BEGUN);
		hear(&session, rows[i].said, &out);
		CU_ASSERT_EQUAL(session_untouched(&session),
		    rows[i].untouched);
		session_fini(&session);
	}
	buf_fini(&out);
	envelope_free(&envelope);
}

static void
a_transaction_can_follow_another_with_more_recipients(void)
{
	struct session session = idle_session(OFFER_PIPELINING);
	struct envelope *envelope = script_envelope(3);
	uint32_t rcpts[] = { 2, 0, 1 };
	struct buf out;

	buf_init(&out, 1 << 16);
	for (size_t count = 1; count <= 3; count++) {
		CU_ASSERT_EQUAL(session_begin(&session, envelope, rcpts,
		    count, &out), SESSION_BEGUN);
		CU_ASSERT_TRUE(!session.transaction.verdicts[0].settled);
		CU_ASSERT_EQUAL(hear(&session, count == 1 ?
		    "550 a\r\n503 b\r\n503 c\r\n" : count == 2 ?
		    "550 a\r\n503 b\r\n503 c\r\n503 d\r\n" :
		    "550 a\r\n503 b\r\n503 c\r\n503 d\r\n503 e\r\n", &out),
		    WISH_RESULT);
		CU_ASSERT_EQUAL(hear(&session, "", &out), WISH_JOB);
	}
	CU_ASSERT_TRUE(span_is(transaction_text(&session.transaction,
	    &session.transaction.verdicts[2]), "550 a"));
	session_fini(&session);
	buf_fini(&out);
	envelope_free(&envelope);
}

const struct unit_test transaction_tests[] = {
	UNIT(pipelined_replies_are_counted_and_judged_in_their_place),
	UNIT(without_pipelining_commands_go_one_by_one),
	UNIT(scopes_tell_what_went_wrong),
	UNIT(a_session_is_untouched_until_the_server_took_part),
	UNIT(a_transaction_can_follow_another_with_more_recipients),
	UNIT_END
};
