/* SPDX-License-Identifier: ISC
 *
 * dead.c - tests: one of several hosts is dead, and comes back.
 */
#include "unit/deliverer/tests.h"
#include "unit/deliverer/world.h"

#include "deliverer/courier.h"

#define BODY "Subject: x\r\n\r\nhi\r\n"

/* COUNT jobs, one after the other, each with its result; how many of them
 * the host called MTA took. */
static unsigned
deliver(struct world *world, unsigned count, const char *mta)
{
	unsigned taken = 0;

	for (unsigned i = 0; i < count; i++) {
		uint32_t job = world_job(world, CLASS_NORMAL, 1, BODY);

		world_results(world, world->result_count + 1);
		taken += strcmp(world_result(world, job)->mta, mta) == 0;
		CU_ASSERT_STRING_EQUAL(world_result(world, job)->rows,
		    "0=delivered(250 2.0.0 250 2.0.0 ok)");
	}
	return taken;
}

static void
a_silent_host_keeps_one_connection_waiting_and_no_mail(void)
{
	struct world world = { 0 };

	world_open(&world, "connections 5; messages 2");
	world.hosts[0].greeting = "";
	world_site(&world, 0, 2);
	CU_ASSERT_EQUAL(deliver(&world, 20, "mx1.test"), 20);
	CU_ASSERT_EQUAL(world.hosts[0].accepted, 1);
	CU_ASSERT_EQUAL(world.hosts[0].open, 1);
	CU_ASSERT_EQUAL(world.told, 1);
	CU_ASSERT_STRING_EQUAL(world.told_why, "no answer yet");
	world_close(&world);
}

static void
many_that_wait_for_a_silent_host_leave_it_to_one(void)
{
	struct world world = { 0 };

	world_open(&world, "connections 8; reserve 0");
	world.hosts[0].greeting = "";
	world_site(&world, 0, 2);
	for (int i = 0; i < 8; i++)
		world_job(&world, CLASS_NORMAL, 1, BODY);
	world_results(&world, 8);
	CU_ASSERT_EQUAL(world.hosts[1].mail_count, 8);
	CU_ASSERT_EQUAL(world.hosts[0].open, 1);
	world_close(&world);
}

static void
hosts_that_all_hang_return_no_mail(void)
{
	struct world world = { 0 };

	world_open(&world, "connections 8; timeout-greeting 60s");
	world.hosts[0].greeting = world.hosts[1].greeting = "";
	world_site(&world, 0, 2);
	for (int i = 0; i < 8; i++)
		world_job(&world, CLASS_NORMAL, 1, BODY);
	world_results(&world, 8);
	for (uint32_t job = 1; job <= 8; job++)
		CU_ASSERT_EQUAL(strncmp(world_result(&world, job)->rows,
		    "0=deferred(0 4.4.", 17), 0);
	world_close(&world);
}

static struct targets *
targets_of(struct world *world)
{
	return &site_find(&world->deliverer, 1)->targets;
}

static bool
is_due(struct world *world)
{
	return health_of(&world->deliverer.health,
	    targets_of(world)->rows[0].addr, loop_now(world->loop)) ==
	    HEALTH_DUE;
}

static bool
is_well(struct world *world)
{
	return health_of(&world->deliverer.health,
	    targets_of(world)->rows[0].addr, loop_now(world->loop)) ==
	    HEALTH_WELL;
}

static void
a_host_that_is_back_takes_over_from_its_stand_in(void)
{
	struct world world = { 0 };

	world_open(&world, "connections 1");
	world.hosts[0].greeting = "421 4.3.2 closed";
	world_site(&world, 0, 2);
	CU_ASSERT_EQUAL(deliver(&world, 10, "mx1.test"), 10);
	CU_ASSERT_EQUAL(world.hosts[0].accepted, 1);
	CU_ASSERT_TRUE(world_logged(&world, "is left alone for"));
	world_run(&world, is_due);
	CU_ASSERT_EQUAL(deliver(&world, 1, "mx1.test"), 1);
	world.hosts[0].greeting = NULL;
	world_run(&world, is_due);
	CU_ASSERT_EQUAL(world.hosts[0].accepted, 2);
	deliver(&world, 1, "");
	world_run(&world, is_well);
	CU_ASSERT_STRING_EQUAL(world.told_why, "");
	/* The connection to the other one may serve once more. */
	CU_ASSERT_TRUE(deliver(&world, 10, "mx0.test") >= 9);
	CU_ASSERT_EQUAL(world.hosts[0].accepted, 3);
	CU_ASSERT_EQUAL(world.hosts[1].open, 0);
	CU_ASSERT_TRUE(world_logged(&world, "answers again"));
	world_close(&world);
}

