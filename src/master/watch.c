/* SPDX-License-Identifier: ISC
 *
 * watch.c - the children looked at, all or all of one role.
 */
#include "master/children.h"

#include "base/log.h"

#include <signal.h>
#include <stdio.h>

enum {
	STUCK_WARN = 10 * 1000,	/* ms without a turn of its loop */
	STUCK_KILL = 60 * 1000
};

const char *
child_name(const struct child *child, char out[CHILD_NAME_SIZE])
{
	snprintf(out, CHILD_NAME_SIZE, "%s %u (process %d)",
	    role_name(child->role), child->number, (int)child->pid);
	return out;
}

void
children_watch(struct master *master)
{
	struct link *link = list_first(&master->children);
	msec_t now = clock_mono();

	for (; link != NULL; link = list_next(&master->children, link)) {
		struct child *child = list_item(link, struct child, link);
		msec_t beat = atomic_load(
		    &master->board->rows[child->place].beat);
		char name[CHILD_NAME_SIZE];

		if (child->pid == 0 || !child->ready ||
		    now - beat < STUCK_WARN) {
			child->stuck = false;
			continue;
		}
		if (!child->stuck)
			log_warn("%s has not answered for %d seconds",
			    child_name(child, name),
			    (int)((now - beat) / 1000));
		child->stuck = true;
		if (now - beat >= STUCK_KILL) {
			log_error("%s is stuck and is killed",
			    child_name(child, name));
			kill(child->pid, SIGKILL);
		}
	}
}

/* ---- all of a role ---------------------------------------------------------------- */

unsigned
children_alive(const struct master *master, enum role role)
{
	struct link *link = list_first(&master->children);
	unsigned count = 0;

	for (; link != NULL; link = list_next(&master->children, link)) {
		const struct child *child = list_item(link, struct child,
		    link);

		if (child->role == role && child->pid != 0)
			count++;
	}
	return count;
}

void
children_kill(struct master *master, enum role role)
{
	struct link *link = list_first(&master->children);

	for (; link != NULL; link = list_next(&master->children, link)) {
		struct child *child = list_item(link, struct child, link);
		char name[CHILD_NAME_SIZE];

		if (child->role != role || child->pid == 0)
			continue;
		log_warn("%s takes too long to leave and is killed",
		    child_name(child, name));
		kill(child->pid, SIGKILL);
	}
}

void
children_renew(struct master *master, enum role role)
{
	struct link *link = list_first(&master->children);

	for (; link != NULL; link = list_next(&master->children, link)) {
		struct child *child = list_item(link, struct child, link);

		if (child->role != role || child->channel == NULL)
			continue;	/* the next one is another anyhow */
		child->renewed = true;
		channel_send(child->channel, &(struct frame){
		    .kind = FRAME_DRAIN, .fd = -1 });
	}
}

void
children_tell(struct master *master, enum role role,
    const struct frame *frame)
{
	struct link *link = list_first(&master->children);

	for (; link != NULL; link = list_next(&master->children, link)) {
		struct child *child = list_item(link, struct child, link);

		if (child->role == role && child->channel != NULL)
			channel_send(child->channel, frame);
	}
}
