/* SPDX-License-Identifier: ISC
 *
 * rates.c - tests: so many messages in a time, and when the next one goes.
 */
#include "suites.h"

#include "core.h"

static struct queue queue;
static struct conf *conf;
static struct site *site;

/* One site with TEXT in its block. */
static void
set_up(const char *text)
{
	char *file = mem_printf("hostname relay.test\nspool /nowhere\n"
	    "listen 127.0.0.1:2525 { trust 127.0.0.0/8 }\n"
	    "site * { connections 5000; %s }", text);
	struct err err;

	conf = conf_parse(span_of(file), "rates", &err);
	if (conf == NULL)
		CU_FAIL_FATAL(err.text);
	mem_free(file);
	queue_init(&queue);
	site = core_site(&queue, "a", 1);
	site_apply(&queue, site, &conf->sites[0]);
}

static void
tear_down(void)
{
	queue_fini(&queue);
	conf_free(&conf);
}

/* The configuration is TEXT from now on. */
static void
reload(const char *text)
{
	struct conf_site policy = conf->sites[0];
	struct conf *old = conf;
	struct queue kept = queue;
	struct site *same = site;

	set_up(text);
	queue_fini(&queue);
	queue = kept;
	site = same;
	policy.rate = conf->sites[0].rate;
	for (int c = 0; c < CLASS_COUNT; c++)
		policy.class_rate[c] = conf->sites[0].class_rate[c];
	site_apply(&queue, site, &policy);
	conf_free(&old);
}

static void
fill(enum mail_class klass, unsigned count)
{
	while (count-- > 0)
		core_entry(&queue, site, klass);
}

/* All that goes at NOW, with what wakes then. */
static unsigned
go(msec_t now)
{
	unsigned count = 0;

	queue_wake(&queue, now);
	while (queue_pick(&queue, now) != NULL)
		count++;
	return count;
}

/* Only woken when there is something to do; picks up to UNTIL. */
static unsigned
run(msec_t now, msec_t until, unsigned *wakes)
{
	unsigned count = go(now);

	for (*wakes = 0; (now = queue_next_wake(&queue)) <= until; ++*wakes)
		count += go(now);
	return count;
}

static const struct {
	const char *rate;
	msec_t at[4];		/* when the first ones go */
} rows[] = {
	{ "2.5/s", { 0, 400, 800, 1200 } },
	{ "20/m", { 0, 3000, 6000, 9000 } },
	{ "500/h", { 0, 7200, 14400, 21600 } },
	{ "1/d", { 0, 86400000, 172800000, 259200000 } },
	{ "3/s", { 0, 334, 667, 1000 } },	/* never too soon */
	{ "0.3/s", { 0, 3334, 6667, 10000 } },
};

static void
each_message_goes_exactly_at_its_token(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char *text = mem_printf("rate %s", rows[i].rate);

		set_up(text);
		fill(CLASS_NORMAL, 4);
		for (int n = 0; n < 4; n++) {
			msec_t at = rows[i].at[n];

			if (n > 0) {
				CU_ASSERT_EQUAL(queue_next_wake(&queue), at);
				CU_ASSERT_EQUAL(go(at - 1), 0);
			}
			CU_ASSERT_EQUAL(go(at), 1);
		}
		tear_down();
		mem_free(text);
	}
}

static void
a_high_rate_is_kept_over_time_with_a_wake_for_each_token_or_ms(void)
{
	unsigned wakes;

	set_up("rate 100/s");
	fill(CLASS_BULK, 2000);
	CU_ASSERT_EQUAL(run(50, 10050, &wakes), 1001);
	CU_ASSERT_EQUAL(wakes, 1000);
	tear_down();

	set_up("rate 3000/s");
	fill(CLASS_BULK, 4000);
	CU_ASSERT_EQUAL(run(50, 1050, &wakes), 3001);
	CU_ASSERT_EQUAL(wakes, 1000);
	tear_down();
}

static void
no_tokens_are_saved_while_nobody_wants_them(void)
{
	set_up("rate 10/s");
	fill(CLASS_NORMAL, 1);
	CU_ASSERT_EQUAL(go(0), 1);
	CU_ASSERT_EQUAL(go(5000), 0);
	fill(CLASS_NORMAL, 100);
	CU_ASSERT_EQUAL(go(60000), 1);
	CU_ASSERT_EQUAL(queue_next_wake(&queue), 60100);
	tear_down();
}

static void
who_is_late_makes_up_for_it_but_not_for_long(void)
{
	set_up("rate 100/s");
	fill(CLASS_NORMAL, 1000);
	CU_ASSERT_EQUAL(go(1000), 1);
	CU_ASSERT_EQUAL(go(1055), 5);
	CU_ASSERT_EQUAL(queue_next_wake(&queue), 1060);
	CU_ASSERT_EQUAL(go(9000), 1);
	tear_down();
}

