/* SPDX-License-Identifier: ISC
 *
 * breaker.c - tests: when a site rests, who probes it, and how it goes on.
 */
#include "suites.h"

#include "core.h"

static struct queue queue;
static struct conf *conf;
static struct site *site;

static void
set_up(unsigned connections, unsigned cuts)
{
	conf = core_conf();
	queue_init(&queue);
	site = core_site(&queue, "a", connections);
	site->cuts_most = cuts;
}

static void
tear_down(void)
{
	queue_fini(&queue);
	conf_free(&conf);
}

static void
land(struct entry *entry, enum site_news news, msec_t sent, msec_t now)
{
	site_landed(&queue, site, entry, news, 400, sent, now, conf);
}

/* A job sent at SENT that fares so at SENT + 1. */
static struct entry *
fares(enum mail_class klass, enum site_news news, msec_t sent)
{
	struct entry *entry = core_entry(&queue, site, klass), *got;

	queue_wake(&queue, sent);
	got = queue_pick(&queue, sent);
	CU_ASSERT_PTR_EQUAL_FATAL(got, entry);
	land(entry, news, sent, sent + 1);
	return entry;
}

static void
as_many_cuts_in_a_row_as_configured_are_a_failure(void)
{
	set_up(16, 3);
	fares(CLASS_NORMAL, SITE_CUT, 10);
	fares(CLASS_NORMAL, SITE_CUT, 20);
	CU_ASSERT_FALSE(site_is_down(site));
	CU_ASSERT_EQUAL(site->flow.window, 4);
	fares(CLASS_NORMAL, SITE_CUT, 30);
	CU_ASSERT_TRUE(site_is_down(site));
	CU_ASSERT_EQUAL(queue_next_wake(&queue), 31 + 10000);
	tear_down();
}

static void
an_answer_in_between_makes_cuts_begin_anew(void)
{
	set_up(16, 3);
	for (msec_t now = 10; now < 1000; now += 30) {
		fares(CLASS_NORMAL, SITE_CUT, now);
		fares(CLASS_NORMAL, SITE_CUT, now + 10);
		fares(CLASS_NORMAL, SITE_ANSWERED, now + 20);
	}
	CU_ASSERT_FALSE(site_is_down(site));
	tear_down();
}

/* A server that starts anew cuts all connections off. */
static void
cuts_of_one_moment_count_once(void)
{
	struct entry *entries[16];

	set_up(16, 3);
	for (int i = 0; i < 16; i++)
		entries[i] = core_entry(&queue, site, CLASS_BULK);
	while (queue_pick(&queue, 10) != NULL)
		;
	for (int i = 0; i < 16; i++)
		land(entries[i], SITE_CUT, 10, 20 + i);
	CU_ASSERT_FALSE(site_is_down(site));
	CU_ASSERT_EQUAL(site->cuts, 1);
	CU_ASSERT_EQUAL(site->flow.window, 8);
	tear_down();
}

static void
a_probe_that_is_cut_off_makes_the_rest_longer(void)
{
	set_up(16, 5);
	fares(CLASS_NORMAL, SITE_FAILED, 0);
	CU_ASSERT_EQUAL(queue_next_wake(&queue), 1 + 10000);
	fares(CLASS_NORMAL, SITE_CUT, 10001);
	CU_ASSERT_EQUAL(site->failures, 2);
	CU_ASSERT_EQUAL(queue_next_wake(&queue), 10002 + 20000);
	tear_down();
}

