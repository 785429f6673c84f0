/* SPDX-License-Identifier: ISC
 *
 * limits.c - tests of every limit, at it and one beyond it.
 */
#include "unit/receiver/suites.h"
#include "unit/receiver/talk.h"

#include "base/mem.h"

#include <stdio.h>

static void
open_transaction(struct talk *talk)
{
	talk_hear(talk, HELLO);
	HEARS(talk, FROM_A TO_B "DATA\r\n", "250 2.1.0, 250 2.1.5, 354");
}

/* COUNT times TEXT, then END; what is heard. */
static const char *
say_often(struct talk *talk, const char *text, size_t count,
    const char *end)
{
	buf_clear(&talk->replies);
	for (size_t i = 0; i < count; i++)
		talk_say(talk, span_of(text));
	return talk_hear(talk, end);
}

/* ---- SIZE ---------------------------------------------------------------- */

static const struct {
	const char *value, *hear;
} sizes[] = {
	{ "0", "250 2.1.0" }, { "1", "250 2.1.0" },
	{ "20480", "250 2.1.0" }, { "20481", "552 5.3.4" },
	{ "00000000000000000010", "250 2.1.0" },
	{ "18446744073709551615", "552 5.3.4" },
	{ "18446744073709551616", "501 5.5.4" },
	{ "99999999999999999999", "501 5.5.4" },
	{ "100000000000000000000", "501 5.5.4" },
	{ "-1", "501 5.5.4" }, { "+1", "501 5.5.4" },
	{ "0x10", "501 5.5.4" }, { "", "501 5.5.4" },
	{ "1 2", "555 5.5.4" }, { "1e3", "501 5.5.4" },
};

static void
a_declared_size_is_a_number_within_the_limit(void)
{
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct talk talk;
		char line[128];

		talk_begin(&talk, NULL, true);
		talk_hear(&talk, HELLO);
		snprintf(line, sizeof line, "MAIL FROM:<a@b.test> SIZE=%s\r\n",
		    sizes[i].value);
		HEARS(&talk, line, sizes[i].hear);
		talk_end(&talk);
	}
}

static void
a_message_over_the_limit_is_read_to_its_end_and_refused(void)
{
	/* 20480 bytes are allowed, without dots that stuffing adds */
	struct talk talk;

	talk_begin(&talk, NULL, true);
	open_transaction(&talk);
	CU_ASSERT_STRING_EQUAL(say_often(&talk, "..34567\r\n", 2560,
	    ".\r\n"), "250 2.0.0");
	HEARS(&talk, FROM_A TO_B "DATA\r\n", "250 2.1.0, 250 2.1.5, 354");
	CU_ASSERT_STRING_EQUAL(say_often(&talk, "..34567\r\n", 2561,
	    "MAIL FROM:<body@x.test>\r\n.\r\n"), "552 5.3.4");
	HEARS(&talk, FROM_A, "250 2.1.0");
	CU_ASSERT_EQUAL(talk.messages, 1);
	talk_end(&talk);
}

static void
a_refused_message_holds_no_memory_while_it_goes_on(void)
{
	struct talk talk;

	talk_begin(&talk, NULL, true);
	open_transaction(&talk);
	say_often(&talk, "0123456789abcde\r\n", 1000, "more\r\n");
	CU_ASSERT_TRUE(talk.rules.in_flight > 16000);
	say_often(&talk, "0123456789abcde\r\n", 1000, "more\r\n");
	CU_ASSERT_TRUE(talk.rules.in_flight < 500);	/* the envelope */
	CU_ASSERT_EQUAL(buf_length(&talk.session.txn->body), 0);
	HEARS(&talk, ".\r\n", "552 5.3.4");
	talk_end(&talk);
}

/* ---- lines --------------------------------------------------------------- */

