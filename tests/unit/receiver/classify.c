/* SPDX-License-Identifier: ISC
 *
 * classify.c - tests of the class a message gets, and of what is said about
 * it.
 */
#include "unit/receiver/suites.h"
#include "unit/receiver/talk.h"

#include "receiver/classify.h"

#include "base/mem.h"

#include <stdio.h>

static void
each_priority_belongs_to_the_nearest_mixer_level(void)
{
	for (int p = -9; p <= 9; p++)
		CU_ASSERT_EQUAL(class_of_priority(p),
		    p >= 3 ? CLASS_URGENT : p <= -3 ? CLASS_BULK :
		    CLASS_NORMAL);
	for (unsigned k = 0; k < CLASS_COUNT; k++)
		CU_ASSERT_EQUAL(class_of_priority(priority_of_class(k)), k);
}

/* MAIL parameter and header, and the class that comes of it. */
static const struct {
	const char *mail, *header;
	enum mail_class trusted;	/* of a trusted client */
} rows[] = {
	{ "", "", CLASS_NORMAL },
	{ " MT-PRIORITY=4", "", CLASS_URGENT },
	{ " MT-PRIORITY=9", "", CLASS_URGENT },
	{ " MT-PRIORITY=2", "", CLASS_NORMAL },
	{ " MT-PRIORITY=-4", "", CLASS_BULK },
	{ " MT-PRIORITY=-4", "X-Priority: 1\r\n", CLASS_BULK },
	{ " MT-PRIORITY=0", "List-Id: <x>\r\n", CLASS_NORMAL },
	{ "", "MT-Priority: 6\r\n", CLASS_URGENT },
	{ "", "MT-Priority: -6\r\nX-Priority: 1\r\n", CLASS_BULK },
	{ "", "MT-Priority: 6 (flash)\r\n", CLASS_URGENT },
	{ "", "MT-Priority: (a (b\\)) 4) (c)\r\n 6(d)\r\n", CLASS_URGENT },
	{ "", "MT-Priority: (6)\r\n", CLASS_NORMAL },
	{ "", "MT-Priority: 6 (flash) 7\r\n", CLASS_NORMAL },
	{ "", "MT-Priority: (6\r\n", CLASS_NORMAL },
	{ "", "MT-Priority: urgent\r\n", CLASS_NORMAL },
	{ "", "MT-Priority: 10\r\n", CLASS_NORMAL },
	{ "", "MT-Priority: --4\r\n", CLASS_NORMAL },
	/* nothing becomes urgent that nobody of this relay called so */
	{ "", "X-Priority: 1 (Highest)\r\n", CLASS_NORMAL },
	{ "", "X-Priority: 2\r\n", CLASS_NORMAL },
	{ "", "X-Priority: 3\r\n", CLASS_NORMAL },
	{ "", "x-priority: 5\r\n", CLASS_BULK },
	{ "", "Importance: High\r\n", CLASS_NORMAL },
	{ "", "Importance: low\r\n", CLASS_BULK },
	{ "", "Priority: urgent\r\n", CLASS_NORMAL },
	{ "", "Precedence: first-class\r\n", CLASS_NORMAL },
	{ "", "Precedence: special-delivery\r\n", CLASS_NORMAL },
	{ "", "Priority: non-urgent\r\n", CLASS_BULK },
	{ "", "Precedence: bulk\r\n", CLASS_BULK },
	{ "", "List-Id: News <news.x.test>\r\n", CLASS_BULK },
	{ "", "Precedence: list\r\n", CLASS_BULK },
	{ "", "Auto-Submitted: auto-generated\r\n", CLASS_NORMAL },
	/* password resets have it too */
	{ "", "List-Unsubscribe: <mailto:x>\r\n", CLASS_NORMAL },
	{ "", "Subject: Importance: high\r\n", CLASS_NORMAL },
	{ "", "List-Id: <x>\r\nX-Priority: 1\r\n", CLASS_BULK },
	{ "", "List-Id: <x>\r\nMT-Priority: 4\r\n", CLASS_URGENT },
	/* a line that is no field hides none behind it */
	{ "", "an odd line\r\nMT-Priority: 6\r\n", CLASS_URGENT },
	{ "", "Odd name: x\r\n folded\r\nList-Id: <x>\r\n", CLASS_BULK },
	{ "", " folded\r\n\xc3\xa4: x\r\nMT-Priority: 6\r\n", CLASS_URGENT },
};

