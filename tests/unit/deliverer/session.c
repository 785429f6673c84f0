/* SPDX-License-Identifier: ISC
 *
 * session.c - the way of a session: greeting, EHLO, TLS, idle, the end.
 */
#include "unit/deliverer/script.h"
#include "unit/deliverer/tests.h"


#include "base/mem.h"

#define EHLO_C "EHLO me.test\r\n"
#define EHLO_S "250-x\r\n250-PIPELINING\r\n250 SIZE 1000\r\n"
#define EHLO_TLS "250-x\r\n250 STARTTLS\r\n"
#define GROUP "MAIL FROM:<s@x> SIZE=6\r\nRCPT TO:<a@x>\r\nDATA\r\n"
#define GROUP2 "MAIL FROM:<s@x> SIZE=6\r\nRCPT TO:<a@x>\r\n" \
	"RCPT TO:<b@x>\r\nDATA\r\n"
#define DONE2 "250 2.1.0 k\r\n250 2.1.5 k\r\n250 2.1.5 k\r\n354 go\r\n"
#define DONE "250 2.1.0 k\r\n250 2.1.5 k\r\n354 go\r\n"

static void
play_all(const struct script *scripts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		script_play(&scripts[i]);
}
#define PLAY_ALL(scripts) \
	play_all(scripts, sizeof(scripts) / sizeof(scripts[0]))

static const struct script ways[] = {
	{ "pipelined", SITE_TLS_OPPORTUNISTIC, 1, {
	    "220 hi\r\n", EHLO_C, EHLO_S, GROUP, DONE, "BODY\r\n.\r\n",
	    "250 2.0.0 ok\r\n", "QUIT\r\n", "221 bye\r\n", "" },
	    .result = "a=delivered" },
	{ "multi-line greeting", SITE_TLS_OPPORTUNISTIC, 1, {
	    "220-hi\r\n220-there\r\n220 x\r\n", EHLO_C, EHLO_S, GROUP, DONE,
	    "BODY\r\n.\r\n", "250-2.0.0 ok\r\n250 2.0.0 yes\r\n", "QUIT\r\n",
	    "221 bye\r\n", "" }, .result = "a=delivered" },
	{ "HELO when EHLO is unknown", SITE_TLS_OPPORTUNISTIC, 1, {
	    "220 hi\r\n", EHLO_C, "500 what\r\n", "HELO me.test\r\n",
	    "250 x\r\n", "MAIL FROM:<s@x>\r\n", "250 k\r\n",
	    "RCPT TO:<a@x>\r\n", "250 k\r\n", "DATA\r\n", "354 go\r\n",
	    "BODY\r\n.\r\n", "250 ok\r\n", "QUIT\r\n", "221 bye\r\n", "" },
	    .result = "a=delivered" },
	{ "greeted with 421", SITE_TLS_OPPORTUNISTIC, 1, {
	    "421 4.3.2 busy\r\n", "" }, .result = "-",
	    .failure = "421 4.3.2 busy (in reply to greeting)" },
	{ "greeted with 521", SITE_TLS_OPPORTUNISTIC, 1, {
	    "521 no mail here\r\n", "" }, .result = "-",
	    .failure = "521 no mail here" },
	{ "HELO refused too", SITE_TLS_OPPORTUNISTIC, 1, {
	    "220 hi\r\n", EHLO_C, "502 no\r\n", "HELO me.test\r\n",
	    "550 go away\r\n", "" }, .result = "-",
	    .failure = "550 go away (in reply to HELO)" },
	{ "EHLO for later", SITE_TLS_OPPORTUNISTIC, 1, {
	    "220 hi\r\n", EHLO_C, "451 4.7.1 wait\r\n", "" }, .result = "-",
	    .failure = "451 4.7.1 wait (in reply to EHLO)" },
	{ "leaving when idle", SITE_TLS_OPPORTUNISTIC, 1, {
	    "220 hi\r\n", EHLO_C, EHLO_S, GROUP, DONE, "BODY\r\n.\r\n",
	    "250 2.0.0 ok\r\n", "QUIT\r\n", "421 4.4.2 idle\r\n", "" },
	    .result = "a=delivered" },
	{ "lost at the greeting", SITE_TLS_OPPORTUNISTIC, 1, {
	    "220-h", "" }, .result = "-", .lost = true,
	    .failure = "lost connection (at greeting)" },
	{ "lost after EHLO", SITE_TLS_OPPORTUNISTIC, 1, {
	    "220 hi\r\n", EHLO_C }, .result = "-", .lost = true,
	    .failure = "lost connection (at EHLO)" },
};