/* Not by turns, as one of four otherwise, and no trickle. */
static void
the_probe_is_the_urgent_entry_that_is_due_first(void)
{
	struct message like = { .klass = CLASS_URGENT };
	msec_t now = 0;

	set_up(16, 5);
	for (int i = 0; i < 40; i++) {
		core_entry(&queue, site, CLASS_BULK);
		like.deadline = 0;
		core_entry_of(&queue, site, &like);
		like.deadline = 1000000 - i;
		core_entry_of(&queue, site, &like);
	}
	for (int i = 0; i < 40; i++) {
		struct entry *entry = queue_pick(&queue, now);

		CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
		if (i > 0) {
			CU_ASSERT_PTR_NULL(queue_pick(&queue, now));
			CU_ASSERT_EQUAL(entry->message->deadline,
			    1000000 - 39);
		}
		land(entry, SITE_FAILED, now, now + 1);
		queue_ready(&queue, entry, true);
		now = queue_next_wake(&queue);
		queue_wake(&queue, now);
	}
	tear_down();
}

static void
more_pressing_mail_makes_a_rest_follow_its_schedule(void)
{
	set_up(16, 5);
	fares(CLASS_BULK, SITE_FAILED, 0);
	CU_ASSERT_EQUAL(queue_next_wake(&queue), 1 + 100000);
	core_entry(&queue, site, CLASS_NORMAL);
	site_press(&queue, site, CLASS_NORMAL, 500, conf);
	CU_ASSERT_EQUAL(queue_next_wake(&queue), 1 + 10000);
	site_press(&queue, site, CLASS_NORMAL, 600, conf);
	site_press(&queue, site, CLASS_BULK, 700, conf);
	CU_ASSERT_EQUAL(queue_next_wake(&queue), 1 + 10000);
	/* its second of rest is over long ago: one probe, at once */
	site_press(&queue, site, CLASS_URGENT, 5000, conf);
	CU_ASSERT_EQUAL(queue_next_wake(&queue), 5000);
	tear_down();
}

/* What comes while it rests is no reason to try more often. */
static void
a_stream_of_urgent_mail_probes_no_faster_than_its_schedule(void)
{
	msec_t now = 0;
	int probes = 0;

	set_up(16, 5);
	fares(CLASS_BULK, SITE_FAILED, 0);
	for (now = 1; now < 60000; now++) {
		struct entry *entry;

		core_entry(&queue, site, CLASS_URGENT);
		site_press(&queue, site, CLASS_URGENT, now, conf);
		queue_wake(&queue, now);
		if ((entry = queue_pick(&queue, now)) == NULL)
			continue;
		probes++;
		land(entry, SITE_FAILED, now, now);
		queue_ready(&queue, entry, true);
	}
	/* after 1 s, 2 s, and then each 6 s */
	CU_ASSERT_EQUAL(probes, 2 + 57 / 6);
	tear_down();
}

static void
after_a_probe_that_succeeds_the_queue_goes_at_a_pace(void)
{
	struct entry *probe;
	unsigned count = 0;

	set_up(16, 5);
	probe = fares(CLASS_NORMAL, SITE_FAILED, 0);
	queue_ready(&queue, probe, true);
	for (int i = 0; i < 100; i++)
		core_entry(&queue, site, CLASS_NORMAL);
	queue_wake(&queue, 20000);
	CU_ASSERT_PTR_EQUAL(queue_pick(&queue, 20000), probe);
	CU_ASSERT_PTR_NULL(queue_pick(&queue, 20000));
	land(probe, SITE_ANSWERED, 20000, 20400);
	while (queue_pick(&queue, 20400) != NULL)
		count++;
	CU_ASSERT_EQUAL(count, 2);
	tear_down();
}

static void
what_the_site_asked_for_nobody_ends_but_the_operator(void)
{
	set_up(16, 5);
	core_entry(&queue, site, CLASS_URGENT);
	site_hold(&queue, site, CLASS_URGENT, 60000, 0);
	CU_ASSERT_PTR_NULL(queue_pick(&queue, 1));
	site_hurry(&queue, site, 100);
	site_press(&queue, site, CLASS_URGENT, 100, conf);
	site_hold(&queue, site, CLASS_URGENT, 30000, 50);
	CU_ASSERT_EQUAL(queue_next_wake(&queue), 60000);
	site_reset(&queue, site);
	CU_ASSERT_PTR_NOT_NULL(queue_pick(&queue, 101));
	tear_down();
}

