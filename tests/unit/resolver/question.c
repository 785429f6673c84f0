/* SPDX-License-Identifier: ISC
 *
 * question.c - the resolver with libunbound, against a DNS server of ours
 * (tests/fakes/dns.py) that answers well, badly or not at all.
 */
#include "resolver/resolver.h"
#include "unit/resolver/tests.h"

#include "base/fsys.h"
#include "base/mem.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const char zone[] =
    "{ \"example.org\": {\"MX\": [\"20 mx2.example.org\","
    "    \"10 mx1.example.org\"]},"
    "  \"mx1.example.org\": {\"A\": [\"127.0.0.2\"], \"AAAA\": [\"::1\"]},"
    "  \"mx2.example.org\": {\"A\": {\"records\": [\"127.0.0.3\"],"
    "    \"ttl\": 7}},"
    "  \"plain.test\": {\"A\": [\"127.0.0.4\"]},"
    "  \"null.test\": {\"MX\": [\"0 .\"]},"
    "  \"bare.test\": {\"TXT\": [\"x\"]},"
    "  \"alias.example.org\": {\"CNAME\": [\"plain.test\"]},"
    "  \"fail.example.org\": {\"*\": \"servfail\"},"
    "  \"lost.example.org\": {\"*\": \"drop\"},"
    "  \"garbage.example.org\": {\"*\": \"garbage\"},"
    "  \"short.example.org\": {\"MX\": [{\"hex\": \"00\"}],"
    "    \"A\": [\"127.0.0.9\"]},"
    "  \"evil.example.org\": {\"MX\": [{\"hex\": \"000a0361206200\"}]},"
    "  \"part.example.org\": {\"MX\": {\"records\": [\"10 plain.test\","
    "    \"20 fail.example.org\"], \"ttl\": 3600}},"
    "  \"big.example.org\": {\"A\": {\"records\": [\"127.0.0.5\"],"
    "    \"truncate\": true}} }";

struct answer {
	uint8_t status;
	uint32_t ttl;
	char hosts[300];
	char text[200];
	unsigned times;
};

struct side {
	struct loop *loop;
	struct conf *conf;
	struct board_row board;
	struct resolver resolver;
	struct channel *near, *far;
	struct answer answers[64];
	unsigned count, due;
	struct timer *limit;
	pid_t server;
	char zone[64];
};

/* ---- the server --------------------------------------------------------- */