static void
a_session_goes_its_way_however_the_bytes_arrive(void)
{
	PLAY_ALL(ways);
}

static const struct script secure[] = {
	{ "offered and done", SITE_TLS_OPPORTUNISTIC, 1, {
	    "220 hi\r\n", EHLO_C, EHLO_TLS, "STARTTLS\r\n", "220 go\r\n",
	    "[TLS]" EHLO_C, EHLO_S, GROUP, DONE, "BODY\r\n.\r\n",
	    "250 2.0.0 ok\r\n", "QUIT\r\n", "221 bye\r\n", "" },
	    .result = "a=delivered" },
	{ "offered again inside", SITE_TLS_OPPORTUNISTIC, 1, {
	    "220 hi\r\n", EHLO_C, EHLO_TLS, "STARTTLS\r\n", "220 go\r\n",
	    "[TLS]" EHLO_C, EHLO_TLS, "MAIL FROM:<s@x>\r\n",
	    "250 k\r\n", "RCPT TO:<a@x>\r\n", "550 no\r\n", "RSET\r\n",
	    "250 k\r\n", "QUIT\r\n" }, .result = "a=failed(550 5.0.0)" },
	{ "what was offered in clear is forgotten", SITE_TLS_OPPORTUNISTIC, 1, {
	    "220 hi\r\n", EHLO_C, "250-x\r\n250-SIZE 9\r\n250-PIPELINING\r\n"
	    "250 STARTTLS\r\n", "STARTTLS\r\n", "220 go\r\n",
	    "[TLS]" EHLO_C, "250 x\r\n", "MAIL FROM:<s@x>\r\n" },
	    .result = "-" },
	{ "refused, and clear will do", SITE_TLS_OPPORTUNISTIC, 1, {
	    "220 hi\r\n", EHLO_C, EHLO_TLS, "STARTTLS\r\n", "454 no\r\n",
	    "MAIL FROM:<s@x>\r\n" }, .result = "-" },
	{ "refused, and clear will not do", SITE_TLS_ENCRYPT, 1, {
	    "220 hi\r\n", EHLO_C, EHLO_TLS, "STARTTLS\r\n", "454 no\r\n",
	    "" }, .result = "-",
	    .failure = "454 no (in reply to STARTTLS)" },
	{ "required and not offered", SITE_TLS_ENCRYPT, 1, {
	    "220 hi\r\n", EHLO_C, EHLO_S, "" }, .result = "-",
	    .failure = "TLS is required here and not offered" },
	{ "required and only HELO", SITE_TLS_ENCRYPT, 1, {
	    "220 hi\r\n", EHLO_C, "500 what\r\n", "HELO me.test\r\n",
	    "250 x\r\n", "" }, .result = "-",
	    .failure = "TLS is required here and not offered" },
	{ "not wanted", SITE_TLS_NONE, 1, {
	    "220 hi\r\n", EHLO_C, EHLO_TLS, "MAIL FROM:<s@x>\r\n" },
	    .result = "-" },
	{ "bytes after the 220", SITE_TLS_OPPORTUNISTIC, 1, {
	    "220 hi\r\n", EHLO_C, EHLO_TLS, "STARTTLS\r\n",
	    "220 go\r\n250 injected\r\n", "" }, .result = "-",
	    .failure = "bytes after the reply to STARTTLS",
	    .whole_only = true },
	{ "half a line after the 220", SITE_TLS_OPPORTUNISTIC, 1, {
	    "220 hi\r\n", EHLO_C, EHLO_TLS, "STARTTLS\r\n",
	    "220 go\r\n2", "" }, .result = "-",
	    .failure = "bytes after the reply to STARTTLS",
	    .whole_only = true },
};

static void
tls_is_started_when_it_can_be_and_forgets_what_was_before(void)
{
	PLAY_ALL(secure);
}