static void
what_was_under_way_does_not_end_a_rest_that_was_asked_for(void)
{
	struct entry *entries[3];

	set_up(16, 5);
	for (int i = 0; i < 3; i++)
		core_entry(&queue, site, CLASS_NORMAL);
	for (int i = 0; i < 3; i++)
		entries[i] = queue_pick(&queue, 10);
	CU_ASSERT_PTR_NOT_NULL_FATAL(entries[2]);
	core_entry(&queue, site, CLASS_URGENT);
	land(entries[0], SITE_ANSWERED, 10, 20);
	site_hold(&queue, site, CLASS_NORMAL, 5000, 20);
	land(entries[1], SITE_ANSWERED, 10, 30);
	CU_ASSERT_PTR_NULL(queue_pick(&queue, 31));
	CU_ASSERT_EQUAL(queue_next_wake(&queue), 5000);
	/* but the operator ends it, and then an answer counts */
	site_rouse(&queue, site);
	land(entries[2], SITE_ANSWERED, 10, 50);
	CU_ASSERT_FALSE(site_is_down(site));
	CU_ASSERT_PTR_NOT_NULL(queue_pick(&queue, 51));
	tear_down();
}

static void
a_rest_that_was_asked_for_ends_with_one_probe(void)
{
	set_up(16, 5);
	for (int i = 0; i < 10; i++)
		core_entry(&queue, site, CLASS_NORMAL);
	site_hold(&queue, site, CLASS_NORMAL, 5000, 0);
	queue_wake(&queue, 4999);
	CU_ASSERT_PTR_NULL(queue_pick(&queue, 4999));
	queue_wake(&queue, 5000);
	CU_ASSERT_PTR_NOT_NULL(queue_pick(&queue, 5000));
	CU_ASSERT_PTR_NULL(queue_pick(&queue, 5000));
	tear_down();
}

static void
a_reset_forgets_cuts_window_and_times(void)
{
	set_up(16, 5);
	fares(CLASS_NORMAL, SITE_CUT, 10);
	fares(CLASS_NORMAL, SITE_CUT, 20);
	CU_ASSERT_EQUAL(site->cuts, 2);
	site_reset(&queue, site);
	CU_ASSERT_EQUAL(site->cuts, 0);
	CU_ASSERT_EQUAL(site->flow.window, 16);
	CU_ASSERT_EQUAL(site->flow.took_ms, 0);
	CU_ASSERT_EQUAL(site->flow.least_ms, 0);
	CU_ASSERT_EQUAL(site->held, 0);
	tear_down();
}

/* The probe that follows NEWS, of bulk, and urgent mail that comes then. */
static struct entry *
probe_after(enum site_news news)
{
	struct entry *probe;

	set_up(20, 1);
	fares(CLASS_BULK, news, 10);
	CU_ASSERT_TRUE(site_is_down(site));
	for (int i = 0; i < 3; i++)
		core_entry(&queue, site, CLASS_BULK);
	queue_wake(&queue, 200000);
	probe = queue_pick(&queue, 200000);
	CU_ASSERT_PTR_NOT_NULL_FATAL(probe);
	for (int i = 0; i < 8; i++)
		core_entry(&queue, site, CLASS_URGENT);
	CU_ASSERT_PTR_NULL(queue_pick(&queue, 200001));
	CU_ASSERT_EQUAL(site_beside(site), 0);
	return probe;
}

static unsigned
pick_urgent(msec_t now, struct entry **last)
{
	struct entry *entry;
	unsigned count = 0;

	while ((entry = queue_pick(&queue, now)) != NULL) {
		CU_ASSERT_EQUAL(entry->message->klass, CLASS_URGENT);
		*last = entry;
		count++;
	}
	return count;
}