static unsigned
start_server(struct side *side)
{
	int fd, ends[2];
	char port[16] = "";
	size_t used = 0;
	struct err err;

	snprintf(side->zone, sizeof(side->zone), "/tmp/zone.XXXXXX");
	fd = mkstemp(side->zone);
	CU_ASSERT_TRUE_FATAL(fd != -1);
	CU_ASSERT_TRUE(fsys_write(fd, span_of(zone), side->zone, &err));
	close(fd);
	CU_ASSERT_EQUAL_FATAL(pipe2(ends, O_CLOEXEC), 0);
	side->server = fork();
	CU_ASSERT_TRUE_FATAL(side->server != -1);
	if (side->server == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		dup2(ends[1], STDOUT_FILENO);
		execl(PYTHON3, PYTHON3, FAKES "/dns.py", side->zone,
		    (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	while (strchr(port, '\n') == NULL && used < sizeof(port) - 1) {
		ssize_t n = read(ends[0], port + used,
		    sizeof(port) - 1 - used);

		CU_ASSERT_TRUE_FATAL(n > 0);
		used += (size_t)n;
	}
	close(ends[0]);
	return (unsigned)atoi(port);
}

static void
stop_server(struct side *side)
{
	CU_ASSERT_EQUAL(kill(side->server, SIGTERM), 0);
	CU_ASSERT_EQUAL(waitpid(side->server, NULL, 0), side->server);
	unlink(side->zone);
}

/* ---- the scheduler ------------------------------------------------------ */

static void
put_hosts(struct answer *answer, struct span hosts)
{
	struct host_row row;
	size_t used = 0;

	while (host_row_pull(&hosts, &row))
		used += (size_t)snprintf(answer->hosts + used,
		    sizeof(answer->hosts) - used, "%.*s/%zu ",
		    (int)row.name.length, (const char *)row.name.data,
		    row.addresses.length / 16);
}

static void
on_answer(void *owner, struct channel *channel, const struct frame *frame)
{
	struct side *side = owner;
	struct answer *answer = &side->answers[frame->answer.token];

	(void)channel;
	answer->times++;
	answer->status = frame->answer.status;
	answer->ttl = frame->answer.ttl;
	snprintf(answer->text, sizeof(answer->text), "%.*s",
	    (int)frame->answer.text.length,
	    (const char *)frame->answer.text.data);
	put_hosts(answer, frame->answer.hosts);
	if (++side->count == side->due)
		loop_stop(side->loop);
}

static void
on_question(void *owner, struct channel *channel, const struct frame *frame)
{
	struct side *side = owner;

	(void)channel;
	resolver_frame(&side->resolver, frame);
}

static void
on_gone(void *owner, struct channel *channel, const char *why)
{
	(void)owner;
	(void)channel;
	(void)why;
	CU_FAIL("a channel broke");
}

static void
on_limit(void *owner)
{
	struct side *side = owner;

	CU_FAIL("no answer in time");
	loop_stop(side->loop);
}

static void
ask(struct side *side, uint32_t token, uint8_t kind, const char *name)
{
	struct frame frame = { .kind = FRAME_QUESTION, .fd = -1 };

	frame.question = (struct frame_question){ token, kind,
	    span_of(name) };
	channel_send(side->far, &frame);
}

static void
wait_for(struct side *side, unsigned count)
{
	side->due = count;
	timer_set(side->limit, 15000);
	loop_run(side->loop);
	timer_stop(side->limit);
}

static void
open_side(struct side *side, const char *options)
{
	unsigned port = start_server(side);
	char *text = mem_printf("hostname x.test\nspool /s\ncontrol /c\n"
	    "listen 127.0.0.1:1 { }\nroute * { to mx }\n"
	    "resolver { server 127.0.0.1@%u; %s }\n", port, options);
	struct err err = { .text = "" };
	int ends[2];

	side->loop = loop_new();
	side->limit = timer_new(side->loop, on_limit, side);
	side->conf = conf_parse(span_of(text), "test", &err);
	mem_free(text);
	if (side->conf == NULL)
		fprintf(stderr, "\n%s\n", err.text);
	CU_ASSERT_PTR_NOT_NULL_FATAL(side->conf);
	CU_ASSERT_TRUE_FATAL(resolver_init(&side->resolver, side->loop,
	    side->conf, &side->board, &err));
	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0, ends), 0);
	side->near = channel_new(side->loop, ends[0], ROLE_RESOLVER,
	    ROLE_SCHEDULER, on_question, on_gone, side);
	side->far = channel_new(side->loop, ends[1], ROLE_SCHEDULER,
	    ROLE_RESOLVER, on_answer, on_gone, side);
	side->resolver.scheduler = side->near;
}

static void
close_side(struct side *side)
{
	stop_server(side);
	resolver_fini(&side->resolver);
	channel_free(&side->near);
	channel_free(&side->far);
	timer_free(&side->limit);
	conf_free(&side->conf);
	loop_free(&side->loop);
}

/* ---- tests -------------------------------------------------------------- */

static const struct {
	uint8_t kind;
	const char *name;
	enum answer_status status;
	const char *hosts;
} questions[] = {
	{ QUESTION_MX, "example.org", ANSWER_OK,
	    "mx1.example.org/2 mx2.example.org/1 " },
	{ QUESTION_MX, "EXAMPLE.org", ANSWER_OK,
	    "mx1.example.org/2 mx2.example.org/1 " },
	{ QUESTION_MX, "plain.test", ANSWER_OK, "plain.test/1 " },
	{ QUESTION_MX, "null.test", ANSWER_NULL_MX, "" },
	{ QUESTION_MX, "bare.test", ANSWER_NO_ADDRESS, "" },
	{ QUESTION_MX, "nowhere.example.org", ANSWER_NONE, "" },
	{ QUESTION_MX, "fail.example.org", ANSWER_TEMPORARY, "" },
	{ QUESTION_MX, "lost.example.org", ANSWER_TEMPORARY, "" },
	{ QUESTION_MX, "garbage.example.org", ANSWER_TEMPORARY, "" },
	{ QUESTION_MX, "short.example.org", ANSWER_TEMPORARY, "" },
	{ QUESTION_MX, "evil.example.org", ANSWER_TEMPORARY, "" },
	{ QUESTION_MX, "alias.example.org", ANSWER_OK,
	    "alias.example.org/1 " },
	{ QUESTION_HOST, "mx1.example.org", ANSWER_OK, "mx1.example.org/2 " },
	{ QUESTION_HOST, "big.example.org", ANSWER_OK, "big.example.org/1 " },
	{ QUESTION_HOST, "nowhere.example.org", ANSWER_NONE, "" },
	{ QUESTION_HOST, "no such name", ANSWER_NONE, "" },
	{ QUESTION_MX, "", ANSWER_NONE, "" },
};

static void
a_question_is_answered_once_and_right(void)
{
	static const unsigned count =
	    sizeof(questions) / sizeof(questions[0]);
	struct side side = { .count = 0 };

	open_side(&side, "timeout 2s");
	for (unsigned i = 0; i < count; i++)
		ask(&side, i, questions[i].kind, questions[i].name);
	wait_for(&side, count);
	for (unsigned i = 0; i < count; i++) {
		const struct answer *answer = &side.answers[i];
		bool same = answer->times == 1 &&
		    answer->status == questions[i].status &&
		    strcmp(answer->hosts, questions[i].hosts) == 0;

		if (!same)
			fprintf(stderr, "\n%s: %u times, status %u, %s, %s\n",
			    questions[i].name, answer->times, answer->status,
			    answer->hosts, answer->text);
		CU_ASSERT_TRUE(same);
		CU_ASSERT_EQUAL(answer->status == ANSWER_OK,
		    answer->text[0] == '\0');
	}
	CU_ASSERT_TRUE(side.answers[0].ttl > 0 && side.answers[0].ttl <= 7);
	close_side(&side);
}

/* "plain.test" has a minute. */
static void
an_answer_in_which_something_is_missing_is_asked_for_again_soon(void)
{
	struct side side = { .count = 0 };

	open_side(&side, "timeout 5s; negative 20s");
	ask(&side, 0, QUESTION_MX, "part.example.org");
	ask(&side, 1, QUESTION_MX, "plain.test");
	wait_for(&side, 2);
	CU_ASSERT_EQUAL(side.answers[0].status, ANSWER_OK);
	CU_ASSERT_STRING_EQUAL(side.answers[0].hosts,
	    "plain.test/1 fail.example.org/0 ");
	CU_ASSERT_TRUE(side.answers[0].ttl <= 20);
	CU_ASSERT_TRUE(side.answers[1].ttl > 40);
	close_side(&side);
}

static void
the_same_question_is_asked_once_for_all(void)
{
	struct side side = { .count = 0 };
	uint64_t asked;

	open_side(&side, "timeout 5s");
	for (unsigned i = 0; i < 20; i++)
		ask(&side, i, QUESTION_MX, i % 2 ? "example.org" :
		    "Example.ORG");
	wait_for(&side, 20);
	for (unsigned i = 0; i < 20; i++) {
		CU_ASSERT_EQUAL(side.answers[i].times, 1);
		CU_ASSERT_EQUAL(side.answers[i].status, ANSWER_OK);
	}
	asked = side.board.metrics[METRIC_QUESTIONS];
	CU_ASSERT_EQUAL(asked, 5);	/* MX, and two for each host */
	close_side(&side);
}

static void
answers_for_a_scheduler_that_left_go_nowhere(void)
{
	struct side side = { .count = 0 };

	open_side(&side, "timeout 5s");
	ask(&side, 1, QUESTION_MX, "lost.example.org");
	ask(&side, 2, QUESTION_MX, "no name at all");	/* answered at once */
	wait_for(&side, 1);
	resolver_orphaned(&side.resolver);
	side.resolver.scheduler = side.near;	/* the next one */
	ask(&side, 3, QUESTION_MX, "plain.test");
	wait_for(&side, 2);
	CU_ASSERT_EQUAL(side.answers[1].times, 0);
	CU_ASSERT_EQUAL(side.answers[3].status, ANSWER_OK);
	close_side(&side);
}

const struct unit_test question_tests[] = {
	UNIT(a_question_is_answered_once_and_right),
	UNIT(an_answer_in_which_something_is_missing_is_asked_for_again_soon),
	UNIT(the_same_question_is_asked_once_for_all),
	UNIT(answers_for_a_scheduler_that_left_go_nowhere),
	UNIT_END
};
