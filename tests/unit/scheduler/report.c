/* SPDX-License-Identifier: ISC
 *
 * report.c - tests: what senders are told, and when recipients are struck
 * off.
 */
#include "suites.h"

#include "base/mem.h"
#include "rig.h"

static const char plain[] = "route * { to 127.0.0.1:9 }\n"
    "time-scale 0.01\nqueue { status-sync 0 }\n"
    "class normal { retry 10s; lifetime 60s; warn never }\n";

static const struct rig_answer good = {
	.outcome = OUTCOME_DELIVERED, .code = 250, .status = "2.0.0",
	.text = "250 2.0.0 Ok", .mta = "mx.test"
};
static const struct rig_answer unknown = {
	.outcome = OUTCOME_FAILED, .scope = SCOPE_RECIPIENT, .code = 550,
	.status = "5.1.1", .text = "550 5.1.1 No such user", .mta = "mx.test"
};
static const struct rig_answer later = {
	.outcome = OUTCOME_DEFERRED, .scope = SCOPE_MESSAGE, .code = 450,
	.status = "4.2.0", .text = "450 4.2.0 later", .mta = "mx.test"
};
static const struct rig_answer down = {
	.outcome = OUTCOME_DEFERRED, .scope = SCOPE_SITE,
	.status = "4.4.1", .text = "Connection refused"
};
static const struct rig_answer wait_for_me = { .wait = true };

/* The first job ends as ANSWER says. */
static void
fail_first(struct rig *rig, const struct rig_answer *answer)
{
	rig_until(rig, rig_jobs, 1);
	rig_answer_job(rig, 0, answer);
}

/* Job AT is a report to TO that has TEXT in it. */
static void
check_report(struct rig *rig, size_t at, const char *to, const char *text)
{
	struct record record;

	rig_read(rig, at, &record);
	CU_ASSERT_STRING_EQUAL(record.envelope->reverse_path, "");
	CU_ASSERT_STRING_EQUAL(record.envelope->rcpts[0].address, to);
	CU_ASSERT_NOT_EQUAL(record.envelope->flags & ENVELOPE_REPORT, 0);
	CU_ASSERT_TRUE(rig_body_has(&record, text));
	record_fini(&record);
}

static void
a_failure_goes_back_to_the_sender(void)
{
	struct rig *rig = rig_new(plain);

	rig_start(rig);
	rig->answer = wait_for_me;
	rig_send(rig, CLASS_URGENT, "a@from.test", "nobody@to.test");
	fail_first(rig, &unknown);
	rig_until(rig, rig_jobs, 2);
	CU_ASSERT_EQUAL(rig->jobs[1].job.klass, CLASS_URGENT);
	check_report(rig, 1, "a@from.test", "Action: failed");
	check_report(rig, 1, "a@from.test", "nobody@to.test");
	check_report(rig, 1, "a@from.test", "550 5.1.1 No such user");
	check_report(rig, 1, "a@from.test", "Subject: test");
	rig_answer_job(rig, 1, &good);
	rig_until(rig, rig_empty, 0);
	rig_free(&rig);
}

static void
failures_of_one_message_come_in_one_report(void)
{
	static const char *const rcpts[] = { "a@one.test", "b@one.test",
	    "c@two.test", NULL };
	struct rig *rig = rig_new("route two.test { to 127.0.0.2:9 }\n"
	    "route * { to 127.0.0.1:9 }\n");

	rig_start(rig);
	rig->answer = wait_for_me;
	rig_commit(rig, CLASS_NORMAL, "a@from.test", rcpts);
	rig_until(rig, rig_jobs, 2);
	rig_answer_job(rig, 0, &unknown);
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->job_count, 2);
	rig_answer_job(rig, 1, &unknown);
	rig_until(rig, rig_jobs, 3);
	check_report(rig, 2, "a@from.test", "a@one.test");
	check_report(rig, 2, "a@from.test", "b@one.test");
	check_report(rig, 2, "a@from.test", "c@two.test");
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->job_count, 3);
	rig_free(&rig);
}

/* The status record comes after the commit; that a scheduler which dies in
 * between reports again, and never not, is shown by the crash tests. */
