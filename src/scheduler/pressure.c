/* SPDX-License-Identifier: ISC
 *
 * pressure.c - a queue that gets too long tells the receivers.
 */
#include "scheduler/pressure.h"

#include "base/log.h"
#include "scheduler/scheduler.h"

static void
tell(const struct pressure *pressure, struct channel *channel)
{
	struct frame frame = { .kind = FRAME_PRESSURE, .fd = -1 };

	for (unsigned c = 0; c < CLASS_COUNT; c++) {
		if (pressure->level[c] == MARK_SLOW)
			frame.pressure.slow |= (uint8_t)(1U << c);
		if (pressure->level[c] == MARK_REFUSE)
			frame.pressure.refuse |= (uint8_t)(1U << c);
	}
	channel_send(channel, &frame);
}

void
pressure_receiver(struct scheduler *s, unsigned number,
    struct channel *channel)
{
	if (number >= RECEIVERS_MOST)
		return;
	s->pressure.receivers[number] = channel;
	if (channel != NULL)
		tell(&s->pressure, channel);
}

static uint64_t
queue_length(const struct queue *queue)
{
	uint64_t sum = 0;

	for (int c = 0; c < CLASS_COUNT; c++)
		for (int i = 0; i < COUNT_STATES; i++)
			sum += queue->counts[c][i];
	return sum;
}

/* True: the level of KLASS changed. */
static bool
look_at_class(struct scheduler *s, enum mail_class klass, uint64_t length,
    uint64_t mark)
{
	static const char *const what[] = {
		[MARK_NONE] = "taken as ever",
		[MARK_SLOW] = "slowed down",
		[MARK_REFUSE] = "not taken",
	};
	uint8_t *level = &s->pressure.level[klass];
	enum mark new = mark_of(*level, length, mark);

	if (new == *level)
		return false;
	*level = (uint8_t)new;
	log_warn("%llu entries wait in the queue: %s mail is %s",
	    (unsigned long long)length, class_name(klass), what[new]);
	return true;
}

void
pressure_look(struct scheduler *s)
{
	uint64_t length = queue_length(&s->queue);
	bool changed = look_at_class(s, CLASS_BULK, length,
	    s->conf->bulk_most);

	changed |= look_at_class(s, CLASS_NORMAL, length,
	    s->conf->normal_most);
	for (unsigned i = 0; changed && i < RECEIVERS_MOST; i++)
		if (s->pressure.receivers[i] != NULL)
			tell(&s->pressure, s->pressure.receivers[i]);
}
