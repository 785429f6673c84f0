/* SPDX-License-Identifier: ISC
 *
 * worker.c - the life of a child: birth, work, drain, end.
 */
#include "worker/worker_inside.h"

#include "base/log.h"
#include "base/mem.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

enum {
	BEAT = 1000,		/* ms */
	ASK_AGAIN = 1000,	/* ms: for a log */
	ORPHAN_LIMIT = 10 * 1000	/* ms to finish without a master */
};

void *
worker_state(struct worker *worker)
{
	return ((struct life *)(void *)worker)->state;
}

void
worker_done(struct worker *worker)
{
	loop_stop(worker->loop);
}

void
worker_fail(struct life *life, const char *what, const struct err *err)
{
	log_error("cannot %s: %s", what, err->text);
	life->status = EX_SOFTWARE;
	loop_stop(life->worker.loop);
}

static void
on_beat(void *owner)
{
	struct life *life = owner;

	atomic_store_explicit(&life->worker.board->beat, clock_mono(),
	    memory_order_relaxed);
	timer_set(life->beat, BEAT);
}

/* Our row is ours alone: whoever had it before has gone. */
static void
sign_board(struct life *life)
{
	struct board_row *row = &life->board->rows[life->place];

	life->worker.all = life->board;
	life->worker.board = row;
	life->worker.urgent = &life->board->urgent;
	life->worker.crowd = &life->board->crowds[life->place];
	for (int i = 0; i < METRIC_COUNT; i++)
		board_set(row, (enum metric)i, 0);
	atomic_store(&row->role, (uint8_t)life->worker.role);
	atomic_store(&row->number, life->worker.number);
	atomic_store(&row->born, clock_wall());
	atomic_store(&row->pid, (int32_t)getpid());
	on_beat(life);
}

static bool
start(struct life *life, struct err *err)
{
	const struct worker_ops *ops = life->ops;
	struct worker *worker = &life->worker;

	if (worker->conf == NULL || life->board == NULL)
		return err_set(err, ERR_PEER, "the master forgot something");
	sign_board(life);
	if (ops->prepare != NULL && !ops->prepare(worker, err))
		return false;
	if (!worker_jail(worker, ops->jailed, err))
		return false;
	return ops->start == NULL || ops->start(worker, err);
}

void
worker_go(struct life *life)
{
	struct worker *worker = &life->worker;
	struct err err = { .text = "it gave no reason" };

	if (life->started)
		return;
	if (!start(life, &err)) {
		worker_fail(life, "start", &err);
		return;
	}
	life->started = true;
	channel_send(worker->master, &(struct frame){ .kind = FRAME_READY,
	    .fd = -1 });
	worker_peers_open(life);
}

void
worker_drain(struct life *life)
{
	struct worker *worker = &life->worker;

	if (worker->draining)
		return;
	worker->draining = true;
	if (life->started && life->ops->drain != NULL)
		life->ops->drain(worker);
	else
		worker_done(worker);
}

static void
on_log_lost(void *owner)
{
	struct life *life = owner;

	timer_set(life->log, 0);
}

/* The jail hides /dev/log. */
static void
ask_for_log(void *owner)
{
	struct life *life = owner;

	if (!log_is_lost() || life->worker.master == NULL)
		return;
	channel_send(life->worker.master, &(struct frame){
	    .kind = FRAME_LOG_LOST, .fd = -1 });
	timer_set(life->log, ASK_AGAIN);
}

static void
on_limit(void *owner)
{
	struct life *life = owner;

	log_warn("what was under way did not end in time");
	life->status = EX_TEMPFAIL;
	worker_done(&life->worker);
}

static void
on_master_gone(void *owner, struct channel *channel, const char *why)
{
	struct life *life = owner;

	(void)channel;
	life->worker.master = NULL;
	if (!life->worker.draining)
		log_warn("the master is gone (%s): finishing", why);
	timer_set(life->limit, ORPHAN_LIMIT);
	worker_drain(life);
}

/* The master tells when to leave.  Without it, TERM means: now. */
static void
on_term(void *owner, int signal)
{
	struct life *life = owner;

	(void)signal;
	if (life->worker.master == NULL)
		worker_done(&life->worker);
}

static void
live(struct life *life)
{
	struct worker *worker = &life->worker;

	list_init(&life->peers);
	buf_init(&worker->certificate, SIZE_MAX);
	buf_init(&worker->key, SIZE_MAX);
	worker->loop = loop_new();
	life->beat = timer_new(worker->loop, on_beat, life);
	life->limit = timer_new(worker->loop, on_limit, life);
	life->log = timer_new(worker->loop, ask_for_log, life);
	log_on_lost(on_log_lost, life);
	life->term = sigwatch_new(worker->loop, SIGTERM, on_term, life);
	worker->master = channel_new(worker->loop, WORKER_MASTER_FD,
	    worker->role, ROLE_MASTER, worker_frame, on_master_gone, life);
	loop_run(worker->loop);
}

/* The role has freed what is its own.  The log stays open to the end. */
static void
bury(struct life *life)
{
	struct worker *worker = &life->worker;

	if (worker->board != NULL)
		atomic_store(&worker->board->pid, 0);
	worker_peers_free(life);
	channel_free(&worker->master);
	sigwatch_free(&life->term);
	timer_free(&life->beat);
	timer_free(&life->limit);
	log_on_lost(NULL, NULL);
	timer_free(&life->log);
	if (life->board != NULL)
		munmap(life->board, sizeof *life->board);
	conf_free(&worker->conf);
	buf_fini(&worker->certificate);
	buf_fini(&worker->key);
	log_close();
}

int
worker_main(enum role role, const struct worker_ops *ops, void *state)
{
	static struct life life;

	if (fcntl(WORKER_MASTER_FD, F_GETFL) == -1) {
		fprintf(stderr, "postrider-%s is started by postriderd(8)\n",
		    role_name(role));
		return EX_USAGE;
	}
	life = (struct life){ .worker = { .role = role }, .ops = ops,
	    .state = state, .log_fd = -1, .spool_fd = -1, .status = EX_OK };
	worker_birth();
	live(&life);
	bury(&life);
	return life.status;
}