static void
no_recipient_is_struck_off_before_the_report_is_durable(void)
{
	struct tidings t = { 0, DSN_FAILED, 550, span_of("5.1.1"),
	    span_of("mx.test"), span_of("550 no"), false, false, false };
	struct rig *rig = rig_new(plain);
	struct message *message;

	rig_start(rig);
	rig->answer = wait_for_me;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "nobody@to.test");
	rig_until(rig, rig_jobs, 1);
	message = message_find(&rig->s->queue, rig->id);
	CU_ASSERT_PTR_NOT_NULL_FATAL(message);
	report_add(rig->s, message, &t);
	CU_ASSERT_EQUAL(message->open, 1);
	CU_ASSERT_EQUAL(report_rcpts(message), 1);
	CU_ASSERT_EQUAL(message->segment->open, 1);
	CU_ASSERT_EQUAL(buf_length(&message->segment->journal.waiting), 0);
	rig_free(&rig);
}

static void
after_the_report_the_recipient_is_final(void)
{
	struct rig *rig = rig_new(plain);

	rig_start(rig);
	rig->answer = wait_for_me;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "nobody@to.test");
	fail_first(rig, &unknown);
	rig_until(rig, rig_jobs, 2);
	rig_answer_job(rig, 1, &good);
	rig_until(rig, rig_empty, 0);
	rig_stop(rig);
	rig_new_receiver(rig);
	rig->answer = good;
	rig_start(rig);
	rig_until(rig, rig_no_segments, 0);
	CU_ASSERT_EQUAL(rig->job_count, 2);
	rig_free(&rig);
}

static void
notify_never_is_honoured(void)
{
	struct rig *rig = rig_new(plain);

	rig_start(rig);
	rig->answer = wait_for_me;
	rig_send_notify(rig, "a@from.test", "nobody@to.test", NOTIFY_NEVER);
	fail_first(rig, &unknown);
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	rig_free(&rig);
}

static void
notify_success_tells_of_what_was_relayed(void)
{
	struct rig *rig = rig_new(plain);

	rig_start(rig);
	rig->answer = wait_for_me;
	rig_send_notify(rig, "a@from.test", "b@to.test", NOTIFY_SUCCESS);
	fail_first(rig, &good);
	rig_until(rig, rig_jobs, 2);
	check_report(rig, 1, "a@from.test", "Action: relayed");
	rig_answer_job(rig, 1, &good);
	rig_until(rig, rig_empty, 0);
	rig_free(&rig);
}

static void
the_next_hop_may_take_the_telling_on(void)
{
	struct rig *rig = rig_new(plain);
	struct rig_answer passed = good;

	rig_start(rig);
	rig->answer = wait_for_me;
	passed.dsn_passed = true;
	rig_send_notify(rig, "a@from.test", "b@to.test", NOTIFY_SUCCESS);
	fail_first(rig, &passed);
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	rig_free(&rig);
}

static void
what_has_no_sender_goes_to_the_postmaster(void)
{
	struct rig *rig = rig_new("route * { to 127.0.0.1:9 }\n"
	    "bounce { postmaster post@home.test }\n");

	rig_start(rig);
	rig->answer = wait_for_me;
	rig_send(rig, CLASS_NORMAL, "", "nobody@to.test");
	fail_first(rig, &unknown);
	rig_until(rig, rig_jobs, 2);
	check_report(rig, 1, "post@home.test", "nobody@to.test");
	rig_answer_job(rig, 1, &unknown);
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_EQUAL(rig->job_count, 2);
	rig_free(&rig);
}

static void
without_a_postmaster_it_is_dropped(void)
{
	struct rig *rig = rig_new(plain);

	rig_start(rig);
	rig->answer = wait_for_me;
	rig_send(rig, CLASS_NORMAL, "", "nobody@to.test");
	fail_first(rig, &unknown);
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	rig_free(&rig);
}

static bool
reported(struct rig *rig, uint64_t number)
{
	(void)number;
	for (size_t i = 0; i < rig->job_count; i++)
		if (rig->jobs[i].job.segment != rig->jobs[0].job.segment)
			return true;
	return false;
}

static size_t
report_job(const struct rig *rig)
{
	for (size_t i = 0; i < rig->job_count; i++)
		if (rig->jobs[i].job.segment != rig->jobs[0].job.segment)
			return i;
	return 0;
}

