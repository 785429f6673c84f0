/* SPDX-License-Identifier: ISC
 *
 * list.c - a chain through the things themselves.
 */
#include "tests.h"

#include "base/list.h"

struct thing {
	int number;
	struct link link;
};

static int
number_of(struct link *link)
{
	return list_item(link, struct thing, link)->number;
}

/* The numbers in order, as one decimal number. */
static int
digits(const struct list *list)
{
	int all = 0;

	for (struct link *l = list_first(list); l != NULL;
	    l = list_next(list, l))
		all = all * 10 + number_of(l);
	return all;
}

static void
things_join_at_both_ends_and_in_the_middle(void)
{
	struct thing a = { .number = 1 }, b = { .number = 2 };
	struct thing c = { .number = 3 }, d = { .number = 4 };
	struct list list;

	list_init(&list);
	CU_ASSERT_TRUE(list_empty(&list));
	list_append(&list, &b.link);
	list_prepend(&list, &a.link);
	list_append(&list, &d.link);
	list_insert_after(&list, &b.link, &c.link);
	CU_ASSERT_EQUAL(digits(&list), 1234);
	CU_ASSERT_EQUAL(list.count, 4);
}

static void
what_leaves_is_on_no_list_and_may_join_again(void)
{
	struct thing a = { .number = 1 }, b = { .number = 2 };
	struct thing c = { .number = 3 };
	struct list list, other;

	list_init(&list);
	list_init(&other);
	list_append(&list, &a.link);
	list_append(&list, &b.link);
	list_append(&list, &c.link);
	list_remove(&list, &b.link);
	CU_ASSERT_FALSE(link_on_list(&b.link));
	CU_ASSERT_TRUE(link_on_list(&a.link));
	CU_ASSERT_EQUAL(digits(&list), 13);
	list_append(&other, &b.link);
	CU_ASSERT_EQUAL(digits(&other), 2);
	CU_ASSERT_EQUAL(number_of(list_take(&list)), 1);
	CU_ASSERT_EQUAL(number_of(list_take(&list)), 3);
	CU_ASSERT_PTR_NULL(list_take(&list));
	CU_ASSERT_PTR_NULL(list_first(&list));
}

const struct unit_test list_tests[] = {
	UNIT(things_join_at_both_ends_and_in_the_middle),
	UNIT(what_leaves_is_on_no_list_and_may_join_again),
	UNIT_END
};
