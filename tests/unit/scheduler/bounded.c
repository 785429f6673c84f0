/* SPDX-License-Identifier: ISC
 *
 * bounded.c - tests: no peer, sender or operator holds up what is not its.
 */
#include "suites.h"

#include "base/must.h"
#include "rig.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct rig_answer later = {
	.outcome = OUTCOME_DEFERRED, .scope = SCOPE_MESSAGE, .code = 450,
	.status = "4.2.0", .text = "450 4.2.0 later", .mta = "mx.test"
}, gone = {
	.outcome = OUTCOME_DEFERRED, .scope = SCOPE_SITE, .code = 0,
	.status = "4.4.1", .text = "Connection refused", .mta = "mx.test"
}, refused = {
	.outcome = OUTCOME_FAILED, .scope = SCOPE_MESSAGE, .code = 550,
	.status = "5.1.1", .text = "550 5.1.1 nobody here", .mta = "mx.test"
};

/* ---- deadlines ------------------------------------------------------------------------ */

/* The sender of job AT is the one that LETTER begins. */
static bool
is_from(struct rig *rig, size_t at, char letter)
{
	struct record record;
	bool is;

	rig_read(rig, at, &record);
	is = record.envelope->reverse_path[0] == letter;
	record_fini(&record);
	return is;
}

static bool
rang(struct rig *rig, uint64_t number)
{
	return rig->s->queue.deadlines.count <= number;
}

/* One deadline after the other passes, before each turn. */
static void
a_deadline_that_only_tells_takes_nobody_s_turn(void)
{
	enum { TURNS = 6 };
	struct rig *rig = rig_new("route * { to 127.0.0.1:9 }\n"
	    "site * { connections 1 }\n");
	size_t others = 0;

	rig_start(rig);
	rig->answer.wait = true;
	rig_send(rig, CLASS_URGENT, "first@from.test", "x@to.test");
	rig_until(rig, rig_jobs, 1);
	for (int i = 0; i < TURNS; i++) {
		rig_send(rig, CLASS_NORMAL, "b@b.test", "x@to.test");
		rig->time = 100000 + i * 20000;
		rig_send(rig, CLASS_NORMAL, "a@a.test", "x@to.test");
		rig->time = 0;
	}
	for (size_t job = 0; job < TURNS; job++) {
		CU_ASSERT_TRUE(rig_until(rig, rang, TURNS - 1 - job));
		rig_answer_job(rig, job, &(struct rig_answer){
		    .outcome = OUTCOME_DELIVERED, .code = 250, .took = 500,
		    .status = "2.0.0", .text = "250 Ok", .mta = "mx" });
		rig_until(rig, rig_jobs, job + 2);
	}
	for (size_t job = 1; job <= TURNS; job++)
		others += is_from(rig, job, 'b');
	CU_ASSERT_TRUE(others >= TURNS / 2 - 1);
	rig_free(&rig);
}

/* ---- deliverers ------------------------------------------------------------------------ */

static void
no_frame(void *owner, struct channel *channel, const struct frame *frame)
{
	(void)owner;
	(void)channel;
	(void)frame;
}

static void
no_end(void *owner, struct channel *channel, const char *why)
{
	(void)owner;
	(void)channel;
	(void)why;
}

/* Deliverer 1, which never reads; the other end is *FD. */
static struct channel *
deaf_deliverer(struct rig *rig, int *fd)
{
	struct frame frame = { .kind = FRAME_RECALL, .fd = -1 };
	struct channel *channel;
	int fds[2];

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0, fds) == 0);
	channel = channel_new(rig->loop, fds[0], ROLE_SCHEDULER,
	    ROLE_DELIVERER, no_frame, no_end, rig);
	dispatch_deliverer(rig->s, 1, channel);
	while (channel_waiting(channel) <= 12 << 20)
		channel_send(channel, &frame);
	*fd = fds[1];
	return channel;
}

static bool
read_all(struct rig *rig, uint64_t fd)
{
	static char bytes[1 << 16];

	while (read((int)fd, bytes, sizeof bytes) > 0)
		;
	return !dispatch_is_unheard(rig->s, 1);
}

static const char two[] = "route a.test { to 127.0.0.1:9 }\n"
    "route b.test { to 127.0.0.1:10 }\n";

