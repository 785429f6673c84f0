/* SPDX-License-Identifier: ISC
 *
 * control.c - tests: what the operator's tools are answered.
 */
#include "suites.h"

#include "base/mem.h"
#include "base/must.h"
#include "rig.h"
#include "scheduler/client.h"
#include "scheduler/control.h"

#include <jansson.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static const char slow[] = "route * { to 127.0.0.1:9 }\n"
    "class normal { retry 1h; lifetime 1d; warn never }\n"
    "class bulk { retry 1h; lifetime 1d; warn never }\n";

static const struct rig_answer good = {
	.outcome = OUTCOME_DELIVERED, .code = 250, .status = "2.0.0",
	.text = "250 2.0.0 Ok", .mta = "mx.test"
};
static const struct rig_answer later = {
	.outcome = OUTCOME_DEFERRED, .scope = SCOPE_MESSAGE, .code = 450,
	.status = "4.2.0", .text = "450 4.2.0 later", .mta = "mx.test"
};
static const struct rig_answer wait_for_me = { .wait = true };

enum { CROWD = 40 };

/* ---- a client ------------------------------------------------------------------------- */

struct asking {
	int fd;
	char text[1 << 20];
	size_t length;
	json_t *rows;		/* of the answer, without the end */
	json_t *end;
};
static struct asking asking;

static void
serve(struct rig *rig)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0);

	snprintf(name.sun_path, sizeof name.sun_path, "%s/control",
	    rig->path);
	must(bind(fd, (struct sockaddr *)&name, sizeof name) == 0 &&
	    listen(fd, CROWD) == 0);
	rig->s->control = control_new(rig->s, fd, NULL);
}

static int
reach(struct rig *rig)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(name.sun_path, sizeof name.sun_path, "%s/control",
	    rig->path);
	must(connect(fd, (struct sockaddr *)&name, sizeof name) == 0);
	return fd;
}

/* Take in what has come; true when the last line did. */
static bool
answered(struct rig *rig, uint64_t number)
{
	ssize_t n = recv(asking.fd, asking.text + asking.length,
	    sizeof asking.text - asking.length, MSG_DONTWAIT);
	char *line;

	(void)rig, (void)number;
	if (n > 0)
		asking.length += (size_t)n;
	while ((line = memchr(asking.text, '\n', asking.length)) != NULL) {
		size_t length = (size_t)(line - asking.text) + 1;
		json_t *row = json_loadb(asking.text, length, 0, NULL);

		CU_ASSERT_PTR_NOT_NULL_FATAL(row);
		if (json_object_get(row, "end") != NULL)
			asking.end = row;
		else
			json_array_append_new(asking.rows, row);
		memmove(asking.text, asking.text + length,
		    asking.length - length);
		asking.length -= length;
	}
	return asking.end != NULL;
}

static void
forget_answer(void)
{
	json_decref(asking.rows);
	json_decref(asking.end);
	asking.rows = asking.end = NULL;
	asking.length = 0;
}

/* Ask; the number of the end line. */
static int
ask(struct rig *rig, const char *request)
{
	forget_answer();
	asking.rows = json_array();
	asking.fd = reach(rig);
	must(send(asking.fd, request, strlen(request), 0) ==
	    (ssize_t)strlen(request));
	must(send(asking.fd, "\n", 1, 0) == 1);
	rig_until(rig, answered, 0);
	close(asking.fd);
	return (int)json_integer_value(json_object_get(asking.end, "end"));
}

static size_t
row_count(void)
{
	return json_array_size(asking.rows);
}

static const char *
text_at(size_t row, const char *key)
{
	return json_string_value(json_object_get(json_array_get(asking.rows,
	    row), key));
}

static long long
number_at(size_t row, const char *key)
{
	return json_integer_value(json_object_get(json_array_get(asking.rows,
	    row), key));
}

