/* SPDX-License-Identifier: ISC
 *
 * flow.c - how many connections a site lets us have.
 */
#include "scheduler/flow.h"

enum {
	LEAST_FORGETS = 64,	/* an answer raises the least by its 64th */
	JITTER_MS = 50		/* what a transaction may vary by */
};

void
flow_reset(struct flow *flow)
{
	*flow = (struct flow){ .most = flow->most, .window = flow->most,
	    .goal = flow->most, .shrunk = -1 };
}

void
flow_limit(struct flow *flow, unsigned most)
{
	if (flow->window == flow->most || flow->window > most)
		flow->window = most;
	if (flow->goal == flow->most || flow->goal > most)
		flow->goal = most;
	flow->most = most;
}

/* The window is narrow since we are careful, not since the site said so:
 * then it is the goal. */
unsigned
flow_beside(const struct flow *flow)
{
	unsigned half = (flow->goal + 1) / 2;

	if (flow->window >= flow->goal)
		return 0;
	return half < flow->goal - flow->window ? half :
	    flow->goal - flow->window;
}

static void
shrink(struct flow *flow, unsigned window, msec_t now)
{
	flow->window = window > 1 ? window : 1;
	flow->gained = 0;
	flow->shrunk = now;
}

/* ---- growth ------------------------------------------------------------------- */

static void
note_time(struct flow *flow, unsigned took)
{
	flow->took_ms = (flow->took_ms * 7 + took) / 8;
	if (took == 0)
		return;
	flow->least_ms += flow->least_ms / LEAST_FORGETS + 1;
	if (flow->least_ms > took || flow->least_ms == 1)
		flow->least_ms = took;
}

/* More connections would only wait for one another. */
static bool
is_crowded(const struct flow *flow)
{
	return flow->took_ms > 2 * flow->least_ms + JITTER_MS;
}

void
flow_answered(struct flow *flow, unsigned took, msec_t sent, msec_t now)
{
	note_time(flow, took);
	if (flow->window >= flow->most || sent <= flow->shrunk ||
	    now < flow->held || is_crowded(flow))
		return;
	if (flow->window >= flow->goal && ++flow->gained < flow->window)
		return;
	flow->window++;
	flow->gained = 0;
}

/* ---- shrinking ---------------------------------------------------------------- */

bool
flow_strained(struct flow *flow, msec_t sent, msec_t now, msec_t hold)
{
	if (sent <= flow->shrunk)
		return false;
	shrink(flow, flow->window / 2, now);
	flow->goal = flow->window;
	flow->held = now + hold;
	return true;
}

void
flow_room(struct flow *flow, unsigned room, msec_t now, msec_t hold)
{
	if (room < flow->window)
		shrink(flow, room, now);
	if (flow->goal > room)
		flow->goal = room > flow->window ? room : flow->window;
	flow->held = now + hold;
}

void
flow_failed(struct flow *flow, msec_t now)
{
	if (flow->window > 1)
		flow->goal = flow->window / 2;
	shrink(flow, 1, now);
}
