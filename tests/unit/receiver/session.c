/* SPDX-License-Identifier: ISC
 *
 * session.c - tests of sessions as wholes: what is said and what is heard.
 */
#include "unit/receiver/suites.h"
#include "unit/receiver/talk.h"

#include "base/mem.h"

static void
a_message_is_taken_whole_bytewise_and_cut_anywhere(void)
{
	static const struct step steps[] = {
		{ HELLO, "250" },
		{ FROM_A TO_B "DATA\r\n", "250 2.1.0, 250 2.1.5, 354" },
		{ "Subject: x\r\n\r\nhi\r\n.\r\n", "250 2.0.0" },
		{ "QUIT\r\n", "221 2.0.0" },
		{ NULL, NULL }
	};

	play(NULL, true, steps, 1);
}

static void
what_follows_the_dot_is_the_next_transaction(void)
{
	static const struct step steps[] = {
		{ HELLO, "250" },
		{ FROM_A TO_B "DATA\r\n", "250 2.1.0, 250 2.1.5, 354" },
		{ "one\r\n.\r\n" FROM_A TO_B "DATA\r\n",
		    "250 2.0.0, 250 2.1.0, 250 2.1.5, 354" },
		{ "two\r\n.\r\nQUIT\r\n", "250 2.0.0, 221 2.0.0" },
		{ NULL, NULL }
	};

	play(NULL, true, steps, 2);
}

static void
a_client_that_knows_no_ehlo_is_served(void)
{
	static const struct step steps[] = {
		{ "HELO old.test\r\n", "250" },
		{ "MAIL FROM:<a@b.test> SIZE=10\r\n", "555 5.5.4" },
		{ "MAIL FROM:<a@b.test>\r\n", "250 2.1.0" },
		{ "RCPT TO:<c@d.test>\r\n", "250 2.1.5" },
		{ "DATA\r\n", "354" },
		{ ".\r\n", "250 2.0.0" },
		{ NULL, NULL }
	};

	play(NULL, true, steps, 1);
}

static void
small_talk_is_answered_before_ehlo(void)
{
	static const struct step steps[] = {
		{ "NOOP\r\n", "250 2.0.0" },
		{ "noop with words\r\n", "250 2.0.0" },
		{ "RSET\r\n", "250 2.0.0" },
		{ "VRFY someone\r\n", "252 2.0.0" },
		{ "VRFY\r\n", "501 5.5.4" },
		{ "EXPN list\r\n", "502 5.5.1" },
		{ "HELP\r\n", "214 2.0.0" },
		{ "AUTH PLAIN AGEAYg==\r\n", "502 5.5.1" },
		{ "BDAT 10 LAST\r\n", "502 5.5.1" },
		{ "ETRN x\r\n", "502 5.5.1" },
		{ "FOO\r\n", "500 5.5.1" },
		{ "\r\n", "500 5.5.1" },
		{ "QUIT\r\n", "221 2.0.0" },
		{ NULL, NULL }
	};

	play(NULL, false, steps, 0);
}

static void
arguments_where_none_belong_are_refused(void)
{
	static const struct step steps[] = {
		{ HELLO, "250" },
		{ "RSET now\r\n", "501 5.5.4" },
		{ "QUIT now\r\n", "501 5.5.4" },
		{ "STARTTLS now\r\n", "501 5.5.4" },
		{ FROM_A TO_B, "250 2.1.0, 250 2.1.5" },
		{ "DATA now\r\n", "501 5.5.4" },
		{ "DATA  \r\n", "354" },
		{ NULL, NULL }
	};

	play(NULL, true, steps, 0);
}

static void
a_line_that_ends_in_a_bare_lf_is_not_obeyed(void)
{
	static const struct step steps[] = {
		{ "EHLO client.test\n", "500 5.5.2" },
		{ FROM_A, "503 5.5.1" },
		{ "\n", "500 5.5.2" },
		{ HELLO, "250" },
		{ "MAIL FROM:<a@b.test>\n", "500 5.5.2" },
		{ "RCPT TO:<c@d.test>\r\n", "503 5.5.1" },
		{ NULL, NULL }
	};

	play(NULL, true, steps, 0);
}

static void
control_bytes_in_a_command_are_refused(void)
{
	static const struct {
		const char *line;
		size_t length;
	} rows[] = {
		{ "NOOP \0\r\n", 8 }, { "NOOP \r\r\n", 8 },
		{ "NOOP \x1b\r\n", 8 }, { "NOOP \x7f\r\n", 8 },
		{ "RCPT TO:<a@good.test\0@evil.test>\r\n", 34 },
	};
	struct talk talk;
	char heard[SHORT_MOST];

	talk_begin(&talk, NULL, true);
	HEARS(&talk, HELLO, "250");
	HEARS(&talk, FROM_A, "250 2.1.0");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		buf_clear(&talk.replies);
		talk_say(&talk, span_make(rows[i].line, rows[i].length));
		talk_short(buf_peek(&talk.replies), heard);
		CU_ASSERT_STRING_EQUAL(heard, "501 5.5.2");
	}
	talk_end(&talk);
}

