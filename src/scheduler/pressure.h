/* SPDX-License-Identifier: ISC
 *
 * pressure.h - a queue that gets too long tells the receivers.
 *
 * What counts is the number of entries, in memory and in the index, of all
 * classes.  Urgent mail is never turned away because of it.
 */
#ifndef SCHEDULER_PRESSURE_H
#define SCHEDULER_PRESSURE_H

#include "base/marks.h"
#include "conf/conf.h"
#include "wire/channel.h"

struct scheduler;

enum { RECEIVERS_MOST = 128 };

struct pressure {
	uint8_t level[CLASS_COUNT];	/* enum mark */
	struct channel *receivers[RECEIVERS_MOST];
};

/* Receiver NUMBER is new, and hears how things stand; null: it is gone. */
void pressure_receiver(struct scheduler *s, unsigned number,
    struct channel *channel);

/* Compare the queue with its marks; tell the receivers of a change. */
void pressure_look(struct scheduler *s);

#endif