/* All of these arrive in one piece with what they must not follow. */
static const struct script unasked[] = {
	{ "after the greeting", SITE_TLS_NONE, 1, {
	    "220 hi\r\n250 x\r\n", EHLO_C }, .result = "-",
	    .failure = "the server answered before it was asked",
	    .whole_only = true },
	{ "after 354", SITE_TLS_NONE, 1, {
	    "220 hi\r\n", EHLO_C, EHLO_S, GROUP, DONE "250 ok\r\n", "" },
	    .result = "a=deferred(0 4.5.0)",
	    .failure = "250 ok", .whole_only = true },
	{ "refusal after 354", SITE_TLS_NONE, 1, {
	    "220 hi\r\n", EHLO_C, EHLO_S, GROUP, DONE "552 5.3.4 big\r\n",
	    "" }, .result = "a=failed(552 5.3.4)",
	    .failure = "552 5.3.4 big", .whole_only = true },
	{ "after the last", SITE_TLS_NONE, 1, {
	    "220 hi\r\n", EHLO_C, EHLO_S, GROUP, DONE, "BODY\r\n.\r\n",
	    "250 2.0.0 ok\r\n250 2.0.0 ok\r\n", "" },
	    .result = "a=delivered", .failure = "250 2.0.0 ok",
	    .whole_only = true },
	{ "half a reply when idle", SITE_TLS_NONE, 1, {
	    "220 hi\r\n", EHLO_C, EHLO_S, GROUP, DONE, "BODY\r\n.\r\n",
	    "250 2.0.0 ok\r\n250-2.0.0", "" }, .result = "a=delivered",
	    .failure = "the server spoke unasked", .whole_only = true },
	{ "one by one and too early", SITE_TLS_NONE, 1, {
	    "220 hi\r\n", EHLO_C, "250 x\r\n", "MAIL FROM:<s@x>\r\n",
	    "250 k\r\n250 k\r\n", "RCPT TO:<a@x>\r\n" },
	    .result = "a=deferred(0 4.5.0)",
	    .failure = "the server answered before it was asked",
	    .whole_only = true },
	{ "leaving, said in one piece with the last", SITE_TLS_NONE, 1, {
	    "220 hi\r\n", EHLO_C, EHLO_S, GROUP, DONE, "BODY\r\n.\r\n",
	    "250 2.0.0 ok\r\n421 4.4.2 bye\r\n", "" },
	    .result = "a=delivered", .failure = "421 4.4.2 bye",
	    .whole_only = true },
};

static void
a_server_that_speaks_unasked_is_left(void)
{
	PLAY_ALL(unasked);
}

#define BODY "BODY\r\n.\r\n"
#define START "220 hi\r\n", EHLO_C, EHLO_S, GROUP, DONE, BODY GROUP

static const struct script aheads[] = {
	{ "both taken", SITE_TLS_NONE, 1, { START, "250 2.0.0 ok\r\n" DONE,
	    BODY, "250 2.0.0 ok\r\n", "QUIT\r\n", "221 bye\r\n", "" },
	    .ahead = true, .result = "a=delivered; a=delivered" },
	{ "answered one after the other", SITE_TLS_NONE, 1, { START,
	    "250 2.0.0 ok\r\n", "", DONE, BODY, "250 2.0.0 ok\r\n",
	    "QUIT\r\n" }, .ahead = true,
	    .result = "a=delivered; a=delivered" },
	{ "the first is refused", SITE_TLS_NONE, 1, { START,
	    "550 5.7.1 no\r\n" DONE, BODY, "250 2.0.0 ok\r\n",
	    "QUIT\r\n" }, .ahead = true,
	    .result = "a=failed(550 5.7.1); a=delivered" },
	{ "the second is refused at MAIL", SITE_TLS_NONE, 1, { START,
	    "250 ok\r\n451 4.7.1 slow\r\n503 no\r\n503 no\r\n",
	    "QUIT\r\n" }, .ahead = true,
	    .result = "a=delivered; a=deferred(451 4.7.1)" },
	{ "nobody of the second is accepted", SITE_TLS_NONE, 1, { START,
	    "250 ok\r\n250 ok\r\n550 5.1.1 who\r\n554 no\r\n",
	    EHLO_C, EHLO_S, "QUIT\r\n" }, .ahead = true,
	    .result = "a=delivered; a=failed(550 5.1.1)" },
	{ "nobody is accepted, and yet 354", SITE_TLS_NONE, 1, { START,
	    "250 ok\r\n250 ok\r\n550 5.1.1 who\r\n354 go\r\n", ".\r\n",
	    "554 no\r\n", "QUIT\r\n" }, .ahead = true,
	    .result = "a=delivered; a=failed(550 5.1.1)" },
	{ "the server leaves after the first", SITE_TLS_NONE, 1, { START,
	    "421 4.3.2 bye\r\n", "" }, .ahead = true,
	    .result = "a=deferred(421 4.3.2)", .failure = "421 4.3.2 bye" },
	{ "lost with both unanswered", SITE_TLS_NONE, 1, { START },
	    .ahead = true, .lost = true, .result = "a=deferred(0 4.4.2)",
	    .failure = "lost connection after end of data" },
	{ "lost between the two", SITE_TLS_NONE, 1, { START, "250 ok\r\n",
	    "" }, .ahead = true, .lost = true,
	    .result = "a=delivered; a=deferred(0 4.4.2)",
	    .failure = "lost connection while waiting for the reply to MAIL" },
	{ "the second is withdrawn", SITE_TLS_NONE, 1, { START, "250 ok\r\n",
	    "" }, .ahead = true, .drop = true, .result = "a=delivered",
	    .failure = "the next message was withdrawn" },
};

