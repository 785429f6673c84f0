/* SPDX-License-Identifier: ISC
 *
 * date.c - tests of writing dates.
 */
#include "suites.h"

#include "mail/trace.h"

#include <stdlib.h>
#include <time.h>

static const struct {
	const char *zone;
	int64_t second;
	const char *text;
} rows[] = {
	{ "UTC0", 1795491141, "Tue, 24 Nov 2026 03:32:21 +0000" },
	{ "XYZ-1", 1795491141, "Tue, 24 Nov 2026 04:32:21 +0100" },
	{ "XYZ5:30", 1795491141, "Mon, 23 Nov 2026 22:02:21 -0530" },
	{ "XYZ-5:45", 1795491141, "Tue, 24 Nov 2026 09:17:21 +0545" },
	{ "XYZ0:30", 1795491141, "Tue, 24 Nov 2026 03:02:21 -0030" },
	{ "UTC0", 0, "Thu, 1 Jan 1970 00:00:00 +0000" },
	{ "UTC0", 951782400, "Tue, 29 Feb 2000 00:00:00 +0000" },
	{ "UTC0", 253402300799, "Fri, 31 Dec 9999 23:59:59 +0000" },
};

static void
set_zone(const char *zone)
{
	setenv("TZ", zone, 1);
	tzset();
}

static void
dates_have_the_offset_of_local_time(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char out[DATE_TEXT];

		/* Another second first: the text of one second is kept. */
		date_text(1000000, out);
		set_zone(rows[i].zone);
		CU_ASSERT_STRING_EQUAL(date_text(rows[i].second * 1000000 +
		    999999, out), rows[i].text);
	}
	set_zone("UTC0");
}

static void
each_second_has_its_own_text(void)
{
	char one[DATE_TEXT], two[DATE_TEXT];

	set_zone("UTC0");
	date_text(1795491141000000, one);
	CU_ASSERT_STRING_EQUAL(date_text(1795491141999999, two), one);
	date_text(1795491142000000, two);
	CU_ASSERT_STRING_EQUAL(two, "Tue, 24 Nov 2026 03:32:22 +0000");
	CU_ASSERT_STRING_EQUAL(date_text(1795491141000000, two), one);
}

static void
times_that_no_clock_shows_are_survived(void)
{
	char out[DATE_TEXT];

	CU_ASSERT_TRUE(strlen(date_text(INT64_MAX, out)) < DATE_TEXT);
	CU_ASSERT_TRUE(strlen(date_text(INT64_MIN, out)) < DATE_TEXT);
	CU_ASSERT_PTR_EQUAL(date_text(0, out), out);
}

const struct unit_test date_tests[] = {
	UNIT(dates_have_the_offset_of_local_time),
	UNIT(each_second_has_its_own_text),
	UNIT(times_that_no_clock_shows_are_survived),
	UNIT_END
};
