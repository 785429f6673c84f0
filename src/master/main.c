/* SPDX-License-Identifier: ISC
 *
 * main.c - postriderd: the master process.
 */
#include "master/children.h"
#include "master/daemon.h"
#include "master/drain.h"
#include "master/house.h"
#include "master/listen.h"
#include "master/logbook.h"
#include "master/names.h"
#include "master/options.h"
#include "master/premises.h"
#include "master/reload.h"

#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

enum { BEAT = 1000, NOTICE_EVERY = 3600 * 1000 }; /* ms */

/* ---- what must work before the first child, in this order ------------------- */

static bool
bind_all(struct master *master, struct err *err)
{
	static const struct listeners none;

	if (master->listeners.count == 0 && !listeners_open(master->conf,
	    &none, &master->listeners, err))
		return false;
	return sockets_open(master, err);
}

/* Former children that have just let the spool go may hold the ports for a
 * moment longer: the kernel closes one thing after the other. */
static bool
bind_ports(struct master *master, struct err *err)
{
	enum { MOMENT = 1000, LOOK_AGAIN = 10 };
	const struct timespec pause = { 0, LOOK_AGAIN * 1000000L };
	msec_t until = clock_mono() + (master->waited ? MOMENT : 0);

	while (!bind_all(master, err)) {
		if (err->number != EADDRINUSE || clock_mono() >= until)
			return false;
		nanosleep(&pause, NULL);
	}
	return true;
}

static bool
make_board(struct master *master, struct err *err)
{
	master->board = board_make(&master->board_fd, err);
	return master->board != NULL;
}

static bool
go_behind(struct master *master, struct err *err)
{
	return master->foreground || daemon_start(&master->parent_fd, err);
}

static const struct step {
	bool (*run)(struct master *master, struct err *err);
	int status;		/* when it fails */
} steps[] = {
	{ logbook_open, EX_CANTCREAT },
	{ house_edition, EX_CONFIG },
	{ house_spool, EX_CANTCREAT },
	{ house_lock, EX_UNAVAILABLE },
	{ bind_ports, EX_UNAVAILABLE },
	{ make_board, EX_OSERR },
	{ go_behind, EX_OSERR },
};

/* On stderr for who started us, and in the log for who looks there. */
static void
complain(const struct master *master, const struct err *err)
{
	fprintf(stderr, "postriderd: %s\n", err->text);
	if (master->log_fd != -1 && master->log_kind != LOG_KIND_STDERR)
		log_error("%s", err->text);
}

static bool
load(struct master *master, struct conf_told *told)
{
	master->conf = premises_read(
	    master->conf_path, &master->certificate, &master->key, told);
	return master->conf != NULL;
}

/* EX_OK, or why not. */
static int
prepare(struct master *master)
{
	struct conf_told told = CONF_TOLD_NOTHING;
	int status = load(master, &told) ? EX_OK : EX_CONFIG;
	struct err err;

	premises_print(&told, stderr);
	for (size_t i = 0;
	     status == EX_OK && i < sizeof steps / sizeof steps[0]; i++) {
		if (!steps[i].run(master, &err)) {
			complain(master, &err);
			status = steps[i].status;
		} else if (steps[i].run == logbook_open &&
		    master->log_kind != LOG_KIND_STDERR) {
			premises_log(&told);
		}
	}
	conf_told_clear(&told);
	return status;
}

/* As much of it as changes nothing. */
static int
check_only(struct master *master)
{
	struct conf_told told = CONF_TOLD_NOTHING;
	bool good;

	if (load(master, &told))
		premises_check_spool(master->conf, master->conf_path, &told);
	premises_print(&told, stderr);
	good = told.mistakes == 0;
	if (good)
		printf("%s: ok\n", master->conf_path);
	conf_told_clear(&told);
	return good ? EX_OK : EX_CONFIG;
}

/* ---- life --------------------------------------------------------------------- */

