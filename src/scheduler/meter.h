/* SPDX-License-Identifier: ISC
 *
 * meter.h - rates: a token for each message, and when the next one comes.
 *
 * A meter gives one token each step.  None are saved while nobody wants
 * them; but who waited and came late is not the worse for it: tokens of the
 * last METER_LATE ms are still there.  So in any time T no more than
 * T + METER_LATE allows are given, and one.
 *
 * A meter without a token is dry and stands on queue->tokens, by the time at
 * which the next one comes; nobody looks at it before.  When its owner is
 * forgotten meanwhile, queue->spent knows.
 */
#ifndef SCHEDULER_METER_H
#define SCHEDULER_METER_H

#include "base/clock.h"
#include "base/heap.h"
#include "conf/conf.h"

struct queue;
struct sender;
struct site;

enum { METER_LATE = 100 };

struct meter {
	int64_t step;		/* ns from token to token; 0: no limit */
	int64_t next;		/* ns: when the next one comes, or came */
	struct heap_node wake;	/* on queue->tokens while it is dry */
	uint64_t key;		/* of spent_key() */
	struct site *site;	/* whose it is … */
	struct sender *sender;	/* … if it is not a sender's */
};

/* Another rate, counted from the last token that was taken. */
void meter_set(struct queue *queue, struct meter *meter,
    struct conf_rate rate);
void meter_fini(struct queue *queue, struct meter *meter);

static inline bool
meter_dry(const struct meter *meter)
{
	return heap_holds(&meter->wake);
}

/* It is not dry: take its token. */
void meter_take(struct queue *queue, struct meter *meter, msec_t now);
/* A token was not used. */
void meter_return(struct queue *queue, struct meter *meter);

/* The limits of a site: of all it gets, and of each class. */
struct rates {
	struct meter all, classes[CLASS_COUNT];
};

/* The rates of POLICY hold at SITE from now on. */
void rates_set(struct queue *queue, struct site *site,
    const struct conf_site *policy);
void rates_fini(struct queue *queue, struct site *site);

/* Whether mail of KLASS has to wait for a token at SITE. */
bool rates_dry(const struct site *site, unsigned klass);
void rates_take(struct queue *queue, struct site *site, unsigned klass,
    msec_t now);
void rates_return(struct queue *queue, struct site *site, unsigned klass);

#endif
