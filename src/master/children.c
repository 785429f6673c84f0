/* SPDX-License-Identifier: ISC
 *
 * children.c - the processes that the master looks after.
 *
 * A child that dies is started anew, after a pause that grows while it dies
 * young.  Only before all were ready once, a child that says by its status
 * that it cannot start ends everything: the operator is still looking.
 */
#include "master/children.h"
#include "master/daemon.h"
#include "master/drain.h"
#include "master/logbook.h"
#include "master/reload.h"
#include "master/spawn.h"

#include "base/log.h"
#include "base/mem.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

enum {
	PAUSE_LEAST = 100,	/* ms before a child is started anew */
	PAUSE_MOST = 30 * 1000,
	PAUSE_APART = 1000,	/* dying is what that one is for */
	GROWN_UP = 60 * 1000,	/* died later: it was no fault of its start */
	LAST_BREATH = 5 * 1000	/* from the end of its channel to its death */
};

/* ---- frames ---------------------------------------------------------------- */

static void
on_ready(struct master *master, struct child *child)
{
	struct link *link = list_first(&master->children);

	child->ready = true;
	if (master->ready || master->stage != STAGE_NONE)
		return;
	for (; link != NULL; link = list_next(&master->children, link))
		if (!list_item(link, struct child, link)->ready)
			return;
	master->ready = true;
	log_errors_to(-1, NULL);	/* who started us has seen enough */
	if (master->parent_fd != -1) {
		daemon_quiet();
		(void)!write(master->parent_fd, "r", 1);
		close(master->parent_fd);
		master->parent_fd = -1;
	}
	log_info("ready: %zu processes, %zu listening addresses, spool %s",
	    master->children.count, master->listeners.count,
	    master->conf->spool);
}

static void
on_frame(void *owner, struct channel *channel, const struct frame *frame)
{
	struct child *child = owner;

	(void)channel;
	switch (frame->kind) {
	case FRAME_READY:
		on_ready(child->master, child);
		break;
	case FRAME_LOG_LOST:
		logbook_lost(child->master);
		break;
	case FRAME_ASK_LOG:
		logbook_again(child->master, child, frame->ask.token);
		break;
	case FRAME_ASK_RELOAD:
		reload(child->master, child, frame->ask.token);
		break;
	case FRAME_ASK_STOP:
		drain_begin(child->master, "it was asked to");
		break;
	case FRAME_ASK_APART:
		child->master->apart = frame->ask.token != 0;
		children_balance(child->master);
		break;
	default:	/* frame_may() lets nothing else through */
		break;
	}
}

static void
on_gone(void *owner, struct channel *channel, const char *why)
{
	struct child *child = owner;
	char name[CHILD_NAME_SIZE];

	(void)channel;
	child->channel = NULL;
	if (strcmp(why, CHANNEL_GONE) == 0) {
		timer_set(child->timer, LAST_BREATH);
		return;
	}
	log_error("%s broke the rules and is killed: %s",
	    child_name(child, name), why);
	kill(child->pid, SIGKILL);
}

/* ---- birth ------------------------------------------------------------------- */

static bool
is_apart(enum role role, unsigned number)
{
	return role == ROLE_DELIVERER && number == DELIVERER_APART;
}

static void
start_later(struct child *child)
{
	msec_t lived = loop_now(child->master->loop) - child->born;
	msec_t most = is_apart(child->role, child->number) ? PAUSE_APART :
	    PAUSE_MOST;

	if (child->pause == 0 || lived >= GROWN_UP)
		child->pause = PAUSE_LEAST;
	else if (child->pause * 2 < most)
		child->pause *= 2;
	else
		child->pause = most;
	timer_set(child->timer, child->pause);
}

static int
last_words(const struct master *master)
{
	if (master->foreground)
		return STDERR_FILENO;
	return master->log_kind == LOG_KIND_FILE ? master->log_fd : -1;
}

static void
start(struct child *child)
{
	struct master *master = child->master;
	struct err err;
	int fd;

	/* A new scheduler knows of none until it asks. */
	if (child->role == ROLE_SCHEDULER)
		master->apart = false;
	child->born = loop_now(master->loop);
	child->ready = child->stuck = child->renewed = false;
	if (!spawn(child->role, last_words(master), &child->pid, &fd,
	    &err)) {
		log_error("%s", err.text);
		child->pid = 0;
		if (!master->ready) {
			master->status = EX_OSERR;
			drain_begin(master, "a process cannot be started");
		} else
			start_later(child);
		return;
	}
	child->channel = channel_new(master->loop, fd, ROLE_MASTER,
	    child->role, on_frame, on_gone, child);
	introduce(master, child);
}

static void
on_timer(void *owner)
{
	struct child *child = owner;
	char name[CHILD_NAME_SIZE];

	if (child->pid == 0) {
		start(child);
		return;
	}
	log_error("%s does not leave and is killed", child_name(child, name));
	kill(child->pid, SIGKILL);
}

