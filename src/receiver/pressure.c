/* SPDX-License-Identifier: ISC
 *
 * pressure.c - what is slowed or not taken when there is too much.
 */
#include "receiver/pressure.h"

#include "spool/room.h"

void
pressure_disk(struct pressure *pressure, const struct conf *conf,
    uint64_t free)
{
	for (int c = 0; c < CLASS_COUNT; c++) {
		uint8_t *level = &pressure->level[PRESSURE_DISK][c];

		*level = (uint8_t)room_mark((enum mark)*level, conf,
		    (enum mail_class)c, free);
	}
}

void
pressure_queue(struct pressure *pressure, unsigned slow, unsigned refuse)
{
	for (unsigned c = 0; c < CLASS_COUNT; c++)
		pressure->level[PRESSURE_QUEUE][c] =
		    (refuse & 1U << c) != 0 ? MARK_REFUSE :
		    (slow & 1U << c) != 0 ? MARK_SLOW : MARK_NONE;
}

void
pressure_commit(struct pressure *pressure, const struct conf *conf,
    msec_t delay)
{
	uint8_t *level = pressure->level[PRESSURE_COMMIT];
	uint64_t value = delay > 0 ? (uint64_t)delay : 0;

	level[CLASS_NORMAL] = (uint8_t)mark_of(level[CLASS_NORMAL], value,
	    (uint64_t)conf->normal_delay);
	level[CLASS_BULK] = (uint8_t)mark_of(level[CLASS_BULK], value,
	    (uint64_t)conf->bulk_delay);
	if (level[CLASS_BULK] < level[CLASS_NORMAL])
		level[CLASS_BULK] = level[CLASS_NORMAL];
}

bool
pressure_slows(const struct pressure *pressure, enum mail_class klass)
{
	for (int i = 0; i < PRESSURE_CAUSES; i++)
		if (pressure->level[i][klass] >= MARK_SLOW)
			return true;
	return false;
}

/* A disk that is full is a matter of its own code (RFC 5321, 4.2.2). */
static const struct complaint verdicts[PRESSURE_CAUSES] = {
	[PRESSURE_DISK] = { 452, "4.3.1", "The disk is short of room: "
	    "no mail of this class just now, try again later" },
	[PRESSURE_QUEUE] = { 451, "4.3.1", "Too much mail waits: "
	    "no more of this class just now, try again later" },
	[PRESSURE_COMMIT] = { 451, "4.3.1", "The disk is too busy: "
	    "no mail of this class just now, try again later" },
};

struct complaint
pressure_verdict(const struct pressure *pressure, enum mail_class klass)
{
	for (int i = 0; i < PRESSURE_CAUSES; i++)
		if (pressure->level[i][klass] == MARK_REFUSE)
			return verdicts[i];
	return (struct complaint){ 0 };
}

struct complaint
pressure_room(const struct pressure *pressure, enum mail_class klass)
{
	return pressure->level[PRESSURE_DISK][klass] == MARK_REFUSE ?
	    verdicts[PRESSURE_DISK] : (struct complaint){ 0 };
}