static void
what_one_site_learns_of_a_host_others_know(void)
{
	struct world world = { 0 };
	struct addr addr;

	world_open(&world, "");
	host_shut(&world.hosts[0]);
	world_site(&world, 0, 2);
	deliver(&world, 1, "mx1.test");
	addr = targets_of(&world)->rows[0].addr;
	CU_ASSERT_EQUAL(health_of(&world.deliverer.health, addr,
	    loop_now(world.loop)), HEALTH_ILL);
	/* The same addresses, told anew. */
	world_site(&world, 0, 2);
	deliver(&world, 5, "mx1.test");
	CU_ASSERT_EQUAL(world.told, 1);
	world_close(&world);
}

static void
a_site_whose_hosts_are_all_left_alone_tries_them_all_the_same(void)
{
	struct world world = { 0 };

	world_open(&world, "");
	world.hosts[0].greeting = world.hosts[1].greeting = "421 4.3.2 no";
	world_site(&world, 0, 2);
	for (uint32_t job = 1; job <= 3; job++) {
		world_job(&world, CLASS_NORMAL, 1, BODY);
		world_results(&world, job);
		CU_ASSERT_EQUAL(world_result(&world, job)->scope, SCOPE_SITE);
		CU_ASSERT_EQUAL(world.hosts[0].accepted, job);
		CU_ASSERT_EQUAL(world.hosts[1].accepted, job);
	}
	world.hosts[1].greeting = NULL;
	CU_ASSERT_EQUAL(deliver(&world, 3, "mx1.test"), 3);
	world_close(&world);
}

/* ---- many connections --------------------------------------------------- */

static bool
one_has_left(struct world *world)
{
	return world->hosts[0].quits == 1;
}

static void
where_many_are_open_an_idle_one_makes_room(void)
{
	struct world world = { 0 };

	world_open(&world, "connections 3; reserve 0");
	world.deliverer.places.most = 4;
	world.hosts[0].hold = true;
	world_site(&world, 0, 1);
	for (int i = 0; i < 3; i++)
		world_job(&world, CLASS_NORMAL, 1, BODY);
	world_held(&world, 3);
	world.hosts[0].hold = false;
	host_release(&world.hosts[0]);
	world_results(&world, 3);
	CU_ASSERT_EQUAL(world.hosts[0].quits, 0);
	world.other = 1;
	world_site(&world, 1, 1);
	CU_ASSERT_EQUAL(deliver(&world, 1, "mx1.test"), 1);
	world_run(&world, one_has_left);
	world_close(&world);
}

static bool
two_want_places(struct world *world)
{
	return world->deliverer.places.wanting[PLACE_URGENT].count +
	    world->deliverer.places.wanting[PLACE_CALM].count == 2;
}

/* A place is what a segment needs that may be handed to us, too. */
static void
a_site_without_a_place_waits_for_one_and_urgent_mail_first(void)
{
	struct world world = { 0 };
	struct places *places = &world.deliverer.places;

	world_open(&world, "connections 1");
	world.hosts[0].hold = true;
	world_site(&world, 0, 1);
	world_job(&world, CLASS_NORMAL, 1, BODY);
	world_held(&world, 1);
	places->most = 1 + world.deliverer.segments.by_number.count;
	CU_ASSERT_TRUE(places_full(&world.deliverer, PLACE_KNOWN));
	world.deliverer.couriers = 0;
	CU_ASSERT_FALSE(places_full(&world.deliverer, PLACE_KNOWN));
	world.deliverer.couriers = 1;
	world.other = 1;
	world_site(&world, 1, 1);
	world_job(&world, CLASS_NORMAL, 1, BODY);
	world.other = 2;
	world_site(&world, 2, 1);
	world_job(&world, CLASS_URGENT, 1, BODY);
	world_run(&world, two_want_places);
	CU_ASSERT_EQUAL(world.hosts[1].accepted, 0);
	CU_ASSERT_EQUAL(world.hosts[2].accepted, 0);
	world.hosts[0].hold = false;
	host_release(&world.hosts[0]);
	world_results(&world, 3);
	CU_ASSERT_EQUAL(world.results[1].job, 3);
	CU_ASSERT_EQUAL(world.results[2].job, 2);
	CU_ASSERT_TRUE(list_empty(&places->wanting[PLACE_CALM]));
	world_close(&world);
}