static void
a_command_line_over_the_limit_is_swallowed_to_its_end(void)
{
	struct talk talk;
	char line[4096 + 16];
	size_t fits = 4096 - 2, length;

	talk_begin(&talk, NULL, true);
	talk_hear(&talk, HELLO);
	for (length = fits; length <= fits + 1; length++) {
		memset(line, 'x', sizeof line);
		memcpy(line, "NOOP ", 5);
		memcpy(line + length, "\r\nNOOP\r\n", 9);
		HEARS(&talk, line, length == fits ?
		    "250 2.0.0, 250 2.0.0" : "500 5.5.2, 250 2.0.0");
	}
	talk_end(&talk);
}

static void
a_line_without_end_takes_no_memory(void)
{
	struct talk talk;

	talk_begin(&talk, NULL, true);
	talk_hear(&talk, HELLO);
	CU_ASSERT_STRING_EQUAL(say_often(&talk, "MAIL FROM:<aaaaaaaaaaaaaaaaaa",
	    2000, ""), "");
	CU_ASSERT_TRUE(buf_length(&talk.input) < 4096);
	HEARS(&talk, "b@c.test>\r\nNOOP\r\n", "500 5.5.2, 250 2.0.0");
	CU_ASSERT_EQUAL(talk.session.state, SESSION_GREETED);
	talk_end(&talk);
}

static void
a_line_without_end_ends_the_session(void)
{
	struct talk talk;

	talk_begin(&talk, NULL, true);
	talk_hear(&talk, HELLO);
	CU_ASSERT_STRING_EQUAL(say_often(&talk, "0123456789abcdef",
	    16 * 4096 / 16 - 1, ""), "");
	CU_ASSERT_EQUAL(talk.session.state, SESSION_GREETED);
	HEARS(&talk, "0123456789abcdef", "500 5.5.2");
	CU_ASSERT_EQUAL(talk.session.state, SESSION_ENDED);
	CU_ASSERT_EQUAL(session_wish(&talk.session), WANT_CLOSE);
	talk_end(&talk);
}

static void
long_lines_that_end_do_not_add_up(void)
{
	struct talk talk;

	talk_begin(&talk, NULL, true);
	talk_hear(&talk, HELLO);
	for (int i = 0; i < 5; i++)
		CU_ASSERT_STRING_EQUAL(say_often(&talk, "0123456789abcdef",
		    2000, "\r\nNOOP\r\n"), "500 5.5.2, 250 2.0.0");
	talk_end(&talk);
}

static void
a_line_of_data_over_the_limit_is_refused(void)
{
	static const char conf[] = "limits { data-line 1000 }\n";
	struct talk talk;

	talk_begin(&talk, conf, true);
	open_transaction(&talk);
	CU_ASSERT_STRING_EQUAL(say_often(&talk, "0123456789", 99,
	    "12345678\r\n.\r\n"), "250 2.0.0");
	HEARS(&talk, FROM_A TO_B "DATA\r\n", "250 2.1.0, 250 2.1.5, 354");
	CU_ASSERT_STRING_EQUAL(say_often(&talk, "0123456789", 99,
	    "123456789\r\n.\r\n"), "550 5.6.0");
	talk_end(&talk);
}

/* ---- the header ---------------------------------------------------------- */

static const char small_header[] = "limits { header 1k }\n";

static void
a_header_over_the_limit_is_refused_and_one_at_it_is_not(void)
{
	struct talk talk;

	talk_begin(&talk, small_header, true);
	open_transaction(&talk);	/* 63 * 16 + 14 + 2 = 1024 */
	CU_ASSERT_STRING_EQUAL(say_often(&talk, "X-Field: 12345\r\n", 63,
	    "X-Field: 123\r\n\r\nbody\r\n.\r\n"), "250 2.0.0");
	HEARS(&talk, FROM_A TO_B "DATA\r\n", "250 2.1.0, 250 2.1.5, 354");
	CU_ASSERT_STRING_EQUAL(say_often(&talk, "X-Field: 12345\r\n", 63,
	    "X-Field: 1234\r\n\r\nbody\r\n.\r\n"), "554 5.6.0");
	talk_end(&talk);
}

