/* SPDX-License-Identifier: ISC
 *
 * verdict.c - what a code means, as a table.
 */
#include "deliverer/verdict.h"
#include "unit/deliverer/tests.h"


static const struct {
	enum stage stage;
	bool accepted;
	const char *reply;
	enum outcome outcome;
	const char *status;
} rows[] = {
	{ STAGE_MAIL, false, "550 no\r\n", OUTCOME_FAILED, "5.0.0" },
	{ STAGE_MAIL, false, "552 5.3.4 big\r\n", OUTCOME_FAILED, "5.3.4" },
	{ STAGE_MAIL, false, "452 4.3.1 full\r\n", OUTCOME_DEFERRED, "4.3.1" },
	{ STAGE_RCPT, true, "452 4.5.3 many\r\n", OUTCOME_AGAIN, "4.5.3" },
	{ STAGE_RCPT, false, "452 4.5.3 many\r\n", OUTCOME_DEFERRED, "4.5.3" },
	{ STAGE_RCPT, true, "451 4.5.3 many\r\n", OUTCOME_AGAIN, "4.5.3" },
	{ STAGE_RCPT, true, "550 5.5.3 many\r\n", OUTCOME_AGAIN, "4.5.3" },
	{ STAGE_RCPT, false, "550 5.5.3 many\r\n", OUTCOME_DEFERRED, "4.5.3" },
	{ STAGE_RCPT, true, "552 many\r\n", OUTCOME_AGAIN, "4.0.0" },
	{ STAGE_RCPT, false, "552 many\r\n", OUTCOME_DEFERRED, "4.0.0" },
	{ STAGE_RCPT, true, "552 5.2.2 full\r\n", OUTCOME_FAILED, "5.2.2" },
	{ STAGE_RCPT, true, "450 4.2.1 grey\r\n", OUTCOME_DEFERRED, "4.2.1" },
	{ STAGE_RCPT, true, "550 5.1.1 who\r\n", OUTCOME_FAILED, "5.1.1" },
	{ STAGE_RCPT, true, "556 5.1.10 null\r\n", OUTCOME_FAILED, "5.1.10" },
	{ STAGE_RCPT, true, "354 what\r\n", OUTCOME_DEFERRED, "4.0.0" },
	{ STAGE_DATA, true, "451 no\r\n", OUTCOME_DEFERRED, "4.0.0" },
	{ STAGE_DATA, true, "220 what\r\n", OUTCOME_DEFERRED, "4.0.0" },
	{ STAGE_DOT, true, "552 5.2.2 full\r\n", OUTCOME_FAILED, "5.2.2" },
	{ STAGE_DOT, true, "554 5.7.1 spam\r\n", OUTCOME_FAILED, "5.7.1" },
	{ STAGE_DOT, true, "550 4.7.1 odd\r\n", OUTCOME_FAILED, "5.0.0" },
};

static void
a_code_at_a_stage_has_one_outcome(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct span in = span_of(rows[i].reply);
		char status[STATUS_SIZE];
		struct reply reply;
		enum outcome outcome;

		reply_init(&reply);
		CU_ASSERT_EQUAL(reply_pull(&reply, &in), REPLY_DONE);
		outcome = verdict_outcome(rows[i].stage, &reply,
		    rows[i].accepted);
		CU_ASSERT_EQUAL(outcome, rows[i].outcome);
		verdict_status(&reply, outcome, status);
		CU_ASSERT_STRING_EQUAL(status, rows[i].status);
		reply_fini(&reply);
	}
}

static void
what_a_refusal_is_about_is_told_by_its_stage_and_status(void)
{
	static const struct {
		enum stage stage;
		unsigned code;
		const char *status;
		bool content;
	} about[] = {
		{ STAGE_DOT, 550, "5.0.0", true },
		{ STAGE_DOT, 554, "5.7.1", true },
		{ STAGE_DOT, 552, "5.2.2", true },
		{ STAGE_BODY, 550, "5.0.0", true },
		{ STAGE_DOT, 550, "5.1.1", false },
		{ STAGE_DOT, 554, "5.4.6", false },
		{ STAGE_DOT, 451, "5.0.0", false },
		{ STAGE_MAIL, 552, "5.0.0", true },
		{ STAGE_MAIL, 550, "5.3.4", true },
		{ STAGE_MAIL, 550, "5.7.1", false },
		{ STAGE_RCPT, 550, "5.1.1", false },
		{ STAGE_RCPT, 552, "5.2.2", false },
		{ STAGE_RCPT, 552, "5.2.3", true },
		{ STAGE_RCPT, 552, "5.3.4", true },
		{ STAGE_DATA, 554, "5.5.1", false },
		{ STAGE_DATA, 554, "5.6.1", true },
		{ STAGE_OVER, 0, "5.3.4", true },
		{ STAGE_OVER, 0, "5.6.3", true },
		{ STAGE_OVER, 0, "5.4.7", false },
		{ STAGE_OVER, 550, "5.0.0", false },
	};

	for (size_t i = 0; i < sizeof(about) / sizeof(about[0]); i++)
		CU_ASSERT_EQUAL(verdict_of_content(about[i].stage,
		    about[i].code, about[i].status), about[i].content);
}

const struct unit_test verdict_tests[] = {
	UNIT(what_a_refusal_is_about_is_told_by_its_stage_and_status),
	UNIT(a_code_at_a_stage_has_one_outcome),
	UNIT_END
};