static void
urgent_mail_goes_first_when_the_token_comes(void)
{
	struct entry *entry;

	set_up("rate 20/m");
	fill(CLASS_BULK, 50);
	CU_ASSERT_EQUAL(go(0), 1);
	entry = core_entry(&queue, site, CLASS_URGENT);
	CU_ASSERT_EQUAL(go(2999), 0);
	queue_wake(&queue, 3000);
	CU_ASSERT_PTR_EQUAL(queue_pick(&queue, 3000), entry);
	CU_ASSERT_PTR_NULL(queue_pick(&queue, 3000));
	tear_down();
}

static void
a_class_without_a_token_keeps_no_other_back(void)
{
	set_up("rate-normal 1/m");
	fill(CLASS_NORMAL, 3);
	fill(CLASS_BULK, 3);
	fill(CLASS_URGENT, 3);
	CU_ASSERT_EQUAL(go(0), 7);
	CU_ASSERT_EQUAL(site->ready[CLASS_NORMAL].count, 2);
	CU_ASSERT_EQUAL(queue_next_wake(&queue), 60000);
	CU_ASSERT_EQUAL(go(60000), 1);
	tear_down();
}

static void
a_class_has_its_own_rate_within_that_of_the_site(void)
{
	unsigned wakes;

	set_up("rate 10/s; rate-bulk 1/s");
	fill(CLASS_BULK, 100);
	fill(CLASS_NORMAL, 30);
	CU_ASSERT_EQUAL(run(0, 2000, &wakes), 21);
	CU_ASSERT_TRUE(site->ready[CLASS_BULK].count >= 97);
	run(2000, 60000, &wakes);
	CU_ASSERT_EQUAL(site->ready[CLASS_NORMAL].count, 0);
	CU_ASSERT_TRUE(site->ready[CLASS_BULK].count >= 100 - 61);
	CU_ASSERT_TRUE(site->ready[CLASS_BULK].count <= 100 - 58);
	tear_down();
}

static void
what_was_not_tried_gives_its_token_back(void)
{
	struct entry *entry;

	set_up("rate 1/m; rate-normal 1/m");
	entry = core_entry(&queue, site, CLASS_NORMAL);
	CU_ASSERT_PTR_EQUAL(queue_pick(&queue, 0), entry);
	site_landed(&queue, site, entry, SITE_UNTRIED, 0, 0, 5, conf);
	queue_ready(&queue, entry, true);
	CU_ASSERT_EQUAL(go(5), 1);
	CU_ASSERT_EQUAL(queue_next_wake(&queue), 60000);
	tear_down();
}

/* How ENTRY, all there is, comes back; when the next one may go. */
static msec_t
next_after(enum site_news news)
{
	struct entry *entry;
	msec_t next;

	set_up("rate 1/h; rate-normal 1/h");
	entry = core_entry(&queue, site, CLASS_NORMAL);
	CU_ASSERT_PTR_EQUAL(queue_pick(&queue, 0), entry);
	site_landed(&queue, site, entry, news, 0, 0, 5, conf);
	queue_ready(&queue, entry, true);
	next = go(5) == 1 ? 5 : queue_next_wake(&queue);
	if (next > 5)
		CU_ASSERT_EQUAL(go(next - 1), 0);
	if (next > 5)
		CU_ASSERT_EQUAL(go(next), 1);
	tear_down();
	return next;
}

static void
a_host_that_was_not_reached_has_used_no_token(void)
{
	msec_t next = next_after(SITE_FAILED);

	/* The first pause of normal mail, more or less by a tenth. */
	CU_ASSERT_TRUE(next > 5 && next < 3600000 / 2);
}

static void
whatever_may_have_been_begun_has_used_its_token(void)
{
	CU_ASSERT_EQUAL(next_after(SITE_ANSWERED), 3600000);
	CU_ASSERT_EQUAL(next_after(SITE_CUT), 3600000);
	CU_ASSERT_EQUAL(next_after(SITE_LOST), 3600000);
}