static void
one_field_without_end_is_a_header_over_the_limit(void)
{
	struct talk talk;

	talk_begin(&talk, small_header, true);
	open_transaction(&talk);
	CU_ASSERT_STRING_EQUAL(say_often(&talk, "X-Field:-123456-", 100,
	    "\r\n\r\n.\r\n"), "554 5.6.0");
	HEARS(&talk, FROM_A TO_B "DATA\r\n", "250 2.1.0, 250 2.1.5, 354");
	CU_ASSERT_STRING_EQUAL(say_often(&talk, "X: 1\r\n 2\r\n", 200,
	    "\r\n.\r\n"), "554 5.6.0");
	talk_end(&talk);
}

static void
a_body_without_header_may_be_longer_than_a_header(void)
{
	struct talk talk;

	talk_begin(&talk, small_header, true);
	open_transaction(&talk);
	CU_ASSERT_STRING_EQUAL(say_often(&talk, "no field at all\r\n", 100,
	    ".\r\n"), "250 2.0.0");
	CU_ASSERT_EQUAL(talk.got[0].klass, CLASS_NORMAL);
	talk_end(&talk);
}

static void
too_many_hops_are_a_loop(void)
{
	static const char conf[] = "limits { hops 3 }\n";
	struct talk talk;

	talk_begin(&talk, conf, true);
	open_transaction(&talk);
	CU_ASSERT_STRING_EQUAL(say_often(&talk, "Received: x\r\n", 3,
	    "\r\nReceived: body\r\n.\r\n"), "250 2.0.0");
	HEARS(&talk, FROM_A TO_B "DATA\r\n", "250 2.1.0, 250 2.1.5, 354");
	CU_ASSERT_STRING_EQUAL(say_often(&talk, "Received: x\r\n", 4,
	    "\r\n.\r\n"), "554 5.4.6");
	HEARS(&talk, FROM_A TO_B "DATA\r\n", "250 2.1.0, 250 2.1.5, 354");
	CU_ASSERT_STRING_EQUAL(say_often(&talk, "Received: x\r\n", 4,
	    ".\r\n"), "554 5.4.6");
	talk_end(&talk);
}

/* ---- recipients, errors, talk -------------------------------------------- */

/* COUNT different recipients. */
static void
name_many(struct talk *talk, unsigned count)
{
	char line[64];

	while (count-- > 0) {
		snprintf(line, sizeof line, "RCPT TO:<b%u@rcpt.test>\r\n",
		    count);
		HEARS(talk, line, "250 2.1.5");
	}
}

static void
recipients_beyond_the_limit_are_a_452_and_the_others_stay(void)
{
	struct talk talk;

	talk_begin(&talk, NULL, true);
	talk_hear(&talk, HELLO);
	HEARS(&talk, FROM_A, "250 2.1.0");
	name_many(&talk, 5);
	HEARS(&talk, TO_B TO_B "DATA\r\n", "452 4.5.3, 452 4.5.3, 354");
	HEARS(&talk, "x\r\n.\r\n", "250 2.0.0");
	CU_ASSERT_EQUAL(talk.got[0].rcpt_count, 5);
	talk_end(&talk);
}

static void
a_thousand_recipients_are_taken_by_default(void)
{
	struct talk talk;

	talk_begin(&talk, "", true);
	talk_hear(&talk, HELLO);
	talk_hear(&talk, FROM_A);
	name_many(&talk, 1000);
	CU_ASSERT_EQUAL(talk.session.txn->envelope->rcpt_count, 1000);
	HEARS(&talk, "DATA\r\n", "354");
	HEARS(&talk, ".\r\n", "250 2.0.0");
	CU_ASSERT_EQUAL(talk.got[0].rcpt_count, 1000);
	talk_end(&talk);
}

static void
too_many_errors_end_the_session(void)
{
	static const char conf[] = "limits { errors 3 }\n";
	struct talk talk;

	talk_begin(&talk, conf, true);
	HEARS(&talk, HELLO, "250");
	HEARS(&talk, "A\r\nB\r\nC\r\n", "500 5.5.1, 500 5.5.1, 500 5.5.1");
	HEARS(&talk, "NOOP\r\n", "250 2.0.0");
	HEARS(&talk, "D\r\nNOOP\r\n", "500 5.5.1, 421 4.7.0");
	CU_ASSERT_EQUAL(session_wish(&talk.session), WANT_CLOSE);
	talk_end(&talk);
}

