/* SPDX-License-Identifier: ISC
 *
 * scheduler.c - the parts of the scheduler, put together.
 */
#include "scheduler/scheduler.h"

#include "base/crash.h"
#include "base/log.h"
#include "base/mem.h"
#include "scheduler/astray.h"
#include "scheduler/control.h"
#include "scheduler/deadline.h"
#include "scheduler/rates_file.h"
#include "spool/edition.h"
#include "spool/first_edition.h"

#include <fcntl.h>
#include <unistd.h>

enum {
	SECOND = 1000,
	DISCOVER_EVERY = 60,	/* seconds between looks at the directories */
	LOOK_AFTER = 10,	/* seconds between looks at the segments */
	CLOCK_STEP = 60		/* a wall clock that is further off jumped */
};

msec_t
scheduler_now(const struct scheduler *s)
{
	return loop_now(s->loop);
}

usec_t
scheduler_wall(const struct scheduler *s)
{
	return s->wall_base + loop_now(s->loop) * 1000;
}

void
scheduler_ask(struct scheduler *s)
{
	turn_hook_ask(s->hook);
}

/* ---- a turn ------------------------------------------------------------------------- */

static void
show_numbers(struct scheduler *s)
{
	struct board_row *row = s->board;

	for (int c = 0; c < CLASS_COUNT; c++) {
		uint64_t sum = 0;

		for (int i = 0; i < COUNT_STATES; i++)
			sum += s->queue.counts[c][i];
		board_set(row, METRIC_QUEUED_URGENT + c, sum);
	}
	board_set(row, METRIC_IN_MEMORY, s->queue.entries);
	board_set(row, METRIC_IN_INDEX, s->window.index == NULL ? 0 :
	    index_count(s->window.index));
	board_set(row, METRIC_IN_FLIGHT, s->dispatch.flying);
	board_set(row, METRIC_SITES, s->queue.sites.count);
	board_set(row, METRIC_SEGMENTS, s->segments.by_name.count);
	board_set(row, METRIC_CORRUPT, s->ward.sum.corrupt);
	board_set(row, METRIC_UNREADABLE, s->ward.sum.unreadable);
	board_set(row, METRIC_UNKEPT, s->ward.sum.unkept);
	board_set(row, METRIC_NEWER, s->ward.sum.newer);
}

static void
check_drained(struct scheduler *s)
{
	if (!s->draining || s->drained == NULL || s->dispatch.flying > 0 ||
	    commit_pending(s->reports.committer) > 0)
		return;
	s->drained(s->owner);
	s->drained = NULL;
}

/* A site whose rest ends and a deadline are what no frame tells. */
static void
set_wake(struct scheduler *s)
{
	msec_t wake = queue_next_wake(&s->queue);
	msec_t deadline = deadlines_next(s);
	msec_t listen = dispatch_next_listen(s);
	msec_t now = scheduler_now(s);

	if (deadline < wake)
		wake = deadline;
	if (listen < wake)
		wake = listen;
	if (wake == MSEC_NEVER) {
		timer_stop(s->wake);
		return;
	}
	timer_set(s->wake, wake > now ? wake - now : 1);
}

/* The order matters: what has ended is written down before new work is
 * given out, and the index follows at the end. */
static void
turn(void *owner)
{
	struct scheduler *s = owner;
	msec_t now = scheduler_now(s);
	bool more;

	more = discover_work(s);
	more |= intake_work(s);
	segments_flush(s);
	queue_wake(&s->queue, now);
	deadlines_work(s);
	more |= astray_work(s);
	more |= window_work(s);
	more |= names_work(s);
	more |= ward_work(s);
	more |= dispatch_work(s);
	reports_work(s);
	segments_flush(s);
	more |= compact_work(s);
	window_flush(s);
	rates_work(s);
	pressure_look(s);
	check_drained(s);
	set_wake(s);
	if (more)
		timer_set(s->again, 0);
}

static void
again(void *owner)
{
	scheduler_ask(owner);
}

/* ---- the clock ------------------------------------------------------------------------ */

usec_t
scheduler_clock_off(const struct scheduler *s)
{
	return clock_wall() - clock_mono_usec() - s->wall_base;
}

/*
 * Wall time is the monotonic clock and a base.  The base follows the
 * machine's clock in small steps; when that jumps, ages and due times of
 * this life go on as if it had not.
 */
static void
follow_clock(struct scheduler *s)
{
	usec_t off = scheduler_clock_off(s);

	if (off < CLOCK_STEP * 1000000LL && off > -CLOCK_STEP * 1000000LL) {
		s->wall_base += off;
		s->clock_told = false;
		return;
	}
	if (!s->clock_told)
		log_warn("the clock jumped by %lld seconds: the queue goes "
		    "on by the time before", (long long)(off / 1000000));
	s->clock_told = true;
}

