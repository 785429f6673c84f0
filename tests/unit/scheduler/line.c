/* SPDX-License-Identifier: ISC
 *
 * line.c - tests: turns of senders inside a class.
 */
#include "suites.h"

#include "core.h"

static struct queue queue;
static struct site *site;

static void
set_up(void)
{
	queue_init(&queue);
	site = core_site(&queue, "a", 1000);
}

static struct entry *
add(enum mail_class klass, uint64_t sender, uint64_t size, usec_t deadline)
{
	return core_entry_of(&queue, site, &(struct message){
	    .klass = (uint8_t)klass, .sender = sender, .size = size,
	    .deadline = deadline });
}

/* The senders of the next COUNT picks are as in WANT, a letter each. */
static void
expect(const char *want)
{
	char got[64];
	size_t i;

	for (i = 0; want[i] != '\0' && i < sizeof got - 1; i++) {
		struct entry *entry = queue_pick(&queue, 0);

		got[i] = entry == NULL ? '-' : (char)entry->message->sender;
	}
	got[i] = '\0';
	CU_ASSERT_STRING_EQUAL(got, want);
}

static void
a_flood_of_one_sender_buries_nobody(void)
{
	set_up();
	for (int i = 0; i < 500; i++)
		add(CLASS_BULK, 'L', 4096, 0);
	expect("LLL");
	add(CLASS_BULK, 's', 4096, 0);
	expect("LsLLLL");
	queue_fini(&queue);
}

static void
senders_take_turns_however_many_each_has(void)
{
	set_up();
	for (int i = 0; i < 10; i++)
		add(CLASS_NORMAL, 'a', 100, 0);
	for (int i = 0; i < 3; i++)
		add(CLASS_NORMAL, 'b', 100, 0);
	add(CLASS_NORMAL, 'c', 100, 0);
	expect("abcababaaaaaaa-");
	queue_fini(&queue);
}

static void
large_messages_cost_more_turns(void)
{
	set_up();
	for (int i = 0; i < 3; i++)
		add(CLASS_NORMAL, 'L', 3 * LINE_COST_BYTES, 0);
	for (int i = 0; i < 9; i++)
		add(CLASS_NORMAL, 's', 100, 0);
	expect("LssssLssssLs-");
	queue_fini(&queue);
}

static void
no_message_costs_more_than_sixteen_turns(void)
{
	set_up();
	for (int i = 0; i < 2; i++)
		add(CLASS_NORMAL, 'L', 1 << 30, 0);
	for (int i = 0; i < 30; i++)
		add(CLASS_NORMAL, 's', 100, 0);
	expect("LssssssssssssssssLsss");
	queue_fini(&queue);
}

static void
who_comes_back_has_the_next_turn(void)
{
	struct entry *entry;

	set_up();
	add(CLASS_NORMAL, 'a', 100, 0);
	add(CLASS_NORMAL, 'b', 100, 0);
	add(CLASS_NORMAL, 'c', 100, 0);
	entry = add(CLASS_NORMAL, 'c', 100, 0);
	entry_pull(&queue, entry);
	queue_ready(&queue, entry, true);
	CU_ASSERT_PTR_EQUAL(queue_pick(&queue, 0), entry);
	expect("abc-");
	queue_fini(&queue);
}

static void
what_is_taken_for_small_is_small(void)
{
	struct entry *entry;

	set_up();
	entry = add(CLASS_URGENT, 'a', 100, 900);
	add(CLASS_URGENT, 'a', 5000, 100);
	CU_ASSERT_PTR_EQUAL(line_take_small(&queue,
	    &site->ready[CLASS_URGENT], 1000), entry);
	CU_ASSERT_PTR_NULL(line_take_small(&queue,
	    &site->ready[CLASS_URGENT], 1000));
	queue_fini(&queue);
}

static void
urgent_mail_goes_by_deadline_first(void)
{
	set_up();
	add(CLASS_URGENT, 'n', 100, 0);
	add(CLASS_URGENT, 'z', 100, 900);
	add(CLASS_URGENT, 'a', 100, 100);
	add(CLASS_URGENT, 'm', 100, 500);
	expect("amzn-");
	queue_fini(&queue);
}

static void
but_every_fourth_by_turns(void)
{
	set_up();
	for (int i = 0; i < 20; i++)
		add(CLASS_URGENT, 'd', 100, 100 + i);
	add(CLASS_URGENT, 'n', 100, 0);
	add(CLASS_URGENT, 'n', 100, 0);
	expect("dddddddndddddddn");
	queue_fini(&queue);
}

/* Turns are for other senders, and for mail without deadlines: with neither
 * there they would only send what is less pressing.  Nobody waits for ever:
 * of a sender's turns one in four is for what came first. */