static void
a_second_transaction_may_follow_the_body_of_the_first(void)
{
	PLAY_ALL(aheads);
}

static const struct script proofs[] = {
	{ "in order", SITE_TLS_NONE, 1, { START, "250 2.0.0 ok\r\n" DONE,
	    BODY, "250 2.0.0 ok\r\n", "QUIT\r\n" }, .order = ORDER_KEPT,
	    .result = "a=delivered; a=delivered" },
	{ "in order, the first refused", SITE_TLS_NONE, 2, { "220 hi\r\n",
	    EHLO_C, EHLO_S, GROUP2, DONE2, BODY GROUP2,
	    "452 4.3.1 full\r\n" DONE2, BODY, "250 k\r\n", "QUIT\r\n" },
	    .order = ORDER_KEPT, .result =
	    "a=deferred(452 4.3.1) b=deferred(452 4.3.1); "
	    "a=delivered b=delivered" },
	{ "the second is refused", SITE_TLS_NONE, 1, { START,
	    "250 ok\r\n451 4.7.1 slow\r\n503 no\r\n503 no\r\n",
	    "QUIT\r\n" }, .result = "a=delivered; a=deferred(451 4.7.1)" },
	{ "nobody of the second", SITE_TLS_NONE, 1, { START,
	    "250 ok\r\n250 ok\r\n550 5.1.1 who\r\n554 no\r\n",
	    EHLO_C, EHLO_S, "QUIT\r\n" },
	    .result = "a=delivered; a=failed(550 5.1.1)" },
	{ "nobody, and yet 354", SITE_TLS_NONE, 1, { START,
	    "250 ok\r\n250 ok\r\n550 5.1.1 who\r\n354 go\r\n", ".\r\n",
	    "554 no\r\n", "QUIT\r\n" }, .order = ORDER_KEPT,
	    .result = "a=delivered; a=failed(550 5.1.1)" },
	{ "it leaves behind the first", SITE_TLS_NONE, 1, { START,
	    "250 ok\r\n421 4.3.2 bye\r\n", "" }, .order = ORDER_UNKNOWN,
	    .result = "a=delivered", .failure = "421 4.3.2 bye" },
	{ "it forgets the second", SITE_TLS_NONE, 1, { START, "250 ok\r\n",
	    "" }, .lost = true, .order = ORDER_BROKEN,
	    .result = "a=delivered", .failure = "lost connection" },
	{ "the second is withdrawn", SITE_TLS_NONE, 1, { START,
	    "250 ok\r\n" DONE, "" }, .drop = true, .order = ORDER_KEPT,
	    .result = "a=delivered",
	    .failure = "the next message was withdrawn" },
	{ "the dot last", SITE_TLS_NONE, 1, { START, DONE, "",
	    "250 2.0.0 late\r\n", "" }, .order = ORDER_BROKEN,
	    .result = "a=delivered", .failure = "the replies came in" },
	{ "the dot last, and refused", SITE_TLS_NONE, 1, { START,
	    DONE "550 5.7.1 no\r\n", "" }, .order = ORDER_BROKEN,
	    .result = "a=deferred(0 4.5.0)",
	    .failure = "the replies came in" },
	{ "the dot last, one not accepted", SITE_TLS_NONE, 2, { "220 hi\r\n",
	    EHLO_C, EHLO_S, GROUP2,
	    "250 k\r\n550 5.1.1 who\r\n250 k\r\n354 go\r\n",
	    BODY GROUP2, DONE2 "451 4.3.0 no\r\n", "" },
	    .order = ORDER_BROKEN,
	    .result = "a=failed(550 5.1.1) b=deferred(451 4.3.0)",
	    .failure = "the replies came in" },
	{ "the dot last, the second refused", SITE_TLS_NONE, 1, { START,
	    "550 5.7.0 no\r\n503 no\r\n503 no\r\n250 2.0.0 late\r\n", "" },
	    .order = ORDER_BROKEN, .result = "a=delivered",
	    .failure = "the replies came in" },
	{ "the dot last, and lost", SITE_TLS_NONE, 1, { START, DONE, "" },
	    .lost = true, .order = ORDER_BROKEN,
	    .result = "a=deferred(0 4.4.2)", .failure = "lost connection" },
};