static void
second(void *owner)
{
	struct scheduler *s = owner;

	timer_set(s->second, SECOND);
	follow_clock(s);
	window_care(s);
	pauses_care(s);
	deaths_care(s);
	ward_care(s);
	compact_care(s);
	disk_care(s);
	show_numbers(s);
	if (++s->seconds % LOOK_AFTER == 0) {
		intake_look_after(s);
		routes_sweep(s);
	}
	if (s->seconds % DISCOVER_EVERY == 0)
		discover_want(s);
	outages_care(s);
	scheduler_ask(s);
}

/* ---- birth and end ------------------------------------------------------------------------ */

/* ROOT carries the master's lock on the spool, which is held as long as any
 * process has the descriptor: a tool, or another relay, is kept away. */
static bool
open_spool(struct scheduler *s, int root, struct err *err)
{
	int fd = fcntl(root, F_DUPFD_CLOEXEC, 0);

	if (fd == -1)
		return err_sys(err, "use", "the spool's descriptor");
	if (!spool_dirs_open_at(&s->dirs, fd, s->conf->spool, err)) {
		close(fd);
		return false;
	}
	return true;
}

/*
 * Before anything of the spool is read.  Copies that a former version left in
 * it are settled first, and only then the spool is marked as ours; without
 * the mark that is done again at the next start.
 */
static bool
settle_edition(struct scheduler *s, struct err *err)
{
	unsigned edition;
	uint64_t copies;
	struct err why;

	if (!edition_read(s->dirs.root, &edition, err))
		return err_prefix(err, "spool %s", s->dirs.path);
	if (edition == SPOOL_EDITION)
		return true;
	if (!first_edition_settle(&s->dirs, SCHEDULER_SLOT,
	    s->conf->large_bytes, &copies, err))
		return err_prefix(err, "copies that a former version made "
		    "cannot be settled");
	if (copies > 0)
		log_info("%llu copies that a former version made are settled",
		    (unsigned long long)copies);
	CRASH_POINT("settle-done");
	if (!edition_write(s->dirs.root, &why))
		log_warn("the spool's edition cannot be noted: %s", why.text);
	return true;
}

static void
init_parts(struct scheduler *s)
{
	s->hook = turn_hook_new(s->loop, turn, s);
	s->again = timer_new(s->loop, again, s);
	s->wake = timer_new(s->loop, again, s);
	s->second = timer_new(s->loop, second, s);
	list_init(&s->walks);
	queue_init(&s->queue);
	s->queue.large = s->conf->large_bytes;
	senders_apply(&s->queue, s->conf, scheduler_now(s));
	segments_init(s);
	intake_init(s);
	routes_init(s);
	dispatch_init(s);
	skips_init(s);
	list_init(&s->attentions);
	reports_init(s);
	window_init(s);
	ward_init(s);
	pauses_init(s);
}

static bool
start_parts(struct scheduler *s, struct err *err)
{
	if (!segments_start(s, err) || !reports_start(s, err) ||
	    !ward_start(s, err))
		return false;
	pauses_load(s);
	outages_load(s);
	rates_load(s);
	disk_care(s);
	window_open(s);
	return discover_start(s, err);
}

struct scheduler *
scheduler_new(struct loop *loop, const struct conf *conf, int root,
    struct board_row *board, const struct board *all, struct err *err)
{
	struct scheduler *s = mem_new(struct scheduler);

	s->loop = loop;
	s->conf = conf;
	s->board = board;
	s->all = all;
	s->wall_base = clock_wall() - clock_mono_usec();
	if (!open_spool(s, root, err)) {
		mem_free(s);
		return NULL;
	}
	if (!settle_edition(s, err)) {
		spool_dirs_close(&s->dirs);
		mem_free(s);
		return NULL;
	}
	init_parts(s);
	if (!start_parts(s, err)) {
		scheduler_free(&s);
		return NULL;
	}
	timer_set(s->second, SECOND);
	return s;
}

void
scheduler_free(struct scheduler **scheduler)
{
	struct scheduler *s = *scheduler;

	control_free(&s->control);
	rates_save(s);
	compact_stop(s);
	ward_fini(s);
	reports_fini(s);
	window_close(s);
	discover_fini(s);
	segments_fini(s);
	attention_forget_all(s);
	routes_fini(s);
	queue_fini(&s->queue);
	dispatch_fini(s);
	skips_fini(s);
	pauses_fini(s);
	timer_free(&s->again);
	timer_free(&s->wake);
	timer_free(&s->second);
	turn_hook_free(&s->hook);
	spool_dirs_close(&s->dirs);
	mem_free(s);
	*scheduler = NULL;
}

void
scheduler_reload(struct scheduler *s, const struct conf *conf)
{
	const struct conf *old = s->conf;

	s->conf = conf;
	s->queue.large = conf->large_bytes;
	routes_reload(s, old);
	senders_apply(&s->queue, conf, scheduler_now(s));
	window_reload(s);
	scheduler_ask(s);
}

void
scheduler_drain(struct scheduler *s, void (*drained)(void *owner),
    void *owner)
{
	s->draining = true;
	s->drained = drained;
	s->owner = owner;
	scheduler_ask(s);
}