static void
on_signal(void *owner, int signal)
{
	struct master *master = owner;

	switch (signal) {
	case SIGCHLD:
		children_reap(master);
		break;
	case SIGHUP:
		reload(master, NULL, 0);
		break;
	case SIGUSR1:
		logbook_again(master, NULL, 0);
		break;
	default:
		drain_begin(master, strsignal(signal));
		break;
	}
}

/* One that was good when it was read ends while the relay runs. */
static void
look_at_certificate(struct master *master)
{
	char text[PREMISES_TEXT];
	enum premises_term term = premises_certificate(master->conf,
	    buf_peek(&master->certificate), text);

	if (master->notice_due != 0 && (int)term > master->term)
		log_warn("%s", text);
	master->term = (int)term;
}

static void
on_beat(void *owner)
{
	struct master *master = owner;

	atomic_store(&master->board->rows[0].beat, clock_mono());
	children_watch(master);
	logbook_look(master);
	if (master->stage == STAGE_NONE)
		names_look(master);
	timer_set(master->beat, BEAT);
	/* /tmp is swept, and whoever is at work there may sweep too */
	if (clock_mono() >= master->notice_due) {
		house_notice(master);
		look_at_certificate(master);
		master->notice_due = clock_mono() + NOTICE_EVERY;
	}
}

static void
sign_board(struct master *master)
{
	struct board_row *row = &master->board->rows[0];

	atomic_store(&row->role, (uint8_t)ROLE_MASTER);
	atomic_store(&row->born, clock_wall());
	atomic_store(&row->pid, (int32_t)getpid());
}

static void
live(struct master *master)
{
	static const int signals[] = { SIGCHLD, SIGHUP, SIGUSR1, SIGTERM,
	    SIGINT };
	enum { SIGNALS = sizeof signals / sizeof signals[0] };
	struct sigwatch *watches[SIGNALS];

	master->loop = loop_new();
	master->beat = timer_new(master->loop, on_beat, master);
	master->stage_limit = timer_new(master->loop, drain_limit, master);
	for (int i = 0; i < SIGNALS; i++)
		watches[i] = sigwatch_new(master->loop, signals[i], on_signal,
		    master);
	sign_board(master);
	on_beat(master);
	children_balance(master);
	if (master->stage != STAGE_END)
		loop_run(master->loop);
	children_free(master);
	for (int i = 0; i < SIGNALS; i++)
		sigwatch_free(&watches[i]);
	timer_free(&master->beat);
	timer_free(&master->stage_limit);
	loop_free(&master->loop);
}

static void
leave(struct master *master)
{
	logbook_close(master);
	if (master->conf != NULL)
		sockets_remove(master);
	if (master->notice_fd != -1)
		conf_notice_remove(master->conf_names);
	listeners_close(&master->listeners, NULL);
	if (master->board != NULL)
		munmap(master->board, sizeof *master->board);
	conf_free(&master->conf);
	buf_fini(&master->certificate);
	buf_fini(&master->key);
}

int
main(int argc, char **argv)
{
	static struct master master = { .control_fd = -1,
		.submit_fd = -1,
		.notice_fd = -1,
		.log_fd = -1,
		.spool_fd = -1,
		.lock_fd = -1,
		.board_fd = -1,
		.parent_fd = -1 };
	struct options options;
	struct err err;

	options_read(argc, argv, &options);
	master.conf_path = options.conf_path;
	master.foreground = options.foreground;
	conf_notice_names(options.conf_path, master.conf_names);
	list_init(&master.children);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	umask(022);
	if (!daemon_stdio(&err))
		return EX_OSERR;
	if (options.test_only)
		master.status = check_only(&master);
	else {
		master.status = prepare(&master);
		if (master.status == EX_OK) {
			if (master.log_kind != LOG_KIND_STDERR)
				log_errors_to(STDERR_FILENO, "postriderd");
			live(&master);
			log_info("stopped");
		}
	}
	leave(&master);
	for (int i = 0; i < CONF_NOTICE_NAMES; i++)
		mem_free(master.conf_names[i]);
	mem_free(options.conf_path);
	return master.status;
}