static void
a_message_that_was_taken_wipes_the_errors_out(void)
{
	static const char conf[] = "limits { errors 3 }\n";
	struct talk talk;

	talk_begin(&talk, conf, true);
	HEARS(&talk, HELLO, "250");
	for (int i = 0; i < 4; i++) {
		HEARS(&talk, "A\r\nB\r\n", "500 5.5.1, 500 5.5.1");
		HEARS(&talk, FROM_A TO_B "DATA\r\n",
		    "250 2.1.0, 250 2.1.5, 354");
		HEARS(&talk, "x\r\n.\r\n", "250 2.0.0");
	}
	talk_end(&talk);
}

static void
refused_messages_and_long_lines_are_errors_too(void)
{
	static const char conf[] = "limits { errors 1 }\n";
	struct talk talk;

	talk_begin(&talk, conf, true);
	HEARS(&talk, HELLO, "250");
	HEARS(&talk, FROM_A TO_B "DATA\r\n", "250 2.1.0, 250 2.1.5, 354");
	HEARS(&talk, "a\nb\r\n.\r\n", "550 5.6.11");
	HEARS(&talk, FROM_A TO_B "DATA\r\n", "250 2.1.0, 250 2.1.5, 354");
	HEARS(&talk, "a\nb\r\n.\r\n", "550 5.6.11, 421 4.7.0");
	talk_end(&talk);
}

static void
endless_small_talk_ends_the_session(void)
{
	struct talk talk;
	unsigned said = 0;

	talk_begin(&talk, NULL, true);
	talk_hear(&talk, HELLO);
	while (session_wish(&talk.session) == WANT_LINE && said < 1000) {
		talk_say(&talk, span_of("NOOP\r\n"));
		said++;
	}
	CU_ASSERT_TRUE(said > 100 && said < 200);
	talk_end(&talk);
}

static void
replies_stop_growing_until_they_are_sent(void)
{
	struct talk talk;
	struct buf *in = buf_new(1 << 20), *reply = buf_new(1 << 20);
	struct span rest;

	talk_begin(&talk, NULL, true);
	talk_hear(&talk, HELLO);
	talk_hear(&talk, FROM_A);
	for (int i = 0; i < 5000; i++)
		buf_append_text(in, TO_B);
	rest = buf_peek(in);
	session_input(&talk.session, &rest, reply);
	CU_ASSERT_TRUE(rest.length > 0);
	CU_ASSERT_TRUE(buf_length(reply) < REPLIES_MOST + 1024);
	buf_free(&in);
	buf_free(&reply);
	talk_end(&talk);
}

/* ---- room ---------------------------------------------------------------- */

static void
a_full_disk_is_told_before_data(void)
{
	struct talk talk;

	talk_begin(&talk, NULL, true);	/* reserve 1k */
	talk_hear(&talk, HELLO);
	talk.rules.disk_free = 255;	/* urgent mail leaves a quarter */
	HEARS(&talk, FROM_A, "452 4.3.1");
	HEARS(&talk, TO_B, "503 5.5.1");
	talk.rules.disk_free = 1256;
	HEARS(&talk, "MAIL FROM:<a@b.test> SIZE=1001\r\n", "452 4.3.1");
	HEARS(&talk, "MAIL FROM:<a@b.test> SIZE=1000\r\n", "250 2.1.0");
	talk_end(&talk);
}

