/* SPDX-License-Identifier: ISC
 *
 * kept.c - writers hear when it is on stable storage where a segment ends.
 */
#include "scheduler/kept.h"

#include "scheduler/scheduler.h"

void
kept_tell(struct scheduler *s, struct segment_name name)
{
	struct channel *channel = name.slot < RECEIVERS_MOST ?
	    s->pressure.receivers[name.slot] : NULL;
	struct frame frame = { .kind = FRAME_KEPT, .fd = -1,
		.kept = { .klass = name.klass, .slot = name.slot,
		    .sequence = name.sequence } };

	if (name.slot == SCHEDULER_SLOT && s->reports.committer != NULL)
		commit_kept(s->reports.committer, name);
	else if (channel != NULL)
		channel_send(channel, &frame);
}

void
kept_look(struct scheduler *s, struct segment *segment)
{
	if (!segment->awaited || segment->end_put == 0 ||
	    journal_durable(&segment->journal) < segment->end_put)
		return;
	segment->awaited = false;
	kept_tell(s, segment->name);
}

void
kept_want(struct scheduler *s, struct segment *segment)
{
	segment->awaited = true;
	kept_look(s, segment);
}