static struct rig *
set_up(const char *text)
{
	struct rig *rig = rig_new(text);

	rig_start(rig);
	serve(rig);
	return rig;
}

static void
tear_down(struct rig *rig)
{
	forget_answer();
	rig_free(&rig);
}

/* ---- status ------------------------------------------------------------------------------ */

static void
status_counts_by_class(void)
{
	struct rig *rig = set_up(slow);
	json_t *bulk;

	rig->answer = later;
	rig_send(rig, CLASS_BULK, "a@from.test", "b@to.test");
	rig_until(rig, rig_waiting, 1);
	rig->answer = wait_for_me;
	rig_send(rig, CLASS_BULK, "a@from.test", "b@to.test");
	rig_until(rig, rig_jobs, 2);
	CU_ASSERT_EQUAL(ask(rig, "{\"verb\":\"status\"}"), 0);
	bulk = json_object_get(json_object_get(json_array_get(asking.rows,
	    0), "queue"), "bulk");
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(bulk, "waiting")),
	    1);
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(bulk, "flying")),
	    1);
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(bulk, "ready")),
	    0);
	CU_ASSERT_EQUAL(number_at(0, "sites"), 1);
	tear_down(rig);
}

/* ---- listing ------------------------------------------------------------------------------- */

static void
a_listing_has_memory_and_index_in_order_of_id(void)
{
	struct rig *rig = set_up(slow);
	char ids[6][MSGID_TEXT + 1];

	for (int i = 0; i < 6; i++) {
		rig->answer = i % 2 == 0 ? later : wait_for_me;
		msgid_text(rig_send(rig, CLASS_NORMAL, "a@from.test",
		    "b@to.test"), ids[i]);
		rig_until(rig, rig_jobs, (uint64_t)i + 1);
		rig_settle(rig);
	}
	CU_ASSERT_EQUAL(ask(rig, "{\"verb\":\"queue.list\"}"), 0);
	CU_ASSERT_EQUAL_FATAL(row_count(), 6);
	for (size_t i = 0; i < 6; i++) {
		CU_ASSERT_STRING_EQUAL(text_at(i, "queue_id"), ids[i]);
		CU_ASSERT_STRING_EQUAL(text_at(i, "queue_name"),
		    i % 2 == 0 ? "deferred" : "active");
		CU_ASSERT_STRING_EQUAL(text_at(i, "sender"), "a@from.test");
		CU_ASSERT_EQUAL(number_at(i, "attempts"), i % 2 == 0);
	}
	CU_ASSERT_TRUE(number_at(0, "next_attempt") >
	    number_at(0, "arrival_time") + 2000);
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(
	    json_array_get(json_object_get(json_array_get(asking.rows, 0),
	    "recipients"), 0), "delay_reason")), "450 4.2.0 later");
	tear_down(rig);
}

static const struct {
	const char *filter;
	size_t count;
} filters[] = {
	{ "{}", 3 },
	{ "{\"all\":true}", 3 },
	{ "{\"sender\":\"a@*\"}", 2 },
	{ "{\"sender\":\"A@FROM.test\"}", 2 },
	{ "{\"recipient\":\"*@two.test\"}", 1 },
	{ "{\"site\":\"one.test\"}", 2 },
	{ "{\"site\":\"127.0.0.1:9\"}", 3 },
	{ "{\"class\":\"bulk\"}", 1 },
	{ "{\"class\":\"bulk\",\"sender\":\"a@*\"}", 0 },
	{ "{\"older\":3600}", 0 },
	{ "{\"ids\":[]}", 0 },
	{ "{\"ids\":[\"3T9K2M0QWZ7B4H1C\"]}", 0 },
};

