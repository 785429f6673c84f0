/* SPDX-License-Identifier: ISC
 *
 * suspects.h - entries that deliverers may have died of.
 *
 * Who was in hand at two deaths of deliverers in a row is suspect: it stands
 * in lines of its own at its site, and goes by a deliverer that has nothing
 * else, so that its death harms nobody else.  Suspects go in batches; when
 * that deliverer dies, the next batch is half of those it had in hand, until
 * one message is alone; batches that nobody dies of grow again.  A batch ends
 * when all of it is back, or has stayed out for so long that it may be taken
 * to live (twice as long as it took the last one to die).
 *
 * A class waits for no batch of a less pressing one: each counts only what is
 * out of its own and of more pressing classes.
 *
 * A part of the pure core (queue.h).
 */
#ifndef SCHEDULER_SUSPECTS_H
#define SCHEDULER_SUSPECTS_H

#include "base/clock.h"
#include "base/list.h"
#include "conf/conf.h"
#include "scheduler/line.h"

struct entry;
struct queue;
struct site;

enum {
	SUSPECT_DEATHS = 2,	/* that make one */
	SUSPECT_CROWD = 256,	/* of the first batch … */
	SUSPECT_CROWD_MOST = 1024,	/* … and of the largest */
	SUSPECT_SETTLE = 5 * 1000,	/* ms that a batch may stay out … */
	SUSPECT_SETTLE_MOST = 5 * 60 * 1000
};

struct suspects {
	struct list sites[CLASS_COUNT];	/* with one that may go */
	size_t count;		/* in lines and flying */
	bool open;		/* their deliverer is there */
	unsigned crowd;		/* of a batch, at most */
	bool doubt;		/* the batch that is out does not count */
	msec_t settle;		/* how long it may stay out */
	struct batch {		/* of this class and more pressing ones */
		unsigned gone;	/* since it began */
		unsigned flying;	/* of it and of former ones */
		msec_t began;
	} batch[CLASS_COUNT];
};

/* What a site with suspects has for them. */
struct apart {
	struct site *site;
	struct line lines[CLASS_COUNT];
	struct link work;	/* on suspects->sites[work_class] */
	uint8_t work_class;	/* CLASS_COUNT: on none */
	unsigned flying[CLASS_COUNT];
	uint64_t told;		/* dispatch: the birth that knows the site */
};

void suspects_init(struct suspects *suspects);

/* Their deliverer is there (anew), or is not. */
void suspects_open(struct suspects *suspects, bool open);

/* It died with COUNT of them in hand. */
void suspects_died(struct suspects *suspects, unsigned count, msec_t now);

/* The one that is to go next; it is ENTRY_FLYING and counted against its
 * site.  Null: none can go now. */
struct entry *suspects_pick(struct queue *queue, msec_t now);

/* Connections that SITE may have for them, and how many of them are out. */
unsigned suspects_window(const struct site *site);
unsigned suspects_flying(const struct site *site);

/* For the parts of the core: ENTRY joins its line; ENTRY, which flew, is back
 * at SITE; SITE goes to the list it belongs to now; it leaves for good. */
void suspects_add(struct queue *queue, struct entry *entry, bool front);
void suspects_landed(struct queue *queue, const struct entry *entry);
void suspects_update(struct queue *queue, struct site *site);
void suspects_leave(struct queue *queue, struct site *site);

#endif
