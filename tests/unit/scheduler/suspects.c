/* SPDX-License-Identifier: ISC
 *
 * suspects.c - tests: entries that deliverers may have died of.
 */
#include "suites.h"

#include "core.h"

#include <stdio.h>

static struct queue queue;
static struct conf *conf;

static void
set_up(void)
{
	conf = core_conf();
	queue_init(&queue);
	suspects_open(&queue.suspects, true);
}

static void
tear_down(void)
{
	queue_fini(&queue);
	conf_free(&conf);
}

static struct entry *
suspect(struct site *site, enum mail_class klass)
{
	struct entry *entry = core_entry(&queue, site, klass);

	entry_pull(&queue, entry);
	entry->deaths = SUSPECT_DEATHS;
	queue_ready(&queue, entry, false);
	return entry;
}

static void
land(struct entry *entry, enum site_news news, msec_t now)
{
	site_landed(&queue, entry->site, entry, news, 1, now, now, conf);
}

static void
go_back(struct entry *entry, msec_t now)
{
	land(entry, SITE_LOST, now);
	queue_ready(&queue, entry, true);
}

static void
they_wait_for_their_deliverer_and_nobody_waits_for_them(void)
{
	struct site *site;
	struct entry *entry, *innocent;

	set_up();
	suspects_open(&queue.suspects, false);
	site = core_site(&queue, "a", 5);
	entry = suspect(site, CLASS_URGENT);
	innocent = core_entry(&queue, site, CLASS_BULK);
	CU_ASSERT_PTR_EQUAL(queue_pick(&queue, 0), innocent);
	CU_ASSERT_PTR_NULL(queue_pick(&queue, 0));
	CU_ASSERT_PTR_NULL(suspects_pick(&queue, 0));
	suspects_open(&queue.suspects, true);
	CU_ASSERT_PTR_EQUAL(suspects_pick(&queue, 0), entry);
	CU_ASSERT_PTR_NULL(queue_pick(&queue, 0));
	tear_down();
}

static void
they_are_counted_at_their_site_and_met_by_who_walks_it(void)
{
	struct site *site;
	struct entry *a, *b, *met[2] = { NULL, NULL };
	int count = 0;

	set_up();
	site = core_site(&queue, "a", 5);
	a = suspect(site, CLASS_URGENT);
	b = core_entry(&queue, site, CLASS_URGENT);
	CU_ASSERT_EQUAL(site->entries, 2);
	CU_ASSERT_EQUAL(site_waiting(site, CLASS_URGENT), 2);
	CU_ASSERT_EQUAL(queue.suspects.count, 1);
	for (unsigned i = 0; i < site_lines(site); i++) {
		struct entry *entry = line_next(site_line(site, i), NULL);

		if (entry != NULL && count < 2)
			met[count++] = entry;
	}
	CU_ASSERT_PTR_EQUAL(met[0], b);
	CU_ASSERT_PTR_EQUAL(met[1], a);
	entry_pull(&queue, a);
	CU_ASSERT_EQUAL(site->entries, 1);
	CU_ASSERT_EQUAL(queue.suspects.count, 0);
	CU_ASSERT_PTR_NULL(suspects_pick(&queue, 0));
	queue_ready(&queue, a, false);
	CU_ASSERT_PTR_EQUAL(suspects_pick(&queue, 0), a);
	CU_ASSERT_EQUAL(site->entries, 2);
	CU_ASSERT_EQUAL(site->flying, 1);
	land(a, SITE_ANSWERED, 1);
	CU_ASSERT_EQUAL(site->entries, 1);
	CU_ASSERT_EQUAL(site->flying, 0);
	CU_ASSERT_EQUAL(queue.suspects.count, 0);
	/* It was tried and nobody died: it is like any other. */
	queue_ready(&queue, a, false);
	CU_ASSERT_PTR_EQUAL(queue_pick(&queue, 1), b);
	CU_ASSERT_PTR_EQUAL(queue_pick(&queue, 1), a);
	tear_down();
}

static void
a_class_waits_for_no_less_pressing_one(void)
{
	struct site *a, *b;
	struct entry *bulk, *urgent, *normal;

	set_up();
	a = core_site(&queue, "a", 5);
	b = core_site(&queue, "b", 5);
	suspects_died(&queue.suspects, 2, 0);	/* one at a time */
	bulk = suspect(a, CLASS_BULK);
	suspect(a, CLASS_BULK);
	CU_ASSERT_PTR_EQUAL(suspects_pick(&queue, 0), bulk);
	CU_ASSERT_PTR_NULL(suspects_pick(&queue, 0));
	normal = suspect(b, CLASS_NORMAL);
	urgent = suspect(b, CLASS_URGENT);
	CU_ASSERT_PTR_EQUAL(suspects_pick(&queue, 1), urgent);
	CU_ASSERT_PTR_NULL(suspects_pick(&queue, 1));
	land(urgent, SITE_ANSWERED, 2);
	CU_ASSERT_PTR_EQUAL(suspects_pick(&queue, 2), normal);
	CU_ASSERT_PTR_NULL(suspects_pick(&queue, 2));
	/* Who was out for so long may be taken to live. */
	CU_ASSERT_PTR_NULL(suspects_pick(&queue, SUSPECT_SETTLE - 1));
	CU_ASSERT_PTR_NOT_NULL(suspects_pick(&queue, SUSPECT_SETTLE + 2));
	tear_down();
}