static void
a_filter_selects(void)
{
	struct rig *rig = set_up(slow);
	char request[256];

	rig->answer = later;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "x@one.test");
	rig_send(rig, CLASS_NORMAL, "a@from.test", "y@two.test");
	rig_send(rig, CLASS_BULK, "b@from.test", "z@one.test");
	rig_until(rig, rig_waiting, 3);
	for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
		snprintf(request, sizeof request,
		    "{\"verb\":\"queue.list\",\"filter\":%s}",
		    filters[i].filter);
		CU_ASSERT_EQUAL(ask(rig, request), 0);
		if (row_count() != filters[i].count)
			fprintf(stderr, "%s: %zu\n", filters[i].filter,
			    row_count());
		CU_ASSERT_EQUAL(row_count(), filters[i].count);
	}
	tear_down(rig);
}

static void
a_long_listing_comes_in_pieces_and_whole(void)
{
	struct rig *rig = set_up(slow);

	rig->answer = later;
	for (int i = 0; i < 1500; i++)
		rig_send(rig, CLASS_BULK, "a@from.test", "b@to.test");
	rig_until(rig, rig_waiting, 1500);
	CU_ASSERT_EQUAL(ask(rig, "{\"verb\":\"queue.list\"}"), 0);
	CU_ASSERT_EQUAL(row_count(), 1500);
	tear_down(rig);
}

/* ---- changes ---------------------------------------------------------------------------------- */

static void
a_deleted_message_is_gone_without_a_report(void)
{
	struct rig *rig = set_up(slow);

	rig->answer = later;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_until(rig, rig_waiting, 1);
	CU_ASSERT_EQUAL(ask(rig, "{\"verb\":\"queue.delete\","
	    "\"filter\":{\"sender\":\"a@*\"}}"), 0);
	CU_ASSERT_EQUAL(number_at(0, "count"), 1);
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	CU_ASSERT_EQUAL(index_count(rig->s->window.index), 0);
	rig_new_receiver(rig);
	rig_until(rig, rig_no_segments, 0);
	tear_down(rig);
}

static void
what_flies_while_it_is_deleted_is_not_tried_again(void)
{
	struct rig *rig = set_up(slow);

	rig->answer = wait_for_me;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_until(rig, rig_jobs, 1);
	CU_ASSERT_EQUAL(ask(rig, "{\"verb\":\"queue.delete\","
	    "\"filter\":{\"all\":true}}"), 0);
	CU_ASSERT_EQUAL(rig_count(rig, COUNT_FLYING), 1);
	rig_answer_job(rig, 0, &later);
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	tear_down(rig);
}

static void
a_change_needs_a_filter(void)
{
	struct rig *rig = set_up(slow);

	rig->answer = wait_for_me;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_until(rig, rig_jobs, 1);
	CU_ASSERT_EQUAL(ask(rig, "{\"verb\":\"queue.delete\"}"), 64);
	CU_ASSERT_EQUAL(ask(rig, "{\"verb\":\"queue.hold\","
	    "\"filter\":{}}"), 64);
	CU_ASSERT_EQUAL(rig->s->queue.messages.count, 1);
	tear_down(rig);
}

static void
what_is_held_stays_over_a_restart_and_a_lost_index(void)
{
	struct rig *rig = set_up("route * { to 127.0.0.1:9 }\n"
	    "queue { status-sync 0 }\n"
	    "class normal { retry 1h; lifetime 1d; warn never }\n");
	char from[128], to[128];

	rig->answer = later;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_until(rig, rig_waiting, 1);
	CU_ASSERT_EQUAL(ask(rig, "{\"verb\":\"queue.hold\","
	    "\"filter\":{\"all\":true}}"), 0);
	CU_ASSERT_EQUAL(number_at(0, "count"), 1);
	CU_ASSERT_EQUAL(rig_count(rig, COUNT_HELD), 1);
	rig_stop(rig);
	snprintf(from, sizeof from, "%s/control", rig->path);
	unlink(from);
	snprintf(from, sizeof from, "%s/spool/index", rig->path);
	snprintf(to, sizeof to, "%s/index-that-was", rig->path);
	CU_ASSERT_EQUAL(rename(from, to), 0);
	rig_new_receiver(rig);
	rig->answer = good;
	rig_start(rig);
	serve(rig);
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	CU_ASSERT_EQUAL(rig_count(rig, COUNT_HELD), 1);
	CU_ASSERT_EQUAL(ask(rig, "{\"verb\":\"queue.list\"}"), 0);
	CU_ASSERT_STRING_EQUAL(text_at(0, "queue_name"), "hold");
	CU_ASSERT_EQUAL(ask(rig, "{\"verb\":\"queue.release\","
	    "\"filter\":{\"all\":true}}"), 0);
	CU_ASSERT_EQUAL(number_at(0, "count"), 1);
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_EQUAL(rig->job_count, 2);
	tear_down(rig);
}

