/* SPDX-License-Identifier: ISC
 *
 * starttls.c - tests of STARTTLS: what was said in clear counts for nothing.
 */
#include "unit/receiver/suites.h"
#include "unit/receiver/talk.h"

#include "base/mem.h"

static void
all_that_was_said_in_clear_is_forgotten(void)
{
	struct talk talk;

	talk_begin(&talk, NULL, true);
	HEARS(&talk, HELLO, "250");
	HEARS(&talk, "STARTTLS\r\n", "220 2.0.0");
	CU_ASSERT_EQUAL(talk.handshakes, 1);
	CU_ASSERT_EQUAL(talk.session.state, SESSION_FRESH);
	CU_ASSERT_PTR_NULL(talk.session.helo);
	HEARS(&talk, FROM_A, "503 5.5.1");
	HEARS(&talk, HELLO, "250");
	HEARS(&talk, FROM_A TO_B "DATA\r\n", "250 2.1.0, 250 2.1.5, 354");
	HEARS(&talk, "x\r\n.\r\n", "250 2.0.0");
	CU_ASSERT_TRUE((talk.got[0].flags & ENVELOPE_TLS) != 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(talk.got[0].body, "with ESMTPS"));
	CU_ASSERT_PTR_NOT_NULL(strstr(talk.got[0].body, "TLSv1.3"));
	talk_end(&talk);
}

static void
what_is_left_behind_starttls_ends_the_session(void)
{
	static const char *const lines[] = {
		"STARTTLS\r\nEHLO evil.test\r\nMAIL FROM:<x@y.test>\r\n",
		"STARTTLS\r\n\r\n", "STARTTLS\r\nN", "STARTTLS\r\n\x16\x03",
	};

	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		struct talk talk;

		talk_begin(&talk, NULL, true);
		HEARS(&talk, HELLO, "250");
		HEARS(&talk, lines[i], "554 5.5.0");
		CU_ASSERT_EQUAL(talk.handshakes, 0);
		CU_ASSERT_EQUAL(session_wish(&talk.session), WANT_CLOSE);
		talk_end(&talk);
	}
}

static void
tls_is_not_offered_twice(void)
{
	struct talk talk;
	char *text;

	talk_begin(&talk, NULL, true);
	HEARS(&talk, HELLO, "250");
	HEARS(&talk, "STARTTLS\r\n", "220 2.0.0");
	HEARS(&talk, HELLO, "250");
	text = talk_take_replies(&talk);
	CU_ASSERT_PTR_NULL(strstr(text, "STARTTLS"));
	mem_free(text);
	HEARS(&talk, "STARTTLS\r\n", "503 5.5.1");
	CU_ASSERT_EQUAL(talk.handshakes, 1);
	talk_end(&talk);
}

static void
without_a_certificate_there_is_no_starttls(void)
{
	struct talk talk;
	char *text;

	talk_begin(&talk, NULL, true);
	talk.session.client.can_tls = false;
	talk_say(&talk, span_of(HELLO));
	text = talk_take_replies(&talk);
	CU_ASSERT_PTR_NULL(strstr(text, "STARTTLS"));
	mem_free(text);
	HEARS(&talk, "STARTTLS\r\n", "502 5.5.1");
	CU_ASSERT_EQUAL(talk.handshakes, 0);
	talk_end(&talk);
}

const struct unit_test starttls_tests[] = {
	UNIT(all_that_was_said_in_clear_is_forgotten),
	UNIT(what_is_left_behind_starttls_ends_the_session),
	UNIT(tls_is_not_offered_twice),
	UNIT(without_a_certificate_there_is_no_starttls),
	UNIT_END
};
