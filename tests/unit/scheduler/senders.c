/* SPDX-License-Identifier: ISC
 *
 * senders.c - tests: rates of senders, over all they send.
 */
#include "suites.h"

#include "core.h"

enum { SITES = 3 };

static struct queue queue;
static struct conf *conf;
static struct site *sites[SITES];

static struct conf *
conf_with(const char *text)
{
	char *file = mem_printf("hostname relay.test\nspool /nowhere\n"
	    "listen 127.0.0.1:2525 { trust 127.0.0.0/8 }\n%s\n", text);
	struct err err;
	struct conf *new = conf_parse(span_of(file), "senders", &err);

	if (new == NULL)
		CU_FAIL_FATAL(err.text);
	mem_free(file);
	return new;
}

/* Three sites with many connections, and TEXT in the configuration. */
static void
set_up(const char *text)
{
	static const char *const names[SITES] = { "a", "b", "c" };

	conf = conf_with(text);
	queue_init(&queue);
	senders_apply(&queue, conf, 0);
	for (int i = 0; i < SITES; i++)
		sites[i] = core_site(&queue, names[i], 1000);
}

static void
tear_down(void)
{
	queue_fini(&queue);
	conf_free(&conf);
}

/* SITE takes one message at a time, and its time for it. */
static void
make_slow(struct site *site)
{
	site_limit(&queue, site, 1, 100);
	site->flow.took_ms = site->flow.least_ms = 400;
}

static void
reload(const char *text, msec_t now)
{
	struct conf *old = conf;

	conf = conf_with(text);
	senders_apply(&queue, conf, now);
	conf_free(&old);
}

static struct entry *
put_unnamed(const char *sender, struct site *site, enum mail_class klass,
    usec_t deadline)
{
	struct message like = { .klass = (uint8_t)klass,
	    .sender = line_sender(span_of(sender)), .deadline = deadline };

	return core_entry_of(&queue, site, &like);
}

static void
learn(const char *sender, msec_t now)
{
	sender_learn(&queue, line_sender(span_of(sender)), span_of(sender),
	    now);
}

static struct entry *
put(const char *sender, struct site *site, enum mail_class klass)
{
	learn(sender, 0);
	return put_unnamed(sender, site, klass, 0);
}

static void
fill(const char *sender, struct site *site, enum mail_class klass,
    unsigned count)
{
	while (count-- > 0)
		put(sender, site, klass);
}

/* All that goes at NOW, with what wakes then; of SENDER (null: anybody). */
static unsigned
go_of(const char *sender, msec_t now)
{
	struct entry *entry;
	unsigned count = 0;

	queue_wake(&queue, now);
	while ((entry = queue_pick(&queue, now)) != NULL ||
	    (entry = suspects_pick(&queue, now)) != NULL)
		count += sender == NULL || entry->message->sender ==
		    line_sender(span_of(sender));
	return count;
}

static unsigned
go(msec_t now)
{
	return go_of(NULL, now);
}

/* Only woken when there is something to do. */
static unsigned
run(msec_t now, msec_t until, unsigned *wakes)
{
	unsigned count = go(now);

	for (*wakes = 0; (now = queue_next_wake(&queue)) <= until; ++*wakes)
		count += go(now);
	return count;
}

static void
a_sender_has_one_rate_for_all_its_sites_and_classes(void)
{
	unsigned wakes;

	set_up("sender slow.test { rate 10/s }");
	for (int i = 0; i < SITES; i++)
		for (unsigned c = 0; c < CLASS_COUNT; c++)
			fill("slow.test", sites[i], c, 20);
	CU_ASSERT_EQUAL(go(0), 1);
	CU_ASSERT_EQUAL(go(99), 0);
	CU_ASSERT_EQUAL(queue_next_wake(&queue), 100);
	CU_ASSERT_EQUAL(run(100, 5000, &wakes), 50);
	CU_ASSERT_TRUE(wakes <= 50);
	CU_ASSERT_EQUAL(run(5000, 60000, &wakes), 9 * 20 - 51);
	CU_ASSERT_EQUAL(queue_next_wake(&queue), MSEC_NEVER);
	tear_down();
}