static void
a_flush_tries_what_waits_now_and_only_that(void)
{
	struct rig *rig = set_up(slow);

	rig->answer = later;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@one.test");
	rig_send(rig, CLASS_BULK, "a@from.test", "b@two.test");
	rig_until(rig, rig_waiting, 2);
	rig->answer = good;
	CU_ASSERT_EQUAL(ask(rig, "{\"verb\":\"flush\","
	    "\"class\":\"bulk\"}"), 0);
	CU_ASSERT_EQUAL(number_at(0, "count"), 1);
	rig_until(rig, rig_jobs, 3);
	CU_ASSERT_EQUAL(rig->jobs[2].job.klass, CLASS_BULK);
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->job_count, 3);
	CU_ASSERT_EQUAL(ask(rig, "{\"verb\":\"flush\"}"), 0);
	rig_until(rig, rig_empty, 0);
	CU_ASSERT_EQUAL(ask(rig, "{\"verb\":\"flush\"}"), 0);
	CU_ASSERT_EQUAL(number_at(0, "count"), 0);
	tear_down(rig);
}

/* An urgent message whose site puts it off would be sent in seconds; after
 * a dozen flushes it waited for hours. */
static void
what_a_flush_tries_does_not_count_for_the_schedule(void)
{
	struct rig *rig = set_up(slow);

	rig->answer = later;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@one.test");
	rig_until(rig, rig_waiting, 1);
	CU_ASSERT_EQUAL(rig->jobs[0].job.attempt, 1);
	for (uint64_t i = 1; i <= 4; i++) {
		CU_ASSERT_EQUAL(ask(rig, "{\"verb\":\"flush\"}"), 0);
		CU_ASSERT_EQUAL(number_at(0, "count"), 1);
		rig_until(rig, rig_jobs, i + 1);
		rig_until(rig, rig_waiting, 1);
		CU_ASSERT_EQUAL(rig->jobs[i].job.attempt, 2);
	}
	CU_ASSERT_EQUAL(ask(rig, "{\"verb\":\"queue.list\"}"), 0);
	CU_ASSERT_EQUAL(row_count(), 1);
	CU_ASSERT_EQUAL(number_at(0, "attempts"), 1);
	tear_down(rig);
}

static void
a_flush_ends_the_rest_of_a_dead_site(void)
{
	static const struct rig_answer down = {
		.outcome = OUTCOME_DEFERRED, .scope = SCOPE_SITE,
		.status = "4.4.1", .text = "Connection refused"
	};
	struct rig *rig = set_up(slow);

	rig->answer = down;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@one.test");
	rig_until(rig, rig_jobs, 1);
	rig_settle(rig);
	CU_ASSERT_EQUAL(ask(rig, "{\"verb\":\"queue.list\"}"), 0);
	CU_ASSERT_STRING_EQUAL(text_at(0, "queue_name"), "deferred");
	CU_ASSERT_TRUE(number_at(0, "next_attempt") > 0);
	rig->answer = good;
	CU_ASSERT_EQUAL(ask(rig, "{\"verb\":\"flush\","
	    "\"site\":\"one.test\"}"), 0);
	CU_ASSERT_EQUAL(number_at(0, "count"), 1);
	rig_until(rig, rig_empty, 0);
	tear_down(rig);
}

