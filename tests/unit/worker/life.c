/* SPDX-License-Identifier: ISC
 *
 * life.c - tests of a child's life, with the test as its master.
 *
 * The child is forked and lives in worker_main(); what it saw it tells by
 * its log, which is a pipe here.
 */
#include "worker/worker.h"
#include "unit/worker/suites.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the child -------------------------------------------------------------- */

static int stray;		/* a descriptor that it must not inherit */
static bool fail_start;

static bool
prepare(struct worker *worker, struct err *err)
{
	(void)err;
	log_info("prepare number=%u uid=%d", worker->number, (int)getuid());
	return true;
}

static bool
start(struct worker *worker, struct err *err)
{
	struct stat st;
	struct rlimit core;

	getrlimit(RLIMIT_CORE, &core);
	log_info("start host=%s uid=%d gid=%d back=%d privs=%d core=%d "
	    "stray=%d tmp=%d key=%zu state=%s", worker->conf->hostname,
	    (int)getuid(), (int)getgid(), setuid(0) == 0,
	    prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), (int)core.rlim_cur,
	    fcntl(stray, F_GETFD) != -1, stat("/tmp", &st) == 0,
	    buf_length(&worker->key), (const char *)worker_state(worker));
	board_add(worker->board, METRIC_ACCEPTED, 1);
	if (fail_start)
		return err_set(err, ERR_CONFIG, "the test said so");
	return true;
}

static void
reload(struct worker *worker, const struct conf *old)
{
	log_info("reload from=%s to=%s", old->hostname,
	    worker->conf->hostname);
}

static void
drain(struct worker *worker)
{
	log_info("drain draining=%d", worker->draining);
	worker_done(worker);
}

static void
peer(struct worker *worker, struct channel *channel, enum role role,
    unsigned number)
{
	(void)worker;
	(void)channel;
	log_info("peer role=%s number=%u", role_name(role), number);
}

static void
on_frame(struct worker *worker, struct channel *channel,
    const struct frame *frame)
{
	(void)worker;
	log_info("frame %s from=%s", frame_name(frame->kind),
	    role_name(channel_peer(channel)));
}

static void
on_gone(struct worker *worker, struct channel *channel)
{
	(void)worker;
	log_info("gone %s", role_name(channel_peer(channel)));
}

static void
descriptor(struct worker *worker, const struct frame *frame)
{
	(void)worker;
	log_info("descriptor %s", frame_name(frame->kind));
	close(frame->fd);
}

static void __attribute__((noreturn))
be_child(enum role role, int fd)
{
	static char state[] = "mine";
	const struct worker_ops ops = { .prepare = prepare, .start = start,
	    .reload = reload, .drain = drain, .peer = peer,
	    .on_frame = on_frame, .on_gone = on_gone,
	    .descriptor = descriptor, .jailed = true };

	if (fd != WORKER_MASTER_FD)
		dup2(fd, WORKER_MASTER_FD);
	stray = fcntl(fd, F_DUPFD, 10);
	_exit(worker_main(role, &ops, state));
}

/* ---- the master -------------------------------------------------------------- */

static struct {
	struct loop *loop;
	struct channel *channel;
	pid_t pid;
	int log[2], board_fd;
	struct board *board;
	struct buf heard;	/* of the log */
	char spool[64];
	bool ready, gone, late;
	int logs_lost;
} m;

static void
from_child(void *owner, struct channel *channel, const struct frame *frame)
{
	(void)owner;
	(void)channel;
	if (frame->kind == FRAME_READY)
		m.ready = true;
	if (frame->kind == FRAME_LOG_LOST)
		m.logs_lost++;
	loop_stop(m.loop);
}

static void
child_gone(void *owner, struct channel *channel, const char *why)
{
	(void)owner;
	(void)channel;
	(void)why;
	m.channel = NULL;
	m.gone = true;
	loop_stop(m.loop);
}

static void
on_log(void *owner, unsigned ready)
{
	uint8_t text[4096];
	ssize_t n = read(m.log[0], text, sizeof text);

	(void)owner;
	(void)ready;
	if (n > 0)
		buf_append(&m.heard, text, (size_t)n);
	loop_stop(m.loop);
}

static void
too_late(void *owner)
{
	(void)owner;
	m.late = true;
	loop_stop(m.loop);
}

static bool
heard(const char *text)
{
	struct span all = buf_peek(&m.heard);

	return all.length > 0 &&
	    memmem(all.data, all.length, text, strlen(text)) != NULL;
}