static void
its_most_pressing_mail_has_the_next_token(void)
{
	struct entry *normal, *urgent;

	set_up("sender slow.test { rate 1/s }");
	fill("slow.test", sites[0], CLASS_BULK, 5);
	CU_ASSERT_EQUAL(go(0), 1);
	normal = put("slow.test", sites[1], CLASS_NORMAL);
	urgent = put("slow.test", sites[2], CLASS_URGENT);
	CU_ASSERT_EQUAL(go(500), 0);
	queue_wake(&queue, 1000);
	CU_ASSERT_PTR_EQUAL(queue_pick(&queue, 1000), urgent);
	CU_ASSERT_PTR_NULL(queue_pick(&queue, 1000));
	queue_wake(&queue, 2000);
	CU_ASSERT_PTR_EQUAL(queue_pick(&queue, 2000), normal);
	CU_ASSERT_PTR_NULL(queue_pick(&queue, 2000));
	tear_down();
}

static void
others_go_on_whoever_waits(void)
{
	set_up("sender slow.test { rate 1/m }\nsender other.test { rate 2/m }");
	for (unsigned c = 0; c < CLASS_COUNT; c++) {
		fill("slow.test", sites[0], c, 10);
		fill("other.test", sites[0], c, 10);
		fill("free.test", sites[0], c, 10);
	}
	CU_ASSERT_EQUAL(go(0), 30 + 2);
	CU_ASSERT_EQUAL(go_of("free.test", 29999), 0);
	CU_ASSERT_EQUAL(go_of("other.test", 30000), 1);
	CU_ASSERT_EQUAL(go(60000), 2);
	fill("free.test", sites[0], CLASS_BULK, 10);
	CU_ASSERT_EQUAL(go(60001), 10);
	tear_down();
}

static void
whoever_waited_for_a_token_takes_its_turn_when_it_comes(void)
{
	struct entry *entries[4];

	set_up("sender slow.test { rate 1/s }");
	make_slow(sites[0]);
	fill("slow.test", sites[1], CLASS_BULK, 1);
	CU_ASSERT_EQUAL(go(0), 1);
	entries[1] = put("slow.test", sites[0], CLASS_BULK);
	entries[0] = put("free.test", sites[0], CLASS_BULK);
	entries[2] = put("free.test", sites[0], CLASS_BULK);
	entries[3] = put("free.test", sites[0], CLASS_BULK);
	for (msec_t at = 0; at < 4; at++) {
		queue_wake(&queue, 500 * (at + 1));
		CU_ASSERT_PTR_EQUAL(queue_pick(&queue, 500 * (at + 1)),
		    entries[at]);
		site_landed(&queue, sites[0], entries[at], SITE_ANSWERED, 400,
		    500 * (at + 1), 500 * (at + 1) + 400, conf);
	}
	tear_down();
}

static void
a_deadline_gets_no_token_and_keeps_no_other_back(void)
{
	struct entry *soon, *late;

	set_up("sender slow.test { rate 1/s }");
	CU_ASSERT_PTR_NOT_NULL(put("slow.test", sites[1], CLASS_URGENT));
	CU_ASSERT_EQUAL(go(0), 1);
	learn("free.test", 0);
	soon = put_unnamed("slow.test", sites[0], CLASS_URGENT, 1000);
	put_unnamed("slow.test", sites[0], CLASS_URGENT, 3000);
	late = put_unnamed("free.test", sites[0], CLASS_URGENT, 2000);
	CU_ASSERT_PTR_EQUAL(queue_pick(&queue, 1), late);
	CU_ASSERT_PTR_NULL(queue_pick(&queue, 1));
	late = put_unnamed("free.test", sites[0], CLASS_URGENT, 2000);
	queue_wake(&queue, 1000);
	CU_ASSERT_PTR_EQUAL(queue_pick(&queue, 1000), soon);
	CU_ASSERT_PTR_EQUAL(queue_pick(&queue, 1000), late);
	CU_ASSERT_PTR_NULL(queue_pick(&queue, 1000));
	CU_ASSERT_EQUAL(sites[0]->ready[CLASS_URGENT].count, 1);
	tear_down();
}

