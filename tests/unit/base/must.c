/* SPDX-License-Identifier: ISC
 *
 * must.c - what cannot happen ends the process, and nothing else does.
 */
#include "tests.h"

#include "base/crash.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/must.h"

#include <signal.h>
#include <stdlib.h>

static volatile int four = 4;

static void
believe_that_four_is_five(void)
{
	must(four == 5);
}

static void
ask_for_more_than_there_is(void)
{
	mem_free(mem_resize(NULL, SIZE_MAX / 2, (size_t)four));
}

static struct span
same_key(const void *value)
{
	(void)value;
	return span_of("same");
}

static void
add_a_name_twice(void)
{
	struct map map;
	char a, b;

	map_init(&map, same_key);
	map_add(&map, &a);
	map_add(&map, &b);
}

static void
the_impossible_aborts(void)
{
	CU_ASSERT_EQUAL(signal_of(believe_that_four_is_five), SIGABRT);
	CU_ASSERT_EQUAL(signal_of(ask_for_more_than_there_is), SIGABRT);
	CU_ASSERT_EQUAL(signal_of(add_a_name_twice), SIGABRT);
}

static void
new_memory_is_zero_and_nothing_is_something(void)
{
	uint64_t *numbers = mem_array(100, sizeof *numbers);
	void *nothing = mem_alloc(0);
	bool zero = true;

	for (int i = 0; i < 100; i++)
		zero = zero && numbers[i] == 0;
	CU_ASSERT_TRUE(zero);
	CU_ASSERT_PTR_NOT_NULL(nothing);
	CU_ASSERT_PTR_NULL(mem_strdup(NULL));
	mem_free(numbers);
	mem_free(nothing);
	mem_free(NULL);
}

static void
copies_of_text_end_in_nul(void)
{
	char *a = mem_strndup("hello", 2), *b = mem_printf("%s-%d", a, 5);

	CU_ASSERT_STRING_EQUAL(a, "he");
	CU_ASSERT_STRING_EQUAL(b, "he-5");
	mem_free(a);
	mem_free(b);
}

static void
pass_three_points(void)
{
	crash_point("here");
	crash_point("there");
	crash_point("here");
}

/* What the kill points of a build with them do; without, none is passed. */
static void
a_crash_point_kills_at_its_name_and_number_and_nowhere_else(void)
{
	static const struct {
		const char *wish;
		int signal;
	} rows[] = {
		{ "here", SIGKILL }, { "here:1", SIGKILL },
		{ "here:2", SIGKILL }, { "here:3", 0 },
		{ "there:2", 0 }, { "her", 0 }, { "hereafter", 0 },
		{ "", 0 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		setenv("POSTRIDER_CRASH", rows[i].wish, 1);
		CU_ASSERT_EQUAL(signal_of(pass_three_points),
		    rows[i].signal);
	}
	unsetenv("POSTRIDER_CRASH");
	CU_ASSERT_EQUAL(signal_of(pass_three_points), 0);
}

const struct unit_test must_tests[] = {
	UNIT(the_impossible_aborts),
	UNIT(new_memory_is_zero_and_nothing_is_something),
	UNIT(copies_of_text_end_in_nul),
	UNIT(a_crash_point_kills_at_its_name_and_number_and_nowhere_else),
	UNIT_END
};
