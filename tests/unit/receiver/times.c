/* SPDX-License-Identifier: ISC
 *
 * times.c - tests: mail that must be there by a time (RFC 2852), and mail
 * that is to be held until one (RFC 4865).
 */
#include "unit/receiver/suites.h"
#include "unit/receiver/talk.h"

#include "base/mem.h"

/* The clock of a talk stands at 2023-11-14T22:13:20Z. */
enum { NOW = 1700000000 };

#define MAIL(words) "MAIL FROM:<a@sender.test> " words "\r\n"
#define SECONDS 1000000LL

static const struct {
	const char *mail, *reply;
	usec_t by, hold;	/* seconds from now; 0: none */
	uint8_t by_return;
	bool trace;
} rows[] = {
	{ MAIL("BY=120;R"), "250 2.1.0", 120, 0, 1, false },
	{ MAIL("BY=120;RT"), "250 2.1.0", 120, 0, 1, true },
	{ MAIL("by=+9;nt"), "250 2.1.0", 9, 0, 0, true },
	{ MAIL("BY=-30;N"), "250 2.1.0", -30, 0, 0, false },
	{ MAIL("BY=0;N"), "250 2.1.0", 0, 0, 0, false },
	{ MAIL("BY=0;R"), "501 5.5.4", 0, 0, 0, false },
	{ MAIL("BY=-1;R"), "501 5.5.4", 0, 0, 0, false },
	{ MAIL("BY=120"), "501 5.5.4", 0, 0, 0, false },
	{ MAIL("BY=120;X"), "501 5.5.4", 0, 0, 0, false },
	{ MAIL("BY=9;R"), "250 2.1.0", 9, 0, 1, false },
	{ MAIL("BY=8;R"), "554 5.4.7", 0, 0, 0, false },
	{ MAIL("BY=8;N"), "250 2.1.0", 8, 0, 0, false },
	{ MAIL("HOLDFOR=60"), "250 2.1.0", 0, 60, 0, false },
	{ MAIL("HOLDFOR=3600"), "250 2.1.0", 0, 3600, 0, false },
	{ MAIL("HOLDFOR=3601"), "554 5.5.4", 0, 0, 0, false },
	{ MAIL("HOLDFOR=0"), "501 5.5.4", 0, 0, 0, false },
	{ MAIL("HOLDUNTIL=2023-11-14T22:13:50Z"), "250 2.1.0", 0, 30, 0,
	    false },
	{ MAIL("HOLDUNTIL=2023-11-15T00:13:00+01:00"), "250 2.1.0", 0, 3580,
	    0, false },
	{ MAIL("HOLDUNTIL=2023-11-14T23:13:21Z"), "554 5.5.4", 0, 0, 0,
	    false },
	{ MAIL("HOLDUNTIL=tomorrow"), "501 5.5.4", 0, 0, 0, false },
	{ MAIL("HOLDFOR=60 HOLDUNTIL=2023-11-14T22:13:50Z"), "501 5.5.4", 0,
	    0, 0, false },
	{ MAIL("HOLDUNTIL=2023-11-14T22:13:50Z HOLDFOR=60"), "501 5.5.4", 0,
	    0, 0, false },
	{ MAIL("HOLDFOR=60 BY=61;R"), "250 2.1.0", 61, 60, 1, false },
	{ MAIL("HOLDFOR=60 BY=60;R"), "501 5.5.4", 0, 0, 0, false },
	{ MAIL("BY=10;N HOLDFOR=60"), "501 5.5.4", 0, 0, 0, false },
};

static void
check_row(struct talk *talk, size_t i)
{
	usec_t now = NOW * SECONDS;

	HEARS(talk, rows[i].mail, rows[i].reply);
	if (rows[i].reply[0] != '2') {
		HEARS(talk, TO_B, "503 5.5.1");
		return;
	}
	HEARS(talk, TO_B "DATA\r\n", "250 2.1.5, 354");
	HEARS(talk, "x\r\n.\r\n", "250 2.0.0");
	CU_ASSERT_EQUAL(talk->got[0].by, strcasestr(rows[i].mail, "by=") ==
	    NULL ? 0 : now + rows[i].by * SECONDS);
	CU_ASSERT_EQUAL(talk->got[0].hold, rows[i].hold == 0 ? 0 :
	    now + rows[i].hold * SECONDS);
	CU_ASSERT_EQUAL(talk->got[0].by_return, rows[i].by_return);
	CU_ASSERT_EQUAL((talk->got[0].flags & ENVELOPE_TRACE) != 0,
	    rows[i].trace);
}

static void
times_are_taken_into_the_envelope_or_refused(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct talk talk;

		talk_begin(&talk, "limits { hold 1h; deliver-by 9s }\n", true);
		talk_hear(&talk, HELLO);
		check_row(&talk, i);
		talk_end(&talk);
	}
}

static void
strangers_and_those_who_said_helo_are_offered_no_holding(void)
{
	struct talk talk;

	talk_begin(&talk, NULL, false);
	talk_hear(&talk, HELLO);
	HEARS(&talk, MAIL("HOLDFOR=60"), "555 5.5.4");
	talk_end(&talk);
	talk_begin(&talk, NULL, true);
	talk_hear(&talk, "HELO client.test\r\n");
	HEARS(&talk, MAIL("BY=60;R"), "555 5.5.4");
	talk_end(&talk);
	talk_begin(&talk, "limits { hold never }\n", true);
	talk_hear(&talk, HELLO);
	HEARS(&talk, MAIL("HOLDFOR=60"), "555 5.5.4");
	talk_end(&talk);
}

static void
the_least_time_is_named_in_ehlo(void)
{
	struct talk talk;
	char *text;

	talk_begin(&talk, "limits { deliver-by 90s }\n", false);
	talk_say(&talk, span_of(HELLO));
	text = talk_take_replies(&talk);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "250-DELIVERBY 90\r\n"));
	CU_ASSERT_PTR_NULL(strstr(text, "FUTURERELEASE"));
	mem_free(text);
	talk_end(&talk);
}

const struct unit_test times_tests[] = {
	UNIT(times_are_taken_into_the_envelope_or_refused),
	UNIT(strangers_and_those_who_said_helo_are_offered_no_holding),
	UNIT(the_least_time_is_named_in_ehlo),
	UNIT_END
};