static void
a_long_queue_refuses_the_classes_it_names(void)
{
	struct talk talk;

	talk_begin(&talk, NULL, true);
	talk_hear(&talk, HELLO);
	pressure_queue(&talk.rules.pressure, 0, 1 << CLASS_BULK);
	HEARS(&talk, "MAIL FROM:<a@b.test> MT-PRIORITY=-4\r\n", "451 4.3.1");
	HEARS(&talk, FROM_A TO_B "DATA\r\n", "250 2.1.0, 250 2.1.5, 354");
	HEARS(&talk, "List-Id: x\r\n\r\n.\r\n", "451 4.3.1");
	HEARS(&talk, FROM_A TO_B "DATA\r\n", "250 2.1.0, 250 2.1.5, 354");
	HEARS(&talk, "Subject: x\r\n\r\n.\r\n", "250 2.0.0");
	pressure_queue(&talk.rules.pressure, 0,
	    (1 << CLASS_BULK) | (1 << CLASS_NORMAL));
	HEARS(&talk, FROM_A TO_B "DATA\r\n", "250 2.1.0, 250 2.1.5, 354");
	HEARS(&talk, ".\r\n", "451 4.3.1");
	HEARS(&talk, "MAIL FROM:<a@b.test> MT-PRIORITY=4\r\n", "250 2.1.0");
	HEARS(&talk, "RSET\r\n", "250 2.0.0");
	pressure_queue(&talk.rules.pressure, 0, 7);
	HEARS(&talk, FROM_A, "451 4.3.1");
	CU_ASSERT_EQUAL(talk.messages, 1);
	talk_end(&talk);
}

static void
who_may_only_send_what_is_refused_hears_so_at_mail(void)
{
	struct talk talk;

	talk_begin(&talk, NULL, true);
	talk_hear(&talk, HELLO);
	talk.session.client.ceiling = CLASS_BULK;
	pressure_queue(&talk.rules.pressure, 0, 1 << CLASS_BULK);
	HEARS(&talk, FROM_A, "451 4.3.1");
	HEARS(&talk, "MAIL FROM:<a@b.test> MT-PRIORITY=4\r\n", "451 4.3.1");
	talk_end(&talk);
}

/* reserve 1k, bulk-reserve 1k: room, and who hears what. */
static const struct {
	uint64_t room;
	const char *urgent, *normal, *bulk;
	bool slow[CLASS_COUNT];
} rooms[] = {
	{ 1 << 20, "250 2.1.0", "250 2.1.0", "250 2.1.0", { 0, 0, 0 } },
	{ 2400, "250 2.1.0", "250 2.1.0", "250 2.1.0", { 0, 0, 1 } },
	{ 2048, "250 2.1.0", "250 2.1.0", "452 4.3.1", { 0, 0, 1 } },
	{ 2200, "250 2.1.0", "250 2.1.0", "452 4.3.1", { 0, 0, 1 } },
	{ 2400, "250 2.1.0", "250 2.1.0", "250 2.1.0", { 0, 0, 1 } },
	{ 1100, "250 2.1.0", "250 2.1.0", "452 4.3.1", { 0, 1, 1 } },
	{ 1000, "250 2.1.0", "452 4.3.1", "452 4.3.1", { 0, 1, 1 } },
	{ 310, "250 2.1.0", "452 4.3.1", "452 4.3.1", { 1, 1, 1 } },
	{ 250, "452 4.3.1", "452 4.3.1", "452 4.3.1", { 1, 1, 1 } },
	{ 1 << 20, "250 2.1.0", "250 2.1.0", "250 2.1.0", { 0, 0, 0 } },
};

static void
a_disk_that_fills_turns_bulk_away_first_and_urgent_last(void)
{
	struct talk talk;

	talk_begin(&talk, "queue { reserve 1k; bulk-reserve 1k }\n", true);
	talk_hear(&talk, HELLO);
	for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
		talk.rules.disk_free = rooms[i].room;
		pressure_disk(&talk.rules.pressure, talk.conf, rooms[i].room);
		HEARS(&talk, "MAIL FROM:<a@b.test> MT-PRIORITY=4\r\n",
		    rooms[i].urgent);
		talk_hear(&talk, "RSET\r\n");
		HEARS(&talk, "MAIL FROM:<a@b.test> MT-PRIORITY=0\r\n",
		    rooms[i].normal);
		talk_hear(&talk, "RSET\r\n");
		HEARS(&talk, "MAIL FROM:<a@b.test> MT-PRIORITY=-4\r\n",
		    rooms[i].bulk);
		talk_hear(&talk, "RSET\r\n");
		for (int c = 0; c < CLASS_COUNT; c++)
			CU_ASSERT_EQUAL(pressure_slows(&talk.rules.pressure,
			    c), rooms[i].slow[c]);
	}
	talk_end(&talk);
}