/* Bulk has waited long enough for its trickle, but all of it is of one who
 * has to wait. */
static void
no_trickle_is_for_a_class_that_waits_for_its_sender(void)
{
	msec_t now = 0;

	set_up("sender slow.test { rate 1/h }");
	make_slow(sites[0]);
	fill("slow.test", sites[1], CLASS_BULK, 1);
	CU_ASSERT_EQUAL(go(0), 1);
	fill("slow.test", sites[0], CLASS_BULK, 3);
	fill("free.test", sites[0], CLASS_URGENT, 60);
	for (int i = 0; i < 60; i++) {
		struct entry *entry = queue_pick(&queue, now);

		CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
		CU_ASSERT_EQUAL(entry->message->klass, CLASS_URGENT);
		site_landed(&queue, sites[0], entry, SITE_ANSWERED, 100, now,
		    now + 100, conf);
		now += 100;
	}
	CU_ASSERT_PTR_NULL(queue_pick(&queue, now));
	tear_down();
}

static void
a_sender_without_a_name_waits_until_it_is_read(void)
{
	set_up("sender slow.test { rate 1/m }");
	for (int i = 0; i < 3; i++) {
		put_unnamed("slow.test", sites[0], CLASS_NORMAL, 0);
		put_unnamed("free.test", sites[i], CLASS_NORMAL, 0);
	}
	CU_ASSERT_EQUAL(go(0), 0);
	CU_ASSERT_EQUAL(queue.senders.unnamed.count, 2);
	learn("free.test", 5);
	CU_ASSERT_EQUAL(go(5), 3);
	learn("slow.test", 6);
	CU_ASSERT_EQUAL(go(6), 1);
	CU_ASSERT_EQUAL(queue_next_wake(&queue), 60006);
	tear_down();
}

static void
what_was_not_tried_gives_its_senders_token_back(void)
{
	struct entry *entry;

	set_up("sender slow.test { rate 1/m }");
	entry = put("slow.test", sites[0], CLASS_NORMAL);
	CU_ASSERT_PTR_EQUAL(queue_pick(&queue, 0), entry);
	site_landed(&queue, sites[0], entry, SITE_UNTRIED, 0, 0, 5, conf);
	queue_ready(&queue, entry, true);
	CU_ASSERT_EQUAL(go(5), 1);
	fill("slow.test", sites[0], CLASS_NORMAL, 1);
	CU_ASSERT_EQUAL(go(6), 0);
	CU_ASSERT_EQUAL(queue_next_wake(&queue), 60000);
	tear_down();
}

static void
a_reload_changes_and_lifts_rates_at_once(void)
{
	set_up("");
	for (int i = 0; i < SITES; i++)
		for (int n = 0; n < 30; n++)
			put_unnamed("slow.test", sites[i], CLASS_BULK, 0);
	reload("sender *.test { rate 1/h }", 0);
	learn("slow.test", 0);
	CU_ASSERT_EQUAL(go(0), 1);
	CU_ASSERT_EQUAL(queue_next_wake(&queue), 3600000);
	reload("sender *.test { rate 60/h }", 10);
	CU_ASSERT_EQUAL(queue_next_wake(&queue), 60000);
	CU_ASSERT_EQUAL(go(60000), 1);
	reload("sender slow.test { }\nsender *.test { rate 60/h }", 60010);
	CU_ASSERT_EQUAL(go(60010), 88);
	CU_ASSERT_EQUAL(queue_next_wake(&queue), MSEC_NEVER);

	fill("slow.test", sites[0], CLASS_BULK, 5);
	reload("sender *.test { rate 1/h }", 70000);
	CU_ASSERT_EQUAL(go(70000), 1);
	reload("", 70001);
	CU_ASSERT_EQUAL(queue.senders.all.count, 0);
	CU_ASSERT_EQUAL(go(70001), 4);
	CU_ASSERT_EQUAL(queue_next_wake(&queue), MSEC_NEVER);
	tear_down();
}

/* One site is full of the mail of others: the token does not wait for it,
 * or not for long. */