static void
what_is_put_off_for_too_long_is_given_up(void)
{
	struct rig *rig = rig_new(plain);

	rig_start(rig);
	rig->answer = later;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_until(rig, reported, 0);
	check_report(rig, report_job(rig), "a@from.test", "Status: 5.4.7");
	check_report(rig, report_job(rig), "a@from.test", "450 4.2.0 later");
	rig_free(&rig);
}

static void
what_waits_at_a_dead_site_for_too_long_is_given_up(void)
{
	struct rig *rig = rig_new(plain);

	rig_start(rig);
	rig->answer = down;
	for (int i = 0; i < 5; i++)
		rig_send(rig, CLASS_NORMAL, "", "b@to.test");
	rig_until(rig, rig_empty, 0);
	rig_free(&rig);
}

static void
a_sender_is_warned_once(void)
{
	struct rig *rig = rig_new("route * { to 127.0.0.1:9 }\n"
	    "time-scale 0.01\nqueue { jitter 0 }\n"
	    "class normal { retry 10s; lifetime 1h; warn 15s }\n");
	size_t report, jobs;

	rig_start(rig);
	rig->answer = later;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_until(rig, reported, 0);
	report = report_job(rig);
	check_report(rig, report, "a@from.test", "Action: delayed");
	/* Nothing more is told in the next tries, of either message. */
	jobs = rig->job_count;
	rig_until(rig, rig_jobs, jobs + 8);
	for (size_t i = 0; i < rig->job_count; i++)
		CU_ASSERT_TRUE(rig->jobs[i].job.segment ==
		    rig->jobs[0].job.segment ||
		    rig->jobs[i].job.offset == rig->jobs[report].job.offset);
	rig_free(&rig);
}

/* The report of job AT is what a server takes for one message. */
static void
check_one_message(struct rig *rig, size_t at, bool eight_bit)
{
	struct record record;
	struct dot seen;
	struct err err;

	rig_read(rig, at, &record);
	seen = dot_over(record.body);
	CU_ASSERT_TRUE(dot_vouches(&seen, record.body.length, &err));
	CU_ASSERT_TRUE(seen.longest <= DSN_LINE_MOST);
	CU_ASSERT_EQUAL(seen.eight_bit, eight_bit);
	CU_ASSERT_EQUAL((record.envelope->flags & ENVELOPE_8BIT) != 0,
	    eight_bit);
	CU_ASSERT_EQUAL(record.envelope->body_size,
	    record.body.length - seen.stuffed);
	record_fini(&record);
}

/* TEXT fails; the report about it is job 1. */
static struct rig *
report_about(const char *text, bool lies)
{
	struct rig *rig = rig_new(plain);

	rig_start(rig);
	rig->answer = wait_for_me;
	rig->text = text;
	rig->lies = lies;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "nobody@to.test");
	fail_first(rig, &unknown);
	rig_until(rig, rig_jobs, 2);
	return rig;
}

static void
a_header_that_is_too_long_is_cut_where_a_line_ends(void)
{
	static const char *const lines[] = { "..\r\n", "X: y\r\n z\r\n" };

	for (size_t pad = 0; pad < 10; pad++) {
		const char *line = lines[pad % 2];
		struct rig *rig;
		struct buf text;

		buf_init(&text, 1 << 20);
		buf_printf(&text, "Subject: test%.*s\r\n", (int)pad / 2,
		    "xxxxx");
		while (buf_length(&text) < 90000)
			buf_append_text(&text, line);
		buf_append(&text, "\r\nend\r\n", sizeof "\r\nend\r\n");
		rig = report_about((const char *)buf_peek(&text).data, false);
		check_one_message(rig, 1, false);
		check_report(rig, 1, "a@from.test", "Its header is attached");
		check_report(rig, 1, "a@from.test", "Subject: test");
		rig_free(&rig);
		buf_fini(&text);
	}
}

static void
a_report_about_a_long_line_has_none(void)
{
	struct rig *rig;
	char text[2000];

	snprintf(text, sizeof text, "Subject: test\r\n\r\n%01000d\r\n", 0);
	rig = report_about(text, false);
	check_one_message(rig, 1, false);
	check_report(rig, 1, "a@from.test", "Its header is attached");
	rig_free(&rig);
}

static void
eight_bits_are_declared_where_there_are_some(void)
{
	struct rig *rig = report_about("Subject: test\r\n\r\n\xc3\xb6\r\n",
	    false);

	check_one_message(rig, 1, true);
	check_report(rig, 1, "a@from.test", "It is attached");
	rig_free(&rig);
}