/* The disk gets short while the body comes: what the dot hears. */
static const struct {
	uint64_t room;
	const char *begin, *end;
} shorter[] = {
	{ 2000, "MAIL FROM:<a@b.test> MT-PRIORITY=-4\r\n", "452 4.3.1" },
	{ 2000, "MAIL FROM:<a@b.test>\r\n", "250 2.0.0" },
	{ 1000, "MAIL FROM:<a@b.test>\r\n", "452 4.3.1" },
	{ 300, "MAIL FROM:<a@b.test> MT-PRIORITY=4\r\n", "250 2.0.0" },
	{ 250, "MAIL FROM:<a@b.test> MT-PRIORITY=4\r\n", "452 4.3.1" },
};

static void
mail_that_comes_in_while_the_disk_gets_short_is_refused_by_class(void)
{
	for (size_t i = 0; i < sizeof shorter / sizeof shorter[0]; i++) {
		struct talk talk;
		bool taken = *shorter[i].end == '2';

		talk_begin(&talk, "queue { reserve 1k; bulk-reserve 1k }\n",
		    true);
		talk_hear(&talk, HELLO);
		HEARS(&talk, shorter[i].begin, "250 2.1.0");
		HEARS(&talk, TO_B "DATA\r\n", "250 2.1.5, 354");
		HEARS(&talk, "Subject: x\r\n\r\nx\r\n", "");
		pressure_disk(&talk.rules.pressure, talk.conf,
		    shorter[i].room);
		HEARS(&talk, ".\r\n", shorter[i].end);
		CU_ASSERT_EQUAL(talk.messages, taken ? 1 : 0);
		talk_end(&talk);
	}
}

static void
a_size_that_was_declared_counts_as_soon_as_the_class_is_known(void)
{
	struct talk talk;

	talk_begin(&talk, "queue { reserve 1k; bulk-reserve 1k }\n", true);
	talk_hear(&talk, HELLO);
	talk.rules.disk_free = 5000;
	HEARS(&talk, "MAIL FROM:<a@b.test> SIZE=3900\r\n", "250 2.1.0");
	HEARS(&talk, TO_B "DATA\r\n", "250 2.1.5, 354");
	HEARS(&talk, "Precedence: bulk\r\n\r\n.\r\n", "452 4.3.1");
	CU_ASSERT_EQUAL(talk.messages, 0);
	HEARS(&talk, "MAIL FROM:<a@b.test> SIZE=3900\r\n", "250 2.1.0");
	HEARS(&talk, TO_B "DATA\r\n", "250 2.1.5, 354");
	HEARS(&talk, "Subject: x\r\n\r\n.\r\n", "250 2.0.0");
	talk_end(&talk);
}

static void
commits_that_take_long_slow_bulk_then_refuse_it_then_normal(void)
{
	struct talk talk;
	struct pressure *p = &talk.rules.pressure;

	talk_begin(&talk, "queue { bulk-delay 1s; normal-delay 4s }\n", true);
	pressure_commit(p, talk.conf, 700);
	CU_ASSERT_FALSE(pressure_slows(p, CLASS_BULK));
	pressure_commit(p, talk.conf, 750);
	CU_ASSERT_TRUE(pressure_slows(p, CLASS_BULK));
	CU_ASSERT_EQUAL(pressure_verdict(p, CLASS_BULK).code, 0);
	pressure_commit(p, talk.conf, 1000);
	CU_ASSERT_EQUAL(pressure_verdict(p, CLASS_BULK).code, 451);
	CU_ASSERT_FALSE(pressure_slows(p, CLASS_NORMAL));
	pressure_commit(p, talk.conf, 4000);
	CU_ASSERT_EQUAL(pressure_verdict(p, CLASS_NORMAL).code, 451);
	CU_ASSERT_EQUAL(pressure_verdict(p, CLASS_URGENT).code, 0);
	CU_ASSERT_FALSE(pressure_slows(p, CLASS_URGENT));
	pressure_commit(p, talk.conf, 0);
	CU_ASSERT_FALSE(pressure_slows(p, CLASS_BULK));
	CU_ASSERT_EQUAL(pressure_verdict(p, CLASS_BULK).code, 0);
	talk_end(&talk);
}

