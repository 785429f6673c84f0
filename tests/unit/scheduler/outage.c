/* SPDX-License-Identifier: ISC
 *
 * outage.c - tests: when the relay did not run.
 */
#include "suites.h"

#include "scheduler/outage.h"
#include "scheduler/retry.h"
#include "core.h"

static void
only_the_part_of_an_outage_after_a_time_counts(void)
{
	static const struct { usec_t since, sum; } rows[] = {
		{ 0, 150 }, { 100, 150 }, { 150, 100 }, { 200, 50 },
		{ 250, 50 }, { 300, 50 }, { 320, 30 }, { 350, 0 }, { 999, 0 },
	};
	struct outages o = { .count = 0 };

	CU_ASSERT_EQUAL(outages_since(&o, 0), 0);
	outages_add(&o, 100, 200);
	outages_add(&o, 300, 350);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CU_ASSERT_EQUAL(outages_since(&o, rows[i].since),
		    rows[i].sum);
}

static void
outages_that_overlap_become_one_and_the_oldest_goes(void)
{
	struct outages o = { .count = 0 };

	outages_add(&o, 100, 100);
	outages_add(&o, 100, 90);
	CU_ASSERT_EQUAL(o.count, 0);
	outages_add(&o, 100, 200);
	outages_add(&o, 300, 400);
	outages_add(&o, 350, 450);
	CU_ASSERT_EQUAL(o.count, 2);
	CU_ASSERT_EQUAL(outages_since(&o, 0), 250);
	outages_add(&o, 50, 420);
	CU_ASSERT_EQUAL(o.count, 1);
	CU_ASSERT_EQUAL(outages_since(&o, 0), 400);
	CU_ASSERT_EQUAL(outages_since(&o, 100), 350);
	for (int i = 1; i <= OUTAGES_MOST; i++)
		outages_add(&o, 1000 * i, 1000 * i + 1);
	CU_ASSERT_EQUAL(o.count, OUTAGES_MOST);
	CU_ASSERT_EQUAL(o.rows[0].from, 1000);
	CU_ASSERT_EQUAL(outages_since(&o, 0), OUTAGES_MOST);
}

static void
what_is_still_to_come_was_no_outage(void)
{
	static const struct { usec_t now; size_t count; usec_t sum; } rows[] = {
		{ 500, 2, 150 }, { 350, 2, 150 }, { 320, 2, 120 },
		{ 300, 1, 100 }, { 250, 1, 100 }, { 150, 1, 50 },
		{ 100, 0, 0 }, { 0, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct outages o = { .count = 0 };

		outages_add(&o, 100, 200);
		outages_add(&o, 300, 350);
		outages_clip(&o, rows[i].now);
		CU_ASSERT_EQUAL(o.count, rows[i].count);
		CU_ASSERT_EQUAL(outages_since(&o, 0), rows[i].sum);
		CU_ASSERT_EQUAL(outages_since(&o, rows[i].now), 0);
	}
}

static void
what_is_written_can_be_read(void)
{
	struct outages o = { .count = 0 }, again;
	struct buf text;
	usec_t seen;

	buf_init(&text, 4096);
	for (int i = 1; i <= OUTAGES_MOST; i++)
		outages_add(&o, INT64_MAX / 64 * i, INT64_MAX / 64 * i + i);
	outages_put(&o, INT64_MAX, &text);
	CU_ASSERT_FALSE(text.full);
	CU_ASSERT_TRUE(outages_parse(&again, buf_peek(&text), &seen));
	CU_ASSERT_EQUAL(seen, INT64_MAX);
	CU_ASSERT_EQUAL(again.count, o.count);
	CU_ASSERT_EQUAL(memcmp(again.rows, o.rows, sizeof(o.rows)), 0);
	buf_fini(&text);
}

static void
what_makes_no_sense_is_no_outage(void)
{
	static const char *const texts[] = {
		"", "x", "postrider clock 1\n", "postrider clock 2\nseen 5\n",
		"postrider clock 1\nseen\n", "postrider clock 1\nseen x\n",
		"postrider clock 1\nseen -5\n", "postrider clock 1\nout 1 2\n",
		"postrider clock 1\nout 1\nseen 5\n",
		"postrider clock 1\nout 1 2\nseen 5\nout",
		"postrider clock 1\nseen 99999999999999999999\n",
		"postrider clock 1\nseen 0\n",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct outages o;
		usec_t seen;

		CU_ASSERT_FALSE(outages_parse(&o, span_of(texts[i]), &seen));
		CU_ASSERT_EQUAL(o.count, 0);
		CU_ASSERT_EQUAL(seen, 0);
	}
}

static void
an_outage_ends_no_message_and_warns_nobody(void)
{
	struct conf *conf = core_conf();
	struct message message = { .klass = CLASS_NORMAL };
	usec_t end = retry_end(conf, &message), warn = 0;

	while (!retry_warns(conf, &message, warn))
		warn += 1000000;
	message.slept = 1000LL * 86400 * 1000000;
	CU_ASSERT_EQUAL(retry_end(conf, &message), end + message.slept);
	CU_ASSERT_FALSE(retry_warns(conf, &message,
	    warn + message.slept - 1));
	CU_ASSERT_TRUE(retry_warns(conf, &message, warn + message.slept));
	conf_free(&conf);
}

const struct unit_test outage_tests[] = {
	UNIT(only_the_part_of_an_outage_after_a_time_counts),
	UNIT(outages_that_overlap_become_one_and_the_oldest_goes),
	UNIT(what_is_still_to_come_was_no_outage),
	UNIT(what_is_written_can_be_read),
	UNIT(what_makes_no_sense_is_no_outage),
	UNIT(an_outage_ends_no_message_and_warns_nobody),
	UNIT_END
};
