/* SPDX-License-Identifier: ISC
 *
 * drain.c - leaving in good order.
 *
 * First those who take mail in, then those who carry it out, and the
 * scheduler last, so that it hears what became of everything under way.
 * Each stage has its time; who has not left by then is killed, which costs
 * no mail.
 */
#include "master/drain.h"
#include "master/children.h"
#include "master/listen.h"

#include "base/log.h"

static const struct {
	msec_t limit;
	enum role roles[2];
	unsigned count;
} stages[STAGE_END] = {
	[STAGE_RECEIVERS] = { 10 * MSEC_SECOND, { ROLE_RECEIVER }, 1 },
	[STAGE_DELIVERERS] = { 15 * MSEC_SECOND, { ROLE_DELIVERER }, 1 },
	[STAGE_REST] = { 10 * MSEC_SECOND, { ROLE_SCHEDULER, ROLE_RESOLVER },
	    2 },
};

/* However fast a test lets the time run. */
static const msec_t limit_least = 3 * MSEC_SECOND;

static unsigned
alive(const struct master *master)
{
	unsigned count = 0;

	for (unsigned i = 0; i < stages[master->stage].count; i++)
		count += children_alive(master,
		    stages[master->stage].roles[i]);
	return count;
}

static void
enter(struct master *master, enum stage stage)
{
	msec_t limit;

	master->stage = stage;
	if (stage == STAGE_END) {
		loop_stop(master->loop);
		return;
	}
	for (unsigned i = 0; i < stages[stage].count; i++)
		children_tell(master, stages[stage].roles[i],
		    &(struct frame){ .kind = FRAME_DRAIN, .fd = -1 });
	limit = conf_time(master->conf, stages[stage].limit);
	timer_set(master->stage_limit,
	    limit < limit_least ? limit_least : limit);
}

void
drain_step(struct master *master)
{
	while (master->stage != STAGE_NONE && master->stage != STAGE_END &&
	    alive(master) == 0)
		enter(master, master->stage + 1);
}

static void
stop_births(struct master *master)
{
	struct link *link = list_first(&master->children);

	for (; link != NULL; link = list_next(&master->children, link)) {
		struct child *child = list_item(link, struct child, link);

		if (child->pid == 0)
			timer_stop(child->timer);
	}
}

void
drain_begin(struct master *master, const char *why)
{
	if (master->stage != STAGE_NONE)
		return;
	log_info("stopping: %s", why);
	stop_births(master);
	listeners_close(&master->listeners, NULL);
	enter(master, STAGE_RECEIVERS);
	drain_step(master);
}

void
drain_limit(void *owner)
{
	struct master *master = owner;

	for (unsigned i = 0; i < stages[master->stage].count; i++)
		children_kill(master, stages[master->stage].roles[i]);
}