/* A row of the board that nobody has; the first one is the master's. */
static uint32_t
free_place(const struct master *master)
{
	bool taken[BOARD_ROWS] = { [0] = true };
	struct link *link = list_first(&master->children);

	for (; link != NULL; link = list_next(&master->children, link))
		taken[list_item(link, struct child, link)->place] = true;
	for (uint32_t i = 1; i < BOARD_ROWS; i++)
		if (!taken[i])
			return i;
	return 0;
}

static void
add(struct master *master, enum role role, unsigned number)
{
	uint32_t place = free_place(master);
	struct child *child;

	if (place == 0) {
		log_error("no more than %d processes can be looked after: "
		    "%s %u is not started", BOARD_ROWS - 1, role_name(role),
		    number);
		return;
	}
	child = mem_new(struct child);
	child->master = master;
	child->role = role;
	child->number = number;
	child->place = place;
	child->timer = timer_new(master->loop, on_timer, child);
	list_append(&master->children, &child->link);
	start(child);
}

static void
drop(struct child *child)
{
	list_remove(&child->master->children, &child->link);
	timer_free(&child->timer);
	channel_free(&child->channel);
	mem_free(child);
}

/* ---- as many as are wanted ----------------------------------------------------- */

static unsigned
wanted(const struct conf *conf, enum role role)
{
	switch (role) {
	case ROLE_RECEIVER:
		return conf->receivers;
	case ROLE_DELIVERER:
		return conf->deliverers;
	default:
		return 1;
	}
}

static bool
has(const struct master *master, enum role role, unsigned number)
{
	struct link *link = list_first(&master->children);

	for (; link != NULL; link = list_next(&master->children, link)) {
		const struct child *child = list_item(link, struct child,
		    link);

		if (child->role == role && child->number == number)
			return true;
	}
	return false;
}

static void
retire_beyond(struct master *master, enum role role, unsigned count)
{
	struct link *link = list_first(&master->children), *next;

	for (; link != NULL; link = next) {
		struct child *child = list_item(link, struct child, link);

		next = list_next(&master->children, link);
		if (child->role != role || child->number < count ||
		    child->retired || (master->apart &&
		    is_apart(role, child->number)))
			continue;
		child->retired = true;
		if (child->channel != NULL)
			channel_send(child->channel, &(struct frame){
			    .kind = FRAME_DRAIN, .fd = -1 });
		else if (child->pid == 0)
			drop(child);
	}
}

void
children_balance(struct master *master)
{
	static const enum role order[] = { ROLE_SCHEDULER, ROLE_RESOLVER,
	    ROLE_DELIVERER, ROLE_RECEIVER };

	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
		unsigned count = wanted(master->conf, order[i]);

		retire_beyond(master, order[i], count);
		for (unsigned number = 0; number < count &&
		    master->stage == STAGE_NONE; number++)
			if (!has(master, order[i], number))
				add(master, order[i], number);
	}
	if (master->apart && master->stage == STAGE_NONE &&
	    !has(master, ROLE_DELIVERER, DELIVERER_APART))
		add(master, ROLE_DELIVERER, DELIVERER_APART);
}

/* ---- death ---------------------------------------------------------------------- */

static void
log_death(const struct child *child, int status)
{
	bool expected = child->retired || child->renewed ||
	    child->master->stage != STAGE_NONE;
	char name[CHILD_NAME_SIZE];

	child_name(child, name);
	if (WIFSIGNALED(status))
		log_error("%s was killed by signal %d (%s)%s", name,
		    WTERMSIG(status), strsignal(WTERMSIG(status)),
		    WCOREDUMP(status) ? ", core dumped" : "");
	else if (WEXITSTATUS(status) != 0)
		log_error("%s ended with status %d", name,
		    WEXITSTATUS(status));
	else if (!expected)
		log_warn("%s ended though nobody asked it to", name);
}

static void
bury(struct child *child, int status)
{
	struct master *master = child->master;

	log_death(child, status);
	board_clear(master->board, child->place);
	channel_free(&child->channel);
	timer_stop(child->timer);
	child->pid = 0;
	if (child->retired)
		drop(child);
	else if (child->renewed && status == 0 &&
	    master->stage == STAGE_NONE)
		timer_set(child->timer, 0);
	else if (master->stage == STAGE_NONE && !master->ready &&
	    !child->ready && WIFEXITED(status) && WEXITSTATUS(status) != 0) {
		master->status = EX_SOFTWARE;
		drain_begin(master, "a process cannot start");
	} else if (master->stage == STAGE_NONE)
		start_later(child);
}

void
children_reap(struct master *master)
{
	struct link *link = list_first(&master->children), *next;
	int status;

	for (; link != NULL; link = next) {
		struct child *child = list_item(link, struct child, link);

		next = list_next(&master->children, link);
		if (child->pid != 0 &&
		    waitpid(child->pid, &status, WNOHANG) == child->pid)
			bury(child, status);
	}
	/* One that was retired may be wanted again by now: its successor
	 * waited, for two must never have one number. */
	if (master->stage == STAGE_NONE)
		children_balance(master);
	drain_step(master);
}

void
children_free(struct master *master)
{
	struct link *link;

	while ((link = list_first(&master->children)) != NULL)
		drop(list_item(link, struct child, link));
}