/* ---- one message ---------------------------------------------------------------------------------- */

static void
a_message_is_shown_with_its_content(void)
{
	struct rig *rig = set_up(slow);
	char request[128], id[MSGID_TEXT + 1];

	rig->answer = later;
	rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
	rig_until(rig, rig_waiting, 1);
	snprintf(request, sizeof request, "{\"verb\":\"queue.show\","
	    "\"id\":\"%s\",\"part\":\"all\"}", msgid_text(rig->id, id));
	CU_ASSERT_EQUAL(ask(rig, request), 0);
	CU_ASSERT_EQUAL_FATAL(row_count(), 2);
	CU_ASSERT_STRING_EQUAL(text_at(0, "client"), "test[127.0.0.1]");
	CU_ASSERT_STRING_EQUAL(text_at(1, "bytes"),
	    "U3ViamVjdDogdGVzdA0KDQpIZWxsbw0K");
	snprintf(request, sizeof request, "{\"verb\":\"queue.show\","
	    "\"id\":\"%s\",\"part\":\"headers\"}", id);
	CU_ASSERT_EQUAL(ask(rig, request), 0);
	CU_ASSERT_STRING_EQUAL(text_at(1, "bytes"),
	    "U3ViamVjdDogdGVzdA0KDQo=");
	tear_down(rig);
}

static const struct {
	const char *request;
	int end;
} mistakes[] = {
	{ "{\"verb\":\"queue.show\",\"id\":\"3T9K2M0QWZ7B4H1C\"}", 66 },
	{ "{\"verb\":\"queue.show\",\"id\":\"no id\"}", 64 },
	{ "{\"verb\":\"queue.show\"}", 64 },
	{ "{\"verb\":\"dance\"}", 64 },
	{ "{}", 64 },
	{ "[]", 76 },
	{ "not json", 76 },
	{ "{\"verb\":\"queue.list\",\"filter\":{\"colour\":1}}", 64 },
	{ "{\"verb\":\"queue.list\",\"filter\":{\"class\":\"gold\"}}", 64 },
	{ "{\"verb\":\"queue.list\",\"filter\":{\"ids\":[7]}}", 64 },
	{ "{\"verb\":\"queue.list\",\"filter\":7}", 64 },
	{ "{\"verb\":\"site.pause\",\"site\":\"x\",\"seconds\":\"5\"}", 64 },
	{ "{\"verb\":\"site.resume\",\"site\":\"x\"}", 66 },
	{ "{\"verb\":\"reload\"}", 69 },
	{ "{\"verb\":\"log.reopen\"}", 69 },
};

static void
mistakes_get_an_answer_that_says_so(void)
{
	struct rig *rig = set_up(slow);

	for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
		CU_ASSERT_EQUAL(ask(rig, mistakes[i].request),
		    mistakes[i].end);
		CU_ASSERT_EQUAL(row_count(), 0);
		CU_ASSERT_TRUE(strlen(json_string_value(json_object_get(
		    asking.end, "error"))) > 5);
	}
	tear_down(rig);
}

/* Each names more bytes than a glob may have. */
/* Up to a glob, and from there. */
static const struct {
	const char *front, *end;
} endless[] = {
	{ "{\"verb\":\"queue.list\",\"filter\":{\"sender\":\"", "\"}}" },
	{ "{\"verb\":\"queue.shape\",\"filter\":{\"recipient\":\"", "\"}}" },
	{ "{\"verb\":\"flush\",\"site\":\"", "\"}" },
	{ "{\"verb\":\"site.list\",\"site\":\"", "\"}" },
	{ "{\"verb\":\"site.show\",\"site\":\"", "\"}" },
	{ "{\"verb\":\"site.resume\",\"site\":\"", "\"}" },
};

