/* SPDX-License-Identifier: ISC
 *
 * habits.c - tests of what strangers are counted.
 */
#include "unit/receiver/suites.h"

#include "receiver/habits.h"

#include "base/log.h"

#include <stdio.h>
#include <unistd.h>

#define SECOND ((usec_t)1000000)

static struct addr
some_address(const char *text)
{
	struct addr address;

	CU_ASSERT_TRUE_FATAL(addr_parse(span_of(text), &address));
	return address;
}

/* What was logged since listen_to_log(). */
static char logged[4096];
static FILE *file;

static void
listen_to_log(void)
{
	log_flush(); /* what other tests said */
	file = tmpfile();
	log_open("test", "host", fileno(file), false);
}

static void
read_log(void)
{
	ssize_t n;

	log_flush();
	n = pread(fileno(file), logged, sizeof logged - 1, 0);
	logged[n > 0 ? n : 0] = '\0';
	log_open("test", "host", STDERR_FILENO, false);
	fclose(file);
}

static void
connections_are_counted_for_a_minute(void)
{
	struct addr one = some_address("192.0.2.1");
	struct addr other = some_address("192.0.2.2");
	struct habits habits;

	habits_init(&habits);
	for (int i = 0; i < 3; i++)
		CU_ASSERT_TRUE(habits_connect(&habits, one, 3, SECOND));
	CU_ASSERT_FALSE(habits_connect(&habits, one, 3, 60 * SECOND));
	CU_ASSERT_TRUE(habits_connect(&habits, other, 3, 60 * SECOND));
	CU_ASSERT_TRUE(habits_connect(&habits, one, 3, 61 * SECOND));
	habits_fini(&habits);
}

static void
a_network_of_64_bits_is_one_stranger(void)
{
	struct habits habits;

	habits_init(&habits);
	CU_ASSERT_TRUE(
	    habits_connect(&habits, some_address("2001:db8::1"), 1, SECOND));
	CU_ASSERT_FALSE(habits_connect(
	    &habits, some_address("2001:db8::ffff:2"), 1, SECOND));
	CU_ASSERT_TRUE(habits_connect(
	    &habits, some_address("2001:db8:0:1::1"), 1, SECOND));
	habits_fini(&habits);
}

static void
the_first_refusals_are_said_and_the_others_counted(void)
{
	struct addr one = some_address("192.0.2.1");
	struct habits habits;
	unsigned said = 0;

	habits_init(&habits);
	listen_to_log();
	for (int i = 0; i < 1000; i++)
		said += habits_may_say(&habits, one, SECOND);
	CU_ASSERT_EQUAL(said, 20);
	CU_ASSERT_TRUE(
	    habits_may_say(&habits, some_address("192.0.2.2"), SECOND));
	CU_ASSERT_TRUE(habits_care(&habits, 60 * SECOND));
	CU_ASSERT_FALSE(habits_care(&habits, 61 * SECOND));
	CU_ASSERT_TRUE(habits_may_say(&habits, one, 61 * SECOND));
	habits_fini(&habits);
	read_log();
	CU_ASSERT_PTR_NOT_NULL(strstr(logged,
	    "NOQUEUE: reject: 980 more in a "
	    "minute from unknown[192.0.2.1]\n"));
	CU_ASSERT_PTR_NULL(strstr(logged, "192.0.2.2"));
}

static void
strangers_are_bounded_and_none_is_forgotten_in_silence(void)
{
	enum { MANY = 5000 };
	struct habits habits;

	habits_init(&habits);
	listen_to_log();
	for (int i = 0; i < 25; i++)
		(void)habits_may_say(
		    &habits, some_address("192.0.2.1"), SECOND);
	for (int i = 0; i < MANY; i++) {
		char text[32];

		snprintf(text, sizeof text, "10.0.%d.%d", i / 256, i % 256);
		CU_ASSERT_TRUE(
		    habits_may_say(&habits, some_address(text), SECOND));
	}
	CU_ASSERT_TRUE(habits.order.count < MANY);
	read_log();
	CU_ASSERT_PTR_NOT_NULL(strstr(logged, ": 5 more in a minute"));
	habits_fini(&habits);
}

const struct unit_test habit_tests[] = {
	UNIT(connections_are_counted_for_a_minute),
	UNIT(a_network_of_64_bits_is_one_stranger),
	UNIT(the_first_refusals_are_said_and_the_others_counted),
	UNIT(strangers_are_bounded_and_none_is_forgotten_in_silence), UNIT_END
};