static void
a_site_where_nothing_goes_keeps_no_other_waiting(void)
{
	struct site *paused, *resting, *well;
	struct entry *entry;

	set_up();
	paused = core_site(&queue, "a", 5);
	resting = core_site(&queue, "b", 5);
	well = core_site(&queue, "c", 5);
	suspects_died(&queue.suspects, 2, 0);
	site_pause(&queue, paused, "the operator said so");
	suspect(paused, CLASS_URGENT);
	site_hold(&queue, resting, CLASS_URGENT, 1000, 0);
	suspect(resting, CLASS_URGENT);
	entry = suspect(well, CLASS_BULK);
	CU_ASSERT_PTR_EQUAL(suspects_pick(&queue, 0), entry);
	CU_ASSERT_PTR_NULL(suspects_pick(&queue, 0));
	tear_down();
}

static void
a_site_that_failed_is_probed_with_one_though_all_are_suspect(void)
{
	struct site *site;
	struct entry *first;

	set_up();
	site = core_site(&queue, "a", 20);
	suspect(site, CLASS_NORMAL);
	first = suspect(site, CLASS_URGENT);
	site_hold(&queue, site, CLASS_NORMAL, 1000, 0);
	CU_ASSERT_PTR_NULL(suspects_pick(&queue, 999));
	queue_wake(&queue, 1000);
	CU_ASSERT_PTR_EQUAL(suspects_pick(&queue, 1000), first);
	CU_ASSERT_PTR_NULL(suspects_pick(&queue, 1000));
	land(first, SITE_ANSWERED, 1001);
	CU_ASSERT_PTR_NOT_NULL(suspects_pick(&queue, 1001));
	tear_down();
}

/* The healthy mail of a site has most of its connections. */
static void
they_have_a_quarter_of_a_site(void)
{
	struct site *site;
	unsigned count = 0;

	set_up();
	site = core_site(&queue, "a", 20);
	CU_ASSERT_EQUAL(site_window(site), 20);
	for (int i = 0; i < 50; i++) {
		suspect(site, CLASS_BULK);
		core_entry(&queue, site, CLASS_BULK);
	}
	while (queue_pick(&queue, 0) != NULL)
		continue;
	while (suspects_pick(&queue, 0) != NULL)
		count++;
	CU_ASSERT_EQUAL(count, 5);
	CU_ASSERT_EQUAL(suspects_window(site), 5);
	CU_ASSERT_EQUAL(site_window(site), 15);
	CU_ASSERT_PTR_NULL(queue_pick(&queue, 0));
	tear_down();
}

/* ---- one of them kills -------------------------------------------------------- */

enum { CROWD = 10000, SITES = 500, TOOK = 400 };

struct hunt {
	struct entry *flying[SUSPECT_CROWD_MOST * CLASS_COUNT];
	unsigned count, deaths, alone, landed;
	msec_t now;
};

static void
take_off(struct hunt *hunt)
{
	struct entry *entry;

	while ((entry = suspects_pick(&queue, hunt->now)) != NULL)
		hunt->flying[hunt->count++] = entry;
}

static void
die(struct hunt *hunt, const struct entry *poison)
{
	unsigned count = hunt->count;

	hunt->deaths++;
	for (unsigned i = 0; i < count; i++)
		if (count == 1 && hunt->flying[i] == poison) {
			/* It waits before it is tried again. */
			land(hunt->flying[i], SITE_LOST, hunt->now);
			hunt->alone++;
		} else
			go_back(hunt->flying[i], hunt->now);
	hunt->count = 0;
	suspects_died(&queue.suspects, count, hunt->now);
}

static bool
has(const struct hunt *hunt, const struct entry *entry)
{
	for (unsigned i = 0; i < hunt->count; i++)
		if (hunt->flying[i] == entry)
			return true;
	return false;
}

/* All of them but POISON land, of those that are out. */
static void
land_all(struct hunt *hunt, struct entry *poison)
{
	bool out = has(hunt, poison);

	for (unsigned i = 0; i < hunt->count; i++) {
		if (hunt->flying[i] == poison)
			continue;
		land(hunt->flying[i], SITE_ANSWERED, hunt->now);
		hunt->landed++;
	}
	hunt->count = 0;
	if (out)
		hunt->flying[hunt->count++] = poison;
}

