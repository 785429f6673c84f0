/* SPDX-License-Identifier: ISC
 *
 * pressure.h - what is slowed or not taken when there is too much.
 *
 * Three things press: the disk is short of room, too much mail waits, the
 * disk is slow to write.  Bulk mail gives way first, then normal mail;
 * urgent mail is taken as long as it can be stored at all.
 */
#ifndef RECEIVER_PRESSURE_H
#define RECEIVER_PRESSURE_H

#include "base/marks.h"
#include "conf/conf.h"
#include "smtp/command.h"

enum pressure_cause { PRESSURE_DISK, PRESSURE_QUEUE, PRESSURE_COMMIT,
	PRESSURE_CAUSES };

struct pressure {
	uint8_t level[PRESSURE_CAUSES][CLASS_COUNT];	/* enum mark */
};

/* The disk has FREE bytes left. */
void pressure_disk(struct pressure *pressure, const struct conf *conf,
    uint64_t free);

/* The scheduler said which classes (bits) to slow and to refuse. */
void pressure_queue(struct pressure *pressure, unsigned slow,
    unsigned refuse);

/* The slowest lane of the committer takes DELAY. */
void pressure_commit(struct pressure *pressure, const struct conf *conf,
    msec_t delay);

/* The reply to mail of class KLASS is to be a little late. */
bool pressure_slows(const struct pressure *pressure, enum mail_class klass);

/* May mail of class KLASS be taken?  Code 0: yes. */
struct complaint pressure_verdict(const struct pressure *pressure,
    enum mail_class klass);

/* May mail of class KLASS that is coming in go on?  The disk alone can say
 * no: the reserve is not for what began before it was reached. */
struct complaint pressure_room(const struct pressure *pressure,
    enum mail_class klass);

#endif