static void
when_the_site_talks_urgent_mail_goes_beside_the_probe(void)
{
	struct entry *urgent;

	probe_after(SITE_FAILED);
	site_talks(&queue, site);
	CU_ASSERT_EQUAL(site_window(site), 1);
	CU_ASSERT_EQUAL(site_beside(site), 5);
	CU_ASSERT_EQUAL(pick_urgent(200002, &urgent), 5);
	CU_ASSERT_TRUE(site_is_down(site));
	land(urgent, SITE_ANSWERED, 200002, 200400);
	CU_ASSERT_FALSE(site_is_down(site));
	CU_ASSERT_EQUAL(site->flow.window, 2);
	CU_ASSERT_EQUAL(site_beside(site), 5);
	CU_ASSERT_EQUAL(pick_urgent(200401, &urgent), 3);
	tear_down();
}

static void
a_site_that_talks_and_fails_rests_again(void)
{
	struct entry *probe = probe_after(SITE_FAILED), *urgent;

	site_talks(&queue, site);
	CU_ASSERT_EQUAL(pick_urgent(200002, &urgent), 5);
	land(urgent, SITE_CUT, 200002, 200100);
	CU_ASSERT_EQUAL(site->failures, 2);
	CU_ASSERT_EQUAL(pick_urgent(200101, &urgent), 0);
	land(probe, SITE_CUT, 200000, 200200);
	CU_ASSERT_EQUAL(site->failures, 2);
	site_talks(&queue, site);
	CU_ASSERT_EQUAL(pick_urgent(200201, &urgent), 0);
	tear_down();
}

static void
talking_proves_nothing_of_a_site_that_cut_us_off_or_wants_a_pause(void)
{
	struct entry *probe = probe_after(SITE_CUT), *urgent;

	site_talks(&queue, site);
	CU_ASSERT_EQUAL(site_beside(site), 0);
	CU_ASSERT_EQUAL(pick_urgent(200002, &urgent), 0);
	land(probe, SITE_ANSWERED, 200000, 200400);
	CU_ASSERT_TRUE(pick_urgent(200401, &urgent) > 0);
	tear_down();

	probe = probe_after(SITE_FAILED);
	land(probe, SITE_FAILED, 200000, 200100);
	site_hold(&queue, site, CLASS_BULK, 900000, 200101);
	queue_wake(&queue, 900000);
	CU_ASSERT_PTR_NOT_NULL(queue_pick(&queue, 900000));
	site_talks(&queue, site);
	CU_ASSERT_EQUAL(pick_urgent(900001, &urgent), 0);
	tear_down();
}

const struct unit_test breaker_tests[] = {
	UNIT(as_many_cuts_in_a_row_as_configured_are_a_failure),
	UNIT(an_answer_in_between_makes_cuts_begin_anew),
	UNIT(cuts_of_one_moment_count_once),
	UNIT(a_probe_that_is_cut_off_makes_the_rest_longer),
	UNIT(the_probe_is_the_urgent_entry_that_is_due_first),
	UNIT(more_pressing_mail_makes_a_rest_follow_its_schedule),
	UNIT(a_stream_of_urgent_mail_probes_no_faster_than_its_schedule),
	UNIT(after_a_probe_that_succeeds_the_queue_goes_at_a_pace),
	UNIT(what_the_site_asked_for_nobody_ends_but_the_operator),
	UNIT(what_was_under_way_does_not_end_a_rest_that_was_asked_for),
	UNIT(a_rest_that_was_asked_for_ends_with_one_probe),
	UNIT(a_reset_forgets_cuts_window_and_times),
	UNIT(when_the_site_talks_urgent_mail_goes_beside_the_probe),
	UNIT(a_site_that_talks_and_fails_rests_again),
	UNIT(talking_proves_nothing_of_a_site_that_cut_us_off_or_wants_a_pause),
	UNIT_END
};
