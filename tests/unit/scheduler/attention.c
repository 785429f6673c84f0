/* SPDX-License-Identifier: ISC
 *
 * attention.c - tests: hosts that wait for our operator.
 */
#include "suites.h"

#include "rig.h"

static const char route[] = "route * { to mx.test:2500 }\n"
    "time-scale 0.01\nclass normal { retry 10s; warn never }\n";

static const struct rig_answer good = {
	.outcome = OUTCOME_DELIVERED, .code = 250, .status = "2.0.0",
	.text = "250 2.0.0 Ok", .mta = "mx.test", .port = 2500
};
static const struct rig_answer good_elsewhere = {
	.outcome = OUTCOME_DELIVERED, .code = 250, .status = "2.0.0",
	.text = "250 2.0.0 Ok", .mta = "mx.test", .port = 2501
};
static const struct rig_answer later = {
	.outcome = OUTCOME_DEFERRED, .scope = SCOPE_MESSAGE, .code = 530,
	.status = "4.7.0", .text = "530 5.7.0 Log in", .mta = "mx.test",
	.port = 2500
};
static const struct rig_answer wait_for_me = { .wait = true };

static bool
attentions(struct rig *rig, uint64_t number)
{
	return rig->s->attentions.count == number;
}

/* The deliverer tells of the host of the last job. */
static void
tell(struct rig *rig, const char *text)
{
	struct frame frame = { .kind = FRAME_ATTENTION, .fd = -1 };

	frame.attention.job = rig->jobs[rig->job_count - 1].job.job;
	frame.attention.host = span_of("mx.test");
	frame.attention.port = 2500;
	frame.attention.text = span_of(text);
	channel_send(rig->far, &frame);
}

/* A job flies, and its host needs attention. */
static struct rig *
begin(void)
{
	struct rig *rig = rig_new(route);

	rig_start(rig);
	rig->answer = wait_for_me;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_until(rig, rig_jobs, 1);
	tell(rig, "asks for a login (530 5.7.0 Log in)");
	rig_until(rig, attentions, 1);
	return rig;
}

static const char *
text_of(struct rig *rig)
{
	return list_item(list_first(&rig->s->attentions), struct attention,
	    link)->text;
}

static void
a_host_needs_attention_until_it_takes_mail(void)
{
	struct rig *rig = begin();

	tell(rig, "asks for another");
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->s->attentions.count, 1);
	CU_ASSERT_STRING_EQUAL(text_of(rig), "asks for a login (530 5.7.0 "
	    "Log in)");
	rig_answer_job(rig, 0, &later);
	rig_until(rig, rig_jobs, 2);
	CU_ASSERT_EQUAL(rig->s->attentions.count, 1);
	/* Another one of that name is another one. */
	rig_answer_job(rig, 1, &good_elsewhere);
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_EQUAL(rig->s->attentions.count, 1);
	rig->answer = good;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_until(rig, attentions, 0);
	rig_until(rig, rig_empty, 0);
	rig_free(&rig);
}

/* Or each try after a long pause would warn again. */
static void
a_site_that_needs_attention_is_not_forgotten(void)
{
	struct rig *rig = begin();

	rig_answer_job(rig, 0, &good_elsewhere);
	rig_until(rig, rig_empty, 0);
	for (struct link *link = list_first(&rig->s->routes.ages);
	    link != NULL; link = list_next(&rig->s->routes.ages, link))
		list_item(link, struct domain, age)->expires = 0;
	routes_sweep(rig->s);
	CU_ASSERT_EQUAL(rig->s->routes.domains.count, 0);
	CU_ASSERT_EQUAL(rig->s->queue.sites.count, 1);
	attention_forget_all(rig->s);
	CU_ASSERT_EQUAL(rig->s->attentions.count, 0);
	routes_sweep(rig->s);
	CU_ASSERT_EQUAL(rig->s->queue.sites.count, 0);
	rig_free(&rig);
}

const struct unit_test attention_tests[] = {
	UNIT(a_host_needs_attention_until_it_takes_mail),
	UNIT(a_site_that_needs_attention_is_not_forgotten),
	UNIT_END
};
