/* SPDX-License-Identifier: ISC
 *
 * states.c - each command in each state: reply and state that follows.
 *
 * The table is the reference model; what it does not say is a bug.
 */
#include "unit/receiver/suites.h"
#include "unit/receiver/talk.h"

#include <stdio.h>

struct cell {
	const char *hear;
	enum session_state then;
};

#define FRESH SESSION_FRESH
#define GREETED SESSION_GREETED
#define ADDRESSED SESSION_ADDRESSED
#define READY SESSION_READY
#define ENDED SESSION_ENDED

/* One row a command: what it earns in fresh, greeted, addressed, ready. */
static const struct {
	const char *say;
	struct cell in[4];
} rows[] = {
	{ "EHLO c.test", { { "250", GREETED }, { "250", GREETED },
	    { "250", GREETED }, { "250", GREETED } } },
	{ "HELO c.test", { { "250", GREETED }, { "250", GREETED },
	    { "250", GREETED }, { "250", GREETED } } },
	{ "EHLO", { { "501 5.5.4", FRESH }, { "501 5.5.4", GREETED },
	    { "501 5.5.4", ADDRESSED }, { "501 5.5.4", READY } } },
	{ "MAIL FROM:<a@b.test>", { { "503 5.5.1", FRESH },
	    { "250 2.1.0", ADDRESSED }, { "503 5.5.1", ADDRESSED },
	    { "503 5.5.1", READY } } },
	{ "MAIL FROM:<>", { { "503 5.5.1", FRESH },
	    { "250 2.1.0", ADDRESSED }, { "503 5.5.1", ADDRESSED },
	    { "503 5.5.1", READY } } },
	{ "MAIL garbage", { { "503 5.5.1", FRESH },
	    { "501 5.5.4", GREETED }, { "503 5.5.1", ADDRESSED },
	    { "503 5.5.1", READY } } },
	{ "RCPT TO:<c@d.test>", { { "503 5.5.1", FRESH },
	    { "503 5.5.1", GREETED }, { "250 2.1.5", READY },
	    { "250 2.1.5", READY } } },
	{ "RCPT TO:<", { { "503 5.5.1", FRESH },
	    { "503 5.5.1", GREETED }, { "501 5.1.3", ADDRESSED },
	    { "501 5.1.3", READY } } },
	{ "DATA", { { "503 5.5.1", FRESH }, { "503 5.5.1", GREETED },
	    { "503 5.5.1", ADDRESSED }, { "354", SESSION_BODY } } },
	{ "RSET", { { "250 2.0.0", FRESH }, { "250 2.0.0", GREETED },
	    { "250 2.0.0", GREETED }, { "250 2.0.0", GREETED } } },
	{ "NOOP", { { "250 2.0.0", FRESH }, { "250 2.0.0", GREETED },
	    { "250 2.0.0", ADDRESSED }, { "250 2.0.0", READY } } },
	{ "VRFY x", { { "252 2.0.0", FRESH }, { "252 2.0.0", GREETED },
	    { "252 2.0.0", ADDRESSED }, { "252 2.0.0", READY } } },
	{ "EXPN x", { { "502 5.5.1", FRESH }, { "502 5.5.1", GREETED },
	    { "502 5.5.1", ADDRESSED }, { "502 5.5.1", READY } } },
	{ "HELP", { { "214 2.0.0", FRESH }, { "214 2.0.0", GREETED },
	    { "214 2.0.0", ADDRESSED }, { "214 2.0.0", READY } } },
	{ "STARTTLS", { { "503 5.5.1", FRESH }, { "220 2.0.0", FRESH },
	    { "503 5.5.1", ADDRESSED }, { "503 5.5.1", READY } } },
	{ "AUTH LOGIN", { { "502 5.5.1", FRESH }, { "502 5.5.1", GREETED },
	    { "502 5.5.1", ADDRESSED }, { "502 5.5.1", READY } } },
	{ "BDAT 3 LAST", { { "502 5.5.1", FRESH },
	    { "502 5.5.1", GREETED }, { "502 5.5.1", ADDRESSED },
	    { "502 5.5.1", READY } } },
	{ "XYZZY", { { "500 5.5.1", FRESH }, { "500 5.5.1", GREETED },
	    { "500 5.5.1", ADDRESSED }, { "500 5.5.1", READY } } },
	{ "QUIT", { { "221 2.0.0", ENDED }, { "221 2.0.0", ENDED },
	    { "221 2.0.0", ENDED }, { "221 2.0.0", ENDED } } },
};