/* The first one was called long enough ago to be given up. */
static bool
had_its_time(struct world *world)
{
	const struct list *dialing = &world->deliverer.places.dialing;
	const struct courier *first;

	if (list_empty(dialing))
		return false;
	first = list_item(list_first(dialing), struct courier, place);
	return world->hosts[0].open == 1 &&
	    clock_mono_usec() - first->heard > 30000;
}

static bool
two_call(struct world *world)
{
	return world->deliverer.places.dialing.count == 2;
}

static void
of_many_that_wait_for_an_answer_the_first_gives_up(void)
{
	struct world world = { 0 };

	world_open(&world, "");
	world.deliverer.places.most = 4;
	world.hosts[0].greeting = world.hosts[1].greeting = "";
	world_site(&world, 0, 1);
	world_job(&world, CLASS_NORMAL, 1, BODY);
	world_run(&world, had_its_time);
	CU_ASSERT_EQUAL(world.result_count, 0);
	world.other = 1;
	world_site(&world, 1, 1);
	world_job(&world, CLASS_NORMAL, 1, BODY);
	world_results(&world, 1);
	CU_ASSERT_EQUAL(strncmp(world_result(&world, 1)->rows,
	    "0=deferred(0 4.4.", 17), 0);
	CU_ASSERT_EQUAL(world.hosts[1].open, 1);
	world_close(&world);
}

/* It hears of its host, which is slow, at each step. */
static void
whoever_hears_of_its_host_is_not_the_first_to_give_up(void)
{
	struct world world = { 0 };
	const struct list *dialing = &world.deliverer.places.dialing;
	struct courier *first;

	world_open(&world, "");
	world.hosts[0].greeting = world.hosts[1].greeting = "";
	world_site(&world, 0, 1);
	world_job(&world, CLASS_NORMAL, 1, BODY);
	world_run(&world, had_its_time);
	first = list_item(list_first(dialing), struct courier, place);
	world.other = 1;
	world_site(&world, 1, 1);
	world_job(&world, CLASS_NORMAL, 1, BODY);
	world_run(&world, two_call);
	CU_ASSERT_PTR_EQUAL(list_first(dialing), &first->place);
	buf_append_text(&world.deliverer.out, "EHLO relay.test\r\n");
	courier_send(first);
	CU_ASSERT_PTR_NOT_EQUAL(list_first(dialing), &first->place);
	CU_ASSERT_TRUE(clock_mono_usec() - first->heard < 30000);
	world_close(&world);
}

/* Whoever has called all hosts has no connection, and gives up in the next
 * turn: nobody may hurry it in this one. */
static void
one_that_has_nobody_left_to_call_is_not_hurried(void)
{
	struct world world = { 0 };
	struct places *places = &world.deliverer.places;
	struct courier *courier;

	world_open(&world, "");
	places->most = 1;
	world.hosts[0].greeting = "";
	world_site(&world, 0, 1);
	world_job(&world, CLASS_NORMAL, 1, BODY);
	world_run(&world, had_its_time);
	courier = list_item(list_first(&places->dialing), struct courier,
	    place);
	courier_refused(courier, "Connection refused");
	CU_ASSERT_PTR_NULL(courier->conn);
	CU_ASSERT_TRUE(list_empty(&places->dialing));
	world_results(&world, 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(world_result(&world, 1)->rows,
	    "Connection refused"));
	world_close(&world);
}

static bool
one_has_none(struct world *world)
{
	return world->deliverer.places.wanting[PLACE_CALM].count == 1;
}

/* Half of the descriptors is kept; two normal messages have the others, and a
 * third one waits. */
static void
the_last_places_are_for_urgent_mail(void)
{
	struct world world = { 0 };
	struct places *places = &world.deliverer.places;

	world_open(&world, "connections 5; reserve 0 }\n"
	    "queue { urgent-reserve 50");
	world.hosts[0].hold = true;
	world_site(&world, 0, 1);
	world_job(&world, CLASS_NORMAL, 1, BODY);
	world_job(&world, CLASS_NORMAL, 1, BODY);
	world_held(&world, 2);
	places->most = 2 * (2 +
	    (unsigned)world.deliverer.segments.by_number.count);
	world.other = 1;
	world_site(&world, 1, 1);
	world_job(&world, CLASS_NORMAL, 1, BODY);
	world_run(&world, one_has_none);
	CU_ASSERT_EQUAL(world.hosts[1].accepted, 0);
	world.other = 2;
	world_site(&world, 1, 1);
	world_job(&world, CLASS_URGENT, 1, BODY);
	world_results(&world, 1);
	CU_ASSERT_EQUAL(world.results[0].job, 4);
	CU_ASSERT_EQUAL(world.hosts[1].accepted, 1);
	world.hosts[0].hold = false;
	host_release(&world.hosts[0]);
	world_results(&world, 4);
	CU_ASSERT_EQUAL(world.hosts[1].mail_count, 2);
	world_close(&world);
}