static void
a_browser_is_sent_away_at_its_first_line(void)
{
	struct talk talk;

	talk_begin(&talk, NULL, true);
	HEARS(&talk, "POST / HTTP/1.1\r\nHost: x\r\n\r\n" HELLO FROM_A,
	    "421 4.7.0");
	CU_ASSERT_EQUAL(session_wish(&talk.session), WANT_CLOSE);
	talk_end(&talk);
}

static void
ehlo_names_what_is_offered_and_no_more(void)
{
	static const struct {
		bool trusted;
		const char *lines;
	} rows[] = {
		{ true, "250-relay.test\r\n250-PIPELINING\r\n"
		    "250-SIZE 20480\r\n250-STARTTLS\r\n250-8BITMIME\r\n"
		    "250-DSN\r\n250-MT-PRIORITY MIXER\r\n250-DELIVERBY\r\n"
		    "250-FUTURERELEASE 2592000 2023-12-14T22:13:20Z\r\n"
		    "250 ENHANCEDSTATUSCODES\r\n" },
		{ false, "250-relay.test\r\n250-PIPELINING\r\n"
		    "250-SIZE 20480\r\n250-STARTTLS\r\n250-8BITMIME\r\n"
		    "250-DSN\r\n250-DELIVERBY\r\n"
		    "250 ENHANCEDSTATUSCODES\r\n" },
	};

	for (size_t i = 0; i < 2; i++) {
		struct talk talk;
		char *text;

		talk_begin(&talk, NULL, rows[i].trusted);
		talk_say(&talk, span_of(HELLO));
		text = talk_take_replies(&talk);
		CU_ASSERT_STRING_EQUAL(text, rows[i].lines);
		mem_free(text);
		talk_end(&talk);
	}
}

static void
a_helo_name_that_would_break_the_trace_is_refused(void)
{
	static const struct {
		const char *line, *heard;
	} rows[] = {
		{ "EHLO\r\n", "501 5.5.4" },
		{ "EHLO two words\r\n", "501 5.5.4" },
		{ "EHLO a(b\r\n", "501 5.5.4" },
		{ "EHLO a;b\r\n", "501 5.5.4" },
		{ "EHLO \"a\"\r\n", "501 5.5.4" },
		{ "EHLO \xc3\xa4.test\r\n", "501 5.5.4" },
		{ "EHLO [192.0.2.1]\r\n", "250" },
		{ "EHLO [IPv6:2001:db8::1]\r\n", "250" },
		{ "EHLO my_laptop\r\n", "250" },
		{ "EHLO client.test \r\n", "250" },
	};
	struct talk talk;

	talk_begin(&talk, NULL, true);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		HEARS(&talk, rows[i].line, rows[i].heard);
	talk_end(&talk);
}

static void
a_failed_ehlo_leaves_the_transaction_alone(void)
{
	static const struct step steps[] = {
		{ HELLO, "250" },
		{ FROM_A TO_B, "250 2.1.0, 250 2.1.5" },
		{ "EHLO bad name\r\n", "501 5.5.4" },
		{ "DATA\r\n", "354" },
		{ "x\r\n.\r\n", "250 2.0.0" },
		{ NULL, NULL }
	};

	play(NULL, true, steps, 1);
}

static void
bytes_after_ehlo_or_data_that_did_not_wait_end_the_session(void)
{
	struct talk talk;

	talk_begin(&talk, NULL, true);
	HEARS(&talk, HELLO FROM_A, "554 5.5.0");
	CU_ASSERT_EQUAL(session_wish(&talk.session), WANT_CLOSE);
	talk_end(&talk);
	talk_begin(&talk, NULL, true);
	HEARS(&talk, HELLO, "250");
	HEARS(&talk, FROM_A TO_B "DATA\r\nx\r\n.\r\n",
	    "250 2.1.0, 250 2.1.5, 554 5.5.0");
	CU_ASSERT_EQUAL(session_wish(&talk.session), WANT_CLOSE);
	CU_ASSERT_EQUAL(talk.messages, 0);
	talk_end(&talk);
}

