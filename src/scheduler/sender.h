/* SPDX-License-Identifier: ISC
 *
 * sender.h - rates of senders, and what waits for them (pure).
 *
 * A sender is known by the key of its name (line_sender()), here only while
 * some sender block is configured: as long as it has entries in lines, and
 * for a while after.  Its rate is one, whatever the class and the site.
 *
 * A share that would be next while its sender has no token is parked; so is
 * that of a sender whose name is not known yet.  A token is offered to one
 * parked share, of the most pressing class, the one that waits longest.  Its
 * site may be busy: METER_LATE ms later the next one that can go at once is
 * offered it too.  So a token costs no more than a few steps, however many
 * sites the sender has mail for, and none of them is passed over for ever.
 */
#ifndef SCHEDULER_SENDER_H
#define SCHEDULER_SENDER_H

#include "base/list.h"
#include "base/map.h"
#include "base/span.h"
#include "conf/conf.h"
#include "scheduler/meter.h"

struct line;
struct queue;
struct share;

enum {
	SENDER_IDLE_MOST = 32768	/* remembered without mail in lines */
};

struct sender {
	uint64_t key;
	char *name;		/* null: nobody has read it yet */
	struct meter meter;
	size_t most;		/* entries of it in a line, as far as it
				 * goes; SIZE_MAX: no limit */
	struct list shares;	/* those it has in lines */
	struct list waiting[CLASS_COUNT];	/* of these, the parked ones */
	struct link place;	/* on senders->idle, or ->unnamed */
	struct link offer;	/* on senders->offers */
	msec_t offered;
};

struct senders {
	const struct conf *conf;	/* null: no sender has a rate */
	struct map all;		/* by key */
	struct list idle;	/* no shares; the one longest so first */
	struct list unnamed;	/* somebody is to read their names */
	struct list offers;	/* a token is offered, and others wait */
	struct list thinned;	/* sites where something was parked */
};

void senders_init(struct senders *senders);
/* All shares are gone. */
void senders_fini(struct queue *queue);

/* The sender blocks of CONF, which is kept, hold from now on. */
void senders_apply(struct queue *queue, const struct conf *conf,
    msec_t now);

/* Null: it is not known, or no sender has a rate. */
struct sender *sender_find(const struct queue *queue, uint64_t key);

/* The sender with KEY goes by NAME. */
void sender_learn(struct queue *queue, uint64_t key, struct span name,
    msec_t now);

/* Without a token, or without a name; null: no sender has a rate. */
static inline bool
sender_is_dry(const struct sender *sender)
{
	return sender != NULL &&
	    (sender->name == NULL || meter_dry(&sender->meter));
}

/* So many entries of the sender with KEY are in LINE that more of them need
 * not be in memory; HALF: or are to be. */
bool sender_has_enough(const struct queue *queue, const struct line *line,
    uint64_t key, bool half);

/* A message of the sender with KEY goes; it did not go after all. */
void sender_take(struct queue *queue, uint64_t key, msec_t now);
void sender_return(struct queue *queue, uint64_t key);

/* ---- for the parts of the core ------------------------------------------------- */

/* SHARE is new, or empty. */
void sender_attach(struct queue *queue, struct share *share);
void sender_detach(struct queue *queue, struct share *share);
/* SHARE is parked from now on. */
void sender_await(struct queue *queue, struct share *share);
/* SHARE lost an entry: now it could have half as many again. */
bool sender_got_room(const struct share *share);

/* The token of SENDER came. */
void sender_token(struct queue *queue, struct sender *sender, msec_t now);
/* Offers that nobody took go on. */
void senders_wake(struct queue *queue, msec_t now);
msec_t senders_next_wake(const struct queue *queue);

#endif
