/* SPDX-License-Identifier: ISC
 *
 * loop.c - tests of timers, watches, signals and turn hooks.
 */
#include "io/loop.h"
#include "unit/io/suites.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum { LOG_MOST = 64 };

static struct loop *loop;
static struct timer *timers[LOG_MOST];
static int fired[LOG_MOST], fired_count;
static msec_t fired_at;

static void
note(void *owner)
{
	int which = *(int *)owner;

	fired[fired_count++] = which;
	fired_at = loop_now(loop);
}

static void
stop(void *owner)
{
	(void)owner;
	loop_stop(loop);
}

static int ids[LOG_MOST];

static void
set_up(void)
{
	loop = loop_new();
	fired_count = 0;
	for (int i = 0; i < LOG_MOST; i++)
		ids[i] = i;
}

static void
tear_down(void)
{
	for (int i = 0; i < LOG_MOST; i++)
		timer_free(&timers[i]);
	loop_free(&loop);
	CU_ASSERT_PTR_NULL(loop);
}

static void
timers_fire_in_the_order_of_their_times(void)
{
	static const msec_t delays[] = { 9, 3, 0, 6, 1 };
	static const int order[] = { 2, 4, 1, 3, 0 };
	struct timer *end;

	set_up();
	end = timer_new(loop, stop, NULL);
	for (int i = 0; i < 5; i++) {
		timers[i] = timer_new(loop, note, &ids[i]);
		timer_set(timers[i], delays[i]);
		CU_ASSERT_TRUE(timer_is_set(timers[i]));
	}
	timer_set(end, 12);
	loop_run(loop);
	CU_ASSERT_EQUAL_FATAL(fired_count, 5);
	for (int i = 0; i < 5; i++)
		CU_ASSERT_EQUAL(fired[i], order[i]);
	timer_free(&end);
	tear_down();
}

static void
a_timer_never_fires_early_and_only_once(void)
{
	struct timer *end;
	msec_t from;

	set_up();
	end = timer_new(loop, stop, NULL);
	timers[0] = timer_new(loop, note, &ids[0]);
	from = clock_mono();
	timer_set(timers[0], 15);
	timer_set(end, 40);
	loop_run(loop);
	CU_ASSERT_EQUAL(fired_count, 1);
	CU_ASSERT_TRUE(fired_at - from >= 15);
	CU_ASSERT_FALSE(timer_is_set(timers[0]));
	timer_free(&end);
	tear_down();
}

static void
a_timer_can_be_put_off_brought_forward_and_stopped(void)
{
	struct timer *end;
	msec_t from;

	set_up();
	end = timer_new(loop, stop, NULL);
	for (int i = 0; i < 4; i++)
		timers[i] = timer_new(loop, note, &ids[i]);
	from = loop_now(loop);
	timer_set(timers[0], 2);
	timer_set(timers[0], 20);	/* off */
	timer_set(timers[1], 5000);
	timer_set(timers[1], 1);	/* forward */
	timer_set(timers[2], 3);
	timer_stop(timers[2]);
	timer_set(timers[3], 0);
	timer_set(timers[3], MSEC_NEVER);
	CU_ASSERT_FALSE(timer_is_set(timers[2]));
	CU_ASSERT_FALSE(timer_is_set(timers[3]));
	timer_set(end, 30);
	loop_run(loop);
	CU_ASSERT_EQUAL_FATAL(fired_count, 2);
	CU_ASSERT_EQUAL(fired[0], 1);
	CU_ASSERT_EQUAL(fired[1], 0);
	CU_ASSERT_TRUE(fired_at - from >= 20);
	timer_free(&end);
	tear_down();
}

static int turns;

static void
set_again(void *owner)
{
	if (++turns == 1000)
		loop_stop(loop);
	timer_set(*(struct timer **)owner, 0);
}

static void
a_timer_of_no_delay_comes_in_the_next_turn(void)
{
	set_up();
	turns = 0;
	timers[0] = timer_new(loop, set_again, &timers[0]);
	timer_set(timers[0], 0);
	loop_run(loop);
	CU_ASSERT_EQUAL(turns, 1000);
	tear_down();
}

static void
free_both(void *owner)
{
	(void)owner;
	fired_count++;
	timer_free(&timers[0]);
	timer_free(&timers[1]);
}

static void
a_timer_may_free_itself_and_others(void)
{
	struct timer *end;

	set_up();
	end = timer_new(loop, stop, NULL);
	for (int i = 0; i < 2; i++) {
		timers[i] = timer_new(loop, free_both, NULL);
		timer_set(timers[i], i);
	}
	timer_set(end, 5);
	loop_run(loop);
	CU_ASSERT_EQUAL(fired_count, 1);
	timer_free(&end);
	tear_down();
}