static void
a_token_that_one_site_cannot_use_goes_to_another(void)
{
	set_up("sender slow.test { rate 1/s }");
	make_slow(sites[0]);
	fill("free.test", sites[0], CLASS_BULK, 1);
	fill("slow.test", sites[2], CLASS_BULK, 1);
	CU_ASSERT_EQUAL(go(0), 2);
	fill("slow.test", sites[0], CLASS_BULK, 1);
	fill("slow.test", sites[1], CLASS_BULK, 3);
	CU_ASSERT_EQUAL(go(1000), 1);
	CU_ASSERT_EQUAL(sites[0]->ready[CLASS_BULK].count, 1);
	CU_ASSERT_EQUAL(sites[1]->ready[CLASS_BULK].count, 2);
	tear_down();
}

static void
a_site_that_is_down_keeps_no_token(void)
{
	struct entry *entry;

	set_up("sender slow.test { rate 1/s }");
	fill("slow.test", sites[0], CLASS_BULK, 2);
	fill("slow.test", sites[1], CLASS_BULK, 2);
	entry = queue_pick(&queue, 0);
	CU_ASSERT_EQUAL(go(0), 0);
	site_landed(&queue, entry->site, entry, SITE_FAILED, 0, 0, 1, conf);
	CU_ASSERT_EQUAL(go(1000), 1);
	CU_ASSERT_EQUAL(go(2000), 1);
	CU_ASSERT_EQUAL(entry->site->flying, 0);
	tear_down();
}

/* One site is always full, so that its mail could only go when a place and
 * a token come at the same time; at the others there is always a place. */
static void
mail_for_a_busy_site_is_not_passed_over_for_ever(void)
{
	msec_t now = 0;
	struct entry *busy, *waits = NULL;
	bool gone = false;

	set_up("sender slow.test { rate 2/s }");
	make_slow(sites[0]);
	busy = put("free.test", sites[0], CLASS_BULK);
	fill("slow.test", sites[1], CLASS_BULK, 200);
	fill("slow.test", sites[2], CLASS_BULK, 200);
	CU_ASSERT_EQUAL(go(0), 2);
	waits = put("slow.test", sites[0], CLASS_BULK);
	for (int i = 0; i < 200 && !gone; i++) {
		struct entry *next = put("free.test", sites[0], CLASS_BULK);

		now += 70;
		site_landed(&queue, sites[0], busy, SITE_ANSWERED, 70,
		    now - 70, now, conf);
		queue_wake(&queue, now);
		for (busy = next; (next = queue_pick(&queue, now)) != NULL;)
			if (next->site == sites[0])
				busy = next;
		gone = busy == waits;
	}
	CU_ASSERT_TRUE(gone);
	tear_down();
}

static void
an_idle_sender_keeps_its_rate_but_not_every_sender_is_kept(void)
{
	char name[32];

	set_up("sender * { rate 1/h }");
	fill("slow.test", sites[0], CLASS_BULK, 1);
	CU_ASSERT_EQUAL(go(0), 1);
	fill("slow.test", sites[1], CLASS_BULK, 1);
	CU_ASSERT_EQUAL(go(1000), 0);
	for (int i = 0; i < SENDER_IDLE_MOST + 1000; i++) {
		snprintf(name, sizeof name, "s%d", i);
		learn(name, 0);
	}
	CU_ASSERT_EQUAL(queue.senders.all.count, SENDER_IDLE_MOST + 1);
	CU_ASSERT_EQUAL(queue.senders.idle.count, SENDER_IDLE_MOST);
	CU_ASSERT_EQUAL(go(3599999), 0);
	CU_ASSERT_EQUAL(go(3600000), 1);
	tear_down();
}