static void
a_sender_with_deadlines_alone_goes_by_them_but_for_some_turns(void)
{
	set_up();
	add(CLASS_URGENT, 'a', 100, 900);
	for (int i = 20; i-- > 0;)
		add(CLASS_URGENT, 'a', 100, 100 + i);
	for (int i = 0; i < 15; i++)
		CU_ASSERT_EQUAL(queue_pick(&queue, 0)->message->deadline,
		    100 + i);
	CU_ASSERT_EQUAL(queue_pick(&queue, 0)->message->deadline, 900);
	for (int i = 15; i < 20; i++)
		CU_ASSERT_EQUAL(queue_pick(&queue, 0)->message->deadline,
		    100 + i);
	CU_ASSERT_PTR_NULL(queue_pick(&queue, 0));
	queue_fini(&queue);
}

static void
deadlines_of_other_classes_do_not_change_the_order(void)
{
	set_up();
	add(CLASS_BULK, 'a', 100, 900);
	add(CLASS_BULK, 'b', 100, 100);
	expect("ab-");
	queue_fini(&queue);
}

/* Shares exist only while they hold something. */
static void
nothing_is_left_of_senders_who_have_gone(void)
{
	set_up();
	for (uint64_t sender = 0; sender < 1000; sender++)
		add(CLASS_NORMAL, sender, 100, 0);
	CU_ASSERT_EQUAL(queue.shares.count, 1000);
	for (int i = 0; i < 1000; i++)
		CU_ASSERT_PTR_NOT_NULL(queue_pick(&queue, 0));
	CU_ASSERT_EQUAL(queue.shares.count, 0);
	CU_ASSERT_EQUAL(site->ready[CLASS_NORMAL].turns.count, 0);
	queue_fini(&queue);
}

static void
a_walk_sees_every_entry_once_while_some_are_taken_out(void)
{
	struct line *line;
	struct entry *entry, *next;
	unsigned seen = 0;

	set_up();
	line = &site->ready[CLASS_NORMAL];
	for (int i = 0; i < 100; i++)
		add(CLASS_NORMAL, (uint64_t)i % 7, 100, 0);
	for (entry = line_next(line, NULL); entry != NULL; entry = next) {
		next = line_next(line, entry);
		if (++seen % 2 == 0)
			entry_pull(&queue, entry);
	}
	CU_ASSERT_EQUAL(seen, 100);
	CU_ASSERT_EQUAL(line->count, 50);
	CU_ASSERT_PTR_NOT_NULL(line_last(line));
	queue_fini(&queue);
}

static void
and_so_does_a_walk_from_the_end(void)
{
	struct entry *entry, *next, *seen[100];
	struct line *line;
	unsigned count = 0;

	set_up();
	line = &site->ready[CLASS_NORMAL];
	for (int i = 0; i < 100; i++)
		add(CLASS_NORMAL, (uint64_t)i % 7, 100, 0);
	for (entry = line_next(line, NULL); entry != NULL;
	    entry = line_next(line, entry))
		seen[count++] = entry;
	CU_ASSERT_EQUAL_FATAL(count, 100);
	for (entry = line_last(line); entry != NULL; entry = next) {
		next = line_before(line, entry);
		CU_ASSERT_PTR_EQUAL(entry, seen[--count]);
		if (count % 2 == 0)
			entry_pull(&queue, entry);
	}
	CU_ASSERT_EQUAL(count, 0);
	CU_ASSERT_EQUAL(line->count, 50);
	queue_fini(&queue);
}

static void
a_sketch_never_forgets_a_key_that_is_there(void)
{
	struct sketch sketch;
	unsigned wrong = 0;

	sketch_init(&sketch);
	for (uint64_t i = 0; i < 2000; i++)
		sketch_add(&sketch, sketch_mix(i, 7));
	for (uint64_t i = 0; i < 1000; i++)
		sketch_remove(&sketch, sketch_mix(i, 7));
	for (uint64_t i = 1000; i < 2000; i++)
		CU_ASSERT_TRUE(sketch_may_hold(&sketch, sketch_mix(i, 7)));
	for (uint64_t i = 5000; i < 15000; i++)
		wrong += sketch_may_hold(&sketch, sketch_mix(i, 7));
	CU_ASSERT_TRUE(wrong < 100);
	sketch_clear(&sketch);
	CU_ASSERT_FALSE(sketch_may_hold(&sketch, sketch_mix(1500, 7)));
	sketch_fini(&sketch);
}

const struct unit_test line_tests[] = {
	UNIT(a_flood_of_one_sender_buries_nobody),
	UNIT(senders_take_turns_however_many_each_has),
	UNIT(large_messages_cost_more_turns),
	UNIT(no_message_costs_more_than_sixteen_turns),
	UNIT(who_comes_back_has_the_next_turn),
	UNIT(what_is_taken_for_small_is_small),
	UNIT(urgent_mail_goes_by_deadline_first),
	UNIT(but_every_fourth_by_turns),
	UNIT(a_sender_with_deadlines_alone_goes_by_them_but_for_some_turns),
	UNIT(deadlines_of_other_classes_do_not_change_the_order),
	UNIT(nothing_is_left_of_senders_who_have_gone),
	UNIT(a_walk_sees_every_entry_once_while_some_are_taken_out),
	UNIT(and_so_does_a_walk_from_the_end),
	UNIT(a_sketch_never_forgets_a_key_that_is_there),
	UNIT_END
};