static int pipe_fds[2];
static struct watch *watch;
static unsigned seen;

static void
on_pipe(void *owner, unsigned ready)
{
	char byte;

	(void)owner;
	seen |= ready;
	if (ready & WATCH_READ)
		CU_ASSERT_EQUAL(read(pipe_fds[0], &byte, 1), 1);
	if (++fired_count == 3)
		loop_stop(loop);
}

static void
a_watch_is_told_as_long_as_there_is_something(void)
{
	set_up();
	CU_ASSERT_EQUAL_FATAL(pipe(pipe_fds), 0);
	CU_ASSERT_EQUAL(write(pipe_fds[1], "abc", 3), 3);
	seen = 0;
	watch = watch_new(loop, pipe_fds[0], WATCH_READ, on_pipe, NULL);
	loop_run(loop);
	CU_ASSERT_EQUAL(fired_count, 3);
	CU_ASSERT_EQUAL(seen, WATCH_READ);
	watch_free(&watch);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	tear_down();
}

static void
a_watch_that_wants_nothing_hears_nothing(void)
{
	struct timer *end;

	set_up();
	end = timer_new(loop, stop, NULL);
	CU_ASSERT_EQUAL_FATAL(pipe(pipe_fds), 0);
	CU_ASSERT_EQUAL(write(pipe_fds[1], "abc", 3), 3);
	watch = watch_new(loop, pipe_fds[0], WATCH_READ, on_pipe, NULL);
	watch_want(watch, 0);
	timer_set(end, 3);
	loop_run(loop);
	CU_ASSERT_EQUAL(fired_count, 0);
	watch_want(watch, WATCH_READ);
	loop_run(loop);
	CU_ASSERT_EQUAL(fired_count, 3);
	watch_free(&watch);
	timer_free(&end);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	tear_down();
}

static struct turn_hook *hooks[3];

static void
hook_note(void *owner)
{
	int which = *(int *)owner;

	fired[fired_count++] = which;
	if (which == 0 && fired_count < 3)
		turn_hook_ask(hooks[2]);
	if (which == 1)
		turn_hook_free(&hooks[1]);
	if (which == 2 && fired_count < 6)
		turn_hook_ask(hooks[0]);
	if (fired_count == 6)
		loop_stop(loop);
}

static void
hooks_run_in_order_and_again_before_the_loop_sleeps(void)
{
	static const int order[] = { 0, 1, 2, 0, 2 };

	set_up();
	for (int i = 0; i < 3; i++)
		hooks[i] = turn_hook_new(loop, hook_note, &ids[i]);
	timers[0] = timer_new(loop, stop, NULL);
	timer_set(timers[0], 3);
	turn_hook_ask(hooks[1]);
	turn_hook_ask(hooks[0]);
	loop_run(loop);
	CU_ASSERT_TRUE_FATAL(fired_count >= 4);
	for (int i = 0; i < 4; i++)
		CU_ASSERT_EQUAL(fired[i], order[i]);
	CU_ASSERT_PTR_NULL(hooks[1]);
	turn_hook_free(&hooks[0]);
	turn_hook_free(&hooks[2]);
	tear_down();
}

static void
on_signal(void *owner, int signal)
{
	CU_ASSERT_PTR_EQUAL(owner, &ids[7]);
	CU_ASSERT_EQUAL(signal, SIGUSR2);
	fired_count++;
	loop_stop(loop);
}

static void
a_signal_is_told_from_the_loop(void)
{
	struct sigwatch *sigwatch;

	set_up();
	sigwatch = sigwatch_new(loop, SIGUSR2, on_signal, &ids[7]);
	raise(SIGUSR2);
	CU_ASSERT_EQUAL(fired_count, 0);
	loop_run(loop);
	CU_ASSERT_EQUAL(fired_count, 1);
	sigwatch_free(&sigwatch);
	tear_down();
}

const struct unit_test loop_tests[] = {
	UNIT(timers_fire_in_the_order_of_their_times),
	UNIT(a_timer_never_fires_early_and_only_once),
	UNIT(a_timer_can_be_put_off_brought_forward_and_stopped),
	UNIT(a_timer_of_no_delay_comes_in_the_next_turn),
	UNIT(a_timer_may_free_itself_and_others),
	UNIT(a_watch_is_told_as_long_as_there_is_something),
	UNIT(a_watch_that_wants_nothing_hears_nothing),
	UNIT(hooks_run_in_order_and_again_before_the_loop_sleeps),
	UNIT(a_signal_is_told_from_the_loop),
	UNIT_END
};