static const char *
post(struct talk *talk, const char *mail, const char *header)
{
	char text[512];

	talk_hear(talk, HELLO);
	snprintf(text, sizeof text, "MAIL FROM:<a@b.test>%s\r\n" TO_B, mail);
	HEARS(talk, text, "250 2.1.0, 250 2.1.5");
	HEARS(talk, "DATA\r\n", "354");
	snprintf(text, sizeof text, "%s\r\nX-Priority: 1\r\n.\r\n", header);
	return talk_hear(talk, text);
}

static void
a_trusted_client_gets_the_class_it_asks_for(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct talk talk;

		talk_begin(&talk, NULL, true);
		CU_ASSERT_STRING_EQUAL(
		    post(&talk, rows[i].mail, rows[i].header), "250 2.0.0");
		if (talk.got[0].klass != rows[i].trusted)
			fprintf(stderr, "%s %s: %s\n", rows[i].mail,
			    rows[i].header, class_name(talk.got[0].klass));
		CU_ASSERT_EQUAL(talk.got[0].klass, rows[i].trusted);
		talk_end(&talk);
	}
}

static void
the_ceiling_holds_and_the_reply_says_so(void)
{
	static const struct {
		const char *mail, *header, *hear;
		enum mail_class ceiling, got;
		int priority;
	} asks[] = {
		{ " MT-PRIORITY=4", "", "250 2.3.6", CLASS_NORMAL, CLASS_NORMAL,
		    0 },
		{ " MT-PRIORITY=4", "", "250 2.3.6", CLASS_BULK, CLASS_BULK,
		    -4 },
		{ " MT-PRIORITY=2", "", "250 2.0.0", CLASS_NORMAL, CLASS_NORMAL,
		    2 },
		{ " MT-PRIORITY=-9", "", "250 2.0.0", CLASS_NORMAL, CLASS_BULK,
		    -9 },
		{ "", "MT-Priority: 4\r\n", "250 2.3.6", CLASS_NORMAL,
		    CLASS_NORMAL, 0 },
		{ "", "MT-Priority: 7\r\n", "250 2.3.6", CLASS_NORMAL,
		    CLASS_NORMAL, 0 },
		{ "", "", "250 2.0.0", CLASS_BULK, CLASS_BULK, 0 },
	};

	for (size_t i = 0; i < sizeof asks / sizeof asks[0]; i++) {
		struct talk talk;

		talk_begin(&talk, NULL, true);
		talk.session.client.ceiling = (uint8_t)asks[i].ceiling;
		CU_ASSERT_STRING_EQUAL(
		    post(&talk, asks[i].mail, asks[i].header), asks[i].hear);
		CU_ASSERT_EQUAL(talk.got[0].klass, asks[i].got);
		CU_ASSERT_EQUAL(talk.got[0].priority, asks[i].priority);
		talk_end(&talk);
	}
}

static void
the_new_priority_stands_first_and_the_id_last(void)
{
	static const struct { const char *mail, *header;
	} asks[] = { { " MT-PRIORITY=4", "" }, { "", "MT-Priority: 4\r\n" } };

	for (size_t i = 0; i < sizeof asks / sizeof asks[0]; i++) {
		struct talk talk;
		char *text;

		talk_begin(&talk, NULL, true);
		talk.session.client.ceiling = CLASS_BULK;
		post(&talk, asks[i].mail, asks[i].header);
		text = talk_take_replies(&talk);
		CU_ASSERT_TRUE(span_starts_nocase(span_of(text),
		    "250 2.3.6 -4 is the new priority; Ok: queued as "));
		CU_ASSERT_EQUAL(strlen(text), 48 + MSGID_TEXT + 2);
		mem_free(text);
		talk_end(&talk);
	}
}

static void
a_stranger_is_not_offered_priorities(void)
{
	struct talk talk;

	talk_begin(&talk, NULL, false);
	HEARS(&talk, HELLO, "250");
	HEARS(&talk, "MAIL FROM:<a@b.test> MT-PRIORITY=4\r\n", "555 5.5.4");
	talk_end(&talk);
}