static void
a_changed_rate_counts_from_the_last_message(void)
{
	set_up("rate 1/d");
	fill(CLASS_NORMAL, 100);
	CU_ASSERT_EQUAL(go(1000), 1);
	CU_ASSERT_EQUAL(queue_next_wake(&queue), 1000 + 86400000);
	reload("rate 20/m");
	CU_ASSERT_EQUAL(queue_next_wake(&queue), 4000);
	CU_ASSERT_EQUAL(go(4000), 1);
	reload("rate 10/m; rate-normal 1/m");
	CU_ASSERT_EQUAL(queue_next_wake(&queue), 10000);
	CU_ASSERT_EQUAL(go(10000), 1);
	CU_ASSERT_EQUAL(go(16000), 0);
	reload("idle 30s");
	CU_ASSERT_PTR_NULL(site->rates);
	CU_ASSERT_EQUAL(go(16000), 97);
	CU_ASSERT_EQUAL(queue_next_wake(&queue), MSEC_NEVER);
	tear_down();
}

/* What goes at NOW is delivered. */
static unsigned
deliver(msec_t now)
{
	struct entry *entry;
	unsigned count = 0;

	queue_wake(&queue, now);
	for (; (entry = queue_pick(&queue, now)) != NULL; count++) {
		struct message *message = entry->message;

		site_landed(&queue, site, entry, SITE_ANSWERED, 0, now, now,
		    conf);
		entry_free(&queue, entry);
		message_release(&queue, message);
	}
	return count;
}

/* The site, for which nothing waits, is forgotten, and comes back with TEXT
 * in its block. */
static void
come_back(const char *text)
{
	struct conf *old = conf;
	struct queue kept;

	site_free(&queue, site);
	kept = queue;
	set_up(text);
	queue_fini(&queue);
	queue = kept;
	conf_free(&old);
	site = core_site(&queue, "a", 1);
	site_apply(&queue, site, &conf->sites[0]);
}

static void
a_site_that_is_forgotten_and_comes_back_waits_for_its_token(void)
{
	set_up("rate 1/h; rate-bulk 1/d");
	fill(CLASS_BULK, 1);
	CU_ASSERT_EQUAL(deliver(1000), 1);
	come_back("rate 1/h; rate-bulk 1/d");
	fill(CLASS_NORMAL, 1);
	CU_ASSERT_EQUAL(deliver(3600999), 0);
	CU_ASSERT_EQUAL(queue_next_wake(&queue), 3601000);
	CU_ASSERT_EQUAL(deliver(3601000), 1);
	/* Counted from the last message also if the rate is another. */
	come_back("rate 1/m; rate-bulk 1/d");
	fill(CLASS_NORMAL, 1);
	CU_ASSERT_EQUAL(deliver(3660999), 0);
	CU_ASSERT_EQUAL(deliver(3661000), 1);
	fill(CLASS_BULK, 1);
	CU_ASSERT_EQUAL(deliver(86400999), 0);
	CU_ASSERT_EQUAL(deliver(86401000), 1);
	tear_down();
}

static void
a_site_whose_token_has_come_is_not_remembered(void)
{
	set_up("rate 1/h");
	fill(CLASS_NORMAL, 1);
	CU_ASSERT_EQUAL(deliver(0), 1);
	site_free(&queue, site);
	CU_ASSERT_EQUAL(queue.spent.rows.count, 1);
	CU_ASSERT_EQUAL(queue_next_wake(&queue), MSEC_NEVER);
	queue_wake(&queue, 3600001);
	CU_ASSERT_EQUAL(queue.spent.rows.count, 0);
	tear_down();
}

static void
a_site_without_mail_wakes_nobody_for_long(void)
{
	set_up("rate 10/s");
	fill(CLASS_NORMAL, 1);
	CU_ASSERT_EQUAL(go(0), 1);
	CU_ASSERT_EQUAL(queue_next_wake(&queue), 100);
	CU_ASSERT_EQUAL(go(100), 0);
	CU_ASSERT_EQUAL(queue_next_wake(&queue), MSEC_NEVER);
	tear_down();
}

const struct unit_test rate_tests[] = {
	UNIT(each_message_goes_exactly_at_its_token),
	UNIT(a_high_rate_is_kept_over_time_with_a_wake_for_each_token_or_ms),
	UNIT(no_tokens_are_saved_while_nobody_wants_them),
	UNIT(who_is_late_makes_up_for_it_but_not_for_long),
	UNIT(urgent_mail_goes_first_when_the_token_comes),
	UNIT(a_class_without_a_token_keeps_no_other_back),
	UNIT(a_class_has_its_own_rate_within_that_of_the_site),
	UNIT(what_was_not_tried_gives_its_token_back),
	UNIT(a_host_that_was_not_reached_has_used_no_token),
	UNIT(whatever_may_have_been_begun_has_used_its_token),
	UNIT(a_changed_rate_counts_from_the_last_message),
	UNIT(a_site_that_is_forgotten_and_comes_back_waits_for_its_token),
	UNIT(a_site_whose_token_has_come_is_not_remembered),
	UNIT(a_site_without_mail_wakes_nobody_for_long),
	UNIT_END
};