static void
memory_is_bounded_and_its_last_part_is_for_urgent_mail(void)
{
	static const char conf[] = "limits { memory 1M }\n";
	struct talk talk;

	talk_begin(&talk, conf, true);
	talk_hear(&talk, HELLO);
	talk.rules.in_flight = (1 << 20) / 8 * 7 - 9999;
	HEARS(&talk, "MAIL FROM:<a@b.test> SIZE=10000\r\n" TO_B
	    "DATA\r\n", "250 2.1.0, 250 2.1.5, 452 4.3.1");
	HEARS(&talk, "RSET\r\n", "250 2.0.0");
	HEARS(&talk, "MAIL FROM:<a@b.test> SIZE=10000 MT-PRIORITY=4\r\n" TO_B
	    "DATA\r\n", "250 2.1.0, 250 2.1.5, 354");
	HEARS(&talk, "x\r\n.\r\n", "250 2.0.0");
	CU_ASSERT_EQUAL(talk.rules.in_flight, (1 << 20) / 8 * 7 - 9999);
	talk.rules.in_flight = 0;
	talk_end(&talk);
}

static void
who_may_not_be_urgent_gets_no_memory_of_urgent_mail_by_asking(void)
{
	struct talk talk;

	talk_begin(&talk, "limits { memory 1M }\n", true);
	talk.session.client.ceiling = CLASS_NORMAL;
	talk_hear(&talk, HELLO);
	talk.rules.in_flight = (1 << 20) / 8 * 7 - 9999;
	HEARS(&talk, "MAIL FROM:<a@b.test> SIZE=10000 MT-PRIORITY=9\r\n" TO_B
	    "DATA\r\n", "250 2.1.0, 250 2.1.5, 452 4.3.1");
	HEARS(&talk, "RSET\r\n", "250 2.0.0");
	CU_ASSERT_EQUAL(talk.rules.in_flight, (1 << 20) / 8 * 7 - 9999);
	talk.rules.in_flight = 0;
	talk_end(&talk);
}

static void
recipients_count_as_memory_too(void)
{
	static const char conf[] = "limits { memory 1M; recipients 50000 }\n";
	struct talk talk;
	char line[600];
	size_t at = (size_t)snprintf(line, sizeof line,
	    "RCPT TO:<%06u@rcpt.test> ORCPT=rfc822;", 0U);
	const char *heard = "250 2.1.5";
	unsigned taken = 0;

	memset(line + at, 'x', 450);
	memcpy(line + at + 450, "\r\n", 3);
	talk_begin(&talk, conf, true);
	talk_hear(&talk, HELLO);
	talk_hear(&talk, FROM_A);
	while (strcmp(heard, "250 2.1.5") == 0 && taken < 50000) {
		snprintf(line + 9, 7, "%06u", taken);
		line[15] = '@';
		heard = talk_hear(&talk, line);
		taken++;
	}
	CU_ASSERT_STRING_EQUAL(heard, "452 4.3.1");
	CU_ASSERT_TRUE(taken > 1000 && taken < 2500);
	HEARS(&talk, "RSET\r\n", "250 2.0.0");
	CU_ASSERT_EQUAL(talk.rules.in_flight, 0);
	talk_end(&talk);
}

static void
a_body_that_outgrows_the_memory_is_refused_after_its_end(void)
{
	static const char conf[] = "limits { memory 1M }\n";
	struct talk talk;

	talk_begin(&talk, conf, true);
	open_transaction(&talk);
	talk.rules.in_flight += 900000;
	CU_ASSERT_STRING_EQUAL(say_often(&talk, "0123456789abcde\r\n", 2000,
	    ".\r\n"), "452 4.3.1");
	talk.rules.in_flight -= 900000;
	talk_end(&talk);
}