/* As it may lie in a spool of a former version: nothing of it may get into
 * a report that is sent on as it is. */
static void
an_original_that_must_not_be_sent_is_not_in_the_report(void)
{
	static const struct { const char *text, *attached; } rows[] = {
		{ "Subject: test\r\n\r\na\r\n.\r\nb\r\n",
		    "Its header is attached" },
		{ "Subject: test\r\n\r\na\rb\r\n",
		    "Its header is attached" },
		{ "Subject: a\rb\r\n\r\na\r\n", "Nothing of it is" },
		{ "Subject: test\r\n\r\na\r\n.", "Its header is attached" }
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct rig *rig = report_about(rows[i].text, true);

		check_one_message(rig, 1, false);
		check_report(rig, 1, "a@from.test", rows[i].attached);
		check_report(rig, 1, "a@from.test", "Action: failed");
		rig_answer_job(rig, 1, &good);
		rig_until(rig, rig_empty, 0);
		CU_ASSERT_EQUAL(rig->job_count, 2);
		rig_free(&rig);
	}
}

static const struct rig_answer too_big = {
	.outcome = OUTCOME_FAILED, .scope = SCOPE_MESSAGE, .code = 552,
	.status = "5.3.4", .text = "552 5.3.4 too big", .mta = "mx.test",
	.content = true
};

static void
a_report_that_is_refused_for_what_it_is_gets_less_twice(void)
{
	struct rig *rig = rig_new("route * { to 127.0.0.1:9 }\n"
	    "bounce { postmaster post@home.test }\n");

	rig_start(rig);
	rig->answer = wait_for_me;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "nobody@to.test");
	fail_first(rig, &unknown);
	rig_until(rig, rig_jobs, 2);
	check_report(rig, 1, "a@from.test", "It is attached");
	rig_answer_job(rig, 1, &too_big);
	rig_until(rig, rig_jobs, 3);
	check_report(rig, 2, "a@from.test", "Its header is attached");
	check_report(rig, 2, "a@from.test", "550 5.1.1 No such user");
	check_one_message(rig, 2, false);
	rig_answer_job(rig, 2, &too_big);
	rig_until(rig, rig_jobs, 4);
	check_report(rig, 3, "a@from.test", "Nothing of it is attached");
	check_one_message(rig, 3, false);
	rig_answer_job(rig, 3, &too_big);
	rig_until(rig, rig_jobs, 5);
	check_report(rig, 4, "post@home.test", "552 5.3.4 too big");
	rig_answer_job(rig, 4, &unknown);
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_EQUAL(rig->job_count, 5);
	rig_free(&rig);
}

/* What others send is theirs, also from the null reverse-path. */
static void
only_our_reports_get_less(void)
{
	struct rig *rig = rig_new(plain);

	rig_start(rig);
	rig->answer = wait_for_me;
	rig_send(rig, CLASS_NORMAL, "", "nobody@to.test");
	fail_first(rig, &too_big);
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	rig_free(&rig);
}

const struct unit_test report_tests[] = {
	UNIT(a_header_that_is_too_long_is_cut_where_a_line_ends),
	UNIT(a_report_about_a_long_line_has_none),
	UNIT(eight_bits_are_declared_where_there_are_some),
	UNIT(an_original_that_must_not_be_sent_is_not_in_the_report),
	UNIT(a_report_that_is_refused_for_what_it_is_gets_less_twice),
	UNIT(only_our_reports_get_less),
	UNIT(a_failure_goes_back_to_the_sender),
	UNIT(failures_of_one_message_come_in_one_report),
	UNIT(no_recipient_is_struck_off_before_the_report_is_durable),
	UNIT(after_the_report_the_recipient_is_final),
	UNIT(notify_never_is_honoured),
	UNIT(notify_success_tells_of_what_was_relayed),
	UNIT(the_next_hop_may_take_the_telling_on),
	UNIT(what_has_no_sender_goes_to_the_postmaster),
	UNIT(without_a_postmaster_it_is_dropped),
	UNIT(what_is_put_off_for_too_long_is_given_up),
	UNIT(what_waits_at_a_dead_site_for_too_long_is_given_up),
	UNIT(a_sender_is_warned_once),
	UNIT_END
};