static void
a_local_user_may_say_everything_at_once(void)
{
	struct talk talk;

	talk_begin(&talk, NULL, true);
	talk.session.client.local = true;
	talk.session.client.can_tls = false;
	HEARS(&talk, HELLO FROM_A TO_B "DATA\r\nx\r\n.\r\nQUIT\r\n",
	    "250, 250 2.1.0, 250 2.1.5, 354, 250 2.0.0, 221 2.0.0");
	CU_ASSERT_EQUAL(talk.messages, 1);
	talk_end(&talk);
}

static void
nothing_is_read_while_a_commit_is_under_way(void)
{
	struct talk talk;

	talk_begin(&talk, NULL, true);
	talk.slow_disk = true;
	HEARS(&talk, HELLO, "250");
	HEARS(&talk, FROM_A TO_B "DATA\r\n", "250 2.1.0, 250 2.1.5, 354");
	HEARS(&talk, "x\r\n.\r\nNOOP\r\n", "");
	CU_ASSERT_EQUAL(session_wish(&talk.session), WANT_COMMIT);
	CU_ASSERT_TRUE(span_is(buf_peek(&talk.input), "NOOP\r\n"));
	buf_clear(&talk.replies);
	talk_commit(&talk, true);
	HEARS(&talk, "QUIT\r\n", "221 2.0.0");
	CU_ASSERT_EQUAL(talk.messages, 1);
	talk_end(&talk);
}

static void
a_commit_that_fails_is_a_451_and_the_next_message_is_taken(void)
{
	struct talk talk;

	talk_begin(&talk, NULL, true);
	talk.disk_fails = true;
	HEARS(&talk, HELLO, "250");
	HEARS(&talk, FROM_A TO_B "DATA\r\n", "250 2.1.0, 250 2.1.5, 354");
	HEARS(&talk, "x\r\n.\r\n", "451 4.3.0");
	talk.disk_fails = false;
	HEARS(&talk, "RCPT TO:<c@d.test>\r\n", "503 5.5.1");
	HEARS(&talk, FROM_A TO_B "DATA\r\n", "250 2.1.0, 250 2.1.5, 354");
	HEARS(&talk, "x\r\n.\r\n", "250 2.0.0");
	CU_ASSERT_EQUAL(talk.messages, 1);
	talk_end(&talk);
}

static void
the_reply_to_the_dot_names_the_id(void)
{
	struct talk talk;
	char *text;
	struct msgid id;

	talk_begin(&talk, NULL, true);
	talk_hear(&talk, HELLO);
	talk_hear(&talk, FROM_A TO_B "DATA\r\n");
	talk_hear(&talk, "x\r\n.\r\n");
	text = talk_take_replies(&talk);
	CU_ASSERT_TRUE(span_starts_nocase(span_of(text),
	    "250 2.0.0 Ok: queued as "));
	CU_ASSERT_EQUAL(strlen(text), 24 + MSGID_TEXT + 2);
	CU_ASSERT_TRUE(msgid_parse(span_make(text + 24, MSGID_TEXT), &id));
	CU_ASSERT_EQUAL(msgid_node(id), 7);
	mem_free(text);
	talk_end(&talk);
}

static void
the_greeting_names_the_host(void)
{
	struct talk talk;
	char *text;

	talk_begin(&talk, NULL, true);
	session_greet(&talk.session, &talk.replies);
	text = talk_take_replies(&talk);
	CU_ASSERT_STRING_EQUAL(text, "220 relay.test ESMTP postrider\r\n");
	mem_free(text);
	talk_end(&talk);
}

const struct unit_test session_tests[] = {
	UNIT(a_message_is_taken_whole_bytewise_and_cut_anywhere),
	UNIT(what_follows_the_dot_is_the_next_transaction),
	UNIT(a_client_that_knows_no_ehlo_is_served),
	UNIT(small_talk_is_answered_before_ehlo),
	UNIT(arguments_where_none_belong_are_refused),
	UNIT(a_line_that_ends_in_a_bare_lf_is_not_obeyed),
	UNIT(control_bytes_in_a_command_are_refused),
	UNIT(a_browser_is_sent_away_at_its_first_line),
	UNIT(ehlo_names_what_is_offered_and_no_more),
	UNIT(a_helo_name_that_would_break_the_trace_is_refused),
	UNIT(a_failed_ehlo_leaves_the_transaction_alone),
	UNIT(bytes_after_ehlo_or_data_that_did_not_wait_end_the_session),
	UNIT(a_local_user_may_say_everything_at_once),
	UNIT(nothing_is_read_while_a_commit_is_under_way),
	UNIT(a_commit_that_fails_is_a_451_and_the_next_message_is_taken),
	UNIT(the_reply_to_the_dot_names_the_id),
	UNIT(the_greeting_names_the_host),
	UNIT_END
};