static void
the_verdict_waits_until_the_order_of_the_replies_is_proved(void)
{
	for (size_t i = 0; i < sizeof(proofs) / sizeof(proofs[0]); i++) {
		struct script script = proofs[i];

		script.ahead = script.proves = true;
		script_play(&script);
	}
}

static void
nothing_goes_ahead_where_pipelining_is_not_offered(void)
{
	struct session session;
	struct envelope *envelope = script_envelope(1);
	uint32_t rcpt = 0;
	struct span in;
	struct buf out;

	session_init(&session, "me.test", SITE_TLS_NONE);
	buf_init(&out, 1 << 16);
	session.state = SESSION_IDLE;
	CU_ASSERT_FALSE(session_takes_ahead(&session));
	CU_ASSERT_EQUAL(session_begin(&session, envelope, &rcpt, 1, &out),
	    SESSION_BEGUN);
	CU_ASSERT_FALSE(session_takes_ahead(&session));
	in = span_of("250 ok\r\n");
	CU_ASSERT_EQUAL(session_step(&session, &in, &out), WISH_BYTES);
	in = span_of("250 ok\r\n");
	CU_ASSERT_EQUAL(session_step(&session, &in, &out), WISH_BYTES);
	in = span_of("354 ok\r\n");
	CU_ASSERT_EQUAL(session_step(&session, &in, &out), WISH_BODY);
	session_body_sent(&session);
	CU_ASSERT_FALSE(session_takes_ahead(&session));
	session_fini(&session);
	buf_fini(&out);
	envelope_free(&envelope);
}

/* What is no reply, at each step where one is due. */
static const char *const garbage[] = {
	"hello\r\n", "25\r\n", "2500 x\r\n", "999 x\r\n", "099 x\r\n",
	"\r\n", "\n", "-250 x\r\n", "250-x\r\n550 y\r\n", "25a x\r\n",
	" 250 x\r\n", "\xff\xfe\xfd\r\n", "100 x\r\n", "2\t50 x\r\n",
};

static void
what_is_no_reply_ends_the_session_at_any_step(void)
{
	struct script script = {
		.tls = SITE_TLS_NONE, .name = "garbage", .rcpts = 1,
		.talk = { "220 hi\r\n", EHLO_C, EHLO_S, GROUP, DONE,
		    "BODY\r\n.\r\n" },
	};
	static const char *const results[] = {
		"-", "-", "a=deferred(0 4.5.0)", "a=deferred(0 4.5.0)"
	};

	script.failure = "what came is no SMTP reply";
	for (size_t step = 0; step < 4; step++)
		for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]);
		    i++) {
			struct script row = script;

			row.talk[2 * step] = garbage[i];
			row.talk[2 * step + 1] = "";
			row.talk[2 * step + 2] = NULL;
			row.result = results[step];
			script_play(&row);
		}
}

static void
a_reply_without_end_ends_the_session(void)
{
	struct session session;
	struct buf out, in;
	struct span rest;
	enum wish wish = WISH_BYTES;

	session_init(&session, "me.test", SITE_TLS_NONE);
	buf_init(&out, 1 << 16);
	buf_init(&in, 1 << 20);
	for (int i = 0; i < REPLY_BYTES_MOST / 10 + 1; i++)
		buf_append_text(&in, "220-more\r\n");
	rest = buf_peek(&in);
	wish = session_step(&session, &rest, &out);
	CU_ASSERT_EQUAL(wish, WISH_CLOSE);
	CU_ASSERT_STRING_EQUAL(session.failure.text,
	    "a reply had no end (at EHLO)");
	session_fini(&session);

	session_init(&session, "me.test", SITE_TLS_NONE);
	buf_clear(&in);
	for (int i = 0; i < REPLY_LINE_MOST + 1; i++)
		buf_append_text(&in, "x");
	rest = buf_peek(&in);
	CU_ASSERT_EQUAL(session_step(&session, &rest, &out), WISH_CLOSE);
	session_fini(&session);
	buf_fini(&in);
	buf_fini(&out);
}

