/* SPDX-License-Identifier: ISC
 *
 * queue.c - tests: the queue across sites.
 */
#include "suites.h"

#include "core.h"

static void
sites_with_urgent_work_come_first(void)
{
	struct queue queue;
	struct site *a, *b;
	struct entry *bulk, *urgent;

	queue_init(&queue);
	a = core_site(&queue, "a", 5);
	b = core_site(&queue, "b", 5);
	bulk = core_entry(&queue, a, CLASS_BULK);
	urgent = core_entry(&queue, b, CLASS_URGENT);
	CU_ASSERT_PTR_EQUAL(queue_pick(&queue, 0), urgent);
	CU_ASSERT_PTR_EQUAL(queue_pick(&queue, 0), bulk);
	queue_fini(&queue);
}

static void
sites_take_turns(void)
{
	struct queue queue;
	struct site *site[3];

	queue_init(&queue);
	site[0] = core_site(&queue, "a", 5);
	site[1] = core_site(&queue, "b", 5);
	site[2] = core_site(&queue, "c", 5);
	for (int i = 0; i < 9; i++)
		core_entry(&queue, site[i / 3], CLASS_NORMAL);
	for (int i = 0; i < 9; i++)
		CU_ASSERT_PTR_EQUAL(queue_pick(&queue, 0)->site,
		    site[i % 3]);
	queue_fini(&queue);
}

static void
a_full_site_does_not_keep_another_waiting(void)
{
	struct queue queue;
	struct site *a, *b;
	struct entry *other;

	queue_init(&queue);
	a = core_site(&queue, "a", 1);
	b = core_site(&queue, "b", 1);
	for (int i = 0; i < 10; i++)
		core_entry(&queue, a, CLASS_NORMAL);
	CU_ASSERT_PTR_EQUAL(queue_pick(&queue, 0)->site, a);
	CU_ASSERT_PTR_EQUAL(queue_pick(&queue, 0)->site, a);
	CU_ASSERT_PTR_NULL(queue_pick(&queue, 0));
	other = core_entry(&queue, b, CLASS_BULK);
	CU_ASSERT_PTR_EQUAL(queue_pick(&queue, 0), other);
	queue_fini(&queue);
}

static void
states_are_counted_by_class(void)
{
	struct queue queue;
	struct site *site;
	struct entry *entry;

	queue_init(&queue);
	site = core_site(&queue, "a", 5);
	entry = core_entry(&queue, site, CLASS_BULK);
	core_entry(&queue, site, CLASS_URGENT);
	CU_ASSERT_EQUAL(queue.counts[CLASS_BULK][COUNT_READY], 1);
	entry_pull(&queue, entry);
	CU_ASSERT_EQUAL(queue.counts[CLASS_BULK][COUNT_READY], 0);
	entry_later(&queue, entry, 12345);
	CU_ASSERT_EQUAL(queue.counts[CLASS_BULK][COUNT_WAITING], 1);
	entry_pull(&queue, entry);
	CU_ASSERT_EQUAL(queue.counts[CLASS_BULK][COUNT_WAITING], 0);
	queue_pick(&queue, 0);
	CU_ASSERT_EQUAL(queue.counts[CLASS_URGENT][COUNT_READY], 0);
	CU_ASSERT_EQUAL(queue.counts[CLASS_URGENT][COUNT_FLYING], 1);
	queue_fini(&queue);
}

static void
an_entry_holds_any_number_of_recipients(void)
{
	static const uint32_t kept[] = { 7, 300, 999 };
	struct queue queue;
	struct msgid id = { { 1 } };
	struct entry *entry;

	queue_init(&queue);
	entry = entry_new(&queue, message_new(&queue, id));
	for (uint32_t i = 0; i < 1000; i++)
		entry_add_rcpt(entry, i);
	CU_ASSERT_EQUAL(entry->rcpt_count, 1000);
	for (uint32_t i = 0; i < 1000; i++)
		CU_ASSERT_EQUAL(entry->rcpts[i], i);
	entry_set_rcpts(entry, kept, 3);
	CU_ASSERT_EQUAL(entry->rcpt_count, 3);
	CU_ASSERT_EQUAL(entry->rcpts[2], 999);
	entry_set_rcpts(entry, entry->rcpts + 1, 1);
	CU_ASSERT_EQUAL(entry->rcpt_count, 1);
	CU_ASSERT_EQUAL(entry->rcpts[0], 300);
	queue_fini(&queue);
}

static void
a_message_goes_when_nothing_of_it_is_left(void)
{
	struct queue queue;
	struct msgid id = { { 9 } };
	struct message *message;
	struct entry *entry;

	queue_init(&queue);
	message = message_new(&queue, id);
	entry = entry_new(&queue, message);
	entry_add_rcpt(entry, 0);
	CU_ASSERT_FALSE(message_release(&queue, message));
	entry_free(&queue, entry);
	message->busy++;
	CU_ASSERT_FALSE(message_release(&queue, message));
	message->busy--;
	CU_ASSERT_PTR_EQUAL(message_find(&queue, id), message);
	CU_ASSERT_TRUE(message_release(&queue, message));
	CU_ASSERT_PTR_NULL(message_find(&queue, id));
	CU_ASSERT_EQUAL(queue.entries, 0);
	queue_fini(&queue);
}

/* 100 sites of which 99 have nothing to do: the cost of a pick must not
 * depend on them.  Shown by what is on the lists, not by time. */
static void
sites_without_work_are_on_no_list(void)
{
	struct queue queue;
	struct site *site = NULL;
	char name[16];

	queue_init(&queue);
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof name, "site%d", i);
		site = core_site(&queue, name, 5);
	}
	core_entry(&queue, site, CLASS_NORMAL);
	CU_ASSERT_EQUAL(queue.fresh[CLASS_NORMAL].count, 1);
	queue_pick(&queue, 0);
	for (int c = 0; c < CLASS_COUNT; c++)
		CU_ASSERT_FALSE(queue_has_work(&queue, c));
	queue_fini(&queue);
}

/* Urgent entries without end at one site, a bulk one at another. */
static void
a_class_that_waits_at_another_site_has_its_trickle(void)
{
	struct queue queue;
	struct site *a, *b;
	struct entry *bulk, *entry = NULL;
	struct conf *conf = core_conf();
	int picks = 0;

	queue_init(&queue);
	a = core_site(&queue, "a", 5);
	b = core_site(&queue, "b", 5);
	bulk = core_entry(&queue, b, CLASS_BULK);
	for (; entry != bulk && picks < 1000; picks++) {
		core_entry(&queue, a, CLASS_URGENT);
		entry = queue_pick_until(&queue, CLASS_URGENT, picks * 100);
		if (entry->site == a)
			site_landed(&queue, a, entry, SITE_ANSWERED, 1,
			    picks * 100, picks * 100, conf);
	}
	CU_ASSERT_EQUAL(picks, TRICKLE_PICKS + 1);
	queue_fini(&queue);
	conf_free(&conf);
}

const struct unit_test queue_tests[] = {
	UNIT(sites_with_urgent_work_come_first),
	UNIT(sites_take_turns),
	UNIT(a_full_site_does_not_keep_another_waiting),
	UNIT(states_are_counted_by_class),
	UNIT(an_entry_holds_any_number_of_recipients),
	UNIT(a_message_goes_when_nothing_of_it_is_left),
	UNIT(sites_without_work_are_on_no_list),
	UNIT(a_class_that_waits_at_another_site_has_its_trickle),
	UNIT_END
};