/* Until the child's log says TEXT. */
static void
hear(const char *text)
{
	struct timer *limit = timer_new(m.loop, too_late, NULL);
	struct watch *watch = watch_new(m.loop, m.log[0], WATCH_READ, on_log,
	    NULL);

	m.late = false;
	timer_set(limit, 10000);
	while (!heard(text) && !m.late)
		loop_run(m.loop);
	CU_ASSERT_FALSE(m.late);
	if (m.late)
		fprintf(stderr, "no \"%s\" in:\n%.*s\n", text,
		    (int)buf_length(&m.heard),
		    (const char *)buf_peek(&m.heard).data);
	watch_free(&watch);
	timer_free(&limit);
}

static void
tell(const struct frame *frame)
{
	channel_send(m.channel, frame);
}

static void
tell_conf(const char *hostname)
{
	char text[512];

	snprintf(text, sizeof text, "hostname %s\nspool %s\n"
	    "control %s/control\nlog stderr\nuser nobody\n"
	    "listen 127.0.0.1:2525\n", hostname, m.spool, m.spool);
	tell(&(struct frame){ FRAME_CONF, -1, { .conf = { 3, span_of(text),
	    span_of("CERT"), span_of("KEY") } } });
}

static void
give_birth(enum role role)
{
	char path[128];
	struct err err;
	int fds[2];

	memset(&m, 0, sizeof m);
	m.loop = loop_new();
	buf_init(&m.heard, 1 << 20);
	snprintf(m.spool, sizeof m.spool, "/tmp/postrider-life-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(m.spool));
	snprintf(path, sizeof path, "%s/jail", m.spool);
	CU_ASSERT_EQUAL_FATAL(mkdir(path, 0755), 0);
	CU_ASSERT_EQUAL_FATAL(pipe2(m.log, O_CLOEXEC), 0);
	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX,
	    SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	m.board = board_make(&m.board_fd, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m.board);
	m.pid = fork();
	CU_ASSERT_NOT_EQUAL_FATAL(m.pid, -1);
	if (m.pid == 0)
		be_child(role, fds[1]);
	close(fds[1]);
	m.channel = channel_new(m.loop, fds[0], ROLE_MASTER, role, from_child,
	    child_gone, NULL);
	tell_conf("one.test");
	tell(&(struct frame){ FRAME_LOG, m.log[1], { .log = {
	    LOG_KIND_FILE } } });
	tell(&(struct frame){ FRAME_BOARD, m.board_fd, { .board = { 9 } } });
}

static int
bury(void)
{
	char path[128];
	int status = -1;

	channel_free(&m.channel);
	CU_ASSERT_EQUAL(waitpid(m.pid, &status, 0), m.pid);
	munmap(m.board, sizeof *m.board);
	close(m.board_fd);
	close(m.log[0]);
	close(m.log[1]);
	buf_fini(&m.heard);
	loop_free(&m.loop);
	snprintf(path, sizeof path, "%s/jail", m.spool);
	rmdir(path);
	rmdir(m.spool);
	CU_ASSERT_TRUE(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
go(void)
{
	tell(&(struct frame){ .kind = FRAME_GO, .fd = -1 });
	hear("start ");
}

static void
a_child_starts_works_reloads_and_drains(void)
{
	int pair[2];

	give_birth(ROLE_RECEIVER);
	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX,
	    SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	tell(&(struct frame){ FRAME_SPOOL, m.log[1], { .spool = { 0 } } });
	tell(&(struct frame){ FRAME_PEER, pair[0], { .peer = {
	    ROLE_SCHEDULER, 0 } } });
	go();
	hear("peer role=scheduler number=0");
	CU_ASSERT_TRUE(heard("postrider/receiver["));
	CU_ASSERT_TRUE(heard("descriptor spool"));
	CU_ASSERT_TRUE(heard("start host=one.test"));
	CU_ASSERT_TRUE(heard("prepare number=3"));
	CU_ASSERT_TRUE(heard(" back=0 privs=1 core=0 stray=0 "));
	CU_ASSERT_TRUE(heard(" key=3 state=mine"));
	CU_ASSERT_TRUE(heard(geteuid() == 0 ? " tmp=0 " : " tmp=1 "));
	CU_ASSERT_FALSE(geteuid() == 0 && heard("start host=one.test uid=0"));
	CU_ASSERT_EQUAL(m.board->rows[9].pid, m.pid);
	CU_ASSERT_EQUAL(m.board->rows[9].role, ROLE_RECEIVER);
	CU_ASSERT_EQUAL(m.board->rows[9].number, 3);
	CU_ASSERT_TRUE(m.board->rows[9].beat > 0);
	CU_ASSERT_EQUAL(board_sum(m.board, METRIC_ACCEPTED), 1);
	tell_conf("two.test");
	hear("reload from=one.test to=two.test");
	close(pair[0]);
	close(pair[1]);
	hear("gone scheduler");
	CU_ASSERT_TRUE(m.ready);
	tell(&(struct frame){ .kind = FRAME_DRAIN, .fd = -1 });
	hear("drain draining=1");
	CU_ASSERT_EQUAL(bury(), 0);
}

/* Until the child has asked for another log. */
static void
be_asked_for_a_log(void)
{
	struct timer *limit = timer_new(m.loop, too_late, NULL);

	m.late = false;
	timer_set(limit, 10000);
	while (m.logs_lost == 0 && !m.late)
		loop_run(m.loop);
	CU_ASSERT_FALSE(m.late);
	timer_free(&limit);
}

static void
a_child_whose_log_leads_nowhere_asks_for_another_and_loses_no_line(void)
{
	int ends[2];

	give_birth(ROLE_DELIVERER);
	go();
	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
	tell(&(struct frame){ FRAME_LOG, ends[1], { .log = {
	    LOG_KIND_SYSLOG } } });
	close(ends[0]);
	close(ends[1]);
	tell_conf("two.test");
	be_asked_for_a_log();
	CU_ASSERT_FALSE(heard("reload from"));
	tell(&(struct frame){ FRAME_LOG, m.log[1], { .log = {
	    LOG_KIND_FILE } } });
	hear("reload from=one.test to=two.test");
	tell(&(struct frame){ .kind = FRAME_DRAIN, .fd = -1 });
	hear("drain draining=1");
	CU_ASSERT_EQUAL(m.logs_lost, 1);
	CU_ASSERT_EQUAL(bury(), 0);
}

/* The peer lives, and the master would send no other. */
static void
a_child_that_cuts_its_peer_off_is_to_be_started_anew(void)
{
	static const uint8_t garbage[64] = { 0xff, 0xff, 0xff, 0xff, 0xff };
	int pair[2];

	give_birth(ROLE_RECEIVER);
	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX,
	    SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	tell(&(struct frame){ FRAME_PEER, pair[0], { .peer = {
	    ROLE_SCHEDULER, 0 } } });
	go();
	hear("peer role=scheduler number=0");
	CU_ASSERT_EQUAL(write(pair[1], garbage, sizeof garbage),
	    (ssize_t)sizeof garbage);
	hear("cannot go on with its peer: scheduler 0: ");
	close(pair[0]);
	close(pair[1]);
	CU_ASSERT_EQUAL(bury(), 70);
}

static void
a_child_without_a_master_finishes_and_leaves(void)
{
	give_birth(ROLE_DELIVERER);
	go();
	channel_free(&m.channel);
	hear("the master is gone");
	hear("drain draining=1");
	CU_ASSERT_EQUAL(bury(), 0);
}

static void
signals_of_the_terminal_do_not_end_a_child(void)
{
	static const int signals[] = { SIGINT, SIGHUP, SIGTERM, SIGUSR1,
	    SIGPIPE, SIGXFSZ };

	give_birth(ROLE_RESOLVER);
	go();
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		CU_ASSERT_EQUAL(kill(m.pid, signals[i]), 0);
	tell_conf("three.test");
	hear("to=three.test");
	tell(&(struct frame){ .kind = FRAME_DRAIN, .fd = -1 });
	hear("drain");
	CU_ASSERT_EQUAL(bury(), 0);
}

static void
a_start_that_fails_is_logged_and_ends_the_child(void)
{
	fail_start = true;
	give_birth(ROLE_DELIVERER);
	fail_start = false;
	go();
	hear("error: cannot start: the test said so");
	CU_ASSERT_FALSE(m.ready);
	CU_ASSERT_NOT_EQUAL(bury(), 0);
}

static void
what_the_master_answered_reaches_the_scheduler(void)
{
	give_birth(ROLE_SCHEDULER);
	go();
	tell(&(struct frame){ FRAME_RELOADED, -1, { .reloaded = { 1, 1,
	    { NULL, 0 } } } });
	hear("frame reloaded from=master");
	CU_ASSERT_EQUAL(bury(), 0);
}

static void
a_program_not_started_by_the_master_says_so(void)
{
	static const struct worker_ops ops;
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		close(WORKER_MASTER_FD);
		close(STDERR_FILENO);
		_exit(worker_main(ROLE_RESOLVER, &ops, NULL));
	}
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT_TRUE(WIFEXITED(status));
	CU_ASSERT_EQUAL(WEXITSTATUS(status), 64);
}

const struct unit_test life_tests[] = {
	UNIT(a_child_starts_works_reloads_and_drains),
	UNIT(a_child_whose_log_leads_nowhere_asks_for_another_and_loses_no_line),
	UNIT(a_child_that_cuts_its_peer_off_is_to_be_started_anew),
	UNIT(a_child_without_a_master_finishes_and_leaves),
	UNIT(signals_of_the_terminal_do_not_end_a_child),
	UNIT(a_start_that_fails_is_logged_and_ends_the_child),
	UNIT(what_the_master_answered_reaches_the_scheduler),
	UNIT(a_program_not_started_by_the_master_says_so),
	UNIT_END
};