/* Its site is b.test: the other one has a job when that is looked for. */
static void
a_deliverer_that_hangs_holds_up_no_other(void)
{
	struct rig *rig = rig_new(two);
	struct channel *deaf;
	struct site *site;
	int fd;

	rig_start(rig);
	rig->answer.wait = true;
	rig_send(rig, CLASS_BULK, "s@from.test", "x@a.test");
	rig_until(rig, rig_jobs, 1);
	deaf = deaf_deliverer(rig, &fd);
	site = routes_domain(rig->s, span_of("b.test"))->site;
	rig_send(rig, CLASS_BULK, "s@from.test", "x@b.test");
	rig_settle(rig);
	site = routes_domain(rig->s, span_of("b.test"))->site;
	CU_ASSERT_PTR_NOT_NULL_FATAL(site);
	site->deliverer = 1;
	rig_send(rig, CLASS_BULK, "s@from.test", "x@b.test");
	rig_settle(rig);
	CU_ASSERT_EQUAL(site->flying, 1);
	rig_send(rig, CLASS_URGENT, "s@from.test", "x@a.test");
	CU_ASSERT_TRUE(rig_until(rig, rig_jobs, 3));
	/* what waits for it goes when it reads again */
	CU_ASSERT_TRUE(rig_until(rig, read_all, (uint64_t)fd));
	rig_settle(rig);
	CU_ASSERT_EQUAL(site->flying, 2);
	dispatch_deliverer(rig->s, 1, NULL);
	channel_free(&deaf);
	close(fd);
	rig_free(&rig);
}

static void
a_deliverer_that_hangs_for_long_loses_its_sites(void)
{
	struct rig *rig = rig_new(two);
	struct channel *deaf;
	struct site *site;
	int fd;

	rig->conf->time_scale = 0.01;
	rig_start(rig);
	rig_send(rig, CLASS_BULK, "s@from.test", "x@b.test");
	rig_until(rig, rig_jobs, 1);
	site = routes_domain(rig->s, span_of("b.test"))->site;
	deaf = deaf_deliverer(rig, &fd);
	site->deliverer = 1;
	rig_send(rig, CLASS_URGENT, "s@from.test", "x@b.test");
	CU_ASSERT_TRUE(rig_until(rig, rig_jobs, 2));
	CU_ASSERT_EQUAL(site->deliverer, 0);
	dispatch_deliverer(rig->s, 1, NULL);
	channel_free(&deaf);
	close(fd);
	rig_free(&rig);
}

/* ---- reports --------------------------------------------------------------------------- */

static void
reports_of_bulk_stop_no_urgent_mail(void)
{
	struct rig *rig = rig_new(two);

	rig_start(rig);
	rig->answer = refused;
	rig_send(rig, CLASS_BULK, "s@from.test", "x@a.test");
	rig_until(rig, rig_jobs, 1);
	rig->s->reports.count += 4096;
	rig->answer = later;
	rig_send(rig, CLASS_BULK, "s@from.test", "x@b.test");
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	rig_send(rig, CLASS_URGENT, "s@from.test", "x@b.test");
	CU_ASSERT_TRUE(rig_until(rig, rig_jobs, 2));
	CU_ASSERT_EQUAL(rig->jobs[1].job.klass, CLASS_URGENT);
	rig->s->reports.count -= 4096;
	rig_free(&rig);
}

/* ---- long lines ------------------------------------------------------------------------ */

static bool
shrunk(struct rig *rig, uint64_t number)
{
	return rig->s->queue.entries <= number;
}

static void
a_long_line_leaves_memory_some_at_a_time(void)
{
	enum { MANY = 1000 };
	struct rig *rig = rig_new("route * { to 127.0.0.1:9 }\n"
	    "site * { connections 1 }\n"
	    "queue { window 2000 }\n");
	struct site *site;
	size_t before;

	rig_start(rig);
	rig->answer.wait = true;
	for (int i = 0; i < MANY; i++)
		rig_send(rig, CLASS_BULK, "s@from.test", "x@a.test");
	rig_until(rig, rig_jobs, 1);
	rig_settle(rig);
	site = routes_domain(rig->s, span_of("a.test"))->site;
	before = site->ready[CLASS_BULK].count;
	CU_ASSERT_TRUE(before > MANY / 2);
	rig_answer_job(rig, 0, &gone);
	/* The answer is read, and nothing has left yet: it is a slice's. */
	window_shrink(rig->s, site);
	CU_ASSERT_TRUE(site->ready[CLASS_BULK].count >= before - 64);
	CU_ASSERT_TRUE(rig_until(rig, shrunk, 64));
	CU_ASSERT_EQUAL(rig_count(rig, COUNT_READY) +
	    rig_count(rig, COUNT_WAITING) + rig_count(rig, COUNT_FLYING),
	    MANY);
	rig_free(&rig);
}

const struct unit_test bounded_tests[] = {
	UNIT(a_deadline_that_only_tells_takes_nobody_s_turn),
	UNIT(a_deliverer_that_hangs_holds_up_no_other),
	UNIT(a_deliverer_that_hangs_for_long_loses_its_sites),
	UNIT(reports_of_bulk_stop_no_urgent_mail),
	UNIT(a_long_line_leaves_memory_some_at_a_time),
	UNIT_END
};