static bool
forty_want_places(struct world *world)
{
	return world->deliverer.places.wanting[PLACE_URGENT].count ==
	    40;
}

/* The place of the one that ends is taken by the next; of forty urgent
 * messages the first to come is the first to go, and a normal one that came
 * before them waits for sixteen. */
static void
whoever_waits_for_a_place_has_it_in_turn(void)
{
	struct world world = { 0 };
	size_t normal = 0;

	world_open(&world, "messages 1 }\nqueue { urgent-reserve 50");
	world.hosts[0].hold = true;
	world_site(&world, 0, 1);
	world_job(&world, CLASS_NORMAL, 1, BODY);
	world_held(&world, 1);
	world.deliverer.places.most = 1 +
	    (unsigned)world.deliverer.segments.by_number.count;
	for (uint32_t i = 1; i <= 41; i++) {
		world.other = i;
		world_site(&world, 1, 1);
		world_job(&world, i == 1 ? CLASS_NORMAL : CLASS_URGENT, 1,
		    BODY);
	}
	world_run(&world, forty_want_places);
	CU_ASSERT_EQUAL(world.hosts[1].accepted, 0);
	world.hosts[0].hold = false;
	host_release(&world.hosts[0]);
	world_results(&world, 42);
	for (size_t i = 1, urgent = 3; i < 42; i++)
		if (world.results[i].job == 2)
			normal = i;
		else
			CU_ASSERT_EQUAL(world.results[i].job, urgent++);
	CU_ASSERT_EQUAL(normal, 17);
	world_close(&world);
}

static bool
one_wants_an_urgent_place(struct world *world)
{
	return world->deliverer.places.wanting[PLACE_URGENT].count == 1;
}

/* Urgent mail for hosts that hang has all the descriptors it may have. */
static void
the_very_last_places_are_for_sites_that_answer(void)
{
	struct world world = { 0 };

	world_open(&world, "connections 5; messages 1 }\n"
	    "queue { urgent-reserve 50");
	world.other = 1;
	world_site(&world, 1, 1);
	world_job(&world, CLASS_URGENT, 1, BODY);
	world_results(&world, 1);
	world.other = 0;
	world.hosts[0].hold = true;
	world_site(&world, 0, 1);
	for (int i = 0; i < 3; i++)
		world_job(&world, CLASS_URGENT, 1, BODY);
	world_held(&world, 3);
	world.deliverer.places.most = 4 +
	    (unsigned)world.deliverer.segments.by_number.count;
	world.other = 2;
	world_site(&world, 1, 1);
	world_job(&world, CLASS_URGENT, 1, BODY);
	world_run(&world, one_wants_an_urgent_place);
	world.other = 1;
	world_site(&world, 1, 1);
	world_job(&world, CLASS_URGENT, 1, BODY);
	world_results(&world, 2);
	CU_ASSERT_EQUAL(world.results[1].job, 6);
	CU_ASSERT_EQUAL(world.hosts[1].accepted, 2);
	world.hosts[0].hold = false;
	host_release(&world.hosts[0]);
	world_results(&world, 6);
	CU_ASSERT_EQUAL(world.hosts[1].mail_count, 3);
	world_close(&world);
}

const struct unit_test dead_tests[] = {
	UNIT(the_very_last_places_are_for_sites_that_answer),
	UNIT(whoever_waits_for_a_place_has_it_in_turn),
	UNIT(the_last_places_are_for_urgent_mail),
	UNIT(where_many_are_open_an_idle_one_makes_room),
	UNIT(a_site_without_a_place_waits_for_one_and_urgent_mail_first),
	UNIT(of_many_that_wait_for_an_answer_the_first_gives_up),
	UNIT(whoever_hears_of_its_host_is_not_the_first_to_give_up),
	UNIT(one_that_has_nobody_left_to_call_is_not_hurried),
	UNIT(a_silent_host_keeps_one_connection_waiting_and_no_mail),
	UNIT(many_that_wait_for_a_silent_host_leave_it_to_one),
	UNIT(hosts_that_all_hang_return_no_mail),
	UNIT(a_host_that_is_back_takes_over_from_its_stand_in),
	UNIT(what_one_site_learns_of_a_host_others_know),
	UNIT(a_site_whose_hosts_are_all_left_alone_tries_them_all_the_same),
	UNIT_END
};