static void
a_glob_that_is_longer_than_any_name_is_refused(void)
{
	struct rig *rig = set_up(slow);
	char glob[GLOB_MOST + 2], request[GLOB_MOST + 128];

	rig->answer = later;
	rig_send(rig, CLASS_BULK, "a@from.test", "b@to.test");
	rig_until(rig, rig_waiting, 1);
	memset(glob, '*', sizeof glob - 1);
	for (size_t i = 0; i < sizeof endless / sizeof endless[0]; i++) {
		glob[GLOB_MOST] = '*';
		glob[GLOB_MOST + 1] = '\0';
		snprintf(request, sizeof request, "%s%s%s",
		    endless[i].front, glob, endless[i].end);
		CU_ASSERT_EQUAL(ask(rig, request), 64);
		CU_ASSERT_EQUAL(row_count(), 0);
		glob[GLOB_MOST] = '\0';
		snprintf(request, sizeof request, "%s%s%s",
		    endless[i].front, glob, endless[i].end);
		CU_ASSERT_NOT_EQUAL(ask(rig, request), 64);
	}
	tear_down(rig);
}

static void
a_client_that_leaves_in_the_middle_harms_nobody(void)
{
	struct rig *rig = set_up(slow);
	static const char request[] = "{\"verb\":\"queue.list\"}\n";
	int fd;

	rig->answer = later;
	for (int i = 0; i < 600; i++)
		rig_send(rig, CLASS_BULK, "a@from.test", "b@to.test");
	rig_until(rig, rig_waiting, 600);
	fd = reach(rig);
	must(send(fd, request, sizeof request - 1, 0) > 0);
	close(fd);
	rig_settle(rig);
	CU_ASSERT_EQUAL(ask(rig, "{\"verb\":\"queue.list\"}"), 0);
	CU_ASSERT_EQUAL(row_count(), 600);
	tear_down(rig);
}

/* The socket is full, and nobody reads what waits for it. */
static bool
stalled(struct rig *rig, uint64_t number)
{
	(void)number;
	return rig->s->walks.count == 1 &&
	    list_item(list_first(&rig->s->walks), struct walk, link)->
	    ids.count > 0;
}

static bool
nobody_is_there(struct rig *rig, uint64_t number)
{
	(void)number;
	return list_empty(&rig->s->control->clients);
}

static void
nothing_is_listed_to_a_client_that_has_left(void)
{
	struct rig *rig = set_up(slow);
	static const char request[] = "{\"verb\":\"queue.list\"}\n";
	char some[100];
	int fd;

	rig->answer = wait_for_me;
	for (int i = 0; i < 4000; i++)
		rig_send(rig, CLASS_BULK, "a@from.test", "b@to.test");
	rig_settle(rig);
	fd = reach(rig);
	must(send(fd, request, sizeof request - 1, 0) > 0);
	rig_until(rig, stalled, 0);
	rig_settle(rig);
	CU_ASSERT_TRUE(stalled(rig, 0));
	must(recv(fd, some, sizeof some, 0) > 0);
	CU_ASSERT_TRUE(stalled(rig, 0));
	close(fd);
	rig_until(rig, nobody_is_there, 0);
	CU_ASSERT_TRUE(list_empty(&rig->s->walks));
	tear_down(rig);
}

/* The longest that a turn had the processor, while the crowd was served. */
struct watcher {
	struct timer *timer;
	usec_t before, longest;
	bool served;
};
static struct watcher watcher;