static void
patience_follows_what_is_waited_for(void)
{
	struct conf_site site = { .greeting = 1, .helo = 2, .mail = 3,
		.rcpt = 4, .data = 5, .block = 6, .dot = 7, .quit = 8,
		.idle = 9 };
	static const struct {
		enum session_state state;
		enum stage stage;
		msec_t patience;
	} rows[] = {
		{ SESSION_GREETING, STAGE_OVER, 1 },
		{ SESSION_EHLO, STAGE_OVER, 2 },
		{ SESSION_HELO, STAGE_OVER, 2 },
		{ SESSION_HANDSHAKE, STAGE_OVER, 2 },
		{ SESSION_RESET, STAGE_OVER, 2 },
		{ SESSION_TRANSACTION, STAGE_MAIL, 3 },
		{ SESSION_TRANSACTION, STAGE_RCPT, 4 },
		{ SESSION_TRANSACTION, STAGE_DATA, 5 },
		{ SESSION_BODY, STAGE_BODY, 6 },
		{ SESSION_TRANSACTION, STAGE_DOT, 7 },
		{ SESSION_QUIT, STAGE_OVER, 8 },
		{ SESSION_IDLE, STAGE_OVER, 9 },
	};
	struct session session;

	session_init(&session, "me.test", SITE_TLS_NONE);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		session.state = rows[i].state;
		session.transaction.stage = rows[i].stage;
		CU_ASSERT_EQUAL(session_patience(&session, &site),
		    rows[i].patience);
	}
	session_fini(&session);
}

static void
only_a_report_in_8_bits_is_not_sent_where_8bitmime_is_not_offered(void)
{
	static const struct { uint32_t flags, offer; bool sent; } rows[] = {
		{ ENVELOPE_REPORT | ENVELOPE_8BIT, 0, false },
		{ ENVELOPE_REPORT | ENVELOPE_8BIT, OFFER_8BITMIME, true },
		{ ENVELOPE_REPORT, 0, true }, { ENVELOPE_8BIT, 0, true }
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct session session;
		struct envelope *envelope = script_envelope(1);
		struct buf out;
		uint32_t rcpt = 0;

		session_init(&session, "me.test", SITE_TLS_NONE);
		buf_init(&out, 1 << 16);
		session.state = SESSION_IDLE;
		session.offer = (struct offer){ .bits = rows[i].offer };
		envelope->flags = rows[i].flags;
		CU_ASSERT_EQUAL(session_begin(&session, envelope, &rcpt, 1,
		    &out), rows[i].sent ? SESSION_BEGUN : SESSION_EIGHT_BIT);
		CU_ASSERT_EQUAL(buf_length(&out) > 0, rows[i].sent);
		session_fini(&session);
		buf_fini(&out);
		envelope_free(&envelope);
	}
}

static void
a_message_over_the_servers_size_is_not_sent(void)
{
	struct session session;
	struct envelope *envelope = script_envelope(1);
	struct buf out;
	uint32_t rcpt = 0;

	session_init(&session, "me.test", SITE_TLS_NONE);
	buf_init(&out, 1 << 16);
	session.state = SESSION_IDLE;
	session.offer = (struct offer){ .bits = OFFER_SIZE,
	    .size = 5 };
	CU_ASSERT_EQUAL(session_begin(&session, envelope, &rcpt, 1, &out),
	    SESSION_TOO_BIG);
	CU_ASSERT_EQUAL(buf_length(&out), 0);
	session.offer.size = 0;	/* RFC 1870: no limit */
	CU_ASSERT_EQUAL(session_begin(&session, envelope, &rcpt, 1, &out),
	    SESSION_BEGUN);
	session_fini(&session);
	buf_fini(&out);
	envelope_free(&envelope);
}

const struct unit_test session_tests[] = {
	UNIT(a_session_goes_its_way_however_the_bytes_arrive),
	UNIT(tls_is_started_when_it_can_be_and_forgets_what_was_before),
	UNIT(a_server_that_speaks_unasked_is_left),
	UNIT(a_second_transaction_may_follow_the_body_of_the_first),
	UNIT(the_verdict_waits_until_the_order_of_the_replies_is_proved),
	UNIT(nothing_goes_ahead_where_pipelining_is_not_offered),
	UNIT(what_is_no_reply_ends_the_session_at_any_step),
	UNIT(a_reply_without_end_ends_the_session),
	UNIT(patience_follows_what_is_waited_for),
	UNIT(a_message_over_the_servers_size_is_not_sent),
	UNIT(only_a_report_in_8_bits_is_not_sent_where_8bitmime_is_not_offered),
	UNIT_END
};