/* A stranger may lower its mail, and raise nothing. */
static void
a_stranger_may_only_lower(void)
{
	static const struct {
		const char *block;
		enum mail_class got;
	} asks[] = {
		{ "X-Priority: 1\r\n\r\n", CLASS_NORMAL },
		{ "MT-Priority: 9\r\n\r\n", CLASS_NORMAL },
		{ "MT-Priority: -9\r\n\r\n", CLASS_NORMAL },
		{ "Precedence: bulk\r\n\r\n", CLASS_BULK },
	};
	struct err err;
	struct conf *conf = conf_parse(span_of("hostname relay.test\n"
	    "listen 127.0.0.1:25\n"), "test", &err);
	struct client stranger = { .klass = CLASS_NORMAL,
		.ceiling = CLASS_URGENT };

	CU_ASSERT_PTR_NOT_NULL_FATAL(conf);
	for (size_t i = 0; i < sizeof asks / sizeof asks[0]; i++) {
		char id[MESSAGE_ID_MOST] = "";
		struct header_facts facts = { .message_id = id };
		struct verdict verdict;

		header_facts_read(&facts, span_of(asks[i].block), conf);
		verdict = classify(&stranger, false, 0, &facts);
		CU_ASSERT_EQUAL(verdict.klass, asks[i].got);
		CU_ASSERT_FALSE(verdict.lowered);
		CU_ASSERT_FALSE(verdict.has_priority);
	}
	conf_free(&conf);
}

static void
a_priority_from_the_header_is_handed_on(void)
{
	struct talk talk;

	talk_begin(&talk, NULL, true);
	post(&talk, "", "MT-Priority: 6\r\n");
	CU_ASSERT_TRUE((talk.got[0].flags & ENVELOPE_PRIORITY) != 0);
	CU_ASSERT_EQUAL(talk.got[0].priority, 6);
	post(&talk, "", "X-Priority: 5\r\n");
	CU_ASSERT_FALSE((talk.got[1].flags & ENVELOPE_PRIORITY) != 0);
	talk_end(&talk);
}

static void
the_listener_default_is_the_class_of_mail_that_asks_for_none(void)
{
	struct talk talk;

	talk_begin(&talk, NULL, true);
	talk.session.client.klass = CLASS_BULK;
	post(&talk, "", "Subject: x\r\n");
	post(&talk, "", "MT-Priority: 4\r\n");
	CU_ASSERT_EQUAL(talk.got[0].klass, CLASS_BULK);
	CU_ASSERT_EQUAL(talk.got[1].klass, CLASS_URGENT);
	talk_end(&talk);
}

static void
hops_and_message_id_are_read(void)
{
	struct err err;
	char id[MESSAGE_ID_MOST] = "";
	struct header_facts facts = { .message_id = id };
	struct conf *conf = conf_parse(span_of("hostname relay.test\n"
	    "listen 127.0.0.1:25\n"), "test", &err);

	CU_ASSERT_PTR_NOT_NULL_FATAL(conf);
	header_facts_read(&facts, span_of("Received: a\r\n b\r\n"
	    "RECEIVED: c\r\nX-Received: d\r\nMessage-Id:\r\n <1@x>\r\n"
	    "\r\nReceived: body\r\n"), conf);
	CU_ASSERT_EQUAL(facts.hops, 2);
	CU_ASSERT_STRING_EQUAL(id, "<1@x>");
	conf_free(&conf);
}

const struct unit_test classify_tests[] = {
	UNIT(each_priority_belongs_to_the_nearest_mixer_level),
	UNIT(a_trusted_client_gets_the_class_it_asks_for),
	UNIT(the_ceiling_holds_and_the_reply_says_so),
	UNIT(the_new_priority_stands_first_and_the_id_last),
	UNIT(a_stranger_is_not_offered_priorities),
	UNIT(a_stranger_may_only_lower),
	UNIT(a_priority_from_the_header_is_handed_on),
	UNIT(the_listener_default_is_the_class_of_mail_that_asks_for_none),
	UNIT(hops_and_message_id_are_read),
	UNIT_END
};