/* ---- shutting down ------------------------------------------------------- */

static void
a_draining_session_ends_after_its_transaction(void)
{
	struct talk talk;

	talk_begin(&talk, NULL, true);
	open_transaction(&talk);
	CU_ASSERT_FALSE(session_is_idle(&talk.session));
	talk.rules.draining = true;
	HEARS(&talk, "x\r\n.\r\n" FROM_A, "250 2.0.0, 421 4.3.2");
	CU_ASSERT_EQUAL(talk.messages, 1);
	CU_ASSERT_EQUAL(session_wish(&talk.session), WANT_CLOSE);
	talk_end(&talk);
}

static void
a_421_ends_a_session_in_any_state(void)
{
	static const char *const before[] = { NULL, HELLO, FROM_A, TO_B,
		"DATA\r\n" };

	for (size_t n = 0; n < 5; n++) {
		struct talk talk;
		char *text;

		talk_begin(&talk, NULL, true);
		for (size_t i = 1; i <= n; i++)
			talk_hear(&talk, before[i]);
		buf_clear(&talk.replies);
		session_end(&talk.session, "4.4.2", "Timeout", &talk.replies);
		text = talk_take_replies(&talk);
		CU_ASSERT_STRING_EQUAL(text,
		    "421 4.4.2 relay.test Timeout\r\n");
		mem_free(text);
		CU_ASSERT_EQUAL(session_wish(&talk.session), WANT_CLOSE);
		CU_ASSERT_PTR_NULL(talk.session.txn);
		talk_end(&talk);
	}
}

const struct unit_test limits_tests[] = {
	UNIT(a_declared_size_is_a_number_within_the_limit),
	UNIT(a_message_over_the_limit_is_read_to_its_end_and_refused),
	UNIT(a_refused_message_holds_no_memory_while_it_goes_on),
	UNIT(a_command_line_over_the_limit_is_swallowed_to_its_end),
	UNIT(a_line_without_end_takes_no_memory),
	UNIT(a_line_without_end_ends_the_session),
	UNIT(long_lines_that_end_do_not_add_up),
	UNIT(a_line_of_data_over_the_limit_is_refused),
	UNIT(a_header_over_the_limit_is_refused_and_one_at_it_is_not),
	UNIT(one_field_without_end_is_a_header_over_the_limit),
	UNIT(a_body_without_header_may_be_longer_than_a_header),
	UNIT(too_many_hops_are_a_loop),
	UNIT(recipients_beyond_the_limit_are_a_452_and_the_others_stay),
	UNIT(a_thousand_recipients_are_taken_by_default),
	UNIT(too_many_errors_end_the_session),
	UNIT(a_message_that_was_taken_wipes_the_errors_out),
	UNIT(refused_messages_and_long_lines_are_errors_too),
	UNIT(endless_small_talk_ends_the_session),
	UNIT(replies_stop_growing_until_they_are_sent),
	UNIT(a_full_disk_is_told_before_data),
	UNIT(a_long_queue_refuses_the_classes_it_names),
	UNIT(who_may_only_send_what_is_refused_hears_so_at_mail),
	UNIT(a_disk_that_fills_turns_bulk_away_first_and_urgent_last),
	UNIT(mail_that_comes_in_while_the_disk_gets_short_is_refused_by_class),
	UNIT(a_size_that_was_declared_counts_as_soon_as_the_class_is_known),
	UNIT(commits_that_take_long_slow_bulk_then_refuse_it_then_normal),
	UNIT(memory_is_bounded_and_its_last_part_is_for_urgent_mail),
	UNIT(who_may_not_be_urgent_gets_no_memory_of_urgent_mail_by_asking),
	UNIT(recipients_count_as_memory_too),
	UNIT(a_body_that_outgrows_the_memory_is_refused_after_its_end),
	UNIT(a_draining_session_ends_after_its_transaction),
	UNIT(a_421_ends_a_session_in_any_state),
	UNIT_END
};
