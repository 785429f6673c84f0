/* SPDX-License-Identifier: ISC
 *
 * limited.c - tests: a sender with a rate and more mail than it may send, in
 * memory and in the index.
 */
#include "suites.h"

#include "base/mem.h"
#include "rig.h"

#include <unistd.h>

enum { LARGE = 300, SENDER_MOST = 32 };

#define WHERE "queue { window 100 }\nroute * { to 127.0.0.1:2600 }\n"

static void
send_some(struct rig *rig, const char *from, int count)
{
	while (count-- > 0)
		rig_send(rig, CLASS_BULK, from, "b@to.test");
}

static struct rig *
limited_rig(void)
{
	struct rig *rig = rig_new(WHERE "sender large.* { rate 1/h }\n");

	rig_start(rig);
	send_some(rig, "a@large.test", LARGE);
	rig_until(rig, rig_jobs, 1);
	rig_settle(rig);
	return rig;
}

static const struct site *
only_site(const struct rig *rig)
{
	size_t at = 0;

	return map_each(&rig->s->queue.sites, &at);
}

static void
a_sender_with_a_rate_takes_little_memory(void)
{
	struct rig *rig = limited_rig();

	CU_ASSERT_EQUAL(rig->job_count, 1);
	CU_ASSERT_TRUE(only_site(rig)->ready[CLASS_BULK].count <=
	    SENDER_MOST);
	CU_ASSERT_TRUE(index_count(rig->s->window.index) >=
	    LARGE - 1 - SENDER_MOST);
	rig_free(&rig);
}

/* More than stay in memory in any case. */
static void
its_rows_keep_no_other_back(void)
{
	struct rig *rig = limited_rig();

	send_some(rig, "a@small.test", 150);
	CU_ASSERT_TRUE(rig_until(rig, rig_jobs, 151));
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->job_count, 151);
	rig_free(&rig);
}

/* While nothing is given out, all of it goes to the index. */
static void
rows_of_others_come_back_past_its_own(void)
{
	struct rig *rig = limited_rig();

	rig_deliverer_dies(rig);
	send_some(rig, "a@small.test", 200);
	send_some(rig, "a@large.test", 100);
	rig_settle(rig);
	CU_ASSERT_TRUE(index_count(rig->s->window.index) >= LARGE + 100);
	rig->job_count = 0;
	rig_deliverer(rig);
	CU_ASSERT_TRUE(rig_until(rig, rig_jobs, 200));
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->job_count, 200);
	CU_ASSERT_TRUE(only_site(rig)->ready[CLASS_BULK].count <=
	    2 * 128 + SENDER_MOST);
	rig_free(&rig);
}

static void
after_a_restart_the_names_are_read_again(void)
{
	struct rig *rig = limited_rig();

	send_some(rig, "a@small.test", 40);
	CU_ASSERT_TRUE(rig_until(rig, rig_jobs, 41));
	rig_settle(rig);
	rig->answer.wait = true;
	rig_stop(rig);
	rig_new_receiver(rig);
	/* Or what was used of its rate would be known too. */
	CU_ASSERT_EQUAL(unlinkat(rig->dirs.root, "rates", 0), 0);
	rig->job_count = 0;
	rig_start(rig);
	rig_until(rig, rig_jobs, 1);
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	send_some(rig, "a@small.test", 5);
	CU_ASSERT_TRUE(rig_until(rig, rig_jobs, 6));
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->job_count, 6);
	rig_free(&rig);
}

static struct conf *
other_conf(const struct rig *rig, const char *text)
{
	char *file = mem_printf("hostname relay.test\nspool %s/spool\n"
	    "listen 127.0.0.1:2525\n%s", rig->path, text);
	struct err err;
	struct conf *conf = conf_parse(span_of(file), "rig", &err);

	if (conf == NULL)
		CU_FAIL_FATAL(err.text);
	mem_free(file);
	return conf;
}

static void
a_reload_lifts_the_rate_of_what_is_in_the_index_too(void)
{
	struct rig *rig = limited_rig();
	struct conf *conf = other_conf(rig, WHERE), *again;

	scheduler_reload(rig->s, conf);
	CU_ASSERT_TRUE(rig_until(rig, rig_jobs, LARGE));
	CU_ASSERT_TRUE(rig_until(rig, rig_empty, 0));

	/* Nobody knew the names when these came. */
	rig_deliverer_dies(rig);
	send_some(rig, "a@large.test", LARGE);
	rig_settle(rig);
	again = other_conf(rig, WHERE "sender large.* { rate 1/h }\n");
	scheduler_reload(rig->s, again);
	rig->job_count = 0;
	rig_deliverer(rig);
	send_some(rig, "a@small.test", 10);
	CU_ASSERT_TRUE(rig_until(rig, rig_jobs, 11));
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->job_count, 11);
	rig_free(&rig);
	conf_free(&conf);
	conf_free(&again);
}

const struct unit_test limited_tests[] = {
	UNIT(a_sender_with_a_rate_takes_little_memory),
	UNIT(its_rows_keep_no_other_back),
	UNIT(rows_of_others_come_back_past_its_own),
	UNIT(after_a_restart_the_names_are_read_again),
	UNIT(a_reload_lifts_the_rate_of_what_is_in_the_index_too),
	UNIT_END
};
