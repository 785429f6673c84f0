/* SPDX-License-Identifier: ISC
 *
 * rand.c - chance within its bounds, and clocks that run forward.
 */
#include "tests.h"

#include "base/clock.h"
#include "base/rand.h"

#include <time.h>

static void
a_number_is_below_its_bound_and_reaches_all_of_it(void)
{
	unsigned hits[10] = { 0 };
	bool below = true;

	rand_seed(1);
	for (int i = 0; i < 10000; i++) {
		uint64_t n = rand_below(10);

		below = below && n < 10;
		if (n < 10)
			hits[n]++;
	}
	CU_ASSERT_TRUE(below);
	for (int i = 0; i < 10; i++)
		CU_ASSERT_TRUE(hits[i] > 800 && hits[i] < 1200);
	CU_ASSERT_EQUAL(rand_below(0), 0);
	CU_ASSERT_EQUAL(rand_below(1), 0);
}

static void
a_seed_gives_the_same_row_again(void)
{
	uint64_t first, second;

	rand_seed(5);
	first = rand_below(UINT64_MAX);
	second = rand_below(UINT64_MAX);
	CU_ASSERT_NOT_EQUAL(first, second);
	rand_seed(5);
	CU_ASSERT_EQUAL(rand_below(UINT64_MAX), first);
	rand_seed(0);
	CU_ASSERT_NOT_EQUAL(rand_below(UINT64_MAX), first);
}

static const struct {
	int64_t value;
	unsigned percent;
	int64_t least, most;
} jitters[] = {
	{ 300000, 20, 240000, 360000 },
	{ 10, 20, 8, 12 },
	{ 3, 20, 3, 3 },
	{ 300000, 0, 300000, 300000 },
	{ 0, 50, 0, 0 },
	{ INT64_MAX / 2, 90, INT64_MAX / 20 - 100, INT64_MAX },
};

static void
jitter_stays_within_its_percentage_and_is_used(void)
{
	rand_seed(3);
	for (size_t i = 0; i < sizeof jitters / sizeof jitters[0]; i++) {
		int64_t low = INT64_MAX, high = INT64_MIN;

		for (int j = 0; j < 1000; j++) {
			int64_t n = rand_jitter(jitters[i].value,
			    jitters[i].percent);

			low = n < low ? n : low;
			high = n > high ? n : high;
		}
		CU_ASSERT_TRUE(low >= jitters[i].least);
		CU_ASSERT_TRUE(high <= jitters[i].most);
		CU_ASSERT_EQUAL(low != high,
		    jitters[i].least != jitters[i].most);
	}
}

static void
bytes_from_the_kernel_fill_all_of_the_room(void)
{
	uint8_t bytes[4096];
	size_t zeros = 0;

	rand_bytes(bytes, sizeof bytes);
	for (size_t i = sizeof bytes - 512; i < sizeof bytes; i++)
		zeros += bytes[i] == 0;
	CU_ASSERT_TRUE(zeros < 64);
}

static void
clocks_run_forward_and_tell_the_same_time(void)
{
	msec_t mono = clock_mono();
	usec_t fine = clock_mono_usec();

	CU_ASSERT_TRUE(fine / 1000 >= mono && fine / 1000 < mono + 10000);
	CU_ASSERT_TRUE(clock_mono() >= mono);
	CU_ASSERT_TRUE(clock_wall() / 1000000 - time(NULL) <= 1);
	CU_ASSERT_TRUE(clock_wall() / 1000000 - time(NULL) >= -1);
}

static const struct {
	usec_t delay;
	const char *text;
} delays[] = {
	{ -5, "0" }, { 0, "0" }, { 499, "0" }, { 500, "0.001" },
	{ 12000, "0.012" }, { 123456, "0.12" }, { 100000, "0.1" },
	{ 810000, "0.81" }, { 999600, "1" }, { 1234000, "1.2" },
	{ 9960000, "10" }, { 12345678, "12" }, { 600000000, "600" },
	{ 432000000000, "432000" },
};

static void
a_delay_has_two_digits_that_matter(void)
{
	char out[DELAY_TEXT];

	for (size_t i = 0; i < sizeof(delays) / sizeof(delays[0]); i++)
		CU_ASSERT_STRING_EQUAL(delay_text(delays[i].delay, out),
		    delays[i].text);
}

const struct unit_test rand_tests[] = {
	UNIT(a_number_is_below_its_bound_and_reaches_all_of_it),
	UNIT(a_seed_gives_the_same_row_again),
	UNIT(jitter_stays_within_its_percentage_and_is_used),
	UNIT(bytes_from_the_kernel_fill_all_of_the_room),
	UNIT(clocks_run_forward_and_tell_the_same_time),
	UNIT(a_delay_has_two_digits_that_matter),
	UNIT_END
};