/* A deliverer dies LAG after it has POISON; the others take TOOK each. */
static void
hunt_down(struct hunt *hunt, struct entry *poison, msec_t lag, unsigned all)
{
	msec_t kills = MSEC_NEVER;

	for (int i = 0; i < 100000 && (hunt->alone == 0 ||
	    hunt->landed < all - 1); i++) {
		take_off(hunt);
		if (kills == MSEC_NEVER && has(hunt, poison))
			kills = hunt->now + lag;
		if (kills <= hunt->now) {
			die(hunt, poison);
			kills = MSEC_NEVER;
			continue;
		}
		hunt->now += TOOK;
		if (kills > hunt->now || kills == MSEC_NEVER)
			land_all(hunt, poison);
	}
}

static void
one_of_ten_thousand_is_found_and_the_others_go_within_a_minute(void)
{
	struct hunt *hunt = mem_new(struct hunt);
	struct site *sites[SITES];
	struct entry *poison = NULL;
	char name[16];

	set_up();
	for (int i = 0; i < SITES; i++) {
		snprintf(name, sizeof name, "site%d", i);
		sites[i] = core_site(&queue, name, 20);
	}
	for (int i = 0; i < CROWD; i++) {
		struct entry *entry = suspect(sites[i % SITES],
		    (enum mail_class)(i % CLASS_COUNT));

		if (i == CROWD / 3)
			poison = entry;
	}
	hunt_down(hunt, poison, 0, CROWD);
	CU_ASSERT_EQUAL(hunt->landed, CROWD - 1);
	CU_ASSERT_EQUAL(hunt->alone, 1);
	CU_ASSERT(hunt->deaths <= 32);
	CU_ASSERT(hunt->now < 60 * 1000);
	CU_ASSERT_EQUAL(queue.suspects.count, 0);
	queue_ready(&queue, poison, false);	/* to be freed */
	tear_down();
	mem_free(hunt);
}

/* Its server is slow, or the deliverer hangs and is killed after a minute. */
static void
one_that_takes_its_time_is_found_too(void)
{
	static const msec_t lags[] = { 3000, 20 * 1000, 60 * 1000 };

	for (size_t i = 0; i < sizeof lags / sizeof *lags; i++) {
		struct hunt *hunt = mem_new(struct hunt);
		struct entry *poison = NULL;
		char name[16];

		set_up();
		for (int n = 0; n < 200; n++) {
			snprintf(name, sizeof name, "site%d", n);
			poison = suspect(core_site(&queue, name, 5),
			    CLASS_NORMAL);
		}
		hunt_down(hunt, poison, lags[i], 200);
		CU_ASSERT_EQUAL(hunt->landed, 199);
		CU_ASSERT_EQUAL(hunt->alone, 1);
		CU_ASSERT(hunt->deaths <= 12);
		queue_ready(&queue, poison, false);
		tear_down();
		mem_free(hunt);
	}
}

static void
who_killed_alone_before_is_alone_again(void)
{
	struct site *site;
	struct entry *poison, *entry;

	set_up();
	site = core_site(&queue, "a", 20);
	for (int i = 0; i < 20; i++)
		suspect(site, CLASS_NORMAL);
	poison = suspect(core_site(&queue, "b", 20), CLASS_URGENT);
	entry_pull(&queue, poison);
	poison->alone = 1;
	queue_ready(&queue, poison, false);
	CU_ASSERT_PTR_EQUAL(suspects_pick(&queue, 0), poison);
	CU_ASSERT_PTR_NULL(suspects_pick(&queue, 0));
	land(poison, SITE_ANSWERED, 1);
	CU_ASSERT_EQUAL(poison->alone, 0);
	for (int i = 0; i < 2; i++) {
		entry = suspects_pick(&queue, 1);
		CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
	}
	tear_down();
}

const struct unit_test suspect_tests[] = {
	UNIT(they_wait_for_their_deliverer_and_nobody_waits_for_them),
	UNIT(they_are_counted_at_their_site_and_met_by_who_walks_it),
	UNIT(a_class_waits_for_no_less_pressing_one),
	UNIT(a_site_where_nothing_goes_keeps_no_other_waiting),
	UNIT(a_site_that_failed_is_probed_with_one_though_all_are_suspect),
	UNIT(they_have_a_quarter_of_a_site),
	UNIT(one_of_ten_thousand_is_found_and_the_others_go_within_a_minute),
	UNIT(one_that_takes_its_time_is_found_too),
	UNIT(who_killed_alone_before_is_alone_again),
	UNIT_END
};