static void
a_sender_that_is_forgotten_and_comes_back_waits_for_its_token(void)
{
	struct entry *entry;
	struct message *message;
	char name[32];

	set_up("sender * { rate 1/h }");
	entry = put("slow.test", sites[0], CLASS_BULK);
	message = entry->message;
	CU_ASSERT_EQUAL(go(0), 1);
	site_landed(&queue, sites[0], entry, SITE_ANSWERED, 0, 0, 1, conf);
	entry_free(&queue, entry);
	message_release(&queue, message);
	for (int i = 0; i < SENDER_IDLE_MOST + 1000; i++) {
		snprintf(name, sizeof name, "s%d", i);
		learn(name, 0);
	}
	CU_ASSERT_PTR_NULL(sender_find(&queue,
	    line_sender(span_of("slow.test"))));
	fill("slow.test", sites[1], CLASS_BULK, 1);
	fill("free.test", sites[1], CLASS_BULK, 1);
	CU_ASSERT_EQUAL(go(2000), 1);
	CU_ASSERT_EQUAL(go(3599999), 0);
	CU_ASSERT_EQUAL(go(3600000), 1);
	tear_down();
}

static void
a_suspect_waits_for_its_sender_too(void)
{
	struct entry *entry;

	set_up("sender slow.test { rate 1/s }");
	fill("slow.test", sites[0], CLASS_BULK, 1);
	CU_ASSERT_EQUAL(go(0), 1);
	entry = put("slow.test", sites[1], CLASS_BULK);
	entry_pull(&queue, entry);
	entry->deaths = SUSPECT_DEATHS;
	suspects_open(&queue.suspects, true);
	queue_ready(&queue, entry, false);
	CU_ASSERT_TRUE(entry->suspect);
	CU_ASSERT_EQUAL(go(999), 0);
	CU_ASSERT_EQUAL(go(1000), 1);
	tear_down();
}

static void
what_waits_can_be_taken_out_and_walked_through(void)
{
	struct line *line;
	struct entry *entry, *next;
	unsigned seen = 0;

	set_up("sender slow*.test { rate 1/h }");
	line = &sites[0]->ready[CLASS_NORMAL];
	fill("slow.test", sites[1], CLASS_NORMAL, 1);
	fill("slow2.test", sites[1], CLASS_NORMAL, 1);
	CU_ASSERT_EQUAL(go(0), 2);
	fill("slow.test", sites[0], CLASS_NORMAL, 4);
	fill("slow2.test", sites[0], CLASS_NORMAL, 4);
	CU_ASSERT_EQUAL(go(1), 0);
	fill("free.test", sites[0], CLASS_NORMAL, 4);
	CU_ASSERT_EQUAL(line->parked_count, 8);
	CU_ASSERT_PTR_NOT_NULL(line_last(line));
	for (entry = line_next(line, NULL); entry != NULL; entry = next) {
		next = line_next(line, entry);
		if (++seen % 4 != 0)
			entry_pull(&queue, entry);
	}
	CU_ASSERT_EQUAL(seen, 12);
	CU_ASSERT_EQUAL(line->count, 3);
	CU_ASSERT_EQUAL(line->parked_count, 2);
	CU_ASSERT_EQUAL(go(2), 1);
	CU_ASSERT_EQUAL(go(3600000), 2);
	tear_down();
}

const struct unit_test sender_tests[] = {
	UNIT(a_sender_has_one_rate_for_all_its_sites_and_classes),
	UNIT(its_most_pressing_mail_has_the_next_token),
	UNIT(others_go_on_whoever_waits),
	UNIT(whoever_waited_for_a_token_takes_its_turn_when_it_comes),
	UNIT(a_deadline_gets_no_token_and_keeps_no_other_back),
	UNIT(no_trickle_is_for_a_class_that_waits_for_its_sender),
	UNIT(a_sender_without_a_name_waits_until_it_is_read),
	UNIT(what_was_not_tried_gives_its_senders_token_back),
	UNIT(a_reload_changes_and_lifts_rates_at_once),
	UNIT(a_token_that_one_site_cannot_use_goes_to_another),
	UNIT(a_site_that_is_down_keeps_no_token),
	UNIT(mail_for_a_busy_site_is_not_passed_over_for_ever),
	UNIT(an_idle_sender_keeps_its_rate_but_not_every_sender_is_kept),
	UNIT(a_sender_that_is_forgotten_and_comes_back_waits_for_its_token),
	UNIT(a_suspect_waits_for_its_sender_too),
	UNIT(what_waits_can_be_taken_out_and_walked_through),
	UNIT_END
};
