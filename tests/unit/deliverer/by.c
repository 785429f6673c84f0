/* SPDX-License-Identifier: ISC
 *
 * by.c - what becomes of a deadline at the next hop.
 */
#include "deliverer/command_out.h"
#include "unit/deliverer/tests.h"

#define S * 1000000LL

static const struct {
	bool asked, returns, known;
	uint64_t least;
	usec_t left;
	enum by_step step;
	int64_t seconds;
} rows[] = {
	{ false, false, true, 0, 0, BY_NONE, 0 },
	{ false, false, true, 9, -5 S, BY_NONE, 0 },
	{ true, true, true, 0, 90 S, BY_PASS, 90 },
	{ true, true, true, 0, 90 S - 1, BY_PASS, 89 },
	{ true, true, true, 90, 90 S, BY_PASS, 90 },
	{ true, true, true, 91, 90 S, BY_SHORT, 90 },
	{ true, true, true, 0, 1 S - 1, BY_OVER, 0 },
	{ true, true, true, 0, -1, BY_OVER, 0 },
	{ true, true, false, 0, 90 S, BY_UNKNOWN, 90 },
	{ true, true, false, 0, -90 S, BY_OVER, -90 },
	{ true, false, false, 0, 90 S, BY_NONE, 0 },
	{ true, false, true, 91, 90 S, BY_PASS, 90 },
	{ true, false, true, 0, 0, BY_PASS, 0 },
	{ true, false, true, 0, -90 S, BY_PASS, -90 },
	{ true, false, true, 0, INT64_MAX, BY_PASS, 999999999 },
	{ true, false, true, 0, INT64_MIN, BY_PASS, -999999999 },
};

static void
a_deadline_goes_on_stays_or_forbids(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct envelope *envelope = envelope_new();
		struct offer offer = { .by_least = rows[i].least,
		    .bits = rows[i].known ? OFFER_DELIVERBY : 0 };
		struct by by;

		envelope->by = rows[i].asked ? 1 : 0;
		envelope->by_return = rows[i].returns;
		by = by_decide(envelope, &offer, rows[i].left);
		CU_ASSERT_EQUAL(by.step, rows[i].step);
		if (by.step != BY_NONE)
			CU_ASSERT_EQUAL(by.seconds, rows[i].seconds);
		envelope_free(&envelope);
	}
}

static const struct {
	enum by_step step;
	int64_t seconds;
	bool returns;
	uint32_t flags;
	const char *line;
} lines[] = {
	{ BY_NONE, 9, true, 0, "MAIL FROM:<a@b>\r\n" },
	{ BY_PASS, 9, true, 0, "MAIL FROM:<a@b> BY=9;R\r\n" },
	{ BY_PASS, -9, false, 0, "MAIL FROM:<a@b> BY=-9;N\r\n" },
	{ BY_PASS, 0, false, ENVELOPE_TRACE, "MAIL FROM:<a@b> BY=0;NT\r\n" },
};

static void
mail_says_the_time_that_is_left(void)
{
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct envelope *envelope = envelope_new();
		struct by by = { lines[i].step, lines[i].seconds };
		struct offer offer = { .bits = OFFER_DELIVERBY };
		struct buf *out = buf_new(1 << 16);

		envelope_set_reverse_path(envelope, span_of("a@b"));
		envelope->by_return = lines[i].returns;
		envelope->flags = lines[i].flags;
		CU_ASSERT_TRUE(command_mail(envelope, &offer, &by, out));
		CU_ASSERT_TRUE(span_is(buf_peek(out), lines[i].line));
		buf_free(&out);
		envelope_free(&envelope);
	}
}

static const struct {
	usec_t by;
	bool returns;
	unsigned offer;
	uint8_t notify, said;
} notifies[] = {
	{ 0, false, 0, 0, 0 },
	{ 0, false, 0, NOTIFY_FAILURE, NOTIFY_FAILURE },
	{ 1, false, 0, 0, NOTIFY_FAILURE | NOTIFY_DELAY },
	{ 1, false, 0, NOTIFY_SUCCESS, NOTIFY_SUCCESS | NOTIFY_DELAY },
	{ 1, false, 0, NOTIFY_FAILURE, NOTIFY_FAILURE | NOTIFY_DELAY },
	{ 1, false, 0, NOTIFY_DELAY, NOTIFY_DELAY },
	{ 1, false, 0, NOTIFY_NEVER, NOTIFY_NEVER },
	{ 1, false, OFFER_DELIVERBY, 0, 0 },
	{ 1, false, OFFER_DELIVERBY, NOTIFY_SUCCESS, NOTIFY_SUCCESS },
	{ 1, true, 0, 0, 0 },
};

static void
who_knows_no_deadlines_is_asked_to_tell_of_delays(void)
{
	for (size_t i = 0; i < sizeof(notifies) / sizeof(notifies[0]); i++) {
		struct envelope envelope = { .by = notifies[i].by,
		    .by_return = notifies[i].returns };
		struct offer offer = { .bits = notifies[i].offer };

		CU_ASSERT_EQUAL(by_notify(&envelope, &offer,
		    notifies[i].notify), notifies[i].said);
	}
}

const struct unit_test by_tests[] = {
	UNIT(a_deadline_goes_on_stays_or_forbids),
	UNIT(mail_says_the_time_that_is_left),
	UNIT(who_knows_no_deadlines_is_asked_to_tell_of_delays),
	UNIT_END
};