static usec_t
processor_time(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static void
watch_turn(void *owner)
{
	usec_t now = processor_time();

	(void)owner;
	if (now - watcher.before > watcher.longest)
		watcher.longest = now - watcher.before;
	watcher.before = now;
	timer_set(watcher.timer, 0);
}

static bool
crowd_is_served(struct rig *rig, uint64_t number)
{
	watcher.served |= rig->s->walks.count == number;
	return watcher.served && list_empty(&rig->s->walks);
}

static void
a_crowd_that_asks_gets_no_more_of_a_turn_than_one(void)
{
	struct rig *rig = set_up(slow);
	static const char request[] = "{\"verb\":\"queue.shape\"}\n";
	int fds[CROWD];

	rig->answer = later;
	for (int i = 0; i < 1500; i++)
		rig_send(rig, CLASS_BULK, "a@from.test", "b@to.test");
	rig_until(rig, rig_waiting, 1500);
	for (int i = 0; i < CROWD; i++)
		fds[i] = reach(rig);
	rig_settle(rig);
	rig_settle(rig);
	for (int i = 0; i < CROWD; i++)
		must(send(fds[i], request, sizeof request - 1, 0) > 0);
	watcher = (struct watcher){ .before = processor_time() };
	watcher.timer = timer_new(rig->loop, watch_turn, NULL);
	timer_set(watcher.timer, 0);
	rig_until(rig, crowd_is_served, CROWD);
	timer_free(&watcher.timer);
	CU_ASSERT_TRUE(watcher.longest < 12000);
	for (int i = 0; i < CROWD; i++)
		close(fds[i]);
	tear_down(rig);
}

/* As long as a start reads on, whoever asks is told so first. */
static void
what_is_not_read_yet_is_not_called_absent(void)
{
	struct rig *rig = rig_new(slow);
	json_t *loading;

	rig_start(rig);
	serve(rig);
	rig_settle(rig);
	CU_ASSERT_EQUAL(ask(rig, "{\"verb\":\"queue.list\"}"), 0);
	CU_ASSERT_EQUAL(row_count(), 0);
	CU_ASSERT_EQUAL(ask(rig, "{\"verb\":\"status\"}"), 0);
	CU_ASSERT_PTR_NULL(json_object_get(json_array_get(asking.rows, 0),
	    "loading"));
	timer_stop(rig->s->second);
	rig->s->intake = (struct intake){ .found = 7, .read = 2 };
	intake_init(rig->s);
	CU_ASSERT_EQUAL(ask(rig, "{\"verb\":\"queue.list\"}"), 0);
	CU_ASSERT_EQUAL(row_count(), 1);
	loading = json_object_get(json_array_get(asking.rows, 0), "loading");
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(loading,
	    "segments")), 7);
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(loading, "read")),
	    2);
	CU_ASSERT_EQUAL(ask(rig, "{\"verb\":\"status\"}"), 0);
	CU_ASSERT_PTR_NOT_NULL(json_object_get(json_array_get(asking.rows,
	    0), "loading"));
	forget_answer();
	rig_free(&rig);
}

const struct unit_test control_tests[] = {
	UNIT(status_counts_by_class),
	UNIT(what_is_not_read_yet_is_not_called_absent),
	UNIT(a_listing_has_memory_and_index_in_order_of_id),
	UNIT(a_filter_selects),
	UNIT(a_long_listing_comes_in_pieces_and_whole),
	UNIT(a_deleted_message_is_gone_without_a_report),
	UNIT(what_flies_while_it_is_deleted_is_not_tried_again),
	UNIT(a_change_needs_a_filter),
	UNIT(what_is_held_stays_over_a_restart_and_a_lost_index),
	UNIT(a_flush_tries_what_waits_now_and_only_that),
	UNIT(what_a_flush_tries_does_not_count_for_the_schedule),
	UNIT(a_flush_ends_the_rest_of_a_dead_site),
	UNIT(a_message_is_shown_with_its_content),
	UNIT(mistakes_get_an_answer_that_says_so),
	UNIT(a_glob_that_is_longer_than_any_name_is_refused),
	UNIT(a_client_that_leaves_in_the_middle_harms_nobody),
	UNIT(nothing_is_listed_to_a_client_that_has_left),
	UNIT(a_crowd_that_asks_gets_no_more_of_a_turn_than_one),
	UNIT_END
};