static void
bring_to(struct talk *talk, enum session_state state)
{
	if (state >= SESSION_GREETED)
		talk_say(talk, span_of(HELLO));
	if (state >= SESSION_ADDRESSED)
		talk_say(talk, span_of(FROM_A));
	if (state >= SESSION_READY)
		talk_say(talk, span_of(TO_B));
	CU_ASSERT_EQUAL(talk->session.state, state);
}

static void
try_cell(const char *say, enum session_state state, struct cell expected)
{
	struct talk talk;
	char line[128];
	const char *heard;

	talk_begin(&talk, NULL, true);
	bring_to(&talk, state);
	snprintf(line, sizeof line, "%s\r\n", say);
	heard = talk_hear(&talk, line);
	if (strcmp(heard, expected.hear) != 0 ||
	    talk.session.state != expected.then)
		fprintf(stderr, "%s in %s: heard %s, now %s\n", say,
		    session_state_name(state), heard,
		    session_state_name(talk.session.state));
	CU_ASSERT_STRING_EQUAL(heard, expected.hear);
	CU_ASSERT_EQUAL(talk.session.state, expected.then);
	/* A transaction is open in these states, and in no other. */
	CU_ASSERT_EQUAL(talk.session.txn != NULL,
	    expected.then == ADDRESSED || expected.then == READY ||
	    expected.then == SESSION_BODY);
	talk_end(&talk);
}

static void
each_command_in_each_state_does_what_the_table_says(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		for (unsigned state = FRESH; state <= READY; state++)
			try_cell(rows[i].say, state, rows[i].in[state]);
}

/* Whatever ended a transaction, the next starts from nothing. */
static void
nothing_of_a_transaction_is_left_after_its_end(void)
{
	static const struct {
		const char *end, *hear;
	} ends[] = {
		{ "RSET\r\n", "250 2.0.0" },
		{ "EHLO again.test\r\n", "250" },
		{ "HELO again.test\r\n", "250" },
		{ "DATA\r\n", "354" },		/* and a good message */
		{ "DATA\r\n", "354" },		/* and a refused one */
	};
	static const char *const bodies[] = {
		NULL, NULL, NULL, "x\r\n.\r\n", "bare\nlf\r\n.\r\n"
	};

	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		struct talk talk;

		talk_begin(&talk, NULL, true);
		bring_to(&talk, READY);
		HEARS(&talk, ends[i].end, ends[i].hear);
		if (bodies[i] != NULL)
			talk_hear(&talk, bodies[i]);
		HEARS(&talk, "DATA\r\n", "503 5.5.1");
		HEARS(&talk, "RCPT TO:<c@d.test>\r\n", "503 5.5.1");
		HEARS(&talk, "MAIL FROM:<second@b.test>\r\n", "250 2.1.0");
		HEARS(&talk, "DATA\r\n", "503 5.5.1");
		CU_ASSERT_STRING_EQUAL(
		    talk.session.txn->envelope->reverse_path,
		    "second@b.test");
		CU_ASSERT_EQUAL(talk.session.txn->envelope->rcpt_count, 0);
		talk_end(&talk);
	}
}

static void
data_after_refused_recipients_only_is_a_554(void)
{
	struct talk talk;

	talk_begin(&talk, NULL, false);
	HEARS(&talk, HELLO, "250");
	HEARS(&talk, FROM_A TO_B "DATA\r\n",
	    "250 2.1.0, 550 5.7.1, 554 5.5.1");
	CU_ASSERT_EQUAL(talk.session.state, SESSION_ADDRESSED);
	HEARS(&talk, "RSET\r\n", "250 2.0.0");
	HEARS(&talk, FROM_A "DATA\r\n", "250 2.1.0, 503 5.5.1");
	talk_end(&talk);
}

static void
every_state_has_a_name(void)
{
	for (unsigned i = 0; i < SESSION_STATE_COUNT; i++)
		CU_ASSERT_PTR_NOT_NULL(session_state_name(i));
}

const struct unit_test states_tests[] = {
	UNIT(each_command_in_each_state_does_what_the_table_says),
	UNIT(nothing_of_a_transaction_is_left_after_its_end),
	UNIT(data_after_refused_recipients_only_is_a_554),
	UNIT(every_state_has_a_name),
	UNIT_END
};
